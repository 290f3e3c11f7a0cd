// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {LocalOnly} from "../src/libraries/LocalOnly.sol";
import {Builds} from "./Builds.sol";
import {InboxAlone} from "./InboxAlone.sol";

/// @title The inbox: who may send what, when it is due, and what shows its content
contract InboxTest is InboxAlone {
    function test_itIsRefusedOnAnyRootChainButLocalOnes() external {
        IRegistry.Founding memory arguments = _arguments();
        vm.chainId(10);
        bytes memory reason = abi.encodeWithSelector(LocalOnly.UnsupportedRootChain.selector, 10);
        vm.assertEq(Builds.refusal(Builds.INBOX, abi.encode(arguments)), reason);
    }

    /// Nothing is sent while the deployment is half made; RootChain is its last contract.
    function test_beforeRootChainExistsNothingIsSent() external {
        vm.etch(ROOT_CHAIN, "");
        vm.expectRevert(IInbox.NotOpen.selector);
        inbox.force{value: PRICE}("early");
        vm.expectRevert(IInbox.NotOpen.selector);
        inbox.send{value: PRICE}(2, "early");
        vm.deal(REGISTRY, PRICE);
        vm.prank(REGISTRY);
        vm.expectRevert(IInbox.NotOpen.selector);
        inbox.send{value: PRICE}(1, "early");
        vm.etch(ROOT_CHAIN, hex"6101005ff3"); // returns a head of eight zeros
        vm.assertEq(inbox.force{value: PRICE}("in time"), 1);
    }

    // What is sent, and by whom.

    function test_aForcedTransactionIsAMessageOfItsSender() external {
        address sender = address(0xabcdef);
        vm.deal(sender, 1 ether);
        bytes memory expected = bytes.concat(
            bytes.concat(bytes8(uint64(1)), bytes8(uint64(1_700_000_000)), bytes8(uint64(77))),
            bytes.concat(bytes8((1_700_000_000 + DELAY) * 1000), hex"07", bytes20(sender), bytes2(uint16(5)), "hello")
        );
        bytes32 link = model.next(1, 0, model.hashOf(expected));
        vm.expectEmit(address(inbox));
        emit IInbox.MessageSent(1, link, expected);
        vm.prank(sender);
        vm.assertEq(inbox.force{value: PRICE}("hello"), 1);
        vm.assertEq(inbox.count(), 1);
        vm.assertEq(inbox.lastDueMs(), (1_700_000_000 + DELAY) * 1000);
    }

    function test_aForcedTransactionHasOneTo512Bytes() external {
        vm.expectRevert(abi.encodeWithSelector(IInbox.ForcedLength.selector, 0));
        inbox.force{value: PRICE}("");
        vm.expectRevert(abi.encodeWithSelector(IInbox.ForcedLength.selector, 513));
        inbox.force{value: PRICE}(new bytes(513));
        inbox.force{value: PRICE}(new bytes(1));
        inbox.force{value: inbox.price()}(new bytes(512));
    }

    function test_onlyRegistryVaultAndRootChainSendAndEachItsOwnKind() external {
        vm.assertEq(inbox.registry(), REGISTRY);
        for (uint256 kind; kind < 256; ++kind) {
            if (kind != 1) _refusesSend(REGISTRY, uint8(kind), PRICE);
            if (kind != 2 && kind != 6) _refusesSend(address(this), uint8(kind), PRICE);
            if (kind != 3 && kind != 4 && kind != 9 && kind != 10) _refusesSend(COURT, uint8(kind), 0);
            if (kind != 5) _refusesSend(ROOT_CHAIN, uint8(kind), 0);
            _refusesSend(address(0xbad), uint8(kind), PRICE);
        }
        inbox.send{value: PRICE}(2, "deposit");
        vm.prank(ROOT_CHAIN);
        inbox.send(5, "acceptance");
        uint256 price = inbox.price();
        vm.deal(REGISTRY, price);
        vm.prank(REGISTRY);
        inbox.send{value: price}(1, "registration");
        price = inbox.price();
        inbox.send{value: price}(6, "funding");
        vm.assertEq(inbox.count(), 4);
    }

    /// A registration takes a slot and raises the price like a deposit.
    function test_aRegistrationPaysExactlyThePriceAndTakesASlot() external {
        vm.deal(REGISTRY, 1 ether);
        vm.startPrank(REGISTRY);
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, PRICE - 1));
        inbox.send{value: PRICE - 1}(1, "registration");
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, PRICE + 1));
        inbox.send{value: PRICE + 1}(1, "registration");
        inbox.send{value: PRICE}(1, "registration");
        uint64 first = inbox.lastDueMs();
        inbox.send{value: inbox.price()}(1, "registration");
        vm.stopPrank();
        vm.assertEq(inbox.lastDueMs(), first + INTERVAL);
    }

    function test_aDepositPaysExactlyThePrice() external {
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, PRICE - 1));
        inbox.send{value: PRICE - 1}(2, "deposit");
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, PRICE + 1));
        inbox.send{value: PRICE + 1}(2, "deposit");
    }

    function test_aFundingPaysExactlyThePriceAndTakesASlot() external {
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, PRICE - 1));
        inbox.send{value: PRICE - 1}(6, "funding");
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, 0));
        inbox.send(6, "funding");
        inbox.send{value: PRICE}(6, "funding");
        uint64 first = inbox.lastDueMs();
        inbox.send{value: inbox.price()}(6, "funding");
        vm.assertEq(inbox.lastDueMs(), first + INTERVAL);
    }

    function test_anAcceptanceIsFreeAndTakesNoValue() external {
        vm.deal(ROOT_CHAIN, 1);
        vm.prank(ROOT_CHAIN);
        vm.expectRevert(abi.encodeWithSelector(IInbox.ValueNotTaken.selector, 1));
        inbox.send{value: 1}(5, "acceptance");
    }

    // Price and due time.

    function test_aForcedTransactionPaysThePriceAndTheRestReturns() external {
        vm.expectRevert(abi.encodeWithSelector(IInbox.PriceNotPaid.selector, PRICE, PRICE - 1));
        inbox.force{value: PRICE - 1}("hello");
        uint256 before = address(this).balance;
        inbox.force{value: 1 ether}("hello");
        vm.assertEq(before - address(this).balance, PRICE);
        vm.assertEq(address(inbox).balance, PRICE); // and nothing can take it from there
    }

    function test_anExcessThatIsNotTakenReverts() external {
        address sender = address(0xabcdef);
        vm.etch(sender, hex"5f5ffd");
        vm.deal(sender, 1 ether);
        vm.prank(sender);
        vm.expectRevert(abi.encodeWithSelector(IInbox.ExcessNotTaken.selector, sender, 1));
        inbox.force{value: PRICE + 1}("hello");
    }

    function test_paidMessagesAreDueOneIntervalApartAndFreeOnesTakeNoSlot() external {
        uint64 start = uint64(vm.getBlockTimestamp());
        uint64 first = (start + DELAY) * 1000;
        _force();
        vm.assertEq(inbox.lastDueMs(), first);
        _force();
        vm.assertEq(inbox.lastDueMs(), first + INTERVAL);
        _acceptance();
        vm.assertEq(inbox.lastDueMs(), first + INTERVAL);
        _force();
        vm.assertEq(inbox.lastDueMs(), first + 2 * INTERVAL);
        vm.warp(start + 1 days);
        _acceptance();
        vm.assertEq(inbox.lastDueMs(), first + 1 days * 1000);
    }

    function test_thePriceDoublesWithEachSpanOfBacklogAndFallsAgain() external {
        // Ten intervals are one doubling.
        for (uint256 i; i < 40; ++i) {
            vm.assertEq(inbox.price(), uint256(PRICE) << (i / 10));
            _force();
        }
        vm.warp(block.timestamp + 20 minutes);
        vm.assertEq(inbox.price(), uint256(PRICE) << 2);
        vm.warp(block.timestamp + 1 days);
        vm.assertEq(inbox.price(), PRICE);
    }

    function test_thePriceOfAnyBacklogIsANumber() external {
        // The head says that the last message is due in the far future.
        vm.store(address(inbox), 0, bytes32(uint256(1) | uint256(type(uint64).max - INTERVAL) << 64));
        vm.assertEq(inbox.lastDueMs(), type(uint64).max - INTERVAL);
        vm.assertEq(inbox.price(), uint256(PRICE) << 96);
    }

    // The chain.

    function test_linksOfTheLast256AndOfEvery32ndAreKept() external {
        _many(600);
        for (uint64 i; i <= 600; ++i) {
            (bytes32 link, bool kept) = inbox.link(i);
            vm.assertEq(kept, i == 0 || i > 344 || i % 32 == 0);
            vm.assertEq(link, kept ? model.link(i) : bytes32(0));
        }
        (, bool future) = inbox.link(601);
        vm.assertFalse(future);
    }

    function test_everyCursorCanBeShownAndNoOtherHash() external {
        _many(330);
        for (uint64 cursor; cursor <= 330; cursor += 3) {
            (uint64 due, IInbox.Witness memory shown) = model.witness(cursor, uint64(block.timestamp));
            inbox.requireContent(cursor, model.link(cursor), uint64(block.timestamp), due, shown);
            bytes32 wrong = model.link(cursor) ^ bytes32(uint256(1));
            vm.expectPartialRevert(IInbox.LinkMismatch.selector);
            inbox.requireContent(cursor, wrong, uint64(block.timestamp), due, shown);
        }
    }

    function test_aCursorMustLeadToAKeptLink() external {
        _many(330);
        (uint64 due, IInbox.Witness memory shown) = model.witness(40, uint64(block.timestamp));
        vm.assertEq(shown.afterCursor.length, 24); // to 64
        bytes32 link = model.link(40);
        bytes32[] memory whole = shown.afterCursor;
        shown.afterCursor = new bytes32[](23);
        for (uint256 i; i < 23; ++i) {
            shown.afterCursor[i] = whole[i];
        }
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotKept.selector, 63, 330));
        inbox.requireContent(40, link, uint64(block.timestamp), due, shown);
        shown.afterCursor = new bytes32[](291);
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, 331, 330));
        inbox.requireContent(40, link, uint64(block.timestamp), due, shown);
        whole[5] = keccak256("another");
        shown.afterCursor = whole;
        vm.expectPartialRevert(IInbox.LinkMismatch.selector);
        inbox.requireContent(40, link, uint64(block.timestamp), due, shown);
    }

    /// A cursor and link that lead *from* a kept link with invented messages are refused: only forward counts.
    function test_anInventedChainAfterAKeptLinkIsNoCursor() external {
        _many(330);
        (uint64 due, IInbox.Witness memory shown) = model.witness(40, uint64(block.timestamp));
        bytes32 link = model.link(32);
        for (uint64 i = 33; i <= 40; ++i) {
            link = model.next(i, link, keccak256("invented"));
        }
        vm.expectPartialRevert(IInbox.LinkMismatch.selector);
        inbox.requireContent(40, link, uint64(block.timestamp), due, shown);
    }

    function test_aCursorAheadIsUnknown() external {
        _many(3);
        IInbox.Witness memory none;
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, 4, 3));
        inbox.requireContent(4, 0, uint64(block.timestamp), 0, none);
    }

    // Due counts.

    function test_everyDueCountCanBeShownAtItsTimeAndNoOther() external {
        _spaced(280);
        for (uint64 due; due <= 280; due += 7) {
            uint64 time = due == 0 ? model.dueMs(1) / 1000 - 1 : model.dueMs(due) / 1000;
            (uint64 counted, IInbox.Witness memory shown) = model.witness(0, time);
            vm.assertEq(counted, due);
            inbox.requireContent(0, 0, time, due, shown);
            if (due > 0) {
                vm.expectPartialRevert(IInbox.NotDue.selector);
                inbox.requireContent(0, 0, time - 1, due, shown);
            }
            if (due < 280) {
                uint64 later = model.dueMs(due + 1) / 1000;
                vm.expectRevert(
                    abi.encodeWithSelector(IInbox.Due.selector, due + 1, model.dueMs(due + 1), uint256(later) * 1000)
                );
                inbox.requireContent(0, 0, later, due, shown);
            }
        }
    }

    function test_anotherDueCountCannotBeShownWithAnyNeighbours() external {
        _spaced(20);
        uint64 time = model.dueMs(10) / 1000;
        for (uint64 due; due <= 20; ++due) {
            if (due == 10) continue;
            IInbox.Witness memory shown = model.witnessOf(0, due);
            vm.expectPartialRevert(due < 10 ? IInbox.Due.selector : IInbox.NotDue.selector);
            inbox.requireContent(0, 0, time, due, shown);
        }
        IInbox.Witness memory none;
        vm.expectRevert(abi.encodeWithSelector(IInbox.UnknownMessage.selector, 21, 20));
        inbox.requireContent(0, 0, time, 21, none);
    }

    function test_neighboursHaveTheBytesThatWereSent() external {
        _spaced(300);
        uint64 time = model.dueMs(10) / 1000;
        IInbox.Witness memory shown = model.witnessOf(0, 10);
        for (uint256 which; which < 2; ++which) {
            bytes memory message = shown.around[which];
            for (uint256 i; i < message.length; ++i) {
                message[i] = bytes1(uint8(message[i]) ^ 1);
                vm.expectPartialRevert(IInbox.LinkMismatch.selector);
                inbox.requireContent(0, 0, time, 10, shown);
                message[i] = bytes1(uint8(message[i]) ^ 1);
            }
        }
        shown.beforeDue = keccak256("another");
        vm.expectPartialRevert(IInbox.LinkMismatch.selector);
        inbox.requireContent(0, 0, time, 10, shown);
    }

    function test_exactlyTheNeighboursAreShown() external {
        _spaced(20);
        uint64 time = model.dueMs(10) / 1000;
        for (uint256 number = 1; number < 4; ++number) {
            if (number == 2) continue;
            IInbox.Witness memory shown = model.witnessOf(0, 10);
            shown.around = new bytes[](number);
            vm.expectRevert(abi.encodeWithSelector(IInbox.AroundLength.selector, 2, number));
            inbox.requireContent(0, 0, time, 10, shown);
        }
        IInbox.Witness memory one;
        one.around = new bytes[](2);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AroundLength.selector, 1, 2));
        inbox.requireContent(0, 0, uint64(block.timestamp), 0, one);
        vm.expectRevert(abi.encodeWithSelector(IInbox.AroundLength.selector, 0, 2));
        inbox.requireContent(0, 0, time, 20, one);
    }

    function test_nothingIsDueInAnEmptyInbox() external view {
        IInbox.Witness memory none;
        inbox.requireContent(0, 0, uint64(block.timestamp), 0, none);
    }

    // At random.

    function testFuzz_theChainOfTheEventsIsTheChainOfTheContract(uint256 seed) external {
        for (uint256 i; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 4 == 0) _acceptance();
            else inbox.force{value: inbox.price()}(new bytes(1 + seed % 512));
            vm.warp(block.timestamp + seed % 1000);
        }
        _sync();
        vm.assertEq(model.count(), 40);
        for (uint64 i = 1; i < 40; ++i) {
            vm.assertLe(model.dueMs(i), model.dueMs(i + 1));
        }
        (bytes32 link,) = inbox.link(40);
        vm.assertEq(link, model.link(40));
        uint64 time = uint64(block.timestamp + seed % 10_000);
        (uint64 due, IInbox.Witness memory shown) = model.witness(uint64(seed % 41), time);
        inbox.requireContent(uint64(seed % 41), model.link(uint64(seed % 41)), time, due, shown);
    }

    function _refusesSend(address sender, uint8 kind, uint256 value) private {
        vm.deal(sender, 1000 ether);
        vm.prank(sender);
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotAllowed.selector, sender, kind));
        inbox.send{value: value}(kind, "body");
    }
}
