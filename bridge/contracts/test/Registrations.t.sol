// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Deployed} from "./Deployed.sol";

/// @title Registrations once RootChain exists: who registers what for how much, and what stays as it was at genesis
contract RegistrationsTest is Deployed {
    uint256 private constant BOND_LIMIT = 1 << 96;

    Operator private _fifth;

    function setUp() public override {
        super.setUp();
        _fifth = _operator(4);
        _deploy();
        vm.deal(address(this), 1000 ether);
    }

    /// @dev A few messages move the price.
    function _genesis() internal view override returns (IRegistry.Genesis memory genesis) {
        genesis = super._genesis();
        genesis.inbox.doublingSecs = 10;
    }

    function test_anybodyRegistersUnderTheNextNumberAndTheChildIsTold() external {
        uint256 value = BOND + inbox.price();
        uint256 before = address(registry).balance;
        vm.expectEmit(address(registry));
        emit IRegistry.Registered(_fifth.owner, 5, _fifth.consensusKey, _fifth.checkpointKey, 0, BOND);
        (uint64 registration, uint64 index) = _registerKeys(_fifth, BOND, value);
        vm.assertEq(registration, 5);
        vm.assertEq(index, 1);
        vm.assertEq(registry.lastNumber(), 5);
        vm.assertEq(registry.newestOf(_fifth.owner), 5);
        _isEntry(_fifth, 5, BOND);
        vm.assertEq(address(registry).balance, before + BOND);
        vm.assertEq(address(inbox).balance, value - BOND);
        _sync();
        vm.assertEq(model.message(1), _message(1, _fifth, 5, BOND));
    }

    function test_anOperatorRegistersAgainAndItsOlderEntriesStay() external {
        Operator memory next = _operator(5);
        next.owner = operators[1].owner;
        (uint64 registration,) = _registerKeys(next, 2 * BOND, 2 * BOND + inbox.price());
        vm.assertEq(registration, 5);
        (registration,) = _registerKeys(_fifth, BOND, BOND + inbox.price());
        vm.assertEq(registration, 6);
        Operator memory third = _operator(6);
        third.owner = operators[1].owner;
        (registration,) = _registerKeys(third, BOND, BOND + inbox.price());
        vm.assertEq(registration, 7);
        vm.assertEq(registry.newestOf(operators[1].owner), 7);
        vm.assertEq(registry.newestOf(_fifth.owner), 6);
        _isEntry(next, 5, 2 * BOND);
        _isEntry(_fifth, 6, BOND);
        _isEntry(third, 7, BOND);
        IRegistry.Member memory first = registry.registrationOf(operators[1].owner, 2);
        vm.assertEq(first.consensusKey, operators[1].consensusKey);
        vm.assertEq(first.stake, stakeOf(1));
    }

    function test_anEntryBelongsToItsOperatorAndNumberAlone() external {
        _registerKeys(_fifth, BOND, BOND + inbox.price());
        vm.assertEq(registry.registrationOf(_fifth.owner, 4).registration, 0);
        vm.assertEq(registry.registrationOf(_fifth.owner, 0).bond, 0);
        vm.assertEq(registry.registrationOf(operators[0].owner, 5).bond, 0);
        vm.assertEq(registry.newestOf(address(this)), 0);
    }

    // What genesis was, it stays: nodes compute the genesis state from it for ever.

    function test_whatGenesisWasIsChangedByNothingThatComesLater() external {
        bytes32 registrations = registry.registrationsHash();
        bytes memory members = _members();
        vm.assertEq(registry.agreementOf(_genesis()), _agreement());
        registry.topUp{value: 7}(operators[2].owner, 3);
        Operator memory next = _operator(5);
        next.owner = operators[2].owner;
        _registerKeys(next, BOND, BOND + inbox.price());
        vm.assertEq(registry.registrationsHash(), registrations);
        vm.assertEq(registry.agreementOf(_genesis()), _agreement());
        vm.assertEq(_members(), members);
        vm.assertEq(registry.operatorCount(), 4);
        vm.assertEq(registry.totalStake(), _sigma() - BALANCES);
        vm.assertEq(registry.registrationOf(operators[2].owner, 3).bond, BOND + 7);
        vm.expectRevert();
        registry.memberAt(4);
    }

    // Each check.

    function test_beforeRootChainExistsNobodyRegistersSoOrRaisesABond() external {
        registry = _registry("another");
        for (uint256 i; i < operators.length; ++i) {
            _register(i);
        }
        vm.assertEq(registry.lastNumber(), 4);
        for (uint256 i; i < operators.length; ++i) {
            _agree(i);
        }
        for (uint256 step; step < STEPS; ++step) {
            _refuses(_fifth, BOND, 2 * BOND, abi.encodeWithSelector(IRegistry.NotCreated.selector));
            _refuses(operators[0], BOND, 2 * BOND, abi.encodeWithSelector(IRegistry.NotCreated.selector));
            vm.deal(address(this), 1);
            vm.expectRevert(IRegistry.NotCreated.selector);
            registry.topUp{value: 1}(operators[0].owner, 1);
            _step(step);
        }
        _registerKeys(_fifth, BOND, 2 * BOND);
    }

    function test_theBondIsInItsRange() external {
        vm.deal(_fifth.owner, type(uint128).max);
        for (uint256 i; i < 2; ++i) {
            uint128 given = i == 0 ? BOND - 1 : uint128(BOND_LIMIT + 1);
            bytes memory reason =
                abi.encodeWithSelector(IRegistry.BondOutOfRange.selector, BOND, BOND_LIMIT, given);
            _refuses(_fifth, given, BOND_LIMIT + 10 ether, reason);
        }
        _registerKeys(_fifth, uint128(BOND_LIMIT), BOND_LIMIT + inbox.price());
        _isEntry(_fifth, 5, uint128(BOND_LIMIT));
    }

    function test_theValueCoversBondAndPrice() external {
        uint256 needed = BOND + inbox.price();
        bytes memory reason = abi.encodeWithSelector(IRegistry.ValueTooLow.selector, needed, needed - 1);
        _refuses(_fifth, BOND, needed - 1, reason);
        reason = abi.encodeWithSelector(IRegistry.ValueTooLow.selector, needed, 0);
        _refuses(_fifth, BOND, 0, reason);
    }

    /// Others fill the inbox between signing and mining: whoever sent some more is registered with the bond that it named.
    function test_thePriceMovesAndTheRestReturns() external {
        uint256 asked = inbox.price();
        uint256 before = _fifth.owner.balance;
        while (inbox.price() == asked) {
            inbox.force{value: asked}("before it");
        }
        uint256 price = inbox.price();
        bytes memory reason = abi.encodeWithSelector(IRegistry.ValueTooLow.selector, BOND + price, BOND + asked);
        _refuses(_fifth, BOND, BOND + asked, reason);
        _registerKeys(_fifth, BOND, BOND + 10 * price);
        vm.assertEq(before - _fifth.owner.balance, BOND + price);
        _isEntry(_fifth, 5, BOND);
    }

    function test_anExcessThatIsNotTakenRevertsAndLeavesNothing() external {
        uint256 value = BOND + inbox.price();
        vm.etch(_fifth.owner, hex"5f5ffd"); // an account that takes nothing
        _refuses(_fifth, BOND, value + 1, abi.encodeWithSelector(IRegistry.ExcessNotTaken.selector, _fifth.owner, 1));
        vm.assertEq(registry.lastNumber(), 4);
        vm.assertEq(inbox.count(), 0);
        vm.assertEq(registry.registrationOf(_fifth.owner, 5).bond, 0);
        // With the exact value it registers, with the same keys.
        _registerKeys(_fifth, BOND, value);
        _isEntry(_fifth, 5, BOND);
    }

    /// What is called by the excess finds its registration made and its message sent, and registers again under the next number.
    function test_whoeverReentersByTheExcessRegistersOnceMoreAndTakesNothing() external {
        Operator memory second = _operator(5);
        second.owner = _fifth.owner;
        uint256 value = BOND + inbox.price();
        bytes memory again = abi.encodeCall(
            IRegistry.registerKeys, (second.consensusKey, second.checkpointKey, _possession(second), BOND)
        );
        bytes memory same = abi.encodeCall(
            IRegistry.registerKeys, (_fifth.consensusKey, _fifth.checkpointKey, _possession(_fifth), BOND)
        );
        Reentering code = new Reentering();
        vm.etch(_fifth.owner, address(code).code);
        Reentering(payable(_fifth.owner)).aim(address(registry), value, same, again);
        uint256 before = _fifth.owner.balance;
        uint256 held = address(registry).balance;
        (uint64 registration, uint64 index) = _registerKeys(_fifth, BOND, value + 2);
        vm.assertEq(registration, 5);
        vm.assertEq(index, 1);
        bytes memory unchanged = abi.encodeWithSelector(IRegistry.KeysUnchanged.selector, _fifth.owner, 5);
        vm.assertEq(Reentering(payable(_fifth.owner)).refusal(), unchanged);
        vm.assertEq(before - _fifth.owner.balance, 2 * value);
        vm.assertEq(address(registry).balance, held + 2 * BOND);
        vm.assertEq(registry.newestOf(_fifth.owner), 6);
        _sync();
        vm.assertEq(model.message(1), _message(1, _fifth, 5, BOND));
        vm.assertEq(model.message(2), _message(2, second, 6, BOND));
    }

    // Keys.

    /// Somebody else's keys with that operator's own proofs, or with half of them.
    function test_aKeyIsProvenToBeHeldByTheOperatorThatRegistersIt() external {
        IRegistry.Possession memory stolen = _possession(_fifth);
        address thief = operators[0].owner;
        uint256 value = BOND + inbox.price();
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
        registry.registerKeys{value: value}(_fifth.consensusKey, _fifth.checkpointKey, stolen, BOND);
        Operator memory half = _operator(5);
        (half.owner, half.consensusKey) = (thief, _fifth.consensusKey);
        _refuses(half, BOND, value, abi.encodeWithSelector(IRegistry.BadPossession.selector, "consensus key"));
        half.consensusKey = bytes32(uint256(1) << 248); // y = 1: the neutral element
        _refuses(half, BOND, value, abi.encodeWithSelector(IRegistry.WeakConsensusKey.selector, half.consensusKey));
    }

    function test_misshapenAndIdentityCheckpointKeysAreRefused() external {
        IRegistry.Possession memory possession = _possession(_fifth);
        uint256 value = BOND + inbox.price();
        vm.startPrank(_fifth.owner);
        vm.expectRevert(Bls.IdentityPoint.selector);
        registry.registerKeys{value: value}(_fifth.consensusKey, new bytes(96), possession, BOND);
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 96, 97));
        registry.registerKeys{value: value}(_fifth.consensusKey, new bytes(97), possession, BOND);
        vm.stopPrank();
    }

    /// A proof for another Registry or root chain is none here: it binds both.
    function test_aProofForAnotherRegistryOrRootChainIsNone() external {
        uint256 value = BOND + inbox.price();
        IRegistry own = registry;
        registry = _registry("another");
        IRegistry.Possession memory there = _possession(_fifth);
        registry = own;
        vm.chainId(1337);
        IRegistry.Possession memory elsewhere = _possession(_fifth);
        vm.chainId(31_337);
        vm.startPrank(_fifth.owner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
        registry.registerKeys{value: value}(_fifth.consensusKey, _fifth.checkpointKey, there, BOND);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
        registry.registerKeys{value: value}(_fifth.consensusKey, _fifth.checkpointKey, elsewhere, BOND);
        vm.stopPrank();
    }

    /// Of another operator, of genesis or later, never; nor one's own that was replaced. The other key being new, or kept, helps nothing.
    function test_aKeyOfAnotherOperatorOrOneThatWasReplacedNeverReturns() external {
        _registerKeys(_fifth, BOND, BOND + inbox.price());
        Operator memory replaced = operators[1];
        Operator memory second = _operator(6);
        second.owner = replaced.owner;
        _registerKeys(second, BOND, BOND + inbox.price());
        uint256 value = BOND + inbox.price();
        Operator[3] memory holders = [operators[0], replaced, _fifth];
        for (uint256 i; i < 3; ++i) {
            Operator memory fresh = _operator(10);
            _refusesKeysOf(fresh, holders[i], value);
            fresh.owner = replaced.owner;
            _refusesKeysOf(fresh, holders[i], value);
            Operator memory kept = second;
            _refusesKeysOf(kept, holders[i], value);
        }
        // And its newest registration's keys are nobody else's.
        _refusesKeysOf(_operator(10), second, value);
        _refusesKeysOf(_fifth, second, value);
    }

    function test_anOperatorKeepsOneKeyOfItsNewestRegistrationAndReplacesTheOther() external {
        Operator memory own = operators[1];
        Operator memory fresh = _operator(5);
        (bytes32 oldConsensusKey, uint256 oldEdSecret) = (own.consensusKey, own.edSecret);
        (own.consensusKey, own.edSecret) = (fresh.consensusKey, fresh.edSecret);
        _registerKeys(own, BOND, BOND + inbox.price());
        _isEntry(own, 5, BOND);
        (own.checkpointKey, own.blsSecret) = (fresh.checkpointKey, fresh.blsSecret);
        _registerKeys(own, 2 * BOND, 2 * BOND + inbox.price());
        _isEntry(own, 6, 2 * BOND);
        // Each entry has exactly its own keys, and the child is told both.
        bytes memory oldCheckpointKey = operators[1].checkpointKey;
        vm.assertTrue(registry.hasKeys(own.owner, 2, oldConsensusKey, oldCheckpointKey));
        vm.assertTrue(registry.hasKeys(own.owner, 5, own.consensusKey, oldCheckpointKey));
        vm.assertTrue(registry.hasKeys(own.owner, 6, own.consensusKey, own.checkpointKey));
        vm.assertFalse(registry.hasKeys(own.owner, 6, own.consensusKey, oldCheckpointKey));
        vm.assertFalse(registry.hasKeys(own.owner, 5, oldConsensusKey, oldCheckpointKey));
        vm.assertFalse(registry.hasKeys(own.owner, 2, own.consensusKey, oldCheckpointKey));
        _sync();
        vm.assertEq(model.message(2), _message(2, own, 6, 2 * BOND));
        // What was replaced is gone, in whichever step.
        uint256 value = BOND + inbox.price();
        Operator memory back = own;
        (back.consensusKey, back.edSecret) = (oldConsensusKey, oldEdSecret);
        _refuses(back, BOND, value, _taken("consensus key", own.owner));
    }

    function test_aRegistrationThatChangesNoKeyIsRefused() external {
        uint256 value = BOND + inbox.price();
        bytes memory reason = abi.encodeWithSelector(IRegistry.KeysUnchanged.selector, operators[1].owner, 2);
        _refuses(operators[1], BOND, value, reason);
        _registerKeys(_fifth, BOND, value);
        value = BOND + inbox.price();
        reason = abi.encodeWithSelector(IRegistry.KeysUnchanged.selector, _fifth.owner, 5);
        _refuses(_fifth, BOND, value, reason);
    }

    /// A kept key is proven to be held beside the new one: a proof of before binds the pair of before.
    function test_aKeptKeyIsProvenAgain() external {
        Operator memory own = operators[1];
        IRegistry.Possession memory before = _possession(own);
        Operator memory fresh = _operator(5);
        uint256 value = BOND + inbox.price();
        for (uint256 i; i < 2; ++i) {
            Operator memory next = operators[1];
            if (i == 0) next.consensusKey = fresh.consensusKey;
            else next.checkpointKey = fresh.checkpointKey;
            vm.prank(next.owner);
            vm.expectRevert(abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
            registry.registerKeys{value: value}(next.consensusKey, next.checkpointKey, before, BOND);
        }
        // The new key's own proof beside the kept key's old one.
        (own.consensusKey, own.edSecret) = (fresh.consensusKey, fresh.edSecret);
        IRegistry.Possession memory half = _possession(own);
        half.checkpointProof = before.checkpointProof;
        vm.prank(own.owner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
        registry.registerKeys{value: value}(own.consensusKey, own.checkpointKey, half, BOND);
        _registerKeys(own, BOND, value);
    }

    /// Also one that its operator took back before genesis: it was registered.
    function test_aKeyThatWasTakenBackBeforeGenesisDoesNotReturnEither() external {
        registry = _registry("another");
        Operator memory earlier = _operator(7);
        earlier.owner = operators[0].owner;
        IRegistry.Possession memory possession = _possession(earlier);
        vm.startPrank(earlier.owner);
        registry.register{value: 10 ether}(earlier.consensusKey, earlier.checkpointKey, possession);
        registry.refund();
        vm.stopPrank();
        vm.assertEq(registry.newestOf(earlier.owner), 0);
        _deploy();
        _refuses(earlier, BOND, 2 * BOND, _taken("consensus key", earlier.owner));
    }

    function test_genesisIsOver() external {
        IRegistry.Possession memory possession = _possession(_fifth);
        vm.prank(_fifth.owner);
        vm.expectRevert(IRegistry.RegistrationClosed.selector);
        registry.register{value: 10 ether}(_fifth.consensusKey, _fifth.checkpointKey, possession);
        _registerKeys(_fifth, BOND, 2 * BOND);
        vm.startPrank(_fifth.owner);
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.refund();
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.agree(keccak256("anything"));
        vm.stopPrank();
    }

    // Raising a bond.

    function test_anybodyRaisesABondUpToTheLimit() external {
        _registerKeys(_fifth, BOND, 2 * BOND);
        uint256 held = address(registry).balance;
        uint256 most = BOND_LIMIT - BOND;
        vm.deal(address(this), most + 1);
        bytes memory reason =
            abi.encodeWithSelector(IRegistry.BondOutOfRange.selector, BOND, BOND_LIMIT, BOND_LIMIT + 1);
        vm.expectRevert(reason);
        registry.topUp{value: most + 1}(_fifth.owner, 5);
        vm.expectEmit(address(registry));
        emit IRegistry.BondRaised(_fifth.owner, 5, address(this), most, BOND_LIMIT);
        registry.topUp{value: most}(_fifth.owner, 5);
        _isEntry(_fifth, 5, uint128(BOND_LIMIT));
        vm.assertEq(address(registry).balance, held + most);
        vm.assertEq(inbox.count(), 1);
    }

    function test_whatIsNoRegistrationOrNoCoinRaisesNothing() external {
        vm.deal(address(this), 10 ether);
        vm.expectRevert(IRegistry.NothingSent.selector);
        registry.topUp(operators[0].owner, 1);
        _unknown(operators[0].owner, 2);
        _unknown(operators[0].owner, 0);
        _unknown(_fifth.owner, 5);
        _registerKeys(_fifth, BOND, 2 * BOND);
        _unknown(_fifth.owner, 6);
        _unknown(operators[0].owner, 5);
    }

    function testFuzz_bondValueAndTopUpAreAccountedToTheWei(uint96 bond, uint96 over, uint96 raise, bool rotates) external {
        bond = uint96(bound(bond, BOND, type(uint96).max));
        Operator memory operator = _fifth;
        if (rotates) operator.owner = operators[3].owner;
        vm.deal(operator.owner, type(uint128).max);
        uint256 price = inbox.price();
        uint256 held = address(registry).balance;
        (uint64 registration, uint64 index) = _registerKeys(operator, bond, bond + price + over);
        vm.assertEq(registration, 5);
        vm.assertEq(operator.owner.balance, type(uint128).max - bond - price);
        vm.assertEq(address(registry).balance, held + bond);
        _sync();
        vm.assertEq(model.message(index), _message(index, operator, 5, bond));
        uint256 room = BOND_LIMIT - bond;
        raise = uint96(bound(raise, 1, room < type(uint96).max ? room : type(uint96).max));
        vm.deal(address(this), raise);
        registry.topUp{value: raise}(operator.owner, 5);
        _isEntry(operator, 5, uint128(bond) + raise);
        vm.assertEq(address(registry).balance, held + bond + raise);
    }

    function test_gasOfRegistrations() external {
        // The inbox's ring is cold at first, and every fourth message writes a word of due times: this is the first one after those.
        for (uint256 i; i < 4; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        uint256 value = BOND + inbox.price();
        Operator memory own = _fifth;
        own.owner = address(this);
        bytes memory data = abi.encodeCall(
            IRegistry.registerKeys, (own.consensusKey, own.checkpointKey, _possession(own), BOND)
        );
        vm.cool(address(registry));
        vm.cool(address(inbox));
        uint256 gas = _gasOf(address(registry), value, data);
        vm.snapshotValue("operations", "registration after genesis (call, cold inbox ring)", gas);
        vm.assertLt(gas, 650_000);
        gas = _gasOf(address(registry), 1, abi.encodeCall(IRegistry.topUp, (operators[0].owner, 1)));
        vm.snapshotValue("operations", "top-up of a bond (call)", gas);
    }

    function _isEntry(Operator memory operator, uint64 number, uint128 bond) private view {
        IRegistry.Member memory member = registry.registrationOf(operator.owner, number);
        vm.assertEq(member.operator, operator.owner);
        vm.assertEq(member.registration, number);
        vm.assertEq(member.consensusKey, operator.consensusKey);
        vm.assertEq(member.checkpointKey, operator.checkpointKey);
        vm.assertEq(member.stake, 0);
        vm.assertEq(member.bond, bond);
    }

    /// @notice All genesis members in their bytes.
    function _members() private view returns (bytes memory all) {
        for (uint256 i; i < operators.length; ++i) {
            IRegistry.Member memory member = registry.memberAt(i);
            vm.assertEq(member.bond, BOND);
            all = bytes.concat(all, abi.encode(member));
        }
    }

    /// @notice The whole message, by PROTOCOL section 5.
    function _message(uint64 index, Operator memory operator, uint64 number, uint128 bond)
        private
        view
        returns (bytes memory)
    {
        return bytes.concat(
            bytes.concat(bytes8(index), bytes8(uint64(block.timestamp)), bytes8(uint64(block.number))),
            bytes.concat(bytes8(model.dueMs(index)), hex"01", bytes20(operator.owner), bytes8(number)),
            bytes.concat(operator.consensusKey, operator.checkpointKey, bytes16(bond))
        );
    }

    function _refuses(Operator memory operator, uint128 bond, uint256 value, bytes memory reason) private {
        IRegistry.Possession memory possession;
        possession.checkpointProof = BlsSigner.signPossession(1, 0);
        // A key that is no point cannot be proven to be held, and is refused before.
        if (operator.consensusKey != bytes32(uint256(1) << 248)) possession = _possession(operator);
        vm.prank(operator.owner);
        vm.expectRevert(reason);
        registry.registerKeys{value: value}(operator.consensusKey, operator.checkpointKey, possession, bond);
    }

    /// @notice `sender` comes with one key of `holder` after the other, beside its own other key.
    function _refusesKeysOf(Operator memory sender, Operator memory holder, uint256 value) private {
        (bytes32 consensusKey, uint256 edSecret) = (sender.consensusKey, sender.edSecret);
        (bytes memory checkpointKey, uint256 blsSecret) = (sender.checkpointKey, sender.blsSecret);
        (sender.consensusKey, sender.edSecret) = (holder.consensusKey, holder.edSecret);
        _refuses(sender, BOND, value, _taken("consensus key", holder.owner));
        (sender.consensusKey, sender.edSecret) = (consensusKey, edSecret);
        (sender.checkpointKey, sender.blsSecret) = (holder.checkpointKey, holder.blsSecret);
        _refuses(sender, BOND, value, _taken("checkpoint key", holder.owner));
        (sender.checkpointKey, sender.blsSecret) = (checkpointKey, blsSecret);
    }

    function _taken(string memory key, address holder) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.KeyTaken.selector, key, holder);
    }

    function _unknown(address operator, uint64 number) private {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownRegistration.selector, operator, number));
        registry.topUp{value: 1}(operator, number);
    }
}

/// @notice An operator's contract that registers twice more while it receives an excess: with the same keys, and with others.
contract Reentering {
    address private _registry;
    uint256 private _value;
    bytes private _same;
    bytes private _again;
    bytes public refusal;

    function aim(address registry, uint256 value, bytes calldata same, bytes calldata again) external {
        (_registry, _value, _same, _again) = (registry, value, same, again);
    }

    receive() external payable {
        if (refusal.length != 0) return;
        (, refusal) = _registry.call{value: _value}(_same);
        (bool done, bytes memory reason) = _registry.call{value: _value}(_again);
        require(done, string(reason));
    }
}
