// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Challenging} from "./Challenging.sol";

/// @title What challenges cost, when their deadlines are, and how they hold finality up
contract DataChallengesQueueTest is Challenging {
    uint256 private constant P0 = FLOOR;

    // Prices.

    function test_thePriceIsTheFloorOrTwiceTheGasOfTheLargestAnswer() external {
        uint256[4] memory fees = [uint256(0), 1 gwei, 3 gwei, 100 gwei];
        uint256[4] memory prices = [P0, P0, 2 * 2_400_000 * uint256(3 gwei), 2 * 2_400_000 * uint256(100 gwei)];
        for (uint256 i; i < 4; ++i) {
            vm.fee(fees[i]);
            (uint256 price, uint64 deadline) = dataChallenges.price(SEGMENT);
            vm.assertEq(price, prices[i]);
            vm.assertEq(deadline, block.timestamp + ANSWER);
            (price, deadline) = dataChallenges.price(LEAF);
            vm.assertEq(price, prices[i] / 8);
            vm.assertEq(deadline, block.timestamp + ANSWER);
        }
        // In whole gwei, rounded up.
        vm.fee(20_833_333_334);
        (uint256 odd,) = dataChallenges.price(LEAF);
        vm.assertEq(odd, 12_500_001 gwei);
    }

    /// Deadlines are a slot apart, of leaves an eighth of it, rounded up; each half of A behind the first doubles the price.
    function test_deadlinesMoveBackAndThePriceDoublesWithEachHalfOfA() external {
        _filled(_data(10));
        uint64 earliest = uint64(block.timestamp) + ANSWER;
        for (uint32 i; i < 31; ++i) {
            (uint256 price, uint64 deadline) = dataChallenges.price(SEGMENT);
            vm.assertEq(deadline, earliest + i * SLOT);
            uint256 doublings = i / 10;
            vm.assertEq(price, (P0 << doublings) + (P0 << doublings) * (i % 10) / 10);
            vm.assertEq(_ask(_target(SEGMENT, i, 0)), price);
            vm.assertEq(_stateOf(_target(SEGMENT, i, 0)).deadline, deadline);
        }
        (uint256 ofLeaf, uint64 next) = dataChallenges.price(LEAF);
        vm.assertEq(next, earliest + 30 * SLOT + 8);
        vm.assertEq(ofLeaf, 10_133_333 gwei); // an eighth of eight times, and 16 / 1,200 more
        // It falls as time goes on, whether they are answered or not, and no deadline comes earlier.
        vm.warp(block.timestamp + 30 * SLOT + 60);
        (uint256 later, uint64 deadline_) = dataChallenges.price(SEGMENT);
        vm.assertEq(later, P0);
        vm.assertEq(deadline_, block.timestamp + ANSWER);
    }

    /// At 60 s a slot and A of a day a backlog of b costs about 1,039 p0 (2^(b / 12 h) - 1): the same in slots of this deployment.
    function test_aLongQueueIsDear() external {
        _filled(_data(10));
        uint256 sum;
        for (uint32 i; i < 100; ++i) {
            sum += _ask(_target(SEGMENT, i % 64, i / 64));
        }
        vm.assertGt(sum, 14 * (2 ** 10 - 1) * P0);
        vm.assertLt(sum, 15 * (2 ** 10 - 1) * P0);
    }

    /// Nobody can pay it, and it can be told.
    function test_aPriceWithoutEndIsTold() external {
        _filled(_data(10));
        vm.deal(ASKER, type(uint128).max);
        uint256 price;
        for (uint32 i; i < 800; ++i) {
            price = _ask(_target(SEGMENT, i % 64, i / 64));
        }
        vm.assertEq(price, uint256(type(uint56).max) * 1 gwei);
        vm.assertEq(_stateOf(_target(SEGMENT, 31, 12)).price, price);
    }

    /// By its definition, at any base fee and behind any last deadline; a longer queue is never cheaper, and a leaf costs an eighth, but for rounding.
    function testFuzz_thePriceIsWhatPROTOCOLSays(uint64 fee, uint40 queued) external {
        vm.fee(fee);
        uint256 backlog = uint256(queued) % (40 * ANSWER);
        uint256 price = _priceBehind(SEGMENT, backlog);
        uint256 base = 4_800_000 * uint256(fee);
        if (base < FLOOR) base = FLOOR;
        base = (base + 1 gwei - 1) / 1 gwei;
        uint256 doubled = base * 2 ** (2 * backlog / ANSWER > 64 ? 64 : 2 * backlog / ANSWER);
        uint256 expected = doubled + doubled * (2 * backlog % ANSWER) / ANSWER;
        if (expected > type(uint56).max) expected = type(uint56).max;
        vm.assertEq(price, expected * 1 gwei);
        vm.assertLe(price, _priceBehind(SEGMENT, backlog + 1));
        uint256 ofLeaf = _priceBehind(LEAF, backlog);
        if (price < 1e24) {
            vm.assertLe(price, ofLeaf * 8 + 8 gwei);
            vm.assertLe(ofLeaf * 8, price + (16 gwei << (2 * backlog / ANSWER)));
        }
    }

    /// @dev What a challenge costs whose deadline is so much behind the earliest one. The deadline of the last challenge is in the first slot.
    function _priceBehind(uint8 kind, uint256 backlog) private returns (uint256 price) {
        uint256 slot = kind == LEAF ? 8 : SLOT;
        uint256 last = block.timestamp + ANSWER + backlog - slot;
        vm.store(address(dataChallenges), bytes32(0), bytes32(last));
        uint64 deadline;
        (price, deadline) = dataChallenges.price(kind);
        vm.assertEq(deadline, block.timestamp + ANSWER + backlog);
    }

    // Finality.

    function test_anOpenChallengeHoldsFinality() external {
        _filled(_data(10));
        _ask(_filledTarget());
        _behind(CHALLENGE);
        vm.assertFalse(_isFinal(0));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Held.selector, 0));
        _finalize(0);
        _behind(2 days);
        vm.assertFalse(_isFinal(0));
        // And what is behind it.
        _filled(_data(11));
        _behind(CHALLENGE);
        vm.assertFalse(_isFinal(1));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Held.selector, 0));
        _finalize(1);
    }

    /// What is held is held; what is before it becomes final in its time.
    function test_whatIsBeforeItIsNotHeld() external {
        _filled(_data(10));
        _filled(_data(11));
        _filled(_data(12));
        _ask(_filledTarget());
        _behind(CHALLENGE);
        vm.assertTrue(_isFinal(1));
        vm.assertFalse(_isFinal(2));
        _finalize(1);
        vm.assertEq(rootChain.head().finalized, 2);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Held.selector, 2));
        _finalize(2);
    }

    function test_anAnswerInTimeDelaysNothing() external {
        _filled(_data(10));
        _behind(C);
        _ask(_filledTarget());
        _behind(C + ANSWER);
        _answer(_answerFilled());
        vm.assertEq(dataChallenges.firstHeld(0, 0), 1);
        _behind(CHALLENGE - 1);
        vm.assertFalse(_isFinal(0));
        _behind(CHALLENGE);
        vm.assertTrue(_isFinal(0));
        _finalize(0);
    }

    /// Whoever gets the data late has P to prove what is wrong in it.
    function test_behindALateAnswerThereIsTimeToProve() external {
        _filled(_data(10));
        _ask(_filledTarget());
        uint256[3] memory late = [uint256(C) + ANSWER + 1, CHALLENGE - 1, 20 days];
        for (uint256 i; i < 3; ++i) {
            uint256 state = vm.snapshotState();
            _behind(late[i]);
            _answer(_answerFilled());
            _behind(late[i] + PROVE - 1);
            vm.assertFalse(_isFinal(0));
            vm.expectRevert(abi.encodeWithSelector(IRootChain.Held.selector, 0));
            _finalize(0);
            _behind(late[i] + PROVE);
            vm.assertTrue(_isFinal(0));
            _finalize(0);
            vm.revertToState(state);
        }
    }

    /// The last of several answers counts, and others that are open hold on.
    function test_everyChallengeOfAnEpochHolds() external {
        _filled(_data(10));
        for (uint32 i; i < 3; ++i) {
            _ask(_target(LEAF, 0, i));
        }
        _behind(C + ANSWER + 1);
        _answer(_answerLeaf(1));
        _behind(CHALLENGE);
        _answer(_answerLeaf(0));
        _behind(CHALLENGE + PROVE);
        vm.assertFalse(_isFinal(0));
        _answer(_answerLeaf(2));
        _behind(CHALLENGE + 2 * PROVE - 1);
        vm.assertFalse(_isFinal(0));
        _behind(CHALLENGE + 2 * PROVE);
        vm.assertTrue(_isFinal(0));
    }

    /// As many as anybody likes: with each answered, the checkpoint is final when it would be without them.
    function test_aFullQueueDelaysNothingThatIsAnswered() external {
        _filled(_data(10));
        uint256 left = C + ANSWER;
        for (uint32 i; i < 60; ++i) {
            _ask(_target(SEGMENT, FILLED, 4 + i));
        }
        vm.assertGt(_stateOf(_target(SEGMENT, FILLED, 63)).deadline, acceptances[0].time + CHALLENGE);
        _behind(left);
        for (uint32 i; i < 60; ++i) {
            _answer(_answerNoSegment(FILLED, 4 + i));
        }
        _behind(CHALLENGE);
        vm.assertTrue(_isFinal(0));
        _finalize(0);
    }

    /// A final one is not challenged, and what nobody can make void any more holds nothing up: its challenger is paid back.
    function test_aChallengeThatNobodyLetExpireLapses() external {
        _filled(_data(10));
        _pass(12 hours);
        _filled(_data(11));
        uint256 before = ASKER.balance;
        _ask(_filledTarget());
        IDataChallenges.Target memory target = _filledTarget();
        for (uint256 i; i < SLOTS - 1; ++i) {
            _pass(12 hours);
            _submit(_honest());
        }
        vm.assertEq(rootChain.head().accepted, SLOTS + 1);
        // Epoch 0 has left the ring, so 1 can be void no more; nobody let it expire while it could.
        (uint64 from, uint64 until) = rootChain.voidable();
        vm.assertEq(from, 2);
        vm.assertEq(until, SLOTS + 1);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotInRing.selector, 0, 1));
        dataChallenges.expire(target);
        _refuses(_answerFilled(), abi.encodeWithSelector(IDataChallenges.NotVoidable.selector, 1, 2, SLOTS + 1));
        _pass(CHALLENGE);
        vm.assertTrue(_isFinal(SLOTS));
        _finalize(SLOTS);
        dataChallenges.refund(target);
        vm.assertEq(ASKER.balance, before);
    }

    function test_aFinalOneIsNotChallenged() external {
        _filled(_data(10));
        _behind(CHALLENGE);
        _finalize(0);
        bytes memory reason = abi.encodeWithSelector(IDataChallenges.NotVoidable.selector, 0, 1, 1);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(reason);
        dataChallenges.challenge{value: 1 ether}(_accusedOf(0), _filledTarget());
    }

    /// By its definition: the first epoch with an open challenge, or within P of a late answer.
    function test_firstHeldIsTheFirstOfThemInAnyRange() external {
        for (uint256 i; i < 6; ++i) {
            _filled(_data(10 + i));
            if (i == 1 || i == 4) _ask(_filledTarget());
            if (i == 2) {
                _ask(_target(LEAF, 0, 1));
                _answer(_answerLeaf(1));
            }
            _pass(1);
        }
        uint64[6] memory first = [uint64(1), 1, 4, 4, 4, 6];
        for (uint64 from; from < 6; ++from) {
            for (uint64 to = from; to < 6; ++to) {
                uint64 expected = first[from] <= to ? first[from] : to + 1;
                vm.assertEq(dataChallenges.firstHeld(from, to), expected);
            }
        }
        vm.assertEq(dataChallenges.firstHeld(5, 100_000), 100_001);
        vm.assertEq(dataChallenges.firstHeld(0, 100_000), 1);
        vm.assertEq(dataChallenges.firstHeld(7, 3), 4);
    }
}
