// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {LocalOnly} from "../src/libraries/LocalOnly.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Builds} from "./Builds.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";
import {Leaving} from "./Leaving.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title The ways out: who gets what under the base, once, and nobody else
contract ExitsTest is Leaving {
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);
    address private constant CAROL = address(0xca201);
    uint256 private constant SECRET = 77;
    uint256 private constant OTHER = 78;
    uint64 private constant DEADLINE = 10_000_000_000;

    TestToken private token;
    bytes20 private _key; // the account of SECRET
    bytes20 private _mute; // the account of OTHER, which has no payout
    // Places of leaves.
    uint256 private _alice;
    uint256 private _aliceToken;
    uint256 private _keyToken;
    uint256 private _keyAccount;
    uint256 private _muteAccount;
    uint256 private _withdrawn;
    uint256 private _fees;
    uint256 private _rewards;

    function setUp() public override {
        super.setUp();
        token = new TestToken("Test", "TST", 6);
        token.mint(address(this), 1e12);
        token.approve(address(vault), 1e12);
        uint256 price = inbox.price();
        vault.depositToken{value: price}(address(token), 1000, 0, IVault.Account(0, bytes20(ALICE)), ALICE);
        _key = _id(SECRET);
        _mute = _id(OTHER);
        _alice = _holder(0, bytes20(ALICE), 5 ether, address(0));
        _aliceToken = _holding(0, bytes20(ALICE), address(token), 600);
        _keyToken = _holding(1, _key, address(token), 300); // before its account
        _keyAccount = _holder(1, _key, 2 ether, BOB);
        _muteAccount = _holder(1, _mute, 3 ether, address(0));
        _withdrawn = _withdrawal(1, CAROL, address(token), 100);
        _fees = _leaf(0x05, "", bytes.concat(bytes16(uint128(4 ether)), new bytes(24)));
        _rewards = _leaf(0x14, "", bytes.concat(bytes16(uint128(6 ether)), bytes16(uint128(1 ether))));
    }

    // The base.

    function test_itIsRefusedOnAnyRootChainButLocalOnes() external {
        vm.chainId(8453);
        bytes memory reason = abi.encodeWithSelector(LocalOnly.UnsupportedRootChain.selector, 8453);
        IRegistry.Founding memory founding = IRegistry.Founding(registry.contracts(), _genesis());
        vm.assertEq(Builds.refusal(Builds.EXITS, abi.encode(founding)), reason);
    }

    function test_theBaseIsFixedOnceAndForEver() external {
        _accepted();
        _silence();
        vm.expectEmit(address(exits));
        emit IExits.Opened(checkpoints[0].stateRoot, 1, 1);
        _open();
        vm.assertEq(abi.encode(exits.base()), abi.encode(IExits.Base(checkpoints[0].stateRoot, 1, 1, true)));
        vm.assertEq(rootChain.head().finalized, 1, "opening makes it final");
        vm.expectRevert(IExits.AlreadyOpened.selector);
        exits.open(checkpoints[0], acceptances[0]);
    }

    function test_onlyTheLastAcceptedCheckpointIsTheBase() external {
        _accepted();
        _accepted();
        _silence();
        vm.expectRevert(abi.encodeWithSelector(IExits.NotBase.selector, 1, 0));
        exits.open(checkpoints[0], acceptances[0]);
        IRootChain.Checkpoint memory changed = checkpoints[1];
        changed.stateRoot = keccak256("another");
        vm.expectPartialRevert(IRootChain.RecordMismatch.selector);
        exits.open(changed, acceptances[1]);
        _open();
    }

    function test_nothingOpensBeforeExitModeAndFinality() external {
        _accepted();
        _pass(CHALLENGE);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NoExitMode.selector, 0, block.timestamp));
        exits.open(checkpoints[0], acceptances[0]);
        vm.warp(rootChain.head().tau + TIMEOUT);
        rootChain.beginExit();
        _accepted();
        uint64 exitAt = rootChain.head().exitAt;
        vm.warp(exitAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NoExitMode.selector, exitAt, exitAt - 1));
        exits.open(checkpoints[1], acceptances[1]);
        vm.warp(acceptances[1].time + CHALLENGE - 1);
        uint64 finalAt = acceptances[1].time + CHALLENGE;
        vm.expectRevert(abi.encodeWithSelector(IRootChain.WindowOpen.selector, finalAt, finalAt - 1));
        exits.open(checkpoints[1], acceptances[1]);
        vm.warp(finalAt > exitAt ? finalAt : exitAt);
        _open();
    }

    function test_withoutAnyCheckpointTheBaseIsGenesis() external {
        _silence();
        _open();
        vm.assertEq(abi.encode(exits.base()), abi.encode(IExits.Base(rootChain.genesisStateRoot(), 0, 0, true)));
    }

    function test_nothingIsPaidBeforeItOpens() external {
        _accepted();
        _silence();
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_alice));
        uint32 count = uint32(leaves.length);
        vm.expectRevert(IExits.NotOpened.selector);
        exits.exit(count, shown, siblings);
        vm.expectRevert(IExits.NotOpened.selector);
        exits.exitAlone(count, shown, 0, siblings);
        _sync();
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(1);
        vm.expectRevert(IExits.NotOpened.selector);
        exits.refund(message, false, before, behind);
    }

    // Leaves.

    function test_aRangeOfAllKindsIsPaidToWhomItBelongs() external {
        _opened();
        (uint256 escrow, uint256 tokens) = (vault.escrow(address(0)), vault.escrow(address(token)));
        vm.assertEq(_exitAll(), 7, "all but the account without a payout");
        vm.assertEq(ALICE.balance, 5 ether);
        vm.assertEq(token.balanceOf(ALICE), 600);
        vm.assertEq(BOB.balance, 2 ether);
        vm.assertEq(token.balanceOf(BOB), 300);
        vm.assertEq(token.balanceOf(CAROL), 100);
        vm.assertEq(RESIDUE.balance, 10 ether, "both pools, and not what is owed");
        vm.assertEq(vault.escrow(address(0)), escrow - 17 ether);
        vm.assertEq(vault.escrow(address(token)), tokens - 1000);
        vm.assertEq(_exitAll(), 0, "nothing twice");
        vm.assertEq(vault.escrow(address(0)), escrow - 17 ether);
    }

    function test_oneLeafIsPaidAlone() external {
        _opened();
        vm.expectEmit(address(exits));
        emit IExits.Exited(uint32(_alice), ALICE, address(0), 5 ether);
        _alone(_one(_alice));
        vm.assertEq(ALICE.balance, 5 ether);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_alice));
        uint32 count = uint32(leaves.length);
        vm.expectRevert(abi.encodeWithSelector(IVault.AlreadyClaimed.selector, _alice));
        exits.exitAlone(count, shown, 0, siblings);
    }

    /// A token leaf that stands before the leaf of its account is paid alone too.
    function test_theLeafThatIsPaidAloneMayStandFirst() external {
        _opened();
        uint32 count = uint32(leaves.length);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_two(_keyToken, _keyAccount));
        shown[0].account = 2;
        vm.expectRevert(abi.encodeWithSelector(IExits.NoSuchPlace.selector, 2, 2));
        exits.exitAlone(count, shown, 2, siblings);
        exits.exitAlone(count, shown, 0, siblings);
        vm.assertEq(token.balanceOf(BOB), 300);
        vm.assertEq(BOB.balance, 0, "its account was only shown");
    }

    /// Indices are the same in every state, so a withdrawal that was claimed before, or under the base, is not paid again.
    function test_aClaimAndAnExitAreOne() external {
        _accepted();
        _pass(CHALLENGE);
        IVault.Base memory base = IVault.Base(checkpoints[0], acceptances[0], uint32(leaves.length));
        IExits.Leaf memory leaf = leaves[_withdrawn];
        IVault.Withdrawal memory withdrawal =
            IVault.Withdrawal(uint32(_withdrawn), 1, CAROL, address(token), 100, leaf.next);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_withdrawn));
        uint256 before = vm.snapshotState();
        for (uint256 form; form < 2; ++form) {
            if (form == 0) vault.claim(base, withdrawal, siblings);
            vm.warp(acceptances[0].time + TIMEOUT);
            rootChain.beginExit();
            _pass(GRACE);
            _open();
            if (form == 1) exits.exitAlone(base.leafCount, shown, 0, siblings);
            vm.assertEq(exits.exit(base.leafCount, shown, siblings), 0);
            vm.expectRevert(abi.encodeWithSelector(IVault.AlreadyClaimed.selector, _withdrawn));
            vault.claim(base, withdrawal, siblings);
            vm.assertEq(token.balanceOf(CAROL), 100);
            vm.revertToState(before);
        }
    }

    function test_anAccountWithoutAPayoutWaitsUntilItNamesOne() external {
        _opened();
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_muteAccount));
        uint32 count = uint32(leaves.length);
        vm.expectEmit(address(exits));
        emit IExits.ExitWaits(uint32(_muteAccount), address(0), 3 ether);
        vm.assertEq(exits.exit(count, shown, siblings), 0);
        vm.expectRevert(abi.encodeWithSelector(IExits.NoPayout.selector, _muteAccount));
        exits.exitAlone(count, shown, 0, siblings);
        _nameByKey(OTHER, CAROL, 0);
        vm.assertEq(exits.exit(count, shown, siblings), 1);
        vm.assertEq(CAROL.balance, 3 ether);
    }

    function test_whatAKeyNamedLastCountsAndOverridesItsLeaf() external {
        _nameByKey(SECRET, CAROL, 0); // before there is a base
        _opened();
        Ed25519Signer.Signature memory old = _naming(SECRET, BOB, 0);
        (bytes32 key,) = Ed25519Signer.key(SECRET);
        vm.expectRevert(abi.encodeWithSelector(IExits.BadNaming.selector, key, 1));
        exits.nameByKey(key, BOB, DEADLINE, old.r, old.s, old.xKey, old.xR);
        _nameByKey(SECRET, ALICE, 1);
        (address payout, uint64 nonce) = exits.named(1, _key);
        vm.assertEq(payout, ALICE);
        vm.assertEq(nonce, 2);
        _alone(_one(_keyAccount));
        vm.assertEq(ALICE.balance, 2 ether);
        vm.assertEq(BOB.balance, 0);
    }

    function test_anotherSignatureNamesNothing() external {
        Ed25519Signer.Signature memory signature = _naming(SECRET, CAROL, 0);
        (bytes32 key,) = Ed25519Signer.key(SECRET);
        (bytes32 other,) = Ed25519Signer.key(OTHER);
        for (uint256 form; form < 8; ++form) {
            Ed25519Signer.Signature memory given = signature;
            uint64 deadline = form == 7 ? DEADLINE + 1 : DEADLINE;
            bytes32 by = key;
            address payout = CAROL;
            if (form == 0) by = other;
            if (form == 1) payout = BOB;
            if (form == 2) given.r ^= bytes32(uint256(1));
            if (form == 3) given.s ^= bytes32(uint256(1));
            if (form == 4) given.xKey ^= 1;
            if (form == 5) given.xR ^= 1;
            vm.chainId(form == 6 ? 1337 : 31_337);
            vm.expectRevert(abi.encodeWithSelector(IExits.BadNaming.selector, by, 0));
            exits.nameByKey(by, payout, deadline, given.r, given.s, given.xKey, given.xR);
            if (form == 2) given.r ^= bytes32(uint256(1));
            if (form == 3) given.s ^= bytes32(uint256(1));
            if (form == 4) given.xKey ^= 1;
            if (form == 5) given.xR ^= 1;
        }
        vm.chainId(31_337);
        exits.nameByKey(key, CAROL, DEADLINE, signature.r, signature.s, signature.xKey, signature.xR);
    }

    function test_aNamingIsTakenUntilItsDeadline() external {
        Ed25519Signer.Signature memory signature = _naming(SECRET, CAROL, 0);
        (bytes32 key,) = Ed25519Signer.key(SECRET);
        uint256 before = vm.snapshotState();
        vm.warp(DEADLINE);
        exits.nameByKey(key, CAROL, DEADLINE, signature.r, signature.s, signature.xKey, signature.xR);
        vm.revertToState(before);
        vm.warp(uint256(DEADLINE) + 1);
        vm.expectRevert(abi.encodeWithSelector(IExits.NamingLate.selector, DEADLINE));
        exits.nameByKey(key, CAROL, DEADLINE, signature.r, signature.s, signature.xKey, signature.xR);
    }

    function test_anAddressNamesForItselfOnly() external {
        vm.prank(ALICE);
        vm.expectEmit(address(exits));
        emit IExits.Named(0, bytes20(ALICE), CAROL, 0);
        exits.name(CAROL);
        _opened();
        _exitAll();
        vm.assertEq(CAROL.balance, 5 ether);
        vm.assertEq(token.balanceOf(CAROL), 700);
        vm.assertEq(ALICE.balance, 0);
        vm.assertEq(BOB.balance, 2 ether);
    }

    function test_noPayoutIsZeroOrAContractOfTheDeployment() external {
        vm.expectRevert(IExits.PayoutZero.selector);
        exits.name(address(0));
        address[] memory contracts = registry.contracts();
        for (uint256 i; i < contracts.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IVault.AccountUnusable.selector, contracts[i]));
            exits.name(contracts[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IVault.AccountUnusable.selector, address(registry)));
        exits.name(address(registry));
    }

    /// Nor one that a contract of the deployment has created, whichever that is.
    function test_noPayoutIsWhatAContractOfTheDeploymentHasCreated() external {
        address[] memory contracts = registry.contracts();
        uint256 found;
        for (uint256 i; i < contracts.length; ++i) {
            uint64 next = vm.getNonce(contracts[i]);
            for (uint64 nonce = 1; nonce < next; ++nonce) {
                address created = vm.computeCreateAddress(contracts[i], nonce);
                vm.expectRevert(abi.encodeWithSelector(IVault.AccountUnusable.selector, created));
                exits.name(created);
                ++found;
            }
        }
        // The judges of the Court and of the FraudCourt.
        vm.assertGe(found, 2);
    }

    /// A token is never paid to itself, where it would be lost: another payout can still be named.
    function test_aTokenIsNotPaidToItself() external {
        vm.prank(ALICE);
        exits.name(address(token));
        _opened();
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_aliceToken));
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 0);
        vm.prank(ALICE);
        exits.name(BOB);
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 1);
    }

    function test_theLeafThatSaysThePayoutIsTheAccountsOwn() external {
        _opened();
        uint32 count = uint32(leaves.length);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_two(_keyToken, _muteAccount));
        for (uint16 place; place < 4; ++place) {
            if (place == 0) continue;
            shown[0].account = place;
            vm.expectRevert(abi.encodeWithSelector(IExits.WrongAccount.selector, _keyToken, place));
            exits.exit(count, shown, siblings);
        }
        // An account of another owner, though it has a payout.
        (shown, siblings) = _shown(_two(_aliceToken, _keyAccount));
        shown[0].account = 2;
        vm.expectRevert(abi.encodeWithSelector(IExits.WrongAccount.selector, _aliceToken, 2));
        exits.exit(count, shown, siblings);
        // Leaves that say it themselves take no other's.
        uint256[3] memory own = [_alice, _withdrawn, _keyAccount];
        for (uint256 i; i < own.length; ++i) {
            (shown, siblings) = _shown(_one(own[i]));
            shown[0].account = 1;
            vm.expectRevert(abi.encodeWithSelector(IExits.WrongAccount.selector, own[i], 1));
            exits.exit(count, shown, siblings);
        }
        // The pools are paid by the parameters, and by no leaf that looks like them.
        (shown, siblings) = _shown(_two(_keyAccount, _fees));
        shown[1].account = 1;
        vm.expectRevert(abi.encodeWithSelector(IExits.WrongAccount.selector, _fees, 1));
        exits.exit(count, shown, siblings);
        shown[1].account = 0;
        vm.expectRevert(abi.encodeWithSelector(IExits.WrongAccount.selector, _fees, 0));
        exits.exit(count, shown, siblings);
    }

    function test_everyBitOfWhatIsShownCounts() external {
        _opened();
        uint32 count = uint32(leaves.length);
        uint256[] memory which = _two(_keyToken, _keyAccount);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(which);
        shown[0].account = 2;
        uint256 refused;
        for (uint256 i; i < 2; ++i) {
            for (uint256 place; place < shown[i].fields.length + shown[i].value.length; ++place) {
                _flip(shown[i], place);
                refused += _refused(count, shown, siblings);
                _flip(shown[i], place);
            }
            shown[i].next ^= bytes32(uint256(1));
            refused += _refused(count, shown, siblings);
            shown[i].next ^= bytes32(uint256(1));
            shown[i].kind ^= 0x01; // 0x02 and 0x03
            refused += _refused(count, shown, siblings);
            shown[i].kind ^= 0x01;
            shown[i].index ^= 0x10;
            refused += _refused(count, shown, siblings);
            shown[i].index ^= 0x10;
            bytes memory value = shown[i].value;
            shown[i].value = bytes.concat(value, hex"00");
            refused += _refused(count, shown, siblings);
            shown[i].value = value;
        }
        for (uint256 i; i < siblings.length; ++i) {
            siblings[i] ^= bytes32(uint256(1));
            refused += _refused(count, shown, siblings);
            siblings[i] ^= bytes32(uint256(1));
        }
        refused += _refused(count + 1, shown, siblings);
        refused += _refused(count, shown, new bytes32[](siblings.length + 1));
        (shown[0], shown[1]) = (shown[1], shown[0]);
        refused += _refused(count, shown, siblings);
        (shown[0], shown[1]) = (shown[1], shown[0]);
        vm.assertEq(refused, 41 + 36 + 21 + 64 + 8 + siblings.length + 3);
        vm.assertEq(exits.exit(count, shown, siblings), 2);
    }

    function test_leavesOfOtherKindsPayNobody() external {
        uint256 position = _leaf(0x1c, bytes.concat(bytes8(uint64(1))), new bytes(216));
        _opened();
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(position));
        vm.expectRevert(abi.encodeWithSelector(IExits.NotPayable.selector, position, 0x1c));
        exits.exit(uint32(leaves.length), shown, siblings);
        (shown, siblings) = _shown(_one(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(IExits.NotPayable.selector, 1, 0x01));
        exits.exitAlone(uint32(leaves.length), shown, 0, siblings);
        vm.expectRevert(IExits.NothingToExit.selector);
        exits.exit(uint32(leaves.length), new IExits.Leaf[](0), siblings);
    }

    /// One that refuses hinders nobody, and may still be paid when it takes it.
    function test_aPayoutThatFailsHindersNobody() external {
        vm.etch(ALICE, hex"5f5ffd"); // reverts
        _opened();
        vm.expectEmit(address(exits));
        emit IExits.ExitFailed(uint32(_alice), ALICE, address(0), 5 ether);
        vm.assertEq(_exitAll(), 6);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_alice));
        vm.expectRevert(abi.encodeWithSelector(IVault.NotTaken.selector, ALICE, 5 ether));
        exits.exitAlone(uint32(leaves.length), shown, 0, siblings);
        vm.etch(ALICE, "");
        _alone(_one(_alice));
        vm.assertEq(ALICE.balance, 5 ether);
    }

    function test_aRecipientThatReentersGetsNothingMore() external {
        Reenterer thief = new Reenterer();
        uint256 its = _holder(0, bytes20(address(thief)), 1 ether, address(0));
        uint256 more = _holder(0, bytes20(BOB), 1 ether, address(0));
        _opened();
        uint32 count = uint32(leaves.length);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_two(its, more));
        thief.prepare(address(exits), abi.encodeCall(IExits.exit, (count, shown, siblings)));
        _alone(_one(its));
        vm.assertTrue(thief.tried());
        vm.assertEq(address(thief).balance, 1 ether);
        vm.assertEq(BOB.balance, 0, "the Vault pays nobody within a payout");
        vm.assertEq(exits.exit(count, shown, siblings), 1);
        vm.assertEq(BOB.balance, 1 ether);
    }

    function test_onlyExitsIsPaidByTheVault() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.OnlyExits.selector, address(this)));
        vault.payLeaf(1, address(0), address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.OnlyExits.selector, address(this)));
        vault.payMessage(1, address(0), address(this), 1);
    }

    function test_aCarrierThatBringsTooLittleGasMakesNothingFail() external {
        _opened();
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_alice));
        uint32 count = uint32(leaves.length);
        vm.expectPartialRevert(IExits.GasTooLow.selector);
        exits.exit{gas: 500_000}(count, shown, siblings);
        vm.expectPartialRevert(IExits.GasTooLow.selector);
        exits.exitAlone{gas: 500_000}(count, shown, 0, siblings);
    }

    function test_theResidueStaysWhereNoneIsNamed() external {
        leaves[1].value = new bytes(417);
        _opened();
        uint256[] memory which = _two(1, _fees);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(which);
        shown[1].account = 1;
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 0);
        vm.assertFalse(vault.claimed(uint32(_fees)));
    }

    // Messages.

    function test_depositsAndFundingsBehindTheBaseComeBackOnce() external {
        _accepted();
        token.approve(address(vault), 50);
        uint256 price = inbox.price();
        vault.depositNative{value: 1 ether + price}(1 ether, IVault.Account(1, _key), BOB);
        uint256 both = inbox.price() + 2 ether;
        vault.depositToken{value: both}(address(token), 50, 2 ether, IVault.Account(0, bytes20(ALICE)), CAROL);
        uint256 gift = inbox.price() + 3 ether;
        vm.deal(ALICE, gift);
        vm.prank(ALICE);
        vault.fundRewards{value: gift}(3 ether);
        inbox.force{value: inbox.price()}("no money in it");
        _sync();
        _silence();
        _open();
        vm.assertEq(exits.base().inboxCursor, 1);
        _refundRefused(1, false, abi.encodeWithSelector(IExits.Consumed.selector, 1, 1));
        _refundRefused(2, true, abi.encodeWithSelector(IExits.NothingToRefund.selector, 2, 5)); // the acceptance
        _refundRefused(3, false, abi.encodeWithSelector(IExits.NothingToRefund.selector, 3, 2));
        _refundRefused(5, false, abi.encodeWithSelector(IExits.NothingToRefund.selector, 5, 6));
        _refundRefused(6, true, abi.encodeWithSelector(IExits.NothingToRefund.selector, 6, 7));
        vm.expectEmit(address(exits));
        emit IExits.Refunded(4, CAROL, address(token), 50);
        _refund(4, false);
        _refund(4, true);
        _refund(3, true);
        _refund(5, true);
        vm.assertEq(BOB.balance, 1 ether);
        vm.assertEq(token.balanceOf(CAROL), 50);
        vm.assertEq(CAROL.balance, 2 ether);
        vm.assertEq(ALICE.balance, 3 ether);
        _refundRefused(3, true, abi.encodeWithSelector(IVault.AlreadyRefunded.selector, 3));
        _refundRefused(4, true, abi.encodeWithSelector(IVault.AlreadyRefunded.selector, 4));
        _refundRefused(4, false, abi.encodeWithSelector(IVault.AlreadyRefunded.selector, 4));
        vm.assertTrue(vault.refunded(4, true));
        vm.assertTrue(vault.refunded(4, false));
        vm.assertFalse(vault.refunded(3, false));
        vm.assertFalse(vault.refunded(132, true), "128 messages share a word");
    }

    function test_everyBitOfARefundedMessageCounts() external {
        _accepted();
        uint256 price = inbox.price();
        vault.depositNative{value: 1 ether + price}(1 ether, IVault.Account(1, _key), BOB);
        _sync();
        _silence();
        _open();
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(3);
        for (uint256 i; i < message.length; ++i) {
            bytes memory changed = bytes.concat(message);
            changed[i] ^= 0x01;
            vm.expectRevert();
            exits.refund(changed, true, before, behind);
        }
        vm.expectPartialRevert(IInbox.LinkMismatch.selector);
        exits.refund(bytes.concat(message, hex"00"), true, before, behind);
        vm.expectPartialRevert(IInbox.UnknownMessage.selector);
        exits.refund("", true, before, behind);
        exits.refund(message, true, before, behind);
        vm.assertEq(BOB.balance, 1 ether);
    }

    // The gas that `report.mjs` prints.

    function test_gasOfExits() external {
        for (uint256 i; i < 100; ++i) {
            _holder(0, bytes20(address(uint160(0x10_0000 + i))), 0.01 ether, address(0));
        }
        _accepted();
        _pass(TIMEOUT);
        rootChain.beginExit();
        vm.snapshotGasLastCall("operations", "exit mode begun");
        _pass(GRACE + CHALLENGE);
        _open();
        vm.snapshotGasLastCall("operations", "exits opened");
        _alone(_one(_alice));
        vm.snapshotGasLastCall("operations", "exit of one account");
        uint256[] memory range = new uint256[](100);
        for (uint256 i; i < 100; ++i) {
            range[i] = leaves.length - 100 + i;
        }
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(range);
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 100);
        vm.snapshotGasLastCall("operations", "exit of 100 accounts in a range");
    }

    function _id(uint256 secret) private view returns (bytes20) {
        (bytes32 key,) = Ed25519Signer.key(secret);
        return bytes20(sha256(abi.encodePacked(key)));
    }

    function _opened() private {
        _accepted();
        _silence();
        _open();
    }

    function _exitAll() private returns (uint256) {
        uint256[] memory which = new uint256[](leaves.length - 1);
        for (uint256 i; i < which.length; ++i) {
            which[i] = i + 1;
        }
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(which);
        shown[_keyToken - 1].account = uint16(_keyAccount);
        shown[_fees - 1].account = 1;
        shown[_rewards - 1].account = 1;
        return exits.exit(uint32(leaves.length), shown, siblings);
    }

    function _alone(uint256[] memory which) private {
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(which);
        exits.exitAlone(uint32(leaves.length), shown, which.length - 1, siblings);
    }

    function _refused(uint32 count, IExits.Leaf[] memory shown, bytes32[] memory siblings) private returns (uint256) {
        try exits.exit(count, shown, siblings) returns (uint256) {
            return 0;
        } catch {
            return 1;
        }
    }

    function _flip(IExits.Leaf memory one, uint256 place) private pure {
        if (place < one.fields.length) one.fields[place] ^= 0x01;
        else one.value[place - one.fields.length] ^= 0x01;
    }

    function _naming(uint256 secret, address payout, uint64 nonce)
        private
        view
        returns (Ed25519Signer.Signature memory)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
                ),
                keccak256("Plasmid"),
                keccak256("1"),
                block.chainid,
                address(rootChain),
                bytes32(rootChain.deployment())
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                keccak256("ExitPayout(bytes20 account,address payout,uint64 nonce,uint64 deadline)"),
                _id(secret),
                payout,
                nonce,
                DEADLINE
            )
        );
        return Ed25519Signer.sign(secret, bytes.concat(keccak256(bytes.concat(hex"1901", domain, content))));
    }

    function _nameByKey(uint256 secret, address payout, uint64 nonce) private {
        Ed25519Signer.Signature memory signature = _naming(secret, payout, nonce);
        (bytes32 key,) = Ed25519Signer.key(secret);
        exits.nameByKey(key, payout, DEADLINE, signature.r, signature.s, signature.xKey, signature.xR);
    }

    function _witness(uint64 index)
        private
        view
        returns (bytes memory message, bytes32 before, bytes32[] memory behind)
    {
        return (model.message(index), model.link(index - 1), new bytes32[](0));
    }

    function _refund(uint64 index, bool native) private {
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(index);
        exits.refund(message, native, before, behind);
    }

    function _refundRefused(uint64 index, bool native, bytes memory reason) private {
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(index);
        vm.expectRevert(reason);
        exits.refund(message, native, before, behind);
    }
}

/// @title Calls again what pays it, once
contract Reenterer {
    address private _target;
    bytes private _call;
    bool public tried;

    function prepare(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    receive() external payable {
        if (tried) return;
        tried = true;
        (bool done,) = _target.call(_call);
        require(done, "the outer call's leaves were looked at again, and paid nothing");
    }
}
