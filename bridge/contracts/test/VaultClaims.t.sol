// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {TokenCalls} from "../src/libraries/TokenCalls.sol";
import {Claims} from "./Claims.sol";
import {HeavyToken, MoodyToken, SurchargeToken} from "./tokens/OddTokens.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title Withdrawals paid: to their recipient, once, from a final checkpoint, whatever tokens and recipients do
contract VaultClaimsTest is Claims {
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);
    address private constant CARRIER = address(0xca);

    TestToken private token;

    function setUp() public override {
        super.setUp();
        token = new TestToken("Test", "TST", 18);
        _fund(address(token), 100 ether);
    }

    function test_aWithdrawalIsPaidToItsRecipientWhoeverCarriesIt() external {
        _withdraw(ALICE, address(0), 3 ether);
        _withdraw(BOB, address(token), 5 ether);
        IVault.Base memory base = _final();
        vm.expectEmit(address(vault));
        emit IVault.Claimed(2, ALICE, address(0), 3 ether, 1);
        _claim(base, 0);
        _claim(base, 1);
        vm.assertEq(ALICE.balance, 3 ether);
        vm.assertEq(token.balanceOf(BOB), 5 ether);
        vm.assertEq(CARRIER.balance, 0);
        vm.assertTrue(vault.claimed(2) && vault.claimed(3) && !vault.claimed(4));
        (, uint128 paid) = vault.totals(address(0));
        vm.assertEq(paid, 3 ether);
        vm.assertEq(vault.escrow(address(0)), _sigma() - 3 ether);
        vm.assertEq(vault.escrow(address(token)), 95 ether);
    }

    function test_aSecondClaimIsRefusedUnderAnyCheckpoint() external {
        _withdraw(ALICE, address(0), 3 ether);
        IVault.Base memory base = _final();
        _claim(base, 0);
        _refuses(base, 0, abi.encodeWithSelector(IVault.AlreadyClaimed.selector, 2));
        _withdraw(BOB, address(0), 1 ether);
        base = _final();
        _refuses(base, 0, abi.encodeWithSelector(IVault.AlreadyClaimed.selector, 2));
        _claim(base, 1);
    }

    function test_onlyAFinalCheckpointPays() external {
        _withdraw(ALICE, address(0), 3 ether);
        IVault.Base memory base = _accepted();
        _refusesPartly(base, 0, IRootChain.WindowOpen.selector);
        _pass(CHALLENGE);
        IVault.Base memory forged = base;
        forged.acceptance.time -= 1;
        _refusesPartly(forged, 0, IRootChain.RecordMismatch.selector);
        forged.acceptance.time += 1;
        forged.checkpoint.stateRoot = keccak256("mine");
        _refusesPartly(forged, 0, IRootChain.RecordMismatch.selector);
        forged.checkpoint.epoch = 1;
        _refusesPartly(forged, 0, IRootChain.NotAccepted.selector);
    }

    function test_everyFieldOfAWithdrawalIsProven() external {
        _withdraw(ALICE, address(0), 3 ether);
        _withdraw(BOB, address(0), 4 ether);
        IVault.Base memory base = _final();
        bytes32[] memory path = _path(0);
        for (uint256 field; field < 6; ++field) {
            IVault.Withdrawal memory forged = withdrawals[0];
            if (field == 0) forged.index = 3;
            if (field == 1) forged.number = 2;
            if (field == 2) forged.recipient = CARRIER;
            if (field == 3) forged.token = address(token);
            if (field == 4) forged.amount += 1;
            if (field == 5) forged.next = bytes32(0);
            vm.expectPartialRevert(IVault.StateRootMismatch.selector);
            vault.claim(base, forged, path);
        }
        for (uint256 i; i < 32; ++i) {
            path[i] ^= bytes32(uint256(1) << i);
            vm.expectPartialRevert(IVault.StateRootMismatch.selector);
            vault.claim(base, withdrawals[0], path);
            path[i] ^= bytes32(uint256(1) << i);
        }
        base.leafCount += 1;
        vm.expectPartialRevert(IVault.StateRootMismatch.selector);
        vault.claim(base, withdrawals[0], path);
    }

    function test_aPathHasThirtyTwoSiblings() external {
        _withdraw(ALICE, address(0), 3 ether);
        IVault.Base memory base = _final();
        bytes32[] memory path = _path(0);
        bytes32[] memory other = new bytes32[](33);
        for (uint256 i; i < 32; ++i) {
            other[i] = path[i];
        }
        vm.expectRevert(abi.encodeWithSelector(StateTree.WrongSiblings.selector, 32, 33));
        vault.claim(base, withdrawals[0], other);
        assembly ("memory-safe") {
            mstore(other, 31)
        }
        vm.expectRevert(abi.encodeWithSelector(StateTree.WrongSiblings.selector, 32, 31));
        vault.claim(base, withdrawals[0], other);
    }

    function test_anIndexBeyondTheLeavesIsRefused() external {
        _withdraw(ALICE, address(0), 3 ether);
        IVault.Base memory base = _final();
        IVault.Withdrawal memory forged = withdrawals[0];
        forged.index = base.leafCount;
        bytes32[] memory path = _path(0);
        vm.expectRevert(abi.encodeWithSelector(IVault.IndexBeyondCount.selector, 3, 3));
        vault.claim(base, forged, path);
    }

    function test_noMoreIsPaidThanWasDeposited() external {
        // A state that two thirds invented: more withdrawn than was ever there.
        _withdraw(ALICE, address(token), 101 ether);
        IVault.Base memory base = _final();
        token.mint(address(vault), 50 ether); // a stranger's gift is not the escrow's
        _refuses(
            base, 0, abi.encodeWithSelector(IVault.EscrowExceeded.selector, address(token), 100 ether, 101 ether)
        );
    }

    function test_aRecipientThatDoesNotTakeItCanBePaidLater() external {
        vm.etch(ALICE, hex"5f5ffd");
        _withdraw(ALICE, address(0), 3 ether);
        IVault.Base memory base = _final();
        _refuses(base, 0, abi.encodeWithSelector(IVault.NotTaken.selector, ALICE, 3 ether));
        vm.assertFalse(vault.claimed(2));
        vm.etch(ALICE, "");
        _claim(base, 0);
        vm.assertEq(ALICE.balance, 3 ether);
    }

    function test_whateverATokenDoesToFailThePayoutStaysClaimable() external {
        MoodyToken moody = new MoodyToken();
        _fund(address(moody), 10 ether);
        _withdraw(ALICE, address(moody), 3 ether);
        IVault.Base memory base = _final();
        for (uint8 mood = 1; mood <= uint8(type(MoodyToken.Mood).max); ++mood) {
            moody.setMood(MoodyToken.Mood(mood));
            bytes memory reason = moody.reverts()
                ? abi.encodeWithSelector(TokenCalls.TokenCallFailed.selector, address(moody))
                : abi.encodeWithSelector(IVault.PaidOtherThan.selector, address(moody), 3 ether, 0);
            bytes32[] memory path = _path(0);
            // A payout may use all gas that comes with a claim, and so may a token that burns it.
            vm.expectRevert(reason);
            vault.claim{gas: 10_000_000}(base, withdrawals[0], path);
            vm.assertFalse(vault.claimed(2));
            vm.assertEq(vault.escrow(address(moody)), 10 ether);
        }
        moody.setMood(MoodyToken.Mood.Sound);
        _claim(base, 0);
        vm.assertEq(moody.balanceOf(ALICE), 3 ether);
    }

    function test_aTokenThatTakesMoreThanItMovesIsNotPaidFromOthersEscrow() external {
        SurchargeToken greedy = new SurchargeToken();
        _fund(address(greedy), 10 ether);
        _withdraw(ALICE, address(greedy), 1 ether);
        IVault.Base memory base = _final();
        greedy.surcharge(true);
        _refuses(
            base, 0, abi.encodeWithSelector(IVault.PaidOtherThan.selector, address(greedy), 1 ether, 1.01 ether)
        );
        vm.assertEq(greedy.balanceOf(address(vault)), 10 ether);
        vm.assertEq(greedy.balanceOf(ALICE), 0);
    }

    function test_aWithdrawalToTheVaultItselfIsNeverPaid() external {
        _withdraw(address(vault), address(0), 1 ether);
        _withdraw(address(vault), address(token), 1 ether);
        IVault.Base memory base = _final();
        _refuses(base, 0, abi.encodeWithSelector(IVault.NotTaken.selector, address(vault), 1 ether));
        _refuses(base, 1, abi.encodeWithSelector(IVault.PaidOtherThan.selector, address(token), 1 ether, 0));
    }

    // Batches.

    function test_aBatchPaysAllUnderOneProof() external {
        for (uint256 i; i < 9; ++i) {
            _withdraw(ALICE, i % 2 == 0 ? address(0) : address(token), uint128(1 ether + i));
        }
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(1, 7);
        vm.prank(CARRIER);
        vm.assertEq(vault.claimBatch(base, batch, siblings), 7);
        for (uint32 index = 2; index < 11; ++index) {
            vm.assertEq(vault.claimed(index), index > 2 && index < 10);
        }
        vm.assertEq(ALICE.balance, 3 ether + 2 + 4 + 6);
        vm.assertEq(token.balanceOf(ALICE), 4 ether + 1 + 3 + 5 + 7);
    }

    function test_noOneInABatchHindersAnother() external {
        MoodyToken moody = new MoodyToken();
        _fund(address(moody), 10 ether);
        address burner = address(0xb12);
        vm.etch(burner, hex"5b5f56"); // jumps to itself until the gas is gone
        address refuser = address(0xf12);
        vm.etch(refuser, hex"62ffffff5ffd"); // reverts with megabytes
        _withdraw(burner, address(0), 1 ether);
        _withdraw(ALICE, address(0), 2 ether);
        _withdraw(refuser, address(0), 1 ether);
        _withdraw(ALICE, address(moody), 3 ether);
        _withdraw(ALICE, address(0xdead), 1 ether); // no such token
        _withdraw(BOB, address(token), 4 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 6);
        uint256 before = vm.snapshotState();
        for (uint8 mood = 1; mood <= uint8(type(MoodyToken.Mood).max); ++mood) {
            vm.revertToState(before);
            before = vm.snapshotState();
            moody.setMood(MoodyToken.Mood(mood));
            vm.expectEmit(address(vault));
            emit IVault.PayoutFailed(2, burner, address(0), 1 ether, 1);
            uint256 gas = gasleft();
            vm.assertEq(vault.claimBatch(base, batch, siblings), 2);
            vm.assertLt(gas - gasleft(), 4 * 500_000 + 500_000);
            vm.assertEq(ALICE.balance, 2 ether);
            vm.assertEq(token.balanceOf(BOB), 4 ether);
            vm.assertEq(vault.escrow(address(moody)), 10 ether);
            for (uint32 index = 2; index < 8; ++index) {
                vm.assertEq(vault.claimed(index), index == 3 || index == 7);
            }
        }
        // What failed is paid when its reason is gone; what was paid is left alone.
        moody.setMood(MoodyToken.Mood.Sound);
        vm.etch(burner, "");
        vm.assertEq(vault.claimBatch(base, batch, siblings), 2);
        vm.assertEq(moody.balanceOf(ALICE), 3 ether);
        vm.assertEq(burner.balance, 1 ether);
        vm.assertEq(ALICE.balance, 2 ether);
        vm.assertEq(token.balanceOf(BOB), 4 ether);
    }

    function test_aTokenThatTakesMoreGasThanABatchGivesIsClaimedAlone() external {
        HeavyToken heavy = new HeavyToken();
        _fund(address(heavy), 10 ether);
        _withdraw(ALICE, address(heavy), 3 ether);
        _withdraw(BOB, address(0), 1 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 2);
        vm.expectEmit(address(vault));
        emit IVault.PayoutFailed(2, ALICE, address(heavy), 3 ether, 1);
        vm.assertEq(vault.claimBatch(base, batch, siblings), 1);
        vm.assertEq(BOB.balance, 1 ether);
        vm.assertEq(heavy.balanceOf(ALICE), 0);
        vm.assertFalse(vault.claimed(2));
        vm.assertEq(vault.escrow(address(heavy)), 10 ether);

        // Alone with too little gas nothing happens; with enough it is paid.
        bytes32[] memory path = _path(0);
        for (uint256 gas = 100_000; gas <= 600_000; gas += 50_000) {
            vm.expectRevert();
            vault.claim{gas: gas}(base, withdrawals[0], path);
            vm.assertFalse(vault.claimed(2));
        }
        _claim(base, 0);
        vm.assertEq(heavy.balanceOf(ALICE), 3 ether);
        vm.assertEq(vault.escrow(address(heavy)), 7 ether);
        _refuses(base, 0, abi.encodeWithSelector(IVault.AlreadyClaimed.selector, 2));
    }

    function test_whoClaimsOneOfABatchFirstDoesNotStopIt() external {
        _withdraw(ALICE, address(0), 1 ether);
        _withdraw(BOB, address(0), 2 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 2);
        _claim(base, 0);
        vm.assertEq(vault.claimBatch(base, batch, siblings), 1);
        vm.assertEq(vault.claimBatch(base, batch, siblings), 0);
        vm.assertEq(ALICE.balance, 1 ether);
        vm.assertEq(BOB.balance, 2 ether);
    }

    function test_aBatchAscendsAndIsNotEmpty() external {
        _withdraw(ALICE, address(0), 1 ether);
        _withdraw(BOB, address(0), 2 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 2);
        IVault.Withdrawal[] memory none = new IVault.Withdrawal[](0);
        vm.expectRevert(IVault.NothingToClaim.selector);
        vault.claimBatch(base, none, siblings);
        (batch[0], batch[1]) = (batch[1], batch[0]);
        vm.expectRevert(abi.encodeWithSelector(StateTree.NotAscending.selector, 3, 2));
        vault.claimBatch(base, batch, siblings);
        batch[0] = batch[1];
        vm.expectRevert(abi.encodeWithSelector(StateTree.NotAscending.selector, 2, 2));
        vault.claimBatch(base, batch, siblings);
    }

    function test_everyPartOfABatchIsProven() external {
        for (uint256 i; i < 4; ++i) {
            _withdraw(ALICE, address(0), 1 ether);
        }
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(1, 3);
        batch[2].amount += 1;
        vm.expectPartialRevert(IVault.StateRootMismatch.selector);
        vault.claimBatch(base, batch, siblings);
        batch[2].amount -= 1;
        for (uint256 i; i < siblings.length; ++i) {
            siblings[i] ^= bytes32(uint256(1));
            vm.expectPartialRevert(IVault.StateRootMismatch.selector);
            vault.claimBatch(base, batch, siblings);
            siblings[i] ^= bytes32(uint256(1));
        }
        vm.assertEq(vault.claimBatch(base, batch, siblings), 3);
    }

    function test_nobodyButTheVaultPaysOut() external {
        _withdraw(CARRIER, address(0), 1 ether);
        vm.prank(CARRIER);
        vm.expectRevert(abi.encodeWithSelector(IVault.OnlyItself.selector, CARRIER));
        vault.payOut(withdrawals[0]);
    }

    function test_aRecipientCannotBePaidTwiceByReentering() external {
        ReenteringRecipient again = new ReenteringRecipient();
        _withdraw(address(again), address(0), 1 ether);
        _withdraw(address(again), address(0), 2 ether);
        IVault.Base memory base = _final();
        again.aim(address(vault), abi.encodeCall(vault.claim, (base, withdrawals[0], _path(0))));
        _claim(base, 0);
        vm.assertFalse(again.reached());
        vm.assertEq(bytes4(again.answer()), IVault.Reentered.selector);
        again.aim(address(vault), abi.encodeCall(vault.payOut, (withdrawals[0])));
        _claim(base, 1);
        vm.assertFalse(again.reached());
        vm.assertEq(bytes4(again.answer()), IVault.OnlyItself.selector);
        vm.assertEq(address(again).balance, 3 ether);
    }

    /// A carrier that brings too little gas gets nothing done: it cannot make one payout of a batch fail.
    function testFuzz_tooLittleGasLosesNothing(uint256 gas) external {
        _withdraw(ALICE, address(0), 1 ether);
        _withdraw(BOB, address(token), 2 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 2);
        gas = bound(gas, 50_000, 900_000);
        try vault.claimBatch{gas: gas}(base, batch, siblings) returns (uint256 paid) {
            vm.assertEq(paid, 2);
        } catch {
            vm.assertFalse(vault.claimed(2) || vault.claimed(3));
            vm.assertEq(ALICE.balance + token.balanceOf(BOB), 0);
            vm.assertEq(vault.claimBatch(base, batch, siblings), 2);
        }
        vm.assertEq(ALICE.balance, 1 ether);
        vm.assertEq(token.balanceOf(BOB), 2 ether);
    }

    function test_aBatchWithTooLittleGasForItsNextPayoutIsRefused() external {
        _withdraw(ALICE, address(0), 1 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 1);
        vm.expectPartialRevert(IVault.GasTooLow.selector);
        vault.claimBatch{gas: 500_000}(base, batch, siblings);
        vm.assertEq(vault.claimBatch{gas: 700_000}(base, batch, siblings), 1);
        // What was paid already asks for none.
        vm.assertEq(vault.claimBatch{gas: 200_000}(base, batch, siblings), 0);
    }

    /// Each payout of a batch has its 500,000 gas, with whatever the batch was carried: its recipient finds what is left of them.
    function testFuzz_everyPayoutOfABatchHasItsGas(uint256 gas) external {
        GasMeter meter = new GasMeter();
        _withdraw(ALICE, address(0), 1 ether);
        _withdraw(address(meter), address(0), 2 ether);
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 2);
        gas = bound(gas, 560_000, 760_000);
        try vault.claimBatch{gas: gas}(base, batch, siblings) {
            vm.assertGt(meter.seen(), 440_000);
        } catch {
            vm.assertEq(meter.seen(), 0);
        }
    }

    /// Neither a claim nor a batch pays a recipient that had too little gas to do its part: one that goes on when a call of its own runs
    /// out would be paid for nothing.
    function testFuzz_aSingleClaimHasThatGasToo(uint256 gas) external {
        GasMeter meter = new GasMeter();
        _withdraw(address(meter), address(0), 2 ether);
        IVault.Base memory base = _final();
        bytes32[] memory path = _path(0);
        gas = bound(gas, 60_000, 760_000);
        try vault.claim{gas: gas}(base, withdrawals[0], path) {
            vm.assertGt(meter.seen(), 440_000);
        } catch {
            vm.assertEq(meter.seen(), 0);
        }
    }

    function test_aClaimWithTooLittleGasForItsPayoutIsRefused() external {
        _withdraw(ALICE, address(0), 1 ether);
        IVault.Base memory base = _final();
        bytes32[] memory path = _path(0);
        vm.expectPartialRevert(IVault.GasTooLow.selector);
        vault.claim{gas: 500_000}(base, withdrawals[0], path);
        vault.claim{gas: 700_000}(base, withdrawals[0], path);
        vm.assertEq(ALICE.balance, 1 ether);
    }

    /// As many as a node proves at once (MAX_BATCH in `validator/src/app/reads/claims.rs`), each to a recipient that burns all its gas, fit
    /// a transaction of 2^24 gas (EIP-7825).
    function test_aBatchOfTheMostFitsATransactionWhateverItsRecipientsDo() external {
        uint256 most = 28;
        for (uint256 i; i < most; ++i) {
            address burner = address(uint160(0xb12000 + i));
            vm.etch(burner, hex"5b5f56"); // jumps to itself until the gas is gone
            _withdraw(burner, address(0), 1 ether);
        }
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, most);
        bytes memory data = abi.encodeCall(vault.claimBatch, (base, batch, siblings));
        uint256 gas = _gasOf(address(vault), 0, data) + 21_000 + 16 * data.length;
        vm.assertGt(gas, most * 500_000);
        // Here they are neighbours. Far apart, each has at most 27 siblings of its own: their bytes and their hashing.
        gas += most * 27 * (32 * 16 + 500);
        vm.assertLt(gas + 520_000, 1 << 24);
        vm.snapshotValue("operations", "claim of 28 that burn all their gas (tx)", gas);
    }

    function test_gasOfClaims() external {
        for (uint256 i; i < 16; ++i) {
            _withdraw(address(uint160(1000 + i)), address(0), 1 ether);
        }
        IVault.Base memory base = _final();
        bytes32[] memory path = _path(0);
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(1, 15);
        uint256 gas = _gasOf(address(vault), 0, abi.encodeCall(vault.claim, (base, withdrawals[0], path)));
        vm.snapshotValue("operations", "claim, native (call)", gas);
        gas = _gasOf(address(vault), 0, abi.encodeCall(vault.claimBatch, (base, batch, siblings)));
        vm.snapshotValue("operations", "claim in a batch of 15, each (call)", gas / 15);
    }

    function _fund(address asset, uint128 amount) private {
        TestToken(asset).mint(address(this), amount);
        TestToken(asset).approve(address(vault), amount);
        vault.depositToken{value: vault.quote(0)}(
            asset, amount, 0, IVault.Account(0, bytes20(address(this))), address(this)
        );
    }

    function _claim(IVault.Base memory base, uint256 i) private {
        bytes32[] memory path = _path(i);
        IVault.Withdrawal memory withdrawal = withdrawals[i];
        vm.prank(CARRIER);
        vault.claim(base, withdrawal, path);
    }

    function _refuses(IVault.Base memory base, uint256 i, bytes memory reason) private {
        bytes32[] memory path = _path(i);
        IVault.Withdrawal memory withdrawal = withdrawals[i];
        vm.expectRevert(reason);
        vault.claim(base, withdrawal, path);
    }

    function _refusesPartly(IVault.Base memory base, uint256 i, bytes4 reason) private {
        bytes32[] memory path = _path(i);
        IVault.Withdrawal memory withdrawal = withdrawals[i];
        vm.expectPartialRevert(reason);
        vault.claim(base, withdrawal, path);
    }
}

/// @notice Calls back while it is paid.
contract ReenteringRecipient {
    address private _target;
    bytes private _data;
    bool public reached;
    bytes public answer;

    function aim(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    receive() external payable {
        (reached, answer) = _target.call(_data);
    }
}

/// @notice Writes down how much gas it was paid with.
contract GasMeter {
    uint256 public seen;

    receive() external payable {
        seen = gasleft();
    }
}
