// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "./interfaces/IDataChallenges.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {Bls} from "./libraries/Bls.sol";
import {Checkpoints} from "./libraries/Checkpoints.sol";
import {ListTree} from "./libraries/ListTree.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";

/// @title The root chain's record of the child chain
contract RootChain is IRootChain {
    /// @dev One slot, 240 bits. Times and counts fit 48 bits: an accepted one is at most this chain's own, or 15 minutes more.
    struct PackedHead {
        uint48 accepted;
        uint48 tau;
        uint48 lastBlockTime;
        uint48 inboxCursor;
        uint48 freeAt;
    }

    /// @dev How far finality, closing and fraud have come. `standing` is the lowest void epoch, or ALL.
    struct PackedEnd {
        uint48 finalized;
        uint48 exitAt;
        uint48 standing;
    }

    /// @dev No epoch is void.
    uint48 private constant ALL = type(uint48).max;

    uint256 private constant AHEAD_SECS = 15 minutes;
    uint256 private constant TAU_AGE_SECS = 15 minutes;
    /// @dev Half of what CometBFT can count. No stakes that fit the escrow have more, at the smallest unit.
    uint256 private constant POWER_LIMIT = 1 << 59;
    uint256 private constant MIN_UNIT = 1 << 53;
    /// @dev Within TAU_AGE_SECS a submission is made from a block of this chain, carried, repriced and mined: 15 blocks.
    uint256 private constant MAX_ROOT_BLOCK_SECS = 1 minutes;
    /// @dev The tip over the base fee that the child pays back at most.
    uint256 private constant TIP_LIMIT = 2 gwei;
    /// @dev The place of an epoch in its half of the ring whose acceptance, U later, frees the last slot of the other half: the record of
    /// epoch x is free U after the acceptance of epoch x + 3.
    uint256 private constant FREEING_EPOCH = 2;
    /// @dev While nothing is accepted the ring does not turn, so it need not cover T; beside a message that stays unconsumed it does turn.
    uint256 private constant SILENCE_LIMIT = 10;

    IRegistry public immutable registry;
    IInbox public immutable inbox;
    address public immutable vault;
    address private immutable FRAUD_COURT;
    IDataChallenges private immutable DATA_CHALLENGES;
    bytes20 public immutable deployment;
    bytes32 public immutable genesisStateRoot;
    bytes32 public immutable parentBlockHash;
    uint64 public immutable genesisTime;
    uint64 public immutable genesisBlock;
    uint64 public immutable inboxDelaySecs;

    bytes32 private immutable SET_0;
    bytes32 private immutable SET_1;
    uint128 private immutable UNIT;
    uint64 private immutable CHALLENGE_SECS;
    uint64 private immutable EVIDENCE_SECS;
    uint64 private immutable UNBONDING_SECS;
    uint64 private immutable EXIT_TIMEOUT_SECS;
    uint64 private immutable GRACE_SECS;
    uint64 private immutable ROOT_BLOCK_SECS;
    uint64 private immutable EPOCH_MAX_SECS;
    uint64 private immutable EPOCH_MIN_SECS;
    uint32 private immutable REVEAL_BLOCKS;
    uint32 private immutable EPOCH_BLOCKS;
    uint32 private immutable RECORD_SLOTS;

    PackedHead private _head;
    PackedEnd private _end;
    /// @dev Checkpoint e at e mod RECORD_SLOTS; no slot is made after the first round.
    mapping(uint256 => bytes32) private _records;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        IRegistry.Genesis memory genesis = founding.genesis;
        Parameters memory given = genesis.rootChain;
        _checkParameters(given, genesis.inbox.delaySecs);
        if (genesis.stateRoot == 0) revert ZeroRoot("genesis state");

        registry = IRegistry(msg.sender);
        inbox = IInbox(founding.contracts[Manifest.INBOX]);
        vault = founding.contracts[Manifest.VAULT];
        FRAUD_COURT = founding.contracts[Manifest.FRAUD_COURT];
        DATA_CHALLENGES = IDataChallenges(founding.contracts[Manifest.DATA_CHALLENGES]);
        genesisStateRoot = genesis.stateRoot;
        genesisTime = uint64(block.timestamp);
        genesisBlock = uint64(block.number);
        parentBlockHash = blockhash(block.number - 1);
        deployment = bytes20(
            keccak256(
                abi.encodePacked("PDEP", block.chainid, address(this), blockhash(block.number - 1), genesis.stateRoot)
            )
        );

        bytes32 set = _genesisSet(IRegistry(msg.sender), given.unit);
        if (set != given.setCommitment) revert SetCommitmentMismatch(given.setCommitment, set);
        SET_0 = set;
        SET_1 = set;
        UNIT = given.unit;
        CHALLENGE_SECS = given.challengeSecs;
        EVIDENCE_SECS = given.evidenceSecs;
        UNBONDING_SECS = given.unbondingSecs;
        EXIT_TIMEOUT_SECS = given.exitTimeoutSecs;
        GRACE_SECS = given.graceSecs;
        ROOT_BLOCK_SECS = given.rootBlockSecs;
        EPOCH_MAX_SECS = given.epochMaxSecs;
        EPOCH_MIN_SECS = given.epochMinSecs;
        REVEAL_BLOCKS = given.revealBlocks;
        EPOCH_BLOCKS = given.epochBlocks;
        RECORD_SLOTS = given.recordSlots;
        inboxDelaySecs = genesis.inbox.delaySecs;

        uint48 time = uint48(block.timestamp);
        _head = PackedHead({accepted: 0, tau: time, lastBlockTime: time, inboxCursor: 0, freeAt: 0});
        _end.standing = ALL;
    }

    /// @inheritdoc IRootChain
    function submit(Submission calldata submission) external {
        PackedHead memory last = _head;
        Checkpoint calldata checkpoint = submission.checkpoint;
        if (checkpoint.epoch != last.accepted) revert NotNext(last.accepted, checkpoint.epoch);
        _checkRing(last);
        _checkClosing(last);
        _checkTimes(last, checkpoint.lastBlockTime, submission.tau);
        if (checkpoint.inboxCursor < last.inboxCursor) {
            revert CursorBackwards(last.inboxCursor, checkpoint.inboxCursor);
        }
        _checkContent(checkpoint);
        _checkPrevious(submission);
        inbox.requireContent(
            checkpoint.inboxCursor, checkpoint.inboxLink, submission.tau, submission.dueCount, submission.inbox
        );
        bytes32 digest_ = Checkpoints.digest(checkpoint, deployment);
        _checkCertificate(submission, digest_);
        _accept(last, submission, digest_);
    }

    /// @inheritdoc IRootChain
    function isFinal(Checkpoint calldata checkpoint, Acceptance calldata acceptance) external view returns (bool) {
        PackedHead memory last = _head;
        if (!_inRing(last.accepted, checkpoint.epoch)) return false;
        if (_recordOf(checkpoint, acceptance) != _records[checkpoint.epoch % RECORD_SLOTS]) return false;
        PackedEnd memory end = _end;
        if (checkpoint.epoch < end.finalized) return true;
        if (checkpoint.epoch >= end.standing) return false;
        if (block.timestamp < acceptance.time + CHALLENGE_SECS) return false;
        if (acceptance.dueCount > last.inboxCursor && !_exited(end.exitAt)) return false;
        return _firstHeld(last, end, checkpoint.epoch) > checkpoint.epoch;
    }

    /// @inheritdoc IRootChain
    /// @dev What is accepted later was accepted at no earlier time and with no fewer due messages, so of a ripe checkpoint all before it
    /// are ripe.
    function finalize(Checkpoint calldata checkpoint, Acceptance calldata acceptance) external {
        uint64 epoch = checkpoint.epoch;
        bytes32 kept = record(epoch);
        bytes32 computed = _recordOf(checkpoint, acceptance);
        if (computed != kept) revert RecordMismatch(epoch, kept, computed);
        PackedEnd memory end = _end;
        if (epoch < end.finalized) return;
        if (epoch >= end.standing) revert Void(epoch, end.standing);
        uint64 finalAt = acceptance.time + CHALLENGE_SECS;
        if (block.timestamp < finalAt) revert WindowOpen(finalAt, block.timestamp);
        PackedHead memory last = _head;
        uint64 cursor = last.inboxCursor;
        if (acceptance.dueCount > cursor && !_exited(end.exitAt)) revert MessageSkipped(acceptance.dueCount, cursor);
        uint64 held = _firstHeld(last, end, epoch);
        if (held <= epoch) revert Held(held);
        _end.finalized = uint48(epoch + 1);
        emit Finalized(epoch + 1);
    }

    /// @inheritdoc IRootChain
    function beginExit() external {
        uint256 since = _silentSince(_head);
        uint256 from = since + EXIT_TIMEOUT_SECS;
        if (block.timestamp < from) revert NotOverdue(from, block.timestamp);
        _close(from, 0);
    }

    /// @inheritdoc IRootChain
    function overdue(bytes calldata message, bytes32 before, bytes32[] calldata behind) external {
        uint64 index = inbox.requireMessage(message, before, behind);
        uint64 next = _head.inboxCursor + 1;
        if (index != next) revert NotNextMessage(next, index);
        uint256 since = (uint256(Messages.dueMs(message)) + 999) / 1000;
        uint256 room = _roomSince(_head);
        uint256 from = (since > room ? since : room) + EXIT_TIMEOUT_SECS;
        if (block.timestamp < from) revert NotOverdue(from, block.timestamp);
        _close(from, index);
    }

    /// @inheritdoc IRootChain
    function base() external view returns (uint64) {
        PackedEnd memory end = _end;
        if (!_exited(end.exitAt)) revert NoExitMode(end.exitAt, block.timestamp);
        uint64 count = _standing(_head, end);
        if (end.finalized != count) revert BaseNotFinal(count, end.finalized);
        return count;
    }

    /// @inheritdoc IRootChain
    function void(uint64 epoch) external {
        if (msg.sender != FRAUD_COURT && msg.sender != address(DATA_CHALLENGES)) revert VoidNotAllowed(msg.sender);
        PackedEnd memory end = _end;
        uint256 accepted = _head.accepted;
        if (epoch >= accepted) revert NotAccepted(epoch, uint64(accepted));
        if (epoch < end.finalized) revert AlreadyFinal(epoch, end.finalized);
        if (epoch >= end.standing) revert Void(epoch, end.standing);
        end.standing = uint48(epoch);
        // The one before is the base: exits open it by its content, which the ring must still have.
        if (epoch != 0) record(epoch - 1);
        if (end.exitAt == 0) {
            end.exitAt = uint48(block.timestamp);
            emit ExitBegun(end.exitAt, 0);
        }
        _end = end;
        emit Voided(epoch);
    }

    /// @inheritdoc IRootChain
    function voidable() external view returns (uint64 from, uint64 until) {
        PackedHead memory last = _head;
        PackedEnd memory end = _end;
        return (_lowestVoidable(last, end), _standing(last, end));
    }

    /// @inheritdoc IRootChain
    function digest(Checkpoint calldata checkpoint) external view returns (bytes32) {
        return Checkpoints.digest(checkpoint, deployment);
    }

    /// @inheritdoc IRootChain
    function record(uint64 epoch) public view returns (bytes32) {
        uint64 accepted = _head.accepted;
        if (epoch >= accepted) revert NotAccepted(epoch, accepted);
        if (!_inRing(accepted, epoch)) revert NotInRing(epoch, accepted - RECORD_SLOTS);
        return _records[epoch % RECORD_SLOTS];
    }

    /// @inheritdoc IRootChain
    function head() external view returns (Head memory) {
        PackedHead memory last = _head;
        PackedEnd memory end = _end;
        return Head({
            accepted: last.accepted,
            tau: last.tau,
            lastBlockTime: last.lastBlockTime,
            inboxCursor: last.inboxCursor,
            freeAt: last.freeAt,
            finalized: end.finalized,
            exitAt: end.exitAt,
            standing: _standing(last, end)
        });
    }

    /// @inheritdoc IRootChain
    function genesisSets() external view returns (bytes32 set0, bytes32 set1) {
        return (SET_0, SET_1);
    }

    /// @inheritdoc IRootChain
    function parameters() external view returns (Parameters memory) {
        return Parameters({
            setCommitment: SET_1,
            unit: UNIT,
            challengeSecs: CHALLENGE_SECS,
            evidenceSecs: EVIDENCE_SECS,
            unbondingSecs: UNBONDING_SECS,
            exitTimeoutSecs: EXIT_TIMEOUT_SECS,
            graceSecs: GRACE_SECS,
            rootBlockSecs: ROOT_BLOCK_SECS,
            epochMaxSecs: EPOCH_MAX_SECS,
            epochMinSecs: EPOCH_MIN_SECS,
            revealBlocks: REVEAL_BLOCKS,
            epochBlocks: EPOCH_BLOCKS,
            recordSlots: RECORD_SLOTS
        });
    }

    /// @dev At the first epoch of each half of the ring: every record of that half must be free, because it is about to be overwritten.
    function _checkRing(PackedHead memory last) private view {
        if (_beginsHalf(last) && block.timestamp < last.freeAt) revert RingFull(last.freeAt, block.timestamp);
    }

    function _beginsHalf(PackedHead memory last) private view returns (bool) {
        return last.accepted >= RECORD_SLOTS && last.accepted % (RECORD_SLOTS / 2) == 0;
    }

    /// @dev When the ring has room for the next checkpoint; zero where it always had. Nobody is late before.
    function _roomSince(PackedHead memory last) private view returns (uint256) {
        return _beginsHalf(last) ? last.freeAt : 0;
    }

    /// @dev The last accepted τ, or when the ring had room for the next checkpoint, if that was later.
    function _silentSince(PackedHead memory last) private view returns (uint256) {
        uint256 room = _roomSince(last);
        return room > last.tau ? room : last.tau;
    }

    /// @dev Who comes after T closes the deployment, and is taken like everybody until the grace is over.
    function _checkClosing(PackedHead memory last) private {
        PackedEnd memory end = _end;
        if (end.standing != ALL) revert Void(last.accepted, end.standing);
        uint256 exitAt = end.exitAt;
        if (exitAt == 0) {
            uint256 from = _silentSince(last) + EXIT_TIMEOUT_SECS;
            if (block.timestamp < from) return;
            exitAt = _close(from, 0);
        }
        if (block.timestamp >= exitAt) revert ExitMode(uint64(exitAt));
    }

    /// @dev `from` is when it could first be closed, so that nobody chooses a later end by coming later. But the end is never in the past:
    /// reports close by it (`Court`), and who is to be reported could else close them all by one late call.
    function _close(uint256 from, uint64 message) private returns (uint256 exitAt) {
        exitAt = _end.exitAt;
        if (exitAt != 0) revert AlreadyClosing(uint64(exitAt));
        exitAt = from + GRACE_SECS;
        if (exitAt < block.timestamp) exitAt = block.timestamp;
        _end.exitAt = uint48(exitAt);
        emit ExitBegun(uint64(exitAt), message);
    }

    function _standing(PackedHead memory last, PackedEnd memory end) private pure returns (uint64) {
        return end.standing < last.accepted ? end.standing : last.accepted;
    }

    /// @dev The lowest epoch that is not final and whose predecessor is in the ring.
    function _lowestVoidable(PackedHead memory last, PackedEnd memory end) private view returns (uint64) {
        uint256 kept = last.accepted > RECORD_SLOTS ? last.accepted - RECORD_SLOTS + 1 : 0;
        return kept > end.finalized ? uint64(kept) : end.finalized;
    }

    /// @dev What can never be void is held by nothing: a challenge of it that nobody let expire holds up no other.
    function _firstHeld(PackedHead memory last, PackedEnd memory end, uint64 epoch) private view returns (uint64) {
        return DATA_CHALLENGES.firstHeld(_lowestVoidable(last, end), epoch);
    }

    function _exited(uint256 exitAt) private view returns (bool) {
        return exitAt != 0 && block.timestamp >= exitAt;
    }

    function _checkTimes(PackedHead memory last, uint64 lastBlockTime, uint64 tau) private view {
        if (lastBlockTime < last.lastBlockTime) revert TimeBackwards(last.lastBlockTime, lastBlockTime);
        uint256 latest = block.timestamp + AHEAD_SECS;
        if (lastBlockTime > latest) revert TimeAhead(latest, lastBlockTime);
        uint256 earliest = block.timestamp - TAU_AGE_SECS;
        if (earliest < last.tau) earliest = last.tau;
        if (tau < earliest || tau > block.timestamp) revert TauOutOfRange(earliest, block.timestamp, tau);
    }

    /// @dev Zero is never a root or commitment.
    function _checkContent(Checkpoint calldata checkpoint) private pure {
        if (checkpoint.blocksRoot == 0) revert ZeroRoot("blocks");
        if (checkpoint.stateRoot == 0) revert ZeroRoot("state");
        if (checkpoint.nextSet == 0) revert ZeroRoot("next set");
    }

    /// @dev The kept word of e − 1 holds its digest and the commitment of set e + 1, so one comparison shows both.
    function _checkPrevious(Submission calldata submission) private view {
        Set calldata set = submission.set;
        bytes32 commitment = Members.commitment(set.membersRoot, set.count, set.aggregateKey, set.totalPower);
        bytes32 previous = submission.checkpoint.previous;
        uint64 epoch = submission.checkpoint.epoch;
        if (epoch == 0) {
            if (previous != bytes32(deployment)) revert PreviousMismatch(bytes32(deployment), previous);
            if (commitment != SET_1) revert SetMismatch(SET_1, commitment);
            return;
        }
        bytes32 kept = _records[(epoch - 1) % RECORD_SLOTS];
        bytes32 computed = Checkpoints.record(previous, commitment, submission.previous);
        if (computed != kept) revert RecordMismatch(epoch - 1, kept, computed);
    }

    function _checkCertificate(Submission calldata submission, bytes32 digest_) private view {
        Set calldata set = submission.set;
        (bytes memory key, uint256 power) =
            Members.signers(set, submission.signers, submission.absent, submission.absentSiblings);
        if (power * 3 <= uint256(set.totalPower) * 2) revert TooLittlePower(power, set.totalPower);
        if (!Bls.verifyCheckpoint(submission.signature, digest_, key)) revert BadSignature(digest_);
    }

    function _accept(PackedHead memory last, Submission calldata submission, bytes32 digest_) private {
        Checkpoint calldata checkpoint = submission.checkpoint;
        Acceptance memory acceptance = Acceptance({
            signers: submission.signers,
            time: uint64(block.timestamp),
            blockNumber: uint64(block.number),
            dueCount: submission.dueCount
        });
        uint256 epoch = checkpoint.epoch;
        _records[epoch % RECORD_SLOTS] = Checkpoints.record(digest_, checkpoint.nextSet, acceptance);
        _head = PackedHead({
            accepted: uint48(epoch + 1),
            tau: uint48(submission.tau),
            lastBlockTime: uint48(checkpoint.lastBlockTime),
            inboxCursor: uint48(checkpoint.inboxCursor),
            freeAt: epoch % (RECORD_SLOTS / 2) == FREEING_EPOCH ? uint48(block.timestamp + UNBONDING_SECS) : last.freeAt
        });
        emit CheckpointAccepted(checkpoint.epoch, digest_, msg.sender, checkpoint, acceptance, submission.tau);

        uint256 cap = block.basefee + TIP_LIMIT;
        uint128 gasPrice = uint128(tx.gasprice < cap ? tx.gasprice : cap);
        inbox.send(
            Messages.ACCEPTANCE,
            abi.encodePacked(checkpoint.epoch, msg.sender, gasPrice, uint16(submission.absent.length))
        );
    }

    function _recordOf(Checkpoint calldata checkpoint, Acceptance calldata acceptance) private view returns (bytes32) {
        return Checkpoints.record(Checkpoints.digest(checkpoint, deployment), checkpoint.nextSet, acceptance);
    }

    function _inRing(uint256 accepted, uint256 epoch) private view returns (bool) {
        return epoch < accepted && accepted - epoch <= RECORD_SLOTS;
    }

    /// @dev Reads keys and stakes from the Registry, so that no set stands here whose keys were not proven there.
    function _genesisSet(IRegistry from, uint128 unit) private view returns (bytes32) {
        uint256 count = from.operatorCount();
        bytes32[] memory leaves = new bytes32[](count);
        bytes memory aggregateKey = new bytes(Bls.KEY_BYTES); // the identity
        uint256 total;
        for (uint256 i; i < count; ++i) {
            IRegistry.Member memory member = from.memberAt(i);
            uint256 power = member.stake / unit;
            if (power == 0) revert StakeBelowUnit(member.operator, member.stake, unit);
            total += power;
            if (total > POWER_LIMIT) revert PowerTooHigh(total);
            aggregateKey = Bls.add(aggregateKey, member.checkpointKey);
            leaves[i] = Members.leaf(
                uint16(i),
                member.operator,
                member.registration,
                member.consensusKey,
                member.checkpointKey,
                uint64(power)
            );
        }
        return Members.commitment(ListTree.root(leaves), uint16(count), aggregateKey, uint64(total));
    }

    function _checkParameters(Parameters memory given, uint64 delaySecs) private pure {
        uint256 limit = 3650 days; // so that no sum of times leaves its type
        _inRange("unit", given.unit, MIN_UNIT, type(uint128).max);
        _inRange("challengeSecs", given.challengeSecs, 1, limit);
        _inRange("evidenceSecs", given.evidenceSecs, uint256(given.challengeSecs) + delaySecs, limit);
        _inRange("revealBlocks", given.revealBlocks, 2, 256);
        _inRange("rootBlockSecs", given.rootBlockSecs, 1, MAX_ROOT_BLOCK_SECS);
        uint256 reveals = 2 * uint256(given.revealBlocks) * given.rootBlockSecs;
        _inRange("unbondingSecs", given.unbondingSecs, given.evidenceSecs + reveals, limit);
        _inRange("graceSecs", given.graceSecs, 1, limit);
        _inRange("epochMaxSecs", given.epochMaxSecs, 1, limit);
        // The last τ may be TAU_AGE_SECS older than its acceptance, and the checkpoint of the longest epoch has as long to come.
        _inRange("exitTimeoutSecs", given.exitTimeoutSecs, given.epochMaxSecs + 2 * TAU_AGE_SECS, limit);
        _inRange("epochMinSecs", given.epochMinSecs, 1, given.epochMaxSecs);
        _inRange("epochBlocks", given.epochBlocks, 16, type(uint16).max);
        _inRange("recordSlots", given.recordSlots, _minSlots(given, reveals), 1 << 16);
        if (given.recordSlots % 2 != 0) revert ParameterOutOfRange("recordSlots", given.recordSlots);
    }

    /// @dev The ring holds what every window needs at the shortest epochs, and each half of it an unbonding.
    function _minSlots(Parameters memory given, uint256 reveals) private pure returns (uint256) {
        uint256 held = given.evidenceSecs > given.unbondingSecs ? given.evidenceSecs : given.unbondingSecs;
        uint256 silence = uint256(given.exitTimeoutSecs) + given.graceSecs;
        uint256 most = SILENCE_LIMIT * given.unbondingSecs;
        held += (silence < most ? silence : most) + reveals;
        uint256 whole = _epochs(held, given.epochMinSecs);
        uint256 halves = 2 * _epochs(given.unbondingSecs, given.epochMinSecs);
        return whole > halves ? whole : halves;
    }

    function _epochs(uint256 secs, uint256 shortest) private pure returns (uint256) {
        return (secs + shortest - 1) / shortest + 4;
    }

    function _inRange(string memory name, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert ParameterOutOfRange(name, value);
    }
}
