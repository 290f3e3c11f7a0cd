// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Challenging} from "./Challenging.sol";

/// @title What is asked for, what answers it, and what is void where nobody does
contract DataChallengesTest is Challenging {
    bytes private _notChallenged = abi.encodeWithSelector(IDataChallenges.NotChallenged.selector);

    /// @dev Gas that an answer of this length is paid for.
    function _pay(uint256 length) private pure returns (uint256) {
        return (60_000 + 64 * (2_048 + length)) * 11 / 10;
    }

    // Answers.

    function test_anAnswerPaysWhoeverBringsItAndEndsTheChallenge() external {
        _filled(_data(3_000));
        uint256 price = _ask(_filledTarget());
        IDataChallenges.Challenge memory open = _stateOf(_filledTarget());
        vm.assertEq(open.challenger, ASKER);
        vm.assertEq(open.price, price);
        vm.assertEq(open.deadline, block.timestamp + ANSWER);
        vm.assertEq(address(dataChallenges).balance, price);
        vm.txGasPrice(2 gwei);
        bytes memory answer = _answerFilled();
        uint256 paid = _answer(answer);
        // 60,000 gas and 64 for each byte, 2,048 beside what is asked for; a tenth above.
        vm.assertEq(paid, _pay(3_000) * 2 gwei);
        vm.assertLt(paid, price / 2);
        vm.assertEq(address(dataChallenges).balance, price - paid);
        open = _stateOf(_filledTarget());
        vm.assertEq(open.challenger, ASKER);
        vm.assertEq(open.price, 0);
        vm.assertEq(open.deadline, 0);
        _refuses(answer, abi.encodeWithSelector(IDataChallenges.Closed.selector, ASKER));
        vm.warp(block.timestamp + 2 * ANSWER);
        IDataChallenges.Target memory target = _filledTarget();
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.Closed.selector, ASKER));
        dataChallenges.expire(target);
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.Closed.selector, ASKER));
        dataChallenges.refund(target);
    }

    /// Whoever asks and answers alone loses half at least, however dear gas is and whatever is answered.
    function test_atLeastHalfIsBurned() external {
        _filled(new bytes(32_768));
        uint256 price = _ask(_filledTarget());
        vm.fee(1000 gwei);
        vm.txGasPrice(5000 gwei);
        vm.assertEq(_answer(_answerFilled()), price / 2);
        uint256 ofLeaf = _ask(_target(LEAF, 0, 3));
        vm.fee(1_000_000 gwei);
        vm.txGasPrice(1_000_000 gwei);
        vm.assertEq(_answer(_answerLeaf(3)), ofLeaf / 2);
    }

    /// The tip counts up to 2 gwei.
    function test_aTipAboveTwoGweiIsTheAnswerersOwn() external {
        _filled(_data(10));
        for (uint256 i; i < 2; ++i) {
            uint256 state = vm.snapshotState();
            _ask(_filledTarget());
            vm.txGasPrice(i == 0 ? 3 gwei : 900 gwei);
            vm.assertEq(_answer(_answerFilled()), _pay(10) * 3 gwei);
            vm.revertToState(state);
        }
    }

    function test_segmentsOfEverySizeAreAnswered() external {
        uint256[8] memory sizes = [uint256(0), 1, 1_023, 1_024, 1_025, 4_096, 32_767, 32_768];
        for (uint256 i; i < sizes.length; ++i) {
            uint256 state = vm.snapshotState();
            _filled(_data(sizes[i]));
            _ask(_filledTarget());
            bytes memory other = _data(sizes[i] + 1);
            bytes memory reason =
                abi.encodeWithSelector(IFraudCourt.NotTheLength.selector, uint32(sizes[i]), sizes[i] + 1);
            _refuses(_answerSegment(FILLED, PLACE, other), reason);
            if (sizes[i] != 0) {
                other = _data(sizes[i]);
                other[sizes[i] / 2] ^= 0x01;
                vm.expectPartialRevert(IFraudCourt.NotTheBytes.selector);
                this.answer(_answerSegment(FILLED, PLACE, other));
            }
            _answer(_answerFilled());
            _back(state);
        }
    }

    function answer(bytes calldata call) external {
        _answer(call);
    }

    /// Whoever answers, and however the call is written, everybody reads the answer in one form.
    function test_anAnswerIsShownToEverybody() external {
        _filled(_data(3_000));
        bytes[4] memory calls = [_answerFilled(), _answerNoSegment(63, 4), _answerLeaf(3), _answerNoLeaf(5)];
        IDataChallenges.Target[4] memory targets =
            [_filledTarget(), _target(SEGMENT, 63, 4), _target(LEAF, 0, 3), _target(LEAF, 0, 5)];
        for (uint256 i; i < 4; ++i) {
            bytes[2] memory written = [calls[i], bytes.concat(calls[i], hex"01", new bytes(40))];
            for (uint256 j; j < 2; ++j) {
                uint256 state = vm.snapshotState();
                _ask(targets[i]);
                IDataChallenges.Target memory target = targets[i];
                vm.expectEmit(address(dataChallenges));
                emit IDataChallenges.Shown(target.epoch, target.kind, target.place, target.number, calls[i]);
                _answer(written[j]);
                vm.revertToState(state);
            }
        }
    }

    /// Longer than a segment may be: nobody can answer, whoever has the bytes, and it is void.
    function test_bytesThatNoSegmentMayHaveAreNoAnswer() external {
        _filled(_data(32_769));
        _ask(_filledTarget());
        bytes memory reason = abi.encodeWithSelector(IFraudCourt.NotTheLength.selector, uint32(32_769), 32_769);
        _refuses(_answerFilled(), reason);
        vm.warp(block.timestamp + ANSWER + 1);
        dataChallenges.expire(_filledTarget());
        vm.assertEq(rootChain.head().standing, 0);
    }

    function test_aSegmentThatIsNotThereIsAnsweredByTheCount() external {
        vm.txGasPrice(1 gwei);
        _filled(_data(10));
        uint32[3] memory numbers = [uint32(4), 5, type(uint32).max];
        for (uint256 i; i < 3; ++i) {
            IDataChallenges.Target memory target = _target(SEGMENT, 63, numbers[i]);
            _ask(target);
            vm.assertEq(_answer(_answerNoSegment(63, numbers[i])), _pay(0) * 1 gwei);
            vm.assertEq(_stateOf(target).price, 0);
        }
        _ask(_target(SEGMENT, 63, 3));
        _refuses(_answerNoSegment(63, 3), abi.encodeWithSelector(IDataChallenges.Exists.selector, 3, 4));
        _refuses(_answerNoSegment(62, 3), _notChallenged);
    }

    function test_everyLeafIsAnsweredAndWhereThereIsNoneTheCountIs() external {
        vm.txGasPrice(1 gwei);
        _filled(_data(10));
        for (uint32 i; i < 5; ++i) {
            _refuses(_answerLeaf(i), _notChallenged);
            _ask(_target(LEAF, 0, i));
            _refuses(_answerNoLeaf(i), abi.encodeWithSelector(IDataChallenges.Exists.selector, i, 5));
            if (i != 4) _refuses(_answerLeaf(i + 1), _notChallenged);
            vm.assertEq(_answer(_answerLeaf(i)), _pay(values[i].length) * 1 gwei);
        }
        uint32[3] memory none = [uint32(5), 6, type(uint32).max];
        for (uint256 i; i < 3; ++i) {
            _ask(_target(LEAF, 0, none[i]));
            vm.assertEq(_answer(_answerNoLeaf(none[i])), _pay(0) * 1 gwei);
        }
    }

    /// A segment answers for its own number and block alone.
    function test_anAnswerIsAboutWhatWasAskedFor() external {
        _filled(_data(100));
        _ask(_target(SEGMENT, FILLED, 1));
        _ask(_target(SEGMENT, FILLED + 1, PLACE));
        _ask(_target(LEAF, 0, PLACE));
        _refuses(_answerFilled(), _notChallenged);
        // A leaf with the number of the segment is another target.
        _refuses(_answerSegment(0, PLACE, ""), _notChallenged);
    }

    // Who may ask, when, and for what.

    function test_aCheckpointIsChallengedWithinC() external {
        _filled(_data(10));
        _behind(C);
        _ask(_target(SEGMENT, 0, 0));
        _behind(C + 1);
        _refusesToAsk(
            _target(SEGMENT, 0, 1),
            abi.encodeWithSelector(
                IDataChallenges.ChallengesOver.selector, acceptances[0].time + C, acceptances[0].time + C + 1
            )
        );
        vm.assertEq(dataChallenges.challengeSecs(), C);
    }

    function _refusesToAsk(IDataChallenges.Target memory target, bytes memory reason) private {
        IFraudCourt.Accused memory accused = _accusedOf(content.epoch);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(reason);
        dataChallenges.challenge{value: 1 ether}(accused, target);
    }

    function test_onlyWhatRootAcceptedIsChallenged() external {
        _filled(_data(10));
        vm.deal(address(this), 1 ether);
        IFraudCourt.Accused memory accused = _accusedOf(0);
        IDataChallenges.Target memory target = _filledTarget();
        accused.acceptance.time += 1;
        vm.expectPartialRevert(IFraudCourt.NotTheAccepted.selector);
        dataChallenges.challenge{value: 1 ether}(accused, target);
        accused = _accusedOf(0);
        accused.checkpoint.epoch = target.epoch = 1;
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotAccepted.selector, 1, 1));
        dataChallenges.challenge{value: 1 ether}(accused, target);
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.OtherEpoch.selector, 0, 1));
        dataChallenges.challenge{value: 1 ether}(_accusedOf(0), target);
    }

    function test_onlySegmentsOfTheEpochsBlocksAndLeavesAreTargets() external {
        _filled(_data(10));
        uint8[5] memory kinds = [uint8(0), 3, 255, SEGMENT, LEAF];
        uint32[5] memory places = [uint32(0), 0, 0, K, 1];
        for (uint256 i; i < 5; ++i) {
            bytes memory reason =
                abi.encodeWithSelector(IDataChallenges.NoSuchTarget.selector, kinds[i], places[i]);
            _refusesToAsk(_target(kinds[i], places[i], 0), reason);
        }
    }

    function test_everythingIsAskedForOnce() external {
        _filled(_data(10));
        _ask(_filledTarget());
        bytes memory reason = abi.encodeWithSelector(IDataChallenges.AlreadyChallenged.selector, ASKER);
        _refusesToAsk(_filledTarget(), reason);
        _answer(_answerFilled());
        _refusesToAsk(_filledTarget(), reason);
    }

    function test_whatIsSentTooMuchComesBackAndTooLittleIsRefused() external {
        _filled(_data(10));
        (uint256 price,) = dataChallenges.price(SEGMENT);
        IFraudCourt.Accused memory accused = _accusedOf(0);
        IDataChallenges.Target memory target = _filledTarget();
        vm.prank(ASKER);
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.PriceNotPaid.selector, price, price - 1));
        dataChallenges.challenge{value: price - 1}(accused, target);
        uint256 before = ASKER.balance;
        vm.prank(ASKER);
        dataChallenges.challenge{value: 7 ether}(accused, target);
        vm.assertEq(ASKER.balance, before - price);
        vm.assertEq(address(dataChallenges).balance, price);
    }

    // What nobody answers.

    function test_whatNobodyAnswersIsVoidAndItsChallengersGetEverythingBack() external {
        _filled(_data(10));
        _pass(60);
        _filled(_data(11));
        _pass(60);
        _filled(_data(12));
        uint256 before = ASKER.balance;
        IDataChallenges.Target memory last = _filledTarget();
        IDataChallenges.Target memory first = IDataChallenges.Target(1, SEGMENT, FILLED, PLACE);
        IDataChallenges.Target memory other = IDataChallenges.Target(1, LEAF, 0, 2);
        _ask(last);
        _ask(first);
        _ask(other);
        uint64 deadline = _stateOf(first).deadline;
        vm.assertEq(deadline, block.timestamp + ANSWER + SLOT);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.DeadlineOpen.selector, deadline, deadline));
        dataChallenges.expire(first);
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.StillVoidable.selector, 1));
        dataChallenges.refund(first);
        vm.warp(deadline + 1);
        dataChallenges.expire(first);
        vm.assertEq(rootChain.head().standing, 1);
        vm.assertEq(rootChain.head().exitAt, deadline + 1);
        // What is void is void once, and nothing of it is answered any more.
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, 1, 1));
        dataChallenges.expire(first);
        vm.expectRevert(abi.encodeWithSelector(IRootChain.Void.selector, 2, 1));
        dataChallenges.expire(last);
        _refuses(_answerFilled(), abi.encodeWithSelector(IDataChallenges.NotVoidable.selector, 2, 0, 1));
        _refusesToAsk(
            _target(SEGMENT, 0, 0), abi.encodeWithSelector(IDataChallenges.NotVoidable.selector, 2, 0, 1)
        );
        dataChallenges.refund(other);
        dataChallenges.refund(last);
        dataChallenges.refund(first);
        vm.assertEq(ASKER.balance, before);
        vm.assertEq(address(dataChallenges).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.Closed.selector, ASKER));
        dataChallenges.refund(first);
        // What stands is the base, and nothing holds it.
        _behind(CHALLENGE);
        _finalize(0);
        vm.assertEq(rootChain.base(), 1);
    }

    /// Whoever lets one expire cannot earn by answers to it and to the others in the same transaction.
    function test_whatIsVoidIsNotAnsweredInTheSameTransaction() external {
        _filled(_data(10));
        uint256 before = ASKER.balance;
        _ask(_filledTarget());
        _ask(_target(LEAF, 0, 2));
        vm.warp(_stateOf(_target(LEAF, 0, 2)).deadline + 1);
        ExpireAndAnswer thief = new ExpireAndAnswer();
        bytes[2] memory answers = [_answerFilled(), _answerLeaf(2)];
        bytes memory reason = abi.encodeWithSelector(IDataChallenges.NotVoidable.selector, 0, 0, 0);
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(reason);
            thief.steal(dataChallenges, _filledTarget(), answers[i]);
        }
        dataChallenges.expire(_filledTarget());
        dataChallenges.refund(_filledTarget());
        dataChallenges.refund(_target(LEAF, 0, 2));
        vm.assertEq(ASKER.balance, before);
    }

    function test_whoeverIsLateAnswersUntilSomebodyComes() external {
        _filled(_data(10));
        _ask(_filledTarget());
        vm.warp(block.timestamp + 100 days);
        _answer(_answerFilled());
        IDataChallenges.Target memory target = _filledTarget();
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.Closed.selector, ASKER));
        dataChallenges.expire(target);
        vm.assertEq(rootChain.head().standing, 1);
    }

    function test_nobodyExpiresOrRefundsWhatNobodyAskedFor() external {
        _filled(_data(10));
        IDataChallenges.Target memory target = _filledTarget();
        vm.expectRevert(_notChallenged);
        dataChallenges.expire(target);
        vm.expectRevert(_notChallenged);
        dataChallenges.refund(target);
    }

    /// A proof of fraud made it void: whoever asked before is paid back, and nobody earns by answering.
    function test_fraudPaysChallengersBack() external {
        _filled(_data(10));
        _pass(60);
        _epoch(Wrong(1, 3, 0, 0, 7));
        uint256 before = ASKER.balance;
        _ask(_target(SEGMENT, FILLED, PLACE));
        IDataChallenges.Target memory earlier = IDataChallenges.Target(0, SEGMENT, FILLED, PLACE);
        uint256 price = _ask(earlier);
        (bool ok,) = address(fraudCourt).call(_proving(0, 1, 3, 0));
        vm.assertTrue(ok);
        dataChallenges.refund(_target(SEGMENT, FILLED, PLACE));
        vm.assertEq(ASKER.balance, before - price);
        // The one before stands, and its challenge too.
        vm.expectRevert(abi.encodeWithSelector(IDataChallenges.StillVoidable.selector, 0));
        dataChallenges.refund(earlier);
        vm.warp(_stateOf(earlier).deadline + 1);
        dataChallenges.expire(earlier);
        dataChallenges.refund(earlier);
        vm.assertEq(ASKER.balance, before);
        vm.assertEq(rootChain.base(), 0);
    }

    /// The end that was set stays, and checkpoints of the grace are challenged as any other.
    function test_aClosingDeploymentIsChallengedToo() external {
        _filled(_data(10));
        _pass(TIMEOUT);
        rootChain.beginExit();
        uint64 exitAt = rootChain.head().exitAt;
        _filled(_data(11));
        _ask(_filledTarget());
        vm.warp(_stateOf(_filledTarget()).deadline + 1);
        dataChallenges.expire(_filledTarget());
        dataChallenges.refund(_filledTarget());
        vm.assertEq(rootChain.head().exitAt, exitAt);
        vm.warp(exitAt);
        _finalize(0);
        vm.assertEq(rootChain.base(), 1);
    }

    /// What it pays to may refuse: the checkpoint falls all the same, and others are paid.
    function test_aChallengerThatTakesNoMoneyHindersNobody() external {
        _filled(_data(10));
        Stubborn stubborn = new Stubborn();
        vm.deal(address(stubborn), 1 ether);
        (uint256 price,) = dataChallenges.price(SEGMENT);
        stubborn.ask(dataChallenges, price, _accusedOf(0), _filledTarget());
        IDataChallenges.Target memory other = _target(LEAF, 0, 1);
        _ask(other);
        vm.warp(_stateOf(other).deadline + 1);
        dataChallenges.expire(_filledTarget());
        bytes memory reason =
            abi.encodeWithSelector(IDataChallenges.MoneyNotTaken.selector, address(stubborn), price);
        IDataChallenges.Target memory target = _filledTarget();
        vm.expectRevert(reason);
        dataChallenges.refund(target);
        dataChallenges.refund(other);
        stubborn.accept();
        dataChallenges.refund(target);
        vm.assertEq(address(stubborn).balance, 1 ether);
    }

    /// Whoever is paid calls back, and finds everything written.
    function test_whoeverIsPaidIsPaidOnce() external {
        _filled(_data(10));
        Greedy greedy = new Greedy();
        vm.deal(address(greedy), 10 ether);
        _ask(_target(LEAF, 0, 0));
        (uint256 price,) = dataChallenges.price(SEGMENT);
        bytes memory ask =
            abi.encodeCall(IDataChallenges.challenge, (_accusedOf(0), _filledTarget()));
        // The excess comes back while it asks: it asks for the same again.
        greedy.call(address(dataChallenges), price + 1 ether, ask, ask, 2 ether);
        vm.assertEq(address(greedy).balance, 10 ether - price);
        vm.txGasPrice(1 gwei);
        bytes memory answer_ = _answerFilled();
        greedy.call(address(dataChallenges), 0, answer_, answer_, 0);
        uint256 paid = _pay(10) * 1 gwei;
        vm.assertEq(address(greedy).balance, 10 ether - price + paid);
        vm.assertEq(greedy.calls(), 2);
        ask = abi.encodeCall(IDataChallenges.challenge, (_accusedOf(0), _target(SEGMENT, 1, 0)));
        (price,) = dataChallenges.price(SEGMENT);
        greedy.call(address(dataChallenges), price, ask, "", 0);
        vm.warp(_stateOf(_target(SEGMENT, 1, 0)).deadline + 1);
        dataChallenges.expire(_target(SEGMENT, 1, 0));
        uint256 before = address(greedy).balance;
        bytes memory refund = abi.encodeCall(IDataChallenges.refund, (_target(SEGMENT, 1, 0)));
        greedy.call(address(dataChallenges), 0, refund, refund, 0);
        vm.assertEq(address(greedy).balance, before + price);
        vm.assertEq(greedy.calls(), 3);
    }
}

/// @notice A challenger that takes no money until it is told to.
contract Stubborn {
    bool private _accepts;

    function ask(
        IDataChallenges challenges,
        uint256 price,
        IFraudCourt.Accused calldata accused,
        IDataChallenges.Target calldata target
    ) external {
        challenges.challenge{value: price}(accused, target);
    }

    function accept() external {
        _accepts = true;
    }

    receive() external payable {
        require(_accepts);
    }
}

/// @notice Makes a call, and while it is paid another one, which is to fail.
contract Greedy {
    uint256 public calls;
    bytes private _again;
    uint256 private _value;

    function call(address to, uint256 value, bytes calldata data, bytes calldata again, uint256 againValue) external {
        (_again, _value) = (again, againValue);
        (bool ok,) = to.call{value: value}(data);
        require(ok);
    }

    receive() external payable {
        ++calls;
        (bool ok,) = msg.sender.call{value: _value}(_again);
        require(!ok);
    }
}

/// @title Lets a challenge expire and answers in the same transaction
contract ExpireAndAnswer {
    receive() external payable {}

    function steal(IDataChallenges challenges, IDataChallenges.Target calldata target, bytes calldata answer) external {
        challenges.expire(target);
        (bool ok, bytes memory reason) = address(challenges).call(answer);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
