// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {StateTree} from "../libraries/StateTree.sol";
import {IRootChain} from "./IRootChain.sol";

/// @title Who shows that a checkpoint breaks a rule makes it void
/// @notice A proof is about one accepted checkpoint that is not final, the first unsound one: everything before it follows from genesis by
/// the rules. It opens what the checkpoint commits to, and the first valid one is enough, from anybody, at any time until finality: the
/// checkpoint and all behind it are void (`IRootChain.void`).
///
/// ```text
/// digest (record of RootChain) ─ blocks root ─ block commitment ─ segments root ─ segment record ─ its bytes ─ transaction
///                              └ state root ─ leaf
/// ```
/// Judged are the link rules L1 to L15 (PROTOCOL, section 12), which is what no segment shows by itself, the signatures of users' transactions, and what
/// segments do (`ISegmentJudge`). Whatever is not shown, not the rule's, or cannot be decided reverts, and never makes anything void.
interface IFraudCourt {
    /// @notice The checkpoint that is said to be unsound, as root accepted it.
    struct Accused {
        IRootChain.Checkpoint checkpoint;
        IRootChain.Acceptance acceptance;
    }

    /// @notice A block commitment with its place in the epoch.
    /// @param number j, 0 to K − 1.
    /// @param siblings its path to the checkpoint's blocks root, from its own level upwards.
    struct Block {
        uint32 number;
        uint32 rules;
        uint64 height;
        uint64 time;
        bytes32 blockHash;
        bytes32 witnessHash;
        bytes32 stateBefore;
        bytes32 stateAfter;
        bytes32 segmentsRoot;
        bytes32[] siblings;
    }

    /// @notice What a block's segments root hashes.
    struct Segments {
        uint32 count;
        uint32 transactions;
        bytes32 listRoot;
    }

    /// @notice A segment record with its place in the block; its bytes' hash is opened as far as their length.
    /// @param length of its bytes.
    /// @param chunksRoot list root over their chunks.
    /// @param siblings its path to the list root of the block's segments.
    struct Segment {
        uint32 number;
        uint8 kind;
        uint32 first;
        uint32 count;
        uint32 length;
        bytes32 chunksRoot;
        bytes32 stateBefore;
        bytes32 stateAfter;
        bytes32[] siblings;
    }

    /// @notice A user's transaction in a segment's bytes, with what shows the verdict over its signature.
    /// @param segment the segment's bytes, all of them.
    /// @param place number of the transaction in the segment, from 0.
    /// @param ofKey, ofR hints of `IEd25519Verifier.decide`; where that is not asked (secp256k1, and a key of another account), 0.
    struct Signed {
        bytes segment;
        uint32 place;
        uint256 ofKey;
        uint256 ofR;
    }

    /// @notice A segment's bytes with what executes them again.
    /// @param segment the segment's bytes, all of them.
    /// @param witness the leaves that it touches, as they stand before it.
    /// @param hints as `ISegmentJudge.judge` takes them.
    struct Executed {
        bytes segment;
        bytes witness;
        uint256[] hints;
    }

    /// @notice A checkpoint is void, because it breaks link rule L`rule`.
    event BadLink(uint64 indexed epoch, uint8 rule, address indexed prover);

    /// @notice A checkpoint is void, because a user's transaction in it does not verify (code 3) or is signed by another account (code 4).
    event BadSignature(uint64 indexed epoch, uint8 code, address indexed prover);

    /// @notice A checkpoint is void, because a segment in it is not what its record says; why, says the verdict (PROTOCOL, section 12).
    event BadSegment(uint64 indexed epoch, uint16 verdict, address indexed prover);

    /// @notice The given fields are not those of the accepted checkpoint.
    error NotTheAccepted(uint64 epoch, bytes32 kept, bytes32 computed);
    /// @notice The given checkpoint is not the one that the accused names as the one before it.
    error NotThePrevious(bytes32 previous, bytes32 given);
    /// @notice The block is not at this place of the epoch.
    error NotInEpoch(uint64 epoch, uint32 number);
    /// @notice These are not the counts and the list root of the block's segments.
    error NotTheSegments(bytes32 segmentsRoot, bytes32 given);
    /// @notice The segment is not at this place of the block.
    error NotInBlock(uint32 number, uint32 count);
    /// @notice The leaf does not stand in that state.
    error NotInState(bytes32 stateRoot);
    /// @notice The leaf has another key than the one that the rule is about.
    error WrongLeaf(bytes32 expected, bytes32 given);
    /// @notice The value is not the leaf's, or not as wide as those of its kind.
    error WrongValue(uint8 kind);
    /// @notice Two blocks, or two segments, that do not follow each other.
    error NotNeighbours(uint32 earlier, uint32 later);
    /// @notice The segment is made of something else than users' transactions.
    error NotUsers(uint8 kind);
    /// @notice A segment has other many bytes, or more than a segment may have.
    error NotTheLength(uint32 length, uint256 given);
    /// @notice These are not the segment's bytes.
    error NotTheBytes(bytes32 chunksRoot, bytes32 given);
    /// @notice There is no transaction in this place that users could sign.
    error NotATransaction();
    /// @notice The transaction in this place is signed by its sender.
    error SignatureHolds(uint32 place);
    /// @notice The segment is what its record says.
    error SegmentHolds();
    /// @notice What is shown says nothing about this rule.
    error NotShown(uint8 rule);
    /// @notice What is shown keeps the rule.
    error NoFraud(uint8 rule);

    /// @notice One block: L1, L2; L3 and L4 of block 1; L4 and L5 of an epoch's last block.
    function proveBlock(Accused calldata accused, uint8 rule, Block calldata shown) external;

    /// @notice Two neighbouring blocks of the epoch: L3, L4.
    function proveBlocks(Accused calldata accused, uint8 rule, Block calldata earlier, Block calldata later) external;

    /// @notice The first block of the epoch behind the last one of the epoch before: L3; L4 against the state root of the checkpoint before.
    function proveAcross(
        Accused calldata accused,
        uint8 rule,
        IRootChain.Checkpoint calldata previous,
        Block calldata last,
        Block calldata first
    ) external;

    /// @notice A block's two counts: L6.
    /// @param parameters value of the parameters' leaf, which no rule changes.
    /// @param proof of that leaf under the genesis state root.
    function proveCounts(
        Accused calldata accused,
        Block calldata shown,
        Segments calldata segments,
        bytes calldata parameters,
        StateTree.Inclusion calldata proof
    ) external;

    /// @notice One segment: L7, L8, L9; L10 of a block's last; L11 of a block's first and last.
    function proveSegment(
        Accused calldata accused,
        uint8 rule,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata segment
    ) external;

    /// @notice Two neighbouring segments of a block: L8, L10, L11.
    function proveSegments(
        Accused calldata accused,
        uint8 rule,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata earlier,
        Segment calldata later
    ) external;

    /// @notice A leaf of the checkpoint's state: L12, L13, L14, L15.
    /// @param value of the leaf.
    /// @param parameters, proof as in `proveCounts`: they say the size of the ring.
    function proveLeaf(
        Accused calldata accused,
        uint8 rule,
        bytes calldata value,
        StateTree.Inclusion calldata leaf,
        bytes calldata parameters,
        StateTree.Inclusion calldata proof
    ) external;

    /// @notice A user's transaction that its sender did not sign.
    function proveSignature(
        Accused calldata accused,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata segment,
        Signed calldata signed
    ) external;

    /// @notice A segment that is not what its record says: executed again, it is refused, or leads to another state.
    function proveExecution(
        Accused calldata accused,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata segment,
        Executed calldata executed
    ) external;

    function rootChain() external view returns (IRootChain);
}
