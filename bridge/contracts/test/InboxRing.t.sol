// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {InboxAlone} from "./InboxAlone.sol";

/// @title The ring of due times, and those who send messages to make an honest submission fail
contract InboxRingTest is InboxAlone {
    uint64 private constant RING = 1024;

    function test_dueTimesOfTheLast1024AreKeptAndAreThoseOfTheMessages() external {
        _keepsTheDueTimes();
        for (uint64 count = 1; count <= 2060; ++count) {
            _send(count);
            // Each phase of a word, at the start and at the first two turns of the ring.
            bool turn = count % RING > RING - 4 || count % RING < 7;
            if (turn || count % 256 == 0) _keepsTheDueTimes();
        }
    }

    function test_everyDueCountOfTheRingNeedsNoMessages() external {
        _spaced(1100);
        IInbox.Witness memory none;
        for (uint64 due; due <= 1100; due += due > 70 && due < 80 ? 1 : 7) {
            uint64 time = due == 0 ? model.dueMs(1) / 1000 - 1 : model.dueMs(due) / 1000;
            if (due < 1100 - 1023) {
                vm.expectRevert(abi.encodeWithSelector(IInbox.NotKept.selector, due == 0 ? 1 : due, 1100));
                inbox.requireContent(0, 0, time, due, none);
                inbox.requireContent(0, 0, time, due, model.witnessOf(0, due));
                continue;
            }
            inbox.requireContent(0, 0, time, due, none);
            vm.expectRevert(
                abi.encodeWithSelector(IInbox.NotDue.selector, due, model.dueMs(due), uint256(time - 1) * 1000)
            );
            inbox.requireContent(0, 0, time - 1, due, none);
            if (due == 1100) continue;
            uint64 later = model.dueMs(due + 1) / 1000;
            vm.expectRevert(
                abi.encodeWithSelector(IInbox.Due.selector, due + 1, model.dueMs(due + 1), uint256(later) * 1000)
            );
            inbox.requireContent(0, 0, later, due, none);
        }
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, 1101, 1100));
        inbox.requireContent(0, 0, uint64(block.timestamp), 1101, none);
    }

    /// All messages due, some, or none: whatever was shown before a message came is still shown after it.
    function test_aMessageInFrontOfASubmissionChangesNothing() external {
        uint16[10] memory counts = [0, 1, 2, 3, 4, 257, 1023, 1024, 1025, 1100];
        uint64 sent;
        for (uint256 i; i < counts.length; ++i) {
            for (; sent < counts[i]; ++sent) {
                _force();
                vm.warp(block.timestamp + 600);
            }
            _sync();
            uint64 now_ = uint64(block.timestamp);
            _survives(now_, 1);
            _survives(now_, 3);
            if (sent == 0) continue;
            // Long ago: none was due, or the first only.
            _survives(0, 128);
            _survives(model.dueMs(1) / 1000, 128);
            // As late as the last message but one: one is not due.
            vm.warp(model.dueMs(sent == 1 ? 1 : sent - 1) / 1000);
            _survives(uint64(block.timestamp), 1);
            vm.warp(model.dueMs(sent) / 1000);
            vm.assertEq(model.dueAt(uint64(block.timestamp)), sent);
            _survives(uint64(block.timestamp), 1);
            _survives(uint64(block.timestamp), 128);
            vm.warp(now_);
        }
    }

    /// The cursor is pushed out of its ring by 256 messages, the count out of its own by 1024; each is then shown the other way.
    function test_aFloodInFrontOfASubmissionMustFillTheRing() external {
        _spaced(40);
        vm.warp(model.dueMs(40) / 1000);
        uint64 time = uint64(block.timestamp);
        IInbox.Witness memory shown = model.witnessOfRing(40);
        vm.assertEq(shown.afterCursor.length, 0);
        bytes32 link = model.link(40);
        _many(255);
        inbox.requireContent(40, link, time, 40, shown);
        _many(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotKept.selector, 40, 296));
        inbox.requireContent(40, link, time, 40, shown);
        shown = model.witnessOfRing(40);
        vm.assertEq(shown.afterCursor.length, 24); // to 64
        inbox.requireContent(40, link, time, 40, shown);
        _many(1023 - 256);
        inbox.requireContent(40, link, time, 40, shown);
        _many(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotKept.selector, 40, 1064));
        inbox.requireContent(40, link, time, 40, shown);
        inbox.requireContent(40, link, time, 40, model.witnessOf(40, 40));
        // 41 is in the ring, but was not due.
        vm.expectPartialRevert(IInbox.NotDue.selector);
        inbox.requireContent(40, link, time, 41, shown);
    }

    /// Messages shown before a flood are shown after it, whatever is in the ring by then.
    function test_aFloodDoesNotTouchWhatMessagesShow() external {
        _spaced(40);
        uint64 time = model.dueMs(20) / 1000;
        IInbox.Witness memory shown = model.witnessOf(32, 20);
        // Led to a link that stays for ever, as 32, the cursor, does.
        shown.afterDue = new bytes32[](11);
        for (uint64 i; i < 11; ++i) {
            shown.afterDue[i] = model.hashOf(model.message(22 + i));
        }
        for (uint256 i; i < 12; ++i) {
            inbox.requireContent(32, model.link(32), time, 20, shown);
            _many(100);
        }
    }

    function test_noneAreDueWhileMessage1IsInTheRing() external {
        IInbox.Witness memory none;
        uint64 time = uint64(block.timestamp);
        inbox.requireContent(0, 0, time, 0, none);
        _many(1024);
        inbox.requireContent(0, 0, time, 0, none);
        vm.expectRevert(abi.encodeWithSelector(IInbox.Due.selector, 1, model.dueMs(1), uint256(time + DELAY) * 1000));
        inbox.requireContent(0, 0, time + DELAY, 0, none);
        _many(1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotKept.selector, 1, 1025));
        inbox.requireContent(0, 0, time, 0, none);
        IInbox.Witness memory shown = model.witnessOf(0, 0);
        vm.assertEq(shown.around.length, 1);
        vm.assertEq(shown.afterDue.length, 31);
        inbox.requireContent(0, 0, time, 0, shown);
    }

    function test_withoutMessagesAroundNothingElseIsShown() external {
        _spaced(3);
        uint64 time = model.dueMs(2) / 1000;
        IInbox.Witness memory shown = model.witnessOfRing(3);
        bytes32 link = model.link(3);
        inbox.requireContent(3, link, time, 2, shown);
        shown.beforeDue = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotShown.selector, shown.beforeDue, 0));
        inbox.requireContent(3, link, time, 2, shown);
        shown.beforeDue = 0;
        shown.afterDue = new bytes32[](1);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotShown.selector, 0, 1));
        inbox.requireContent(3, link, time, 2, shown);
    }

    /// Cursor and due count are shown each on its own: here a cursor of long ago with a count of today.
    function test_aCursorOlderThanTheRingGoesWithACountOfTheRing() external {
        _spaced(400);
        uint64 time = model.dueMs(380) / 1000;
        IInbox.Witness memory shown = model.witnessOfRing(40);
        vm.assertEq(shown.afterCursor.length, 24);
        (bytes32 link, bytes32 other) = (model.link(40), model.link(41));
        inbox.requireContent(40, link, time, 380, shown);
        vm.expectPartialRevert(IInbox.LinkMismatch.selector);
        inbox.requireContent(40, other, time, 380, shown);
        shown.afterCursor = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotKept.selector, 40, 400));
        inbox.requireContent(40, link, time, 380, shown);
    }

    function _keepsTheDueTimes() private {
        _sync();
        uint64 count = model.count();
        for (uint64 i; i <= count + 1; ++i) {
            (uint64 dueMs, bool kept) = inbox.due(i);
            vm.assertEq(kept, i != 0 && i <= count && count - i < RING);
            vm.assertEq(dueMs, kept ? model.dueMs(i) : 0);
        }
    }

    /// @dev Both ways, made before the griefer's messages and shown after them.
    function _survives(uint64 time, uint256 messages) private {
        uint256 before = vm.snapshotState();
        uint64 cursor = model.count();
        bytes32 link = model.link(cursor);
        (uint64 due, IInbox.Witness memory shown) = model.witness(cursor, time);
        IInbox.Witness memory neighbours = model.witnessOf(cursor, due);
        for (uint256 i; i < messages; ++i) {
            i % 2 == 0 ? inbox.force{value: inbox.price()}("in front") : _sendFree();
        }
        inbox.requireContent(cursor, link, time, due, shown);
        if (due < cursor) inbox.requireContent(cursor, link, time, due, neighbours);
        vm.getRecordedLogs(); // the model stays where it was
        vm.revertToState(before);
    }

    function _sendFree() private returns (uint64) {
        vm.prank(ROOT_CHAIN);
        return inbox.send(5, "acceptance");
    }
}

/// @title Both ways to show a due count, at random
contract InboxBothWaysTest is InboxAlone {
    uint64 private constant COUNT = 1200;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < COUNT; ++i) {
            _send(uint256(keccak256(abi.encode(i))));
        }
        _sync();
    }

    /// A count is shown by the ring exactly if it is right and in the ring, and by its neighbours exactly if it is right.
    function testFuzz_bothWaysShowTheSame(uint16 place, int16 secs, int8 off) external view {
        uint64 time = uint64(uint256(int256(uint256(model.dueMs(1 + place % COUNT) / 1000)) + secs % 300));
        uint64 right = model.dueAt(time);
        int256 claimed = int256(uint256(right)) + off % 3;
        if (claimed < 0 || uint256(claimed) > COUNT) return;
        uint64 due = uint64(uint256(claimed));
        IInbox.Witness memory none;
        bool kept = due == COUNT || COUNT - (due == 0 ? 1 : due) < 1024;
        vm.assertEq(_accepts(time, due, none), due == right && kept);
        if (due < COUNT) vm.assertEq(_accepts(time, due, model.witnessOf(0, due)), due == right);
    }

    function _accepts(uint64 time, uint64 due, IInbox.Witness memory shown) private view returns (bool) {
        try inbox.requireContent(0, 0, time, due, shown) {
            return true;
        } catch {
            return false;
        }
    }
}
