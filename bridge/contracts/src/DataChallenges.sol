// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Openings} from "./court/Openings.sol";
import {IDataChallenges} from "./interfaces/IDataChallenges.sol";
import {IFraudCourt} from "./interfaces/IFraudCourt.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {StateTree} from "./libraries/StateTree.sol";

/// @title Data challenges
contract DataChallenges is IDataChallenges {
    /// @dev One slot. The price is in gwei, rounded up.
    struct Packed {
        address challenger;
        uint40 deadline;
        uint56 price;
    }

    /// @dev What keeps an epoch from being final: challenges that are open, and the end of P behind a late answer.
    struct Hold {
        uint64 open;
        uint64 until;
    }

    uint8 private constant SEGMENT = 1;
    uint8 private constant LEAF = 2;
    /// @dev A leaf takes and costs this part of what a segment does.
    uint256 private constant LEAF_PART = 8;
    /// @dev What the largest answer takes where calldata costs 64 gas a byte, and so often is it paid in: half of it pays the answer at the base
    /// fee of the challenge, the other half is burned whatever is answered, so that nobody asks and answers for nothing.
    uint256 private constant SEGMENT_GAS = 2_400_000;
    uint256 private constant TIMES = 2;
    /// @dev What an answer is paid for: what it executes, its bytes beside what is asked for, and a tenth above.
    uint256 private constant ANSWER_GAS = 60_000;
    uint256 private constant ANSWER_BYTES = 2_048;
    uint256 private constant BYTE_GAS = 64;
    uint256 private constant TIP_LIMIT = 2 gwei;
    /// @dev The price stops doubling here: nobody could pay it, and a further product could overflow.
    uint256 private constant DOUBLINGS_LIMIT = 64;
    uint256 private constant FLOOR_LIMIT = 1 << 80;
    /// @dev A checkpoint leaves the ring U and more after its acceptance: U leaves this number of answers' times behind W.
    uint256 private constant RING_ANSWERS = 6;

    IRootChain public immutable rootChain;
    uint64 public immutable challengeSecs;
    uint256 private immutable EPOCH_BLOCKS;
    uint64 private immutable ANSWER_SECS;
    uint64 private immutable PROVE_SECS;
    uint64 private immutable SLOT_SECS;
    uint128 private immutable FLOOR;
    /// @dev W.
    uint64 private immutable FINAL_SECS;

    /// @dev The deadline of the last challenge.
    uint64 private _last;
    /// @dev By the packed target.
    mapping(uint256 => Packed) private _challenges;
    /// @dev By epoch.
    mapping(uint256 => Hold) private _holds;
    /// @dev A bit for each epoch that may be held, so that finality asks for many in one word. Where P is over it stays.
    mapping(uint256 => uint256) private _held;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        Parameters memory given = founding.genesis.challenges;
        IRootChain.Parameters memory root = founding.genesis.rootChain;
        // The block behind a challenge cannot expire it, and the block behind an answer cannot be the end.
        _inRange("answerSecs", given.answerSecs, root.rootBlockSecs, root.challengeSecs);
        _inRange("proveSecs", given.proveSecs, root.rootBlockSecs, root.challengeSecs);
        // C is more than A: whoever asked first and was answered in the last moment can ask for what the answer names.
        uint256 later = uint256(given.answerSecs) + given.proveSecs;
        if (later + given.answerSecs >= root.challengeSecs) revert ParameterOutOfRange("proveSecs", given.proveSecs);
        _inRange("slotSecs", given.slotSecs, 0, given.answerSecs);
        _inRange("floor", given.floor, 1, FLOOR_LIMIT);
        // To push a deadline behind the ring takes a backlog of 6 A at least, which doubles the price twelve times.
        if (uint256(root.challengeSecs) + RING_ANSWERS * given.answerSecs > root.unbondingSecs) {
            revert ParameterOutOfRange("answerSecs", given.answerSecs);
        }
        rootChain = IRootChain(Manifest.rootChain(founding.contracts));
        EPOCH_BLOCKS = root.epochBlocks;
        ANSWER_SECS = given.answerSecs;
        PROVE_SECS = given.proveSecs;
        SLOT_SECS = given.slotSecs;
        FLOOR = given.floor;
        FINAL_SECS = root.challengeSecs;
        challengeSecs = root.challengeSecs - uint64(later);
    }

    /// @inheritdoc IDataChallenges
    /// @dev All is written before the excess is given back.
    function challenge(IFraudCourt.Accused calldata accused, Target calldata target) external payable {
        uint64 epoch = accused.checkpoint.epoch;
        if (target.epoch != epoch) revert OtherEpoch(epoch, target.epoch);
        Openings.requireAccepted(rootChain, accused);
        _requireVoidable(epoch);
        uint64 until = accused.acceptance.time + challengeSecs;
        if (block.timestamp > until) revert ChallengesOver(until, block.timestamp);
        _requireTarget(target);
        Packed storage made = _challenges[_key(target)];
        if (made.challenger != address(0)) revert AlreadyChallenged(made.challenger);
        (uint256 price_, uint64 deadline) = price(target.kind);
        if (msg.value < price_) revert PriceNotPaid(price_, msg.value);

        (made.challenger, made.deadline, made.price) = (msg.sender, uint40(deadline), uint56(price_ / 1 gwei));
        _last = deadline;
        ++_holds[epoch].open;
        _held[epoch >> 8] |= 1 << (epoch & 255);
        emit Challenged(epoch, msg.sender, target.kind, target.place, target.number, price_, deadline);
        _pay(msg.sender, msg.value - price_);
    }

    /// @inheritdoc IDataChallenges
    function answerSegment(
        IFraudCourt.Accused calldata accused,
        IFraudCourt.Block calldata shown,
        IFraudCourt.Segments calldata segments,
        IFraudCourt.Segment calldata segment,
        bytes calldata content
    ) external {
        Target memory target = Target(accused.checkpoint.epoch, SEGMENT, shown.number, segment.number);
        uint256 paid = _close(accused, target, content.length);
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        Openings.requireSegment(segments, segment);
        Openings.requireBytes(segment, content);
        _show(target, abi.encodeCall(IDataChallenges.answerSegment, (accused, shown, segments, segment, content)));
        _pay(msg.sender, paid);
    }

    /// @inheritdoc IDataChallenges
    function answerNoSegment(
        IFraudCourt.Accused calldata accused,
        IFraudCourt.Block calldata shown,
        IFraudCourt.Segments calldata segments,
        uint32 number
    ) external {
        Target memory target = Target(accused.checkpoint.epoch, SEGMENT, shown.number, number);
        uint256 paid = _close(accused, target, 0);
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        if (number < segments.count) revert Exists(number, segments.count);
        _show(target, abi.encodeCall(IDataChallenges.answerNoSegment, (accused, shown, segments, number)));
        _pay(msg.sender, paid);
    }

    /// @inheritdoc IDataChallenges
    function answerLeaf(
        IFraudCourt.Accused calldata accused,
        Value calldata value,
        StateTree.Inclusion calldata leaf
    ) external {
        Target memory target = Target(accused.checkpoint.epoch, LEAF, 0, leaf.index);
        uint256 paid = _close(accused, target, value.content.length);
        Openings.requireAccepted(rootChain, accused);
        bytes32 valueHash = StateTree.valueHash(value.kind, value.content);
        if (valueHash != leaf.valueHash) revert IFraudCourt.WrongValue(value.kind);
        bytes32 stateRoot = accused.checkpoint.stateRoot;
        if (!StateTree.verifyInclusion(stateRoot, leaf)) revert IFraudCourt.NotInState(stateRoot);
        _show(target, abi.encodeCall(IDataChallenges.answerLeaf, (accused, value, leaf)));
        _pay(msg.sender, paid);
    }

    /// @inheritdoc IDataChallenges
    function answerNoLeaf(IFraudCourt.Accused calldata accused, uint32 index, bytes32 treeRoot, uint32 count)
        external
    {
        Target memory target = Target(accused.checkpoint.epoch, LEAF, 0, index);
        uint256 paid = _close(accused, target, 0);
        Openings.requireAccepted(rootChain, accused);
        bytes32 stateRoot = accused.checkpoint.stateRoot;
        if (StateTree.stateRoot(treeRoot, count) != stateRoot) revert IFraudCourt.NotInState(stateRoot);
        if (index < count) revert Exists(index, count);
        _show(target, abi.encodeCall(IDataChallenges.answerNoLeaf, (accused, index, treeRoot, count)));
        _pay(msg.sender, paid);
    }

    /// @inheritdoc IDataChallenges
    /// @dev Its money is paid by `refund` then, as that of every other challenge of what is void: a challenger that takes no money keeps
    /// nothing from being void.
    function expire(Target calldata target) external {
        uint64 deadline = _open(_key(target)).deadline;
        if (block.timestamp <= deadline) revert DeadlineOpen(deadline, block.timestamp);
        rootChain.void(target.epoch);
        emit Withheld(target.epoch, target.kind, target.place, target.number);
    }

    /// @inheritdoc IDataChallenges
    function refund(Target calldata target) external {
        Packed storage one = _open(_key(target));
        (uint64 from, uint64 until) = rootChain.voidable();
        if (from <= target.epoch && target.epoch < until) revert StillVoidable(target.epoch);
        uint256 amount = uint256(one.price) * 1 gwei;
        (one.deadline, one.price) = (0, 0);
        emit PaidBack(target.epoch, one.challenger, target.kind, target.place, target.number, amount);
        _pay(one.challenger, amount);
    }

    /// @inheritdoc IDataChallenges
    function price(uint8 kind) public view returns (uint256 price_, uint64 deadline) {
        uint256 part = kind == LEAF ? LEAF_PART : 1;
        uint256 earliest = block.timestamp + ANSWER_SECS;
        uint256 next = _last + (SLOT_SECS + part - 1) / part;
        deadline = uint64(next > earliest ? next : earliest);
        price_ = TIMES * SEGMENT_GAS * block.basefee;
        if (price_ < FLOOR) price_ = FLOOR;
        // In whole gwei, rounded up, by which each half of A of the backlog doubles it, and parts of it in proportion.
        price_ = (price_ + part * 1 gwei - 1) / (part * 1 gwei);
        uint256 backlog = 2 * (deadline - earliest);
        uint256 doublings = backlog / ANSWER_SECS;
        price_ <<= doublings < DOUBLINGS_LIMIT ? doublings : DOUBLINGS_LIMIT;
        price_ += price_ * (backlog % ANSWER_SECS) / ANSWER_SECS;
        if (price_ > type(uint56).max) price_ = type(uint56).max;
        price_ *= 1 gwei;
    }

    /// @inheritdoc IDataChallenges
    function firstHeld(uint64 from, uint64 to) external view returns (uint64 epoch) {
        for (epoch = from; epoch <= to;) {
            uint256 bits = _held[epoch >> 8] >> (epoch & 255);
            if (bits == 0) {
                epoch = (epoch | 255) + 1;
                continue;
            }
            if (bits & 1 != 0) {
                Hold memory hold = _holds[epoch];
                if (hold.open != 0 || block.timestamp < hold.until) return epoch;
            }
            ++epoch;
        }
        return to + 1;
    }

    /// @inheritdoc IDataChallenges
    function challenged(Target calldata target) external view returns (Challenge memory) {
        _requireTarget(target);
        Packed memory one = _challenges[_key(target)];
        return Challenge(one.challenger, one.deadline, uint128(one.price) * 1 gwei);
    }

    /// @inheritdoc IDataChallenges
    function parameters() external view returns (Parameters memory) {
        return Parameters(ANSWER_SECS, PROVE_SECS, SLOT_SECS, FLOOR);
    }

    /// @dev Closes an open challenge that is being answered; what is shown for it is compared behind, and all reverts where it is not the
    /// answer. Gives what the answer is paid.
    function _close(IFraudCourt.Accused calldata accused, Target memory target, uint256 length)
        private
        returns (uint256 paid)
    {
        uint64 epoch = target.epoch;
        Packed storage one = _open(_key(target));
        _requireVoidable(epoch);
        uint256 most = block.basefee + TIP_LIMIT;
        paid = (ANSWER_GAS + BYTE_GAS * (ANSWER_BYTES + length)) * 11 / 10 * (tx.gasprice < most ? tx.gasprice : most);
        uint256 half = uint256(one.price) * 1 gwei / TIMES;
        if (paid > half) paid = half;
        (one.deadline, one.price) = (0, 0);
        _release(epoch, accused.acceptance.time);
        emit Answered(epoch, msg.sender, target.kind, target.place, target.number, paid);
    }

    /// @dev The answer as everybody reads it. Calldata would not do: an answer may come from another contract, or be written so that a strict reader does
    /// not take it.
    function _show(Target memory target, bytes memory call) private {
        emit Shown(target.epoch, target.kind, target.place, target.number, call);
    }

    /// @dev P counts from an answer that came later than W leaves it.
    function _release(uint64 epoch, uint64 acceptedAt) private {
        Hold memory hold = _holds[epoch];
        --hold.open;
        uint256 until = block.timestamp + PROVE_SECS;
        if (until > acceptedAt + FINAL_SECS) hold.until = uint64(until);
        _holds[epoch] = hold;
        if (hold.open == 0 && hold.until == 0) _held[epoch >> 8] &= ~(1 << (epoch & 255));
    }

    function _requireVoidable(uint64 epoch) private view {
        (uint64 from, uint64 until) = rootChain.voidable();
        if (epoch < from || epoch >= until) revert NotVoidable(epoch, from, until);
    }

    function _requireTarget(Target calldata target) private view {
        bool isSegment = target.kind == SEGMENT && target.place < EPOCH_BLOCKS;
        if (!isSegment && (target.kind != LEAF || target.place != 0)) revert NoSuchTarget(target.kind, target.place);
    }

    function _open(uint256 key) private view returns (Packed storage one) {
        one = _challenges[key];
        if (one.challenger == address(0)) revert NotChallenged();
        if (one.deadline == 0) revert Closed(one.challenger);
    }

    function _key(Target memory target) private pure returns (uint256) {
        return uint256(target.epoch) << 72 | uint256(target.kind) << 64 | uint256(target.place) << 32 | target.number;
    }

    function _pay(address to, uint256 amount) private {
        if (amount == 0) return;
        (bool taken,) = to.call{value: amount}("");
        if (!taken) revert MoneyNotTaken(to, amount);
    }

    function _inRange(string memory name, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert ParameterOutOfRange(name, value);
    }
}
