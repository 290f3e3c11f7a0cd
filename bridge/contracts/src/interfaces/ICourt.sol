// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "./IRootChain.sol";

/// @title The court: who says two things with one key is cut, by a proof that anyone may bring (PROTOCOL, section 12)
/// @notice An offence is (operator, epoch): whoever signed two votes of one height, round and type, or two checkpoints of one epoch, has
/// committed one of the epoch whose set the key was in, whatever else it signed in that epoch.
///
/// ```text
/// commit ──2 to R blocks──▶ reveal ─────────────▶ (contest, R blocks) ──▶ collect      the reporter's reward, from the culprit's bond
///                             │ freeze message                             count     its share is in the sums
///                             └────────────close(e+1), then R blocks───────────▶ settle    settlement message: the cut
/// ```
/// - The first valid reveal settles the facts. The reward goes R blocks later to the earliest commitment that was revealed by then, so
///   copying a proof gains nothing.
/// - Commitments for epoch e close E after root accepted checkpoint e+1, and reveals R blocks later. An offence of e settles when those
///   of e+1 are closed: all that its cut depends on is known then, so the order in which offences are reported or settled changes nothing.
/// - This contract holds no money and has no owner. Bonds are in the Registry, stakes on the child.
interface ICourt {
    /// @notice Fixed at genesis, part of what the operators agree on.
    /// @param minCut the least that an offence cuts, in parts of 10^9: 1 to 10^9.
    /// @param reward what one offence costs the culprit's bond, in wei, beside the gas of the proof: half for the reporter, half burned.
    /// 1 to a third of the Registry's bond.
    struct Parameters {
        uint64 minCut;
        uint128 reward;
    }

    /// @notice What a vote is for. All zero: nil.
    /// @param total how many parts the block has; at least 1 unless nil.
    struct BlockId {
        bytes32 hash;
        uint32 total;
        bytes32 partsHash;
    }

    /// @notice One of the two votes: what differs between them, and its Ed25519 signature.
    /// @param secs unix time; negative before 1970, which CometBFT accepts.
    /// @param nanos below 10^9.
    /// @param xR x-coordinate of the signature's point R: a hint that spares a square root, checked by the verifier.
    struct Vote {
        BlockId id;
        int64 secs;
        uint32 nanos;
        bytes32 r;
        bytes32 s;
        uint256 xR;
    }

    /// @notice Two votes of one key for different blocks (or one of them for nil).
    /// @param kind 1 prevote, 2 precommit, as CometBFT numbers them.
    struct DoubleVote {
        uint8 kind;
        uint64 height;
        uint32 round;
        Vote first;
        Vote second;
    }

    /// @notice Two checkpoints of one epoch, each with one key's share: 192 bytes.
    struct DoubleCheckpoint {
        IRootChain.Checkpoint first;
        IRootChain.Checkpoint second;
        bytes firstShare;
        bytes secondShare;
    }

    /// @notice Who signed a checkpoint, as in a submission: bits by number of the member, the absent ones shown, the signers' sum of signatures.
    struct Certificate {
        bytes32[2] signers;
        IRootChain.SetMember[] absent;
        bytes32[] absentSiblings;
        bytes signature;
    }

    /// @notice Two certified checkpoints of one epoch.
    /// @param firstCertificate of no length where `first` is the checkpoint that root accepted, which keeps its signers.
    struct DoubleCertificate {
        IRootChain.Checkpoint first;
        IRootChain.Checkpoint second;
        Certificate firstCertificate;
        Certificate secondCertificate;
    }

    /// @notice Who signed two certified checkpoints, and was not in an overlap of that epoch before. All zero if there is none.
    /// @param epoch of the offences.
    /// @param madeAt block of the leading commitment.
    /// @param count, totalPower, membersRoot of the set.
    /// @param leader the commitment that is rewarded for each of them.
    /// @param signers who they are.
    /// @param pending who is not frozen yet: bit (n mod 8) of byte n / 8 for member n, bytes from the left; in words of 32 bytes.
    struct Overlap {
        uint64 epoch;
        uint40 revealedAt;
        uint40 madeAt;
        uint16 count;
        uint64 totalPower;
        bytes32 leader;
        bytes32 membersRoot;
        uint256[2] signers;
        uint256[2] pending;
    }

    /// @notice An accepted checkpoint, as RootChain's kept word hashes it.
    struct Kept {
        bytes32 digest;
        bytes32 nextSet;
        IRootChain.Acceptance acceptance;
    }

    /// @notice Who is accused: a member of the set of the offence's epoch e.
    /// @param source the checkpoint e − 2, which commits to the set of e; all zero for epochs 0 and 1, whose sets are RootChain's own.
    /// @param closing the checkpoint e + 1, whose acceptance begins the end of the time for reports; all zero while root has not
    /// accepted it.
    /// @param xKey x-coordinate of the consensus key's point: a hint, checked by the verifier. Not read for checkpoints.
    struct Accused {
        IRootChain.Set set;
        IRootChain.SetMember member;
        bytes32[] siblings;
        Kept source;
        Kept closing;
        uint256 xKey;
    }

    /// @notice Whose report it is.
    /// @param beneficiary whom reward and gas are paid to.
    /// @param salt of the commitment.
    /// @param leader zero for the first report of the offence; else the commitment that leads so far, and that this one is older than. Of two
    /// certificates: the number of the last overlap of that epoch, or zero if there is none: so that a commitment is not spent on another state than its owner saw.
    struct Claim {
        address beneficiary;
        bytes32 salt;
        bytes32 leader;
    }

    /// @notice What is known of an offence. `registration` is 0 if none was revealed.
    /// @param share of the set's power, in parts of 10^9, rounded up.
    /// @param revealedAt block of the first reveal; 0 where two certificates showed it.
    /// @param leader the first 13 bytes of the commitment that is rewarded; 0 when it is paid. Where two certificates showed it, the number of
    /// their overlap, with the highest bit set when it is paid.
    /// @param counted whether its share is in the sums that cuts are computed from.
    struct Offence {
        uint64 registration;
        uint32 share;
        uint40 revealedAt;
        bytes13 leader;
        bool counted;
        bool settled;
    }

    /// @notice What is known of a commitment, in one slot. All zero if it was never made, or was collected.
    /// @param madeAt block in which it was made.
    /// @param beneficiary zero until it is revealed.
    /// @param timeOrGas until it is revealed when it was made, in seconds; then what its reveal cost, in gwei, if that was the first of its
    /// offence, else 0.
    struct Commitment {
        uint40 madeAt;
        address beneficiary;
        uint48 timeOrGas;
    }

    event Committed(bytes32 indexed commitment);
    /// @notice The first report of an offence. Its freeze is sent to the child in the same transaction.
    event Revealed(
        address indexed operator, uint64 indexed epoch, uint64 registration, uint32 share, bytes32 commitment, address beneficiary
    );
    /// @notice An older commitment was revealed within R blocks: the reward is its own.
    event Overtaken(address indexed operator, uint64 indexed epoch, bytes32 commitment, address beneficiary);
    event Collected(
        address indexed operator, uint64 indexed epoch, bytes32 commitment, address beneficiary, uint256 paid, uint256 burned
    );
    /// @notice Two certificates were shown: the epoch is frozen on the child until those who signed both are.
    /// @param signers those of them who were in no overlap before, as bits.
    event Overlapped(
        uint64 indexed epoch, uint64 indexed number, uint256[2] signers, bytes32 commitment, address beneficiary
    );
    /// @notice An older commitment to two certificates was revealed within R blocks: the rewards are its own.
    event OverlapOvertaken(uint64 indexed epoch, uint64 indexed number, bytes32 commitment, address beneficiary);
    /// @notice A member who signed both is frozen on the child.
    event Convicted(
        address indexed operator, uint64 indexed epoch, uint64 registration, uint32 share, uint64 indexed overlap
    );
    /// @notice The cut is sent to the child: `fraction` of 10^9.
    event Settled(address indexed operator, uint64 indexed epoch, uint64 registration, uint64 fraction);

    /// @notice A parameter is out of its range.
    error ParameterOutOfRange(string name, uint256 value);
    /// @notice The commitment stands and is not over yet: it can be made again after this block.
    error CommitmentStands(uint256 until);
    /// @notice This commitment was revealed and waits to be collected.
    error CommitmentRevealed();
    /// @notice Nobody made this commitment, or it was collected.
    error UnknownCommitment(bytes32 commitment);
    /// @notice The commitment can be revealed from block `first` to block `last`.
    error RevealOutOfTime(uint256 first, uint256 last, uint256 number);
    /// @notice Nobody can be paid at address zero.
    error BeneficiaryZero();
    /// @notice The commitment was made, or is revealed, after the time for reports of that epoch.
    error ReportsClosed(uint64 epoch, uint256 closedAt, uint256 time);
    /// @notice That checkpoint is no longer kept: its epoch is closed for long.
    error CheckpointNotKept(uint64 epoch);
    /// @notice Root has not accepted that checkpoint yet, so this must wait.
    error CheckpointNotAccepted(uint64 epoch);
    /// @notice The given fields do not hash to the kept word of that checkpoint.
    error KeptMismatch(uint64 epoch, bytes32 kept, bytes32 computed);
    /// @notice The given set is not the one that root committed to for that epoch.
    error SetMismatch(uint64 epoch, bytes32 expected, bytes32 computed);
    /// @notice The accused is not in the set.
    error MemberNotInSet(uint16 number);
    /// @notice The set copies the one before: nobody in it had stake at risk, so nothing can be cut.
    error NothingAtRisk(uint64 epoch, uint16 number);
    /// @notice The Registry knows this registration with other keys, or not at all: a forged set could name anybody.
    error KeysMismatch(address operator, uint64 registration);
    /// @notice A vote is a prevote (1) or a precommit (2).
    error KindOfVote(uint8 kind);
    /// @notice Heights begin at 1, and rounds and heights stay below 2^31 and 2^63.
    error VoteOutOfRange(uint64 height, uint32 round);
    /// @notice A block id has at least one part, or is all zero.
    error BlockIdIncomplete();
    /// @notice Both votes are for the same block: signing it again, at another time, is allowed.
    error SameBlock();
    /// @notice Both checkpoints are the same.
    error SameCheckpoint(bytes32 digest);
    /// @notice The checkpoints are of different epochs, and whoever signs both has done its duty.
    error DifferentEpochs(uint64 first, uint64 second);
    /// @notice The first (1) or the second (2) signature is not the accused's, or a hint is wrong.
    error BadSignature(uint256 which);
    /// @notice The first (1) or the second (2) certificate has no more than two thirds of the power.
    error TooLittlePower(uint256 which, uint256 power, uint256 total);
    /// @notice The first certificate is left out, and root accepted another checkpoint of that epoch.
    error NotTheAccepted(bytes32 given, bytes32 accepted);
    /// @notice All who signed these two are known to have signed two certified checkpoints of this epoch.
    error OverlapKnown(uint64 epoch);
    /// @notice Two certificates show this member already: it is frozen as one of their overlap, and rewarded so.
    error InOverlap(uint64 epoch, uint16 number);
    /// @notice The set was not shown whole by `showSet`.
    error SetNotShown(bytes32 commitment);
    /// @notice Members are shown in the order of their numbers, none is left out, and at least one of them was not shown yet.
    error NotNextMember(uint16 next, uint16 number);
    /// @notice The set's aggregate key is not the sum of its members' keys.
    error AggregateMismatch();
    /// @notice There is no overlap of that number.
    error UnknownOverlap(uint64 number);
    /// @notice Of these members, of whom this is the first one, each did not sign both or is frozen already.
    error NotPending(uint16 number);
    /// @notice The offence is known already, and no older commitment than the leading one was shown in time.
    error AlreadyRevealed(address operator, uint64 epoch);
    /// @notice `leader` is not the commitment that leads for this offence.
    error NotLeader(bytes32 leader);
    /// @notice No such offence was revealed.
    error UnknownOffence(address operator, uint64 epoch);
    /// @notice Older commitments can be revealed until this block; collect after it.
    error ContestOpen(uint256 until, uint256 number);
    error AlreadyCounted(address operator, uint64 epoch);
    error AlreadySettled(address operator, uint64 epoch);
    /// @notice As many offences of this epoch and its neighbours were revealed and not counted: anyone may count them, in the same transaction too.
    error OffencesUncounted(uint256 number);
    /// @notice Reports that the cut depends on are open until this time.
    error ReportsOpen(uint256 closedAt, uint256 time);

    /// @notice The first step of a report: keeps that this hash was known in this block. Anyone may call it for anyone.
    /// @param commitment `commitmentOf(evidence, beneficiary, salt)`.
    function commit(bytes32 commitment) external;

    /// @notice Two votes of one key: 2 to R blocks after the commitment.
    function revealVotes(DoubleVote calldata evidence, Accused calldata accused, Claim calldata claim) external;

    /// @notice Two shares of one key over two checkpoints of epoch c. The offence is of epoch c + 1, whose set signs checkpoint c.
    function revealCheckpoints(DoubleCheckpoint calldata evidence, Accused calldata accused, Claim calldata claim) external;

    /// @notice Shows members of a set, in their order, by anyone and in as many calls as it takes: each has keys that the Registry knows, and with the last one
    /// their sum is the set's aggregate key. Certificates are judged by sets that were shown whole: two thirds that made a set up could name anybody in it,
    /// and leave leaves in it that nobody can open.
    /// @param members those that were shown already are passed over.
    /// @param siblings of these members in the tree of the set.
    /// @return shown how many members are shown now.
    function showSet(IRootChain.Set calldata set, IRootChain.SetMember[] calldata members, bytes32[] calldata siblings)
        external
        returns (uint16 shown);

    /// @notice Two certificates over checkpoints of epoch c: more than a third of the power signed both. Freezes epoch c + 1 on the child until
    /// each of them is frozen, which `freeze` does.
    /// @param accused any one of them: of a set that is a copy nobody can be.
    /// @param accepted what root kept of checkpoint c, where the first certificate is left out; else all zero.
    function revealCertificates(
        DoubleCertificate calldata evidence,
        Accused calldata accused,
        Kept calldata accepted,
        Claim calldata claim
    ) external;

    /// @notice Freezes members of an overlap. Anyone may call it, for as many at once as a transaction has gas for. For a member whose operator is frozen
    /// for that epoch already, or whose seat is marked, nothing is sent, and who is not pending is passed over. With the last of them the epoch is released.
    /// @param members in ascending order of their numbers.
    /// @param siblings of all of them in the tree of the set.
    function freeze(uint64 overlap_, IRootChain.SetMember[] calldata members, bytes32[] calldata siblings) external;

    /// @notice Adds the share of a revealed offence to the sums that cuts are computed from. By anyone, at any time; `collect` does it too.
    function count(address operator, uint64 epoch) external;

    /// @notice Pays a revealed commitment from the culprit's bond, as far as the bond reaches: the gas of the first reveal, and half of
    /// the reward to the one that leads when R blocks have passed since the first reveal. The other half is burned.
    function collect(address operator, uint64 epoch, bytes32 commitment) external;

    /// @notice Sends the cut of an offence to the child: min(1, max(minCut, 9·s²)), where s is the sum of the shares of all operators
    /// with offences in the epochs e − 1, e and e + 1, each counted once with its largest; 1 where two certificates were shown for one of them. By anyone, once reports of e + 1 are closed and every offence is counted.
    /// @param closing the checkpoint e + 2; all zero if it is no longer kept.
    function settle(address operator, uint64 epoch, Kept calldata closing) external;

    /// @notice keccak of `PRPT` ‖ root chain id u256 ‖ this contract ‖ evidence ‖ beneficiary ‖ salt.
    /// @param evidence keccak of the ABI-encoded DoubleVote, DoubleCheckpoint or DoubleCertificate. It holds signatures, so nobody knows it before the
    /// offence.
    function commitmentOf(bytes32 evidence, address beneficiary, bytes32 salt) external view returns (bytes32);

    function commitment(bytes32 commitment_) external view returns (Commitment memory);
    function offence(address operator, uint64 epoch) external view returns (Offence memory);

    /// @notice How many members of a set were shown, and whether it was shown whole.
    function shown(bytes32 setCommitment) external view returns (uint16 count, bool sound);

    /// @notice The last overlap of an epoch, or 0.
    function lastOverlap(uint64 epoch) external view returns (uint64 number);

    /// @notice Overlaps are numbered from 1.
    function overlap(uint64 number) external view returns (Overlap memory);
    function overlaps() external view returns (uint64 number);

    /// @notice The cut of epoch `epoch` as it would be settled with what was counted until now, in parts of 10^9.
    function fraction(uint64 epoch) external view returns (uint64);

    /// @notice How many offences of an epoch and of both its neighbours were revealed and not counted yet. None of the epoch settles before it is 0; those of
    /// other epochs are nothing to it, so that whoever reveals one after the other keeps no settlement waiting.
    function uncounted(uint64 epoch) external view returns (uint256);

    /// @notice What a vote's signature is over: CometBFT's sign bytes of a canonical vote.
    function signBytes(DoubleVote calldata evidence, Vote calldata vote) external view returns (bytes memory);

    function parameters() external view returns (Parameters memory);
    function registry() external view returns (address);
    function inbox() external view returns (address);
    function rootChain() external view returns (IRootChain);
}
