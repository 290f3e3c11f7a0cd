// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Unsound} from "./Unsound.sol";
import {InvariantTest} from "./Vm.sol";

/// @title Checkpoints, challenges and their ends in any order of what anybody may do, beside a model that says which of it is taken
/// @dev Every state has four leaves that nobody can show: a challenge of a higher index can be answered, one of a lower index cannot.
contract ChallengeWorld is Unsound {
    struct Asked {
        uint64 epoch;
        uint32 index;
        uint64 deadline;
        uint256 price;
        bool isOpen;
    }

    uint32 private constant SHOWN = 4;
    uint8 private constant LEAF = 2;
    address private constant ASKER = address(0xa5ce4);
    address private constant HELPER = address(0x4e19e4);

    mapping(bytes32 => uint256) public reached;
    Asked[] private _asked;
    mapping(bytes32 => bool) private _known;
    /// @dev Root's time up to which an epoch is held by its late answers.
    mapping(uint64 => uint256) private _heldUntil;
    mapping(uint64 => uint256) private _openOf;
    uint64 private _finalized;
    uint64 private _standing = type(uint64).max;
    uint256 public burned;
    uint256 private _paidIn;
    uint256 private _paidOut;

    function setUp() public override {
        super.setUp();
        _deploy();
        _pass(60);
        vm.deal(ASKER, 1e12 ether);
        vm.txGasPrice(3 gwei);
    }

    // What is done.

    function checkpoint() external {
        IRootChain.Head memory head = rootChain.head();
        bool isFull = head.accepted >= SLOTS && head.accepted % (SLOTS / 2) == 0 && block.timestamp < head.freeAt;
        uint256 end = head.exitAt != 0 ? head.exitAt : head.tau + TIMEOUT + GRACE;
        if (isFull || block.timestamp >= end || head.standing != head.accepted) return;
        IRootChain.Checkpoint memory content = _checkpoint();
        content.stateRoot = keccak256(bytes.concat(_tree(content.epoch), bytes4(SHOWN)));
        _submit(_unsound(content));
        ++reached["checkpoint"];
    }

    function ask(uint64 back, uint32 index, uint256 value) external {
        uint64 accepted = rootChain.head().accepted;
        if (accepted == 0) return;
        back %= 4;
        uint64 epoch = back < accepted ? accepted - 1 - back : 0;
        index %= 8;
        IDataChallenges.Target memory target = IDataChallenges.Target(epoch, LEAF, 0, index);
        bytes32 key = keccak256(abi.encode(epoch, index));
        bool isTaken = _isVoidable(epoch) && !_known[key];
        isTaken = isTaken && block.timestamp <= acceptances[epoch].time + CHALLENGE - ANSWER - PROVE;
        (uint256 price, uint64 deadline) = dataChallenges.price(LEAF);
        value = price + value % 1 ether;
        uint256 before = ASKER.balance;
        vm.prank(ASKER);
        (bool ok,) = address(dataChallenges).call{value: value}(
            abi.encodeCall(IDataChallenges.challenge, (_accusedOf(epoch), target))
        );
        vm.assertEq(ok, isTaken, "ask");
        if (!ok) return;
        vm.assertEq(before - ASKER.balance, price);
        _paidIn += price;
        _known[key] = true;
        _asked.push(Asked(epoch, index, deadline, price, true));
        ++_openOf[epoch];
        ++reached["ask"];
    }

    function answer(uint256 which) external {
        if (_asked.length == 0) return;
        Asked storage one = _asked[which % _asked.length];
        bool isTaken = one.isOpen && _isVoidable(one.epoch) && one.index >= SHOWN;
        uint256 before = HELPER.balance;
        vm.prank(HELPER);
        (bool ok,) = address(dataChallenges).call(
            abi.encodeCall(
                IDataChallenges.answerNoLeaf, (_accusedOf(one.epoch), one.index, _tree(one.epoch), SHOWN)
            )
        );
        vm.assertEq(ok, isTaken, "answer");
        if (!ok) return;
        uint256 paid = HELPER.balance - before;
        vm.assertLe(paid, one.price / 2);
        (one.isOpen, burned, _paidOut) = (false, burned + one.price - paid, _paidOut + paid);
        --_openOf[one.epoch];
        uint256 until = block.timestamp + PROVE;
        if (until > acceptances[one.epoch].time + CHALLENGE) {
            _heldUntil[one.epoch] = until;
            ++reached["answer late"];
        }
        ++reached["answer"];
    }

    function expire(uint256 which) external {
        if (_asked.length == 0) return;
        Asked storage one = _asked[which % _asked.length];
        bool isTaken = one.isOpen && _isVoidable(one.epoch) && block.timestamp > one.deadline;
        vm.assertEq(_calls(abi.encodeCall(IDataChallenges.expire, (_targetOf(one)))), isTaken, "expire");
        if (!isTaken) return;
        _standing = one.epoch;
        ++reached["expire"];
    }

    function refund(uint256 which) external {
        if (_asked.length == 0) return;
        Asked storage one = _asked[which % _asked.length];
        bool isTaken = one.isOpen && !_isVoidable(one.epoch);
        uint256 before = ASKER.balance;
        vm.assertEq(_calls(abi.encodeCall(IDataChallenges.refund, (_targetOf(one)))), isTaken, "refund");
        vm.assertEq(ASKER.balance - before, isTaken ? one.price : 0);
        if (!isTaken) return;
        _paidOut += one.price;
        one.isOpen = false;
        if (one.epoch < _standing) ++reached["lapse"];
        ++reached["refund"];
    }

    function fraud(uint64 back) external {
        uint64 accepted = rootChain.head().accepted;
        if (accepted == 0 || back % 8 != 0) return;
        uint64 epoch = accepted - 1 - (back / 8) % (accepted < 3 ? accepted : 3);
        (bool ok,) = address(fraudCourt).call(
            abi.encodeCall(IFraudCourt.proveBlock, (_accusedOf(epoch), 1, _badBlock(epoch)))
        );
        vm.assertEq(ok, _isVoidable(epoch), "fraud");
        if (!ok) return;
        _standing = epoch;
        ++reached["fraud"];
    }

    function finalize(uint64 back) external {
        uint64 accepted = rootChain.head().accepted;
        if (accepted == 0) return;
        uint64 epoch = accepted - 1 - back % (accepted < SLOTS ? accepted : SLOTS);
        bool isTaken = epoch < _finalized || _isRipe(epoch);
        vm.assertEq(rootChain.isFinal(checkpoints[epoch], acceptances[epoch]), isTaken, "isFinal");
        (bool ok,) = address(rootChain).call(
            abi.encodeCall(IRootChain.finalize, (checkpoints[epoch], acceptances[epoch]))
        );
        vm.assertEq(ok, isTaken, "finalize");
        if (!ok || epoch < _finalized) return;
        _finalized = epoch + 1;
        ++reached["finalize"];
    }

    function close() external {
        (bool ok,) = address(rootChain).call(abi.encodeCall(IRootChain.beginExit, ()));
        if (ok) ++reached["close"];
    }

    function pass(uint256 secs) external {
        uint256 most = secs % 4 == 0 ? 12 hours : (secs % 4 == 1 ? ANSWER : 2 minutes);
        _pass(bound(secs, 1, most));
    }

    // What must hold.

    function _targetOf(Asked memory one) private pure returns (IDataChallenges.Target memory) {
        return IDataChallenges.Target(one.epoch, LEAF, 0, one.index);
    }

    function _calls(bytes memory data) private returns (bool ok) {
        (ok,) = address(dataChallenges).call(data);
    }

    function _tree(uint64 epoch) private pure returns (bytes32) {
        return keccak256(abi.encode("tree", epoch));
    }

    function _lowest() private view returns (uint64) {
        uint64 accepted = rootChain.head().accepted;
        uint64 kept = accepted > SLOTS ? accepted - SLOTS + 1 : 0;
        return kept > _finalized ? kept : _finalized;
    }

    function _isVoidable(uint64 epoch) private view returns (bool) {
        return epoch >= _lowest() && epoch < _standing && epoch < rootChain.head().accepted;
    }

    function _isRipe(uint64 epoch) private view returns (bool) {
        if (epoch >= _standing || block.timestamp < acceptances[epoch].time + CHALLENGE) return false;
        for (uint64 e = _lowest(); e <= epoch; ++e) {
            if (_openOf[e] != 0 || block.timestamp < _heldUntil[e]) return false;
        }
        return true;
    }

    /// @notice What the contract holds, and what it should: what open challenges paid in, and what was burned.
    function books() external view returns (uint256 held, uint256 expected) {
        held = address(dataChallenges).balance;
        expected = burned;
        for (uint256 i; i < _asked.length; ++i) {
            if (_asked[i].isOpen) expected += _asked[i].price;
        }
    }

    /// @notice Every challenge that is open can be ended, whatever came before; then nothing is held that is not burned, and what stands can be
    /// final.
    function everythingEnds() external returns (bool) {
        _pass(30 days);
        for (uint256 i; i < _asked.length; ++i) {
            if (!_asked[i].isOpen) continue;
            this.expire(i);
            this.refund(i);
            if (_asked[i].isOpen) return false;
        }
        (uint64 accepted, uint64 standing) = (rootChain.head().accepted, rootChain.head().standing);
        if (standing != 0 && standing > _finalized && standing + SLOTS > accepted) {
            rootChain.finalize(checkpoints[standing - 1], acceptances[standing - 1]);
        }
        return address(dataChallenges).balance == burned && _paidIn == burned + _paidOut;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.depth = 96
contract ChallengeInvariantsTest is InvariantTest {
    ChallengeWorld private world;

    function setUp() external {
        world = new ChallengeWorld();
        world.setUp();
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = ChallengeWorld.checkpoint.selector;
        selectors[1] = ChallengeWorld.checkpoint.selector;
        selectors[2] = ChallengeWorld.ask.selector;
        selectors[3] = ChallengeWorld.ask.selector;
        selectors[4] = ChallengeWorld.ask.selector;
        selectors[5] = ChallengeWorld.answer.selector;
        selectors[6] = ChallengeWorld.answer.selector;
        selectors[7] = ChallengeWorld.expire.selector;
        selectors[8] = ChallengeWorld.refund.selector;
        selectors[9] = ChallengeWorld.fraud.selector;
        selectors[10] = ChallengeWorld.finalize.selector;
        selectors[11] = ChallengeWorld.pass.selector;
        selectors[12] = ChallengeWorld.pass.selector;
        selectors[13] = ChallengeWorld.close.selector;
        targetContract(address(world));
        targetSelectors(address(world), selectors);
    }

    /// Nothing is paid that was not paid in, to the last unit. What is taken and what is refused is compared by each step itself.
    function invariant_whatIsHeldIsOpenOrBurned() external view {
        (uint256 held, uint256 expected) = world.books();
        vm.assertEq(held, expected);
    }

    /// At the end of each game every challenge ends, and its challenger has back whatever nobody answered.
    function afterInvariant() external {
        vm.assertTrue(world.everythingEnds());
    }

    /// One game that goes through all of it, so that none of the above is vacuous.
    function test_oneGameReachesEveryStep() external {
        world.checkpoint();
        world.ask(0, 5, 7);
        world.answer(0);
        world.pass(3);
        world.checkpoint();
        world.ask(0, 6, 0);
        world.ask(0, 1, 0);
        for (uint256 i; i < 3; ++i) {
            world.pass(1200);
        }
        world.answer(1);
        world.finalize(1);
        world.expire(2);
        world.refund(2);
        bytes32[8] memory steps =
            [bytes32("checkpoint"), "ask", "answer", "answer late", "finalize", "expire", "refund", "checkpoint"];
        for (uint256 i; i < steps.length; ++i) {
            vm.assertTrue(world.reached(steps[i]) != 0, string.concat("step ", vm.toString(i)));
        }
        this.invariant_whatIsHeldIsOpenOrBurned();
        vm.assertTrue(world.everythingEnds());
    }

    /// What nobody let expire lapses when the ring turns, and fraud pays challengers back.
    function test_oneGameWithALapseAndFraud() external {
        world.checkpoint();
        world.pass(12 hours - 4);
        world.checkpoint();
        world.ask(0, 1, 0);
        for (uint256 i; i < 16; ++i) {
            world.pass(12 hours - 4);
            world.checkpoint();
        }
        world.refund(0);
        world.ask(0, 2, 0);
        world.fraud(0);
        world.refund(1);
        bytes32[2] memory steps = [bytes32("lapse"), "fraud"];
        for (uint256 i; i < 2; ++i) {
            vm.assertTrue(world.reached(steps[i]) != 0, string.concat("step ", vm.toString(i)));
        }
        this.invariant_whatIsHeldIsOpenOrBurned();
        vm.assertTrue(world.everythingEnds());
    }
}
