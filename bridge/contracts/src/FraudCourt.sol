// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LinkJudge} from "./court/LinkJudge.sol";
import {Openings} from "./court/Openings.sol";
import {SegmentJudge} from "./court/SegmentJudge.sol";
import {SignatureJudge} from "./court/SignatureJudge.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "./interfaces/IFraudCourt.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {ISegmentJudge} from "./interfaces/ISegmentJudge.sol";
import {Checkpoints} from "./libraries/Checkpoints.sol";
import {Leaves} from "./libraries/Leaves.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {StateTree} from "./libraries/StateTree.sol";

/// @title Authenticates what a checkpoint commits to, asks the judge, and makes void what breaks a rule
/// @dev Holds no money, keeps nothing and has no key.
contract FraudCourt is IFraudCourt {
    uint8 private constant USERS_KIND = 4;

    IRootChain public immutable rootChain;
    uint256 private immutable EPOCH_BLOCKS;
    bytes32 private immutable GENESIS_ROOT;
    /// @dev The chain id of the deployment, which signatures bind. A root chain that changes its own id makes no signature wrong.
    uint256 private immutable CHAIN_ID;
    IEd25519Verifier private immutable VERIFIER;
    /// @dev A contract of its own, since it would not fit in here.
    ISegmentJudge private immutable JUDGE;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        rootChain = IRootChain(Manifest.rootChain(founding.contracts));
        EPOCH_BLOCKS = founding.genesis.rootChain.epochBlocks;
        GENESIS_ROOT = founding.genesis.stateRoot;
        CHAIN_ID = block.chainid;
        VERIFIER = IRegistry(msg.sender).verifier();
        JUDGE = new SegmentJudge();
    }

    /// @inheritdoc IFraudCourt
    function proveBlock(Accused calldata accused, uint8 rule, Block calldata shown) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        LinkJudge.Genesis memory genesis =
            LinkJudge.Genesis({epochBlocks: EPOCH_BLOCKS, time: rootChain.genesisTime(), stateRoot: GENESIS_ROOT});
        _decide(accused, rule, LinkJudge.block_(rule, accused.checkpoint, shown, genesis));
    }

    /// @inheritdoc IFraudCourt
    function proveBlocks(Accused calldata accused, uint8 rule, Block calldata earlier, Block calldata later) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, earlier, EPOCH_BLOCKS);
        Openings.requireBlock(accused.checkpoint, later, EPOCH_BLOCKS);
        _requireNeighbours(earlier.number, later.number);
        _decide(accused, rule, LinkJudge.blocks(rule, earlier, later));
    }

    /// @inheritdoc IFraudCourt
    function proveAcross(
        Accused calldata accused,
        uint8 rule,
        IRootChain.Checkpoint calldata previous,
        Block calldata last,
        Block calldata first
    ) external {
        Openings.requireAccepted(rootChain, accused);
        bytes32 given = Checkpoints.digest(previous, rootChain.deployment());
        if (given != accused.checkpoint.previous) revert NotThePrevious(accused.checkpoint.previous, given);
        Openings.requireBlock(previous, last, EPOCH_BLOCKS);
        Openings.requireBlock(accused.checkpoint, first, EPOCH_BLOCKS);
        if (last.number != EPOCH_BLOCKS - 1 || first.number != 0) revert NotNeighbours(last.number, first.number);
        _decide(accused, rule, LinkJudge.across(rule, previous, last, first));
    }

    /// @inheritdoc IFraudCourt
    function proveCounts(
        Accused calldata accused,
        Block calldata shown,
        Segments calldata segments,
        bytes calldata parameters,
        StateTree.Inclusion calldata proof
    ) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        _requireParameters(parameters, proof);
        uint256 most = Leaves.maxBlockTransactions(parameters);
        _decide(accused, LinkJudge.COUNTS, LinkJudge.counts(segments, most, Leaves.seats(parameters)));
    }

    /// @inheritdoc IFraudCourt
    function proveSegment(
        Accused calldata accused,
        uint8 rule,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata segment
    ) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        Openings.requireSegment(segments, segment);
        _decide(accused, rule, LinkJudge.segment(rule, shown, segments, segment));
    }

    /// @inheritdoc IFraudCourt
    function proveSegments(
        Accused calldata accused,
        uint8 rule,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata earlier,
        Segment calldata later
    ) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        Openings.requireSegment(segments, earlier);
        Openings.requireSegment(segments, later);
        _requireNeighbours(earlier.number, later.number);
        _decide(accused, rule, LinkJudge.neighbours(rule, earlier, later));
    }

    /// @inheritdoc IFraudCourt
    function proveLeaf(
        Accused calldata accused,
        uint8 rule,
        bytes calldata value,
        StateTree.Inclusion calldata leaf,
        bytes calldata parameters,
        StateTree.Inclusion calldata proof
    ) external {
        Openings.requireAccepted(rootChain, accused);
        _requireParameters(parameters, proof);
        uint256 ring = Leaves.ring(parameters);
        if (ring == 0) revert WrongValue(Leaves.PARAMETERS);
        (uint8 kind, bytes32 key, uint256 width) = LinkJudge.leaf(rule, accused.checkpoint.epoch, ring);
        _requireLeaf(accused.checkpoint.stateRoot, kind, key, width, value, leaf);
        _decide(accused, rule, LinkJudge.value(rule, accused.checkpoint, value));
    }

    /// @inheritdoc IFraudCourt
    function proveSignature(
        Accused calldata accused,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata segment,
        Signed calldata signed
    ) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        Openings.requireSegment(segments, segment);
        if (segment.kind != USERS_KIND) revert NotUsers(segment.kind);
        Openings.requireBytes(segment, signed.segment);
        if (signed.place >= segment.count) revert NotATransaction();
        bytes calldata transaction = SignatureJudge.transactionAt(signed.segment, signed.place);
        uint8 code = SignatureJudge.judge(transaction, _domain(), VERIFIER, signed.ofKey, signed.ofR);
        if (code == 0) revert SignatureHolds(signed.place);
        rootChain.void(accused.checkpoint.epoch);
        emit BadSignature(accused.checkpoint.epoch, code, msg.sender);
    }

    /// @inheritdoc IFraudCourt
    function proveExecution(
        Accused calldata accused,
        Block calldata shown,
        Segments calldata segments,
        Segment calldata segment,
        Executed calldata executed
    ) external {
        Openings.requireAccepted(rootChain, accused);
        Openings.requireBlock(accused.checkpoint, shown, EPOCH_BLOCKS);
        Openings.requireSegments(shown, segments);
        Openings.requireSegment(segments, segment);
        Openings.requireBytes(segment, executed.segment);
        ISegmentJudge.Claim memory claim = ISegmentJudge.Claim({
            kind: segment.kind,
            count: segment.count,
            height: shown.height,
            time: shown.time,
            stateBefore: segment.stateBefore,
            stateAfter: segment.stateAfter,
            domain: _domain(),
            verifier: VERIFIER
        });
        uint16 verdict = JUDGE.judge(claim, executed.segment, executed.witness, executed.hints);
        if (verdict == 0) revert SegmentHolds();
        rootChain.void(accused.checkpoint.epoch);
        emit BadSegment(accused.checkpoint.epoch, verdict, msg.sender);
    }

    function _decide(Accused calldata accused, uint8 rule, bool fraud) private {
        if (!fraud) revert NoFraud(rule);
        uint64 epoch = accused.checkpoint.epoch;
        rootChain.void(epoch);
        emit BadLink(epoch, rule, msg.sender);
    }

    /// @dev Where users' signatures hold.
    function _domain() private view returns (bytes32) {
        return SignatureJudge.domain(CHAIN_ID, address(rootChain), rootChain.deployment());
    }

    function _requireNeighbours(uint32 earlier, uint32 later) private pure {
        if (uint256(earlier) + 1 != later) revert NotNeighbours(earlier, later);
    }

    /// @dev No rule changes the parameters, so the genesis state shows them.
    function _requireParameters(bytes calldata parameters, StateTree.Inclusion calldata proof) private view {
        bytes32 key = Leaves.single(Leaves.PARAMETERS);
        _requireLeaf(GENESIS_ROOT, Leaves.PARAMETERS, key, Leaves.PARAMETERS_WIDTH, parameters, proof);
    }

    function _requireLeaf(
        bytes32 stateRoot,
        uint8 kind,
        bytes32 key,
        uint256 width,
        bytes calldata value,
        StateTree.Inclusion calldata leaf
    ) private pure {
        if (leaf.key != key) revert WrongLeaf(key, leaf.key);
        if (value.length != width || StateTree.valueHash(kind, value) != leaf.valueHash) revert WrongValue(kind);
        if (!StateTree.verifyInclusion(stateRoot, leaf)) revert NotInState(stateRoot);
    }
}
