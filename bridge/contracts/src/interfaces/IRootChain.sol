// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "./IInbox.sol";
import {IRegistry} from "./IRegistry.sol";

/// @title The root chain's record of the child chain: one checkpoint an epoch
/// @notice Accepts checkpoint e when it follows e−1, more than 2/3 of the power of set e+1 signed it, and its times and inbox agree
/// with what this chain sees itself. Keeps one word of it in a ring of reused slots; the content is in the event.
///
/// ```text
/// accepted ──(challengeSecs pass, every message due at its τ is consumed by a later accepted checkpoint, and no challenge holds it)──▶ ripe ──(finalize)──▶ final
/// ```
/// Final is a number that only grows: whoever makes a ripe checkpoint final makes all before it final, which were accepted earlier and
/// skipped no more. A claim does it on its way.
///
/// **Ways out.** When no checkpoint came for T, or a due message stays unconsumed for T, anyone closes the deployment (`beginExit`,
/// `overdue`): deposits and forced transactions end at once, checkpoints are taken for a grace more. Then, for ever, no checkpoint is
/// accepted, and the last one that was, once final, is the base on which everybody leaves (`IExits`).
///
/// **Fraud.** A checkpoint that is not final is void where `IFraudCourt` shows that it breaks a rule, or where nobody answers a challenge of its
/// data (`IDataChallenges`), and so is every one behind it. Exit mode begins at once, unless the deployment was closing; the last one that
/// stands, once final, is the base.
interface IRootChain {
    /// @notice Fixed at genesis, part of what the operators agree on. Durations are seconds of this chain's clock.
    /// @param setCommitment of sets 0 and 1, computed by each operator before it agrees and again by the constructor from the keys
    /// that are registered then: a key exchanged after the others agreed stops the creation.
    /// @param unit wei of stake per power, at least 2^53: no stakes in escrow then have more power than 2^59.
    /// @param challengeSecs W: a checkpoint can be final after this.
    /// @param evidenceSecs E ≥ W + D, D the inbox delay.
    /// @param unbondingSecs U ≥ E + 2 × revealBlocks × rootBlockSecs.
    /// @param exitTimeoutSecs T ≥ epochMaxSecs + 30 minutes.
    /// @param rootBlockSecs the slowest time between two blocks of this chain, at most a minute: τ of a submission is 15 minutes old at most.
    /// @param epochMaxSecs the longest epoch.
    /// @param epochMinSecs the shortest epoch that the child can make, at most the longest.
    /// @param revealBlocks R, 2 to 256.
    /// @param epochBlocks K, 16 to 65,535.
    /// @param recordSlots size of the ring of records: even, 8 to 65,536. When a half of it is full, the next checkpoint waits until
    /// U after the third acceptance of the other half; so it is at least 2 × (U / epochMinSecs + 4), and at least
    /// (max(E, U) + min(T + grace, 10 × U) + 2 × revealBlocks × rootBlockSecs) / epochMinSecs + 4, divisions rounded up.
    struct Parameters {
        bytes32 setCommitment;
        uint128 unit;
        uint64 challengeSecs;
        uint64 evidenceSecs;
        uint64 unbondingSecs;
        uint64 exitTimeoutSecs;
        uint64 graceSecs;
        uint64 rootBlockSecs;
        uint64 epochMaxSecs;
        uint64 epochMinSecs;
        uint32 revealBlocks;
        uint32 epochBlocks;
        uint32 recordSlots;
    }

    /// @notice The content of a checkpoint (PROTOCOL, section 7), but for the deployment id, which is this contract's.
    /// @param lastBlockTime seconds.
    /// @param nextSet commitment of set epoch + 2.
    /// @param relayer whom the child pays for carrying it, if it is in time.
    /// @param previous digest of the checkpoint before; of epoch 0 the deployment id and 12 zero bytes.
    struct Checkpoint {
        uint64 epoch;
        uint64 lastBlockTime;
        bytes32 blocksRoot;
        bytes32 stateRoot;
        uint64 inboxCursor;
        bytes32 inboxLink;
        bytes32 nextSet;
        address relayer;
        bytes32 previous;
    }

    /// @notice What this chain adds to a checkpoint when it accepts it. Kept with the digest as one hash.
    /// @param signers the certificate's bitmap by member number: bit b is bit (b mod 8) of byte b / 8.
    /// @param time of acceptance, seconds.
    /// @param dueCount number of inbox messages due at the submission's τ.
    struct Acceptance {
        bytes32[2] signers;
        uint64 time;
        uint64 blockNumber;
        uint64 dueCount;
    }

    /// @notice A validator set, as its commitment hashes it.
    /// @param aggregateKey 96 bytes, the sum of the members' checkpoint keys.
    struct Set {
        bytes32 membersRoot;
        uint16 count;
        bytes aggregateKey;
        uint64 totalPower;
    }

    /// @notice A member of a set.
    /// @param number its place in the list of members, not its seat.
    /// @param seat its highest bit is set where no stake stands behind the power, as in a set that copies the one before.
    struct SetMember {
        uint16 number;
        uint16 seat;
        address operator;
        uint64 registration;
        bytes32 consensusKey;
        bytes checkpointKey;
        uint64 power;
    }

    /// @notice All that it takes to accept a checkpoint.
    /// @param previous the acceptance of the checkpoint before (all zero for epoch 0).
    /// @param signers bitmap of the certificate.
    /// @param signature 192 bytes, the sum of the shares.
    /// @param set the set epoch + 1.
    /// @param absent members without a bit, strictly ascending by number.
    /// @param absentSiblings multiproof of their leaves in the tree of members.
    /// @param tau a time at most 15 minutes ago and not before the last accepted one's, at which due messages are counted; seconds.
    /// @param dueCount how many were due at tau.
    /// @param inbox shows the checkpoint's (cursor, link) and the due count.
    struct Submission {
        Checkpoint checkpoint;
        Acceptance previous;
        bytes32[2] signers;
        bytes signature;
        Set set;
        SetMember[] absent;
        bytes32[] absentSiblings;
        uint64 tau;
        uint64 dueCount;
        IInbox.Witness inbox;
    }

    /// @notice What stands in storage beside the ring.
    /// @param accepted number of accepted checkpoints, which is the epoch of the next.
    /// @param tau, lastBlockTime, inboxCursor of the last accepted one.
    /// @param freeAt when the half of the ring after the one being filled may be overwritten; 0 while it was never filled.
    /// @param finalized number of final checkpoints: those of lower epochs are final.
    /// @param exitAt from when on no checkpoint is accepted, seconds; 0 while the deployment is not closing.
    /// @param standing number of accepted checkpoints that stand: all, or those before the lowest one that is void.
    struct Head {
        uint64 accepted;
        uint64 tau;
        uint64 lastBlockTime;
        uint64 inboxCursor;
        uint64 freeAt;
        uint64 finalized;
        uint64 exitAt;
        uint64 standing;
    }

    /// @notice Everything that `finalize`, a claim and the next submission need.
    /// @param carrier who submitted it.
    event CheckpointAccepted(
        uint64 indexed epoch,
        bytes32 indexed digest,
        address indexed carrier,
        Checkpoint checkpoint,
        Acceptance acceptance,
        uint64 tau
    );

    /// @notice All checkpoints of epochs below `count` are final, for ever.
    event Finalized(uint64 count);
    /// @notice The checkpoint of this epoch and all behind it are void, for ever.
    event Voided(uint64 epoch);
    /// @notice The deployment is closing: nothing enters it any more, and from `exitAt` on no checkpoint is accepted.
    /// @param message index of the due message that was not consumed; 0 where no checkpoint came, or one is void.
    event ExitBegun(uint64 exitAt, uint64 message);

    /// @notice Checkpoints come without a gap.
    error NotNext(uint64 next, uint64 epoch);
    /// @notice Checkpoint 0 names the deployment as its previous.
    error PreviousMismatch(bytes32 expected, bytes32 given);
    /// @notice The given set is not the one that signs checkpoint 0.
    error SetMismatch(bytes32 expected, bytes32 given);
    /// @notice The given fields do not hash to the kept word of that epoch: the previous digest, the set or the acceptance is wrong.
    error RecordMismatch(uint64 epoch, bytes32 kept, bytes32 computed);
    /// @notice The slot to write still holds a record that may be needed; try again at this time.
    error RingFull(uint64 freeAt, uint256 time);
    /// @notice A checkpoint's time is below the previous one's.
    error TimeBackwards(uint64 previous, uint64 given);
    /// @notice A checkpoint's time is more than 15 minutes ahead.
    error TimeAhead(uint256 latest, uint64 given);
    /// @notice tau must lie in this range.
    error TauOutOfRange(uint256 earliest, uint256 latest, uint64 given);
    /// @notice The child un-consumed messages.
    error CursorBackwards(uint64 previous, uint64 given);
    /// @notice The certificate holds too little power; more than 2/3 of `total` is needed.
    error TooLittlePower(uint256 signed, uint256 total);
    /// @notice The aggregate signature is not the signers' over the digest.
    error BadSignature(bytes32 digest);
    error NotAccepted(uint64 epoch, uint64 accepted);
    error NotInRing(uint64 epoch, uint64 oldest);
    /// @notice It can be final from this time on.
    error WindowOpen(uint64 finalAt, uint256 time);
    /// @notice A message that was due was skipped and not consumed since.
    error MessageSkipped(uint64 dueCount, uint64 inboxCursor);
    /// @notice No checkpoint is accepted from `exitAt` on.
    error ExitMode(uint64 exitAt);
    /// @notice The deployment is closing already.
    error AlreadyClosing(uint64 exitAt);
    /// @notice Exit mode can begin from this time on.
    error NotOverdue(uint256 from, uint256 time);
    /// @notice Not the message that the child has to consume next.
    error NotNextMessage(uint64 next, uint64 given);
    /// @notice Exit mode has not begun; `exitAt` is 0 while nothing closes.
    error NoExitMode(uint64 exitAt, uint256 time);
    /// @notice The last checkpoint that stands is not final yet.
    error BaseNotFinal(uint64 standing, uint64 finalized);
    /// @notice The checkpoint, or one before it, was shown to break a rule: all from `standing` on are void, and none is accepted.
    error Void(uint64 epoch, uint64 standing);
    /// @notice A final checkpoint is never void.
    error AlreadyFinal(uint64 epoch, uint64 finalized);
    /// @notice Only the deployment's FraudCourt makes a checkpoint void, by a proof, and its DataChallenges, by what nobody shows.
    error VoidNotAllowed(address caller);
    /// @notice A challenge of this epoch's data is open, or its answer came too late for this to be final yet (`IDataChallenges`).
    error Held(uint64 epoch);
    error ParameterOutOfRange(string name, uint256 value);
    /// @notice A root or commitment is zero.
    error ZeroRoot(string name);
    /// @notice The operators agreed on another set than the one registered.
    error SetCommitmentMismatch(bytes32 agreed, bytes32 computed);
    /// @notice A genesis operator's stake is below one unit of power.
    error StakeBelowUnit(address operator, uint256 stake, uint128 unit);
    /// @notice The total is at most 2^59.
    error PowerTooHigh(uint256 total);

    /// @notice Accepts the next checkpoint. Anyone may carry it.
    function submit(Submission calldata submission) external;

    /// @notice Whether `finalize` would succeed: this content was accepted, is still in the ring, and is final or ripe.
    function isFinal(Checkpoint calldata checkpoint, Acceptance calldata acceptance) external view returns (bool);

    /// @notice Makes this checkpoint and all before it final, if they are not yet; reverts with the reason where that cannot be. By anyone.
    /// @dev Once exit mode has begun, messages that it skipped do not keep a checkpoint from being final: whoever should consume them may
    /// never come, and what they carried is refunded.
    function finalize(Checkpoint calldata checkpoint, Acceptance calldata acceptance) external;

    /// @notice Closes the deployment when no checkpoint came for T since the last one's τ, or since the ring had room for one. By anyone. The
    /// first submission that comes later than that does the same, and is still taken in the grace.
    function beginExit() external;

    /// @notice Closes the deployment when the message that the child has to consume next was due T ago, and the ring had room for a checkpoint
    /// then. By anyone.
    /// @param message its bytes.
    /// @param before the link of the message before it.
    /// @param behind hashes of the messages behind it, up to a link that the Inbox keeps.
    function overdue(bytes calldata message, bytes32 before, bytes32[] calldata behind) external;

    /// @notice Makes the checkpoint of this epoch and all behind it void. Called by the FraudCourt, which has the proof, and by DataChallenges.
    /// @dev Of a ripe checkpoint too, as long as nobody made it final: nothing was paid by it. Not where the one before has left the ring, W
    /// and more after its acceptance: nobody could leave by it.
    function void(uint64 epoch) external;

    /// @notice Which epochs can be made void: from `from` on, those below `until`. None where `from` is not below it.
    function voidable() external view returns (uint64 from, uint64 until);

    /// @notice How many checkpoints stand when exit mode has begun and the last that stands is final: the base is checkpoint `count` − 1, or
    /// genesis where `count` is 0. From then on it never changes.
    function base() external view returns (uint64 count);

    /// @notice The digest that the validators sign.
    function digest(Checkpoint calldata checkpoint) external view returns (bytes32);

    /// @notice The kept word of an epoch; reverts if it is not in the ring.
    function record(uint64 epoch) external view returns (bytes32);

    function head() external view returns (Head memory);

    /// @notice 20 bytes that every signature of this deployment binds (PROTOCOL, section 1).
    function deployment() external view returns (bytes20);
    function genesisStateRoot() external view returns (bytes32);
    /// @notice Timestamp of the block that created this contract: the child's genesis time, in seconds.
    function genesisTime() external view returns (uint64);
    function genesisBlock() external view returns (uint64);
    /// @notice Hash of the block before that, as hashed into the deployment id.
    function parentBlockHash() external view returns (bytes32);
    /// @notice Commitments of sets 0 and 1.
    function genesisSets() external view returns (bytes32 set0, bytes32 set1);
    function parameters() external view returns (Parameters memory);
    function inboxDelaySecs() external view returns (uint64);
    function registry() external view returns (IRegistry);
    function inbox() external view returns (IInbox);
    function vault() external view returns (address);
}
