// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Leaving} from "./Leaving.sol";

/// @title How a deployment ends: nobody comes for T, or a due message stays unconsumed for T
contract ClosingTest is Leaving {
    function test_itClosesWhenNoCheckpointCameForT() external {
        _accepted();
        uint64 tau = rootChain.head().tau;
        uint64 from = tau + TIMEOUT;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotOverdue.selector, from, from - 1));
        rootChain.beginExit();
        vm.warp(from);
        vm.expectEmit(address(rootChain));
        emit IRootChain.ExitBegun(from + GRACE, 0);
        rootChain.beginExit();
        vm.assertEq(rootChain.head().exitAt, from + GRACE);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.AlreadyClosing.selector, from + GRACE));
        rootChain.beginExit();
    }

    /// Who comes later gets no other end than who came at once, but never one in the past: reports close by it.
    function test_theEndDoesNotDependOnWhoClosesWhen() external {
        _accepted();
        uint64 end = rootChain.head().tau + TIMEOUT + GRACE;
        uint256 before = vm.snapshotState();
        for (uint256 form; form < 3; ++form) {
            _pass(form == 0 ? TIMEOUT : form == 1 ? TIMEOUT + GRACE : 365 days);
            rootChain.beginExit();
            vm.assertEq(rootChain.head().exitAt, form == 2 ? block.timestamp : end);
            vm.revertToState(before);
        }
    }

    function test_aDeploymentWithoutAnyCheckpointClosesToo() external {
        vm.warp(rootChain.genesisTime() + TIMEOUT);
        rootChain.beginExit();
        vm.assertEq(rootChain.head().exitAt, rootChain.genesisTime() + TIMEOUT + GRACE);
    }

    /// Nobody takes a bond back once nobody reports any more.
    function test_noBondIsRaisedFromTheCloseOn() external {
        _accepted();
        registry.topUp{value: 1}(operators[0].owner, 1);
        uint64 end = rootChain.head().tau + TIMEOUT + GRACE;
        vm.warp(end - GRACE);
        rootChain.beginExit();
        uint256 held = address(registry).balance;
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.Closing.selector, end));
            registry.topUp{value: 1}(operators[0].owner, 1);
            vm.warp(end);
        }
        vm.assertEq(address(registry).balance, held);
    }

    function test_theFirstCheckpointBehindTClosesAndIsTakenInTheGrace() external {
        _accepted();
        uint64 end = rootChain.head().tau + TIMEOUT + GRACE;
        vm.warp(end - 1);
        vm.roll(block.number + 1);
        IRootChain.Submission memory submission = _honest();
        vm.expectEmit(address(rootChain));
        emit IRootChain.ExitBegun(end, 0);
        _submit(submission);
        vm.assertEq(rootChain.head().accepted, 2);
        vm.assertEq(rootChain.head().exitAt, end, "and later acceptances do not move it");
        vm.warp(end);
        submission = _honest();
        vm.expectRevert(abi.encodeWithSelector(IRootChain.ExitMode.selector, end));
        rootChain.submit(submission);
    }

    function test_behindTheGraceNoCheckpointIsTakenThoughNobodyClosed() external {
        _accepted();
        uint64 end = rootChain.head().tau + TIMEOUT + GRACE;
        vm.warp(end);
        IRootChain.Submission memory submission = _honest();
        vm.expectRevert(abi.encodeWithSelector(IRootChain.ExitMode.selector, end));
        rootChain.submit(submission);
    }

    /// While the ring has no room, nobody is late.
    function test_aFullRingStopsTheClock() external {
        for (uint256 i; i < SLOTS; ++i) {
            _submit(_honest());
        }
        uint64 freeAt = rootChain.head().freeAt;
        vm.assertGt(freeAt, rootChain.head().tau);
        vm.warp(freeAt + TIMEOUT - 1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotOverdue.selector, freeAt + TIMEOUT, freeAt + TIMEOUT - 1));
        rootChain.beginExit();
        vm.warp(freeAt + TIMEOUT);
        rootChain.beginExit();
        vm.assertEq(rootChain.head().exitAt, freeAt + TIMEOUT + GRACE);
    }

    /// Who cannot be taken has not skipped a message either.
    function test_aFullRingStopsTheClockOfMessages() external {
        for (uint256 i; i < SLOTS; ++i) {
            _submit(_honest());
        }
        inbox.force{value: inbox.price()}("waits for room");
        _sync();
        uint64 next = uint64(rootChain.head().inboxCursor + 1);
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(next);
        uint64 from = rootChain.head().freeAt + TIMEOUT;
        vm.assertGt(from, (model.dueMs(next) + 999) / 1000 + TIMEOUT);
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotOverdue.selector, from, from - 1));
        rootChain.overdue(message, before, behind);
        vm.warp(from);
        rootChain.overdue(message, before, behind);
        vm.assertEq(rootChain.head().exitAt, from + GRACE);
    }

    /// The chain goes on, but the message that stands next is not consumed.
    function test_itClosesWhenADueMessageIsSkippedForT() external {
        inbox.force{value: inbox.price()}("censored");
        inbox.force{value: inbox.price()}("behind it");
        _sync();
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(1);
        uint64 from = (model.dueMs(1) + 999) / 1000 + TIMEOUT;
        _pass(TIMEOUT / 2);
        _submit(_submission(_skipping(), new uint16[](0)));
        vm.warp(from - 1);
        vm.roll(block.number + 1);
        _submit(_submission(_skipping(), new uint16[](0)));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotOverdue.selector, from, from - 1));
        rootChain.overdue(message, before, behind);
        vm.warp(from);
        (message, before, behind) = _witness(2);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotNextMessage.selector, 1, 2));
        rootChain.overdue(message, before, behind);
        (message, before, behind) = _witness(1);
        vm.expectEmit(address(rootChain));
        emit IRootChain.ExitBegun(from + GRACE, 1);
        rootChain.overdue(message, before, behind);
    }

    function test_anOverdueMessageIsOneThatWasSent() external {
        inbox.force{value: inbox.price()}("censored");
        _sync();
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(1);
        _pass(DELAY + TIMEOUT);
        for (uint256 i; i < message.length; ++i) {
            bytes memory changed = bytes.concat(message);
            changed[i] ^= 0x01;
            vm.expectRevert();
            rootChain.overdue(changed, before, behind);
        }
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, 0, 1));
        rootChain.overdue(hex"0000000000000001", before, behind);
        vm.expectPartialRevert(IInbox.LinkMismatch.selector);
        rootChain.overdue(message, keccak256("another"), behind);
        vm.expectPartialRevert(IInbox.UnknownMessage.selector);
        rootChain.overdue(message, before, new bytes32[](1));
        vm.assertEq(rootChain.head().exitAt, 0);
        rootChain.overdue(message, before, behind);
    }

    function test_aConsumedMessageIsNotOverdue() external {
        inbox.force{value: inbox.price()}("consumed");
        _accepted();
        _pass(DELAY + TIMEOUT);
        (bytes memory message, bytes32 before, bytes32[] memory behind) = _witness(1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotNextMessage.selector, 2, 1));
        rootChain.overdue(message, before, behind);
    }

    function test_nothingEntersAClosingDeployment() external {
        _accepted();
        _pass(TIMEOUT);
        rootChain.beginExit();
        bytes memory closed = abi.encodeWithSelector(IInbox.Closed.selector, rootChain.head().exitAt);
        uint256 price = inbox.price();
        vm.expectRevert(closed);
        inbox.force{value: price}("late");
        vm.expectRevert(closed);
        vault.depositNative{value: 1 ether + price}(1 ether, IVault.Account(0, bytes20(address(1))), address(1));
        vm.expectRevert(closed);
        vault.fundRewards{value: 1 ether + price}(1 ether);
        vm.assertEq(inbox.count(), 1, "the acceptance alone");
    }

    function test_theBaseIsTheLastCheckpointOnceItIsFinal() external {
        _accepted();
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NoExitMode.selector, 0, block.timestamp));
        rootChain.base();
        _pass(TIMEOUT);
        rootChain.beginExit();
        _accepted(); // in the grace
        uint64 exitAt = rootChain.head().exitAt;
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NoExitMode.selector, exitAt, block.timestamp));
        rootChain.base();
        vm.warp(exitAt);
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.BaseNotFinal.selector, 2, 1));
        rootChain.base();
        rootChain.finalize(checkpoints[1], acceptances[1]);
        vm.assertEq(rootChain.base(), 2);
    }

    /// What the last checkpoint skipped will never be consumed, so it is refunded and does not hold the base up.
    function test_skippedMessagesDoNotHoldTheBaseUp() external {
        inbox.force{value: inbox.price()}("skipped");
        _sync();
        _pass(DELAY);
        IRootChain.Checkpoint memory content = _skipping();
        _submit(_submission(content, new uint16[](0)));
        _pass(CHALLENGE);
        bytes memory reason = abi.encodeWithSelector(IRootChain.MessageSkipped.selector, 1, 0);
        vm.expectRevert(reason);
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.warp(acceptances[0].time + TIMEOUT);
        rootChain.beginExit();
        vm.expectRevert(reason);
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.assertFalse(rootChain.isFinal(checkpoints[0], acceptances[0]));
        vm.warp(rootChain.head().exitAt);
        vm.assertTrue(rootChain.isFinal(checkpoints[0], acceptances[0]));
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.assertEq(rootChain.base(), 1);
    }

    function test_whatIsFinalMakesAllBeforeItFinal() external {
        for (uint256 i; i < 3; ++i) {
            _accepted();
        }
        _pass(CHALLENGE);
        vm.expectEmit(address(rootChain));
        emit IRootChain.Finalized(3);
        rootChain.finalize(checkpoints[2], acceptances[2]);
        vm.recordLogs();
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.assertEq(vm.getRecordedLogs().length, 0, "and it never goes back");
        vm.assertEq(rootChain.head().finalized, 3);
    }

    function _skipping() private returns (IRootChain.Checkpoint memory content) {
        content = _checkpoint();
        content.inboxCursor = 0;
        content.inboxLink = 0;
    }

    function _witness(uint64 index)
        private
        returns (bytes memory message, bytes32 before, bytes32[] memory behind)
    {
        _sync();
        return (model.message(index), model.link(index - 1), new bytes32[](0));
    }
}
