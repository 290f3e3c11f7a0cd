// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Leaving} from "./Leaving.sol";

/// @title What is void, from when on, and what stands
contract VoidTest is Leaving {
    address private constant ALICE = address(0xa11ce);

    function _bad() private returns (uint64 epoch) {
        IRootChain.Checkpoint memory content = _checkpoint();
        epoch = content.epoch;
        _submit(_unsound(content));
    }

    function test_onlyTheFraudCourtAndDataChallengesMakeVoid() external {
        _bad();
        address[5] memory callers =
            [address(this), operators[0].owner, address(registry), address(court), address(exits)];
        for (uint256 i; i < 5; ++i) {
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(IRootChain.VoidNotAllowed.selector, callers[i]));
            rootChain.void(0);
        }
    }

    /// Its money is what the last sound state says, whoever is in the thieves' state.
    function test_everybodyLeavesWithTheLastSoundState() external {
        uint256 alice = _holder(0, bytes20(ALICE), 5 ether, address(0));
        _accepted();
        _pass(10);
        _bad();
        _pass(10);
        _submit(_honest());
        vm.assertEq(rootChain.head().standing, 3);
        _makeVoid(1);
        vm.assertEq(rootChain.head().standing, 1);
        vm.assertEq(rootChain.head().accepted, 3);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.BaseNotFinal.selector, 1, 0));
        rootChain.base();
        _pass(CHALLENGE);
        for (uint64 epoch = 1; epoch < 3; ++epoch) {
            vm.assertFalse(rootChain.isFinal(checkpoints[epoch], acceptances[epoch]));
            vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, epoch, 1));
            rootChain.finalize(checkpoints[epoch], acceptances[epoch]);
            vm.expectRevert(abi.encodeWithSelector(IExits.NotBase.selector, 0, epoch));
            exits.open(checkpoints[epoch], acceptances[epoch]);
        }
        vm.assertTrue(rootChain.isFinal(checkpoints[0], acceptances[0]));
        exits.open(checkpoints[0], acceptances[0]);
        vm.assertEq(rootChain.base(), 1);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(alice));
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 1);
        vm.assertEq(ALICE.balance, 5 ether);
    }

    function test_aVoidFirstCheckpointLeavesGenesis() external {
        _bad();
        _makeVoid(0);
        vm.assertEq(rootChain.base(), 0);
        exits.open(checkpoints[0], acceptances[0]);
        vm.assertEq(exits.base().stateRoot, rootChain.genesisStateRoot());
        vm.assertEq(exits.base().epochs, 0);
    }

    function test_nothingIsAcceptedBehindFraudAndNothingEnters() external {
        _accepted();
        _bad();
        _pass(10);
        IRootChain.Submission memory next = _honest();
        uint256 price = inbox.price();
        _makeVoid(1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, 2, 1));
        rootChain.submit(next);
        vm.expectRevert(abi.encodeWithSelector(IInbox.Closed.selector, block.timestamp));
        inbox.force{value: price}("late");
        vm.assertEq(rootChain.head().exitAt, block.timestamp);
    }

    /// A final one never is, a ripe one is as long as nobody made it final.
    function test_finalIsForEver() external {
        _bad();
        _pass(CHALLENGE);
        uint256 state = vm.snapshotState();
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.AlreadyFinal.selector, 0, 1));
        this.makeVoid(0);
        vm.revertToState(state);
        _makeVoid(0);
        vm.assertEq(rootChain.head().standing, 0);
    }

    function makeVoid(uint64 epoch) external {
        _makeVoid(epoch);
    }

    /// An earlier one can fall later, one behind a void one cannot, and none twice.
    function test_standingOnlyFalls() external {
        for (uint256 i; i < 3; ++i) {
            _bad();
            _pass(1);
        }
        _makeVoid(1);
        uint64 exitAt = rootChain.head().exitAt;
        _pass(1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, 2, 1));
        this.makeVoid(2);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, 1, 1));
        this.makeVoid(1);
        _makeVoid(0);
        vm.assertEq(rootChain.head().standing, 0);
        vm.assertEq(rootChain.head().exitAt, exitAt);
        vm.assertEq(rootChain.base(), 0);
    }

    /// The end that was set stands: reports close by it.
    function test_fraudWhileClosingMovesNoEnd() external {
        _accepted();
        _pass(TIMEOUT);
        rootChain.beginExit();
        uint64 exitAt = rootChain.head().exitAt;
        _bad();
        _makeVoid(1);
        vm.assertEq(rootChain.head().exitAt, exitAt);
        IRootChain.Submission memory next = _honest();
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, 2, 1));
        rootChain.submit(next);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NoExitMode.selector, exitAt, block.timestamp));
        rootChain.base();
        _pass(GRACE);
        exits.open(checkpoints[0], acceptances[0]);
        vm.assertEq(rootChain.base(), 1);
    }

    /// Where the one before has left the ring, nobody could leave by it: so the first of the ring is not void any more, and was to be for
    /// longer than its window.
    function test_theBaseOfAVoidOneIsInTheRing() external {
        for (uint64 i; i <= SLOTS; ++i) {
            _bad();
            _pass(12 hours);
        }
        vm.assertEq(rootChain.head().finalized, 0);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotInRing.selector, 0, 1));
        this.makeVoid(1);
        _makeVoid(2);
        vm.assertEq(rootChain.head().standing, 2);
        exits.open(checkpoints[1], acceptances[1]);
        vm.assertEq(rootChain.base(), 2);
    }

    function test_gasOfVoid() external {
        _accepted();
        _bad();
        bytes memory data = abi.encodeCall(IFraudCourt.proveBlock, (_accusedOf(1), 1, _badBlock(1)));
        uint256 gas = _gasOf(address(fraudCourt), 0, data);
        vm.snapshotValue("operations", "void by one block (call)", gas);
        vm.assertLt(gas, 120_000);
    }
}
