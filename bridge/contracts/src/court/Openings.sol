// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../interfaces/IFraudCourt.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Checkpoints} from "../libraries/Checkpoints.sol";
import {ListTree} from "../libraries/ListTree.sol";

/// @title What a checkpoint commits to, opened and compared from RootChain's word down to a segment's bytes
/// @dev Every check reverts. A proof of fraud, the answer to a challenge and a sale open the same parts, so all ask here.
library Openings {
    uint256 private constant CHUNK = 1024;
    uint256 private constant MAX_BYTES = 32_768;

    /// @notice That RootChain accepted this checkpoint, and accepted it so.
    function requireAccepted(IRootChain rootChain, IFraudCourt.Accused calldata accused) internal view {
        requireAccepted(rootChain, accused.checkpoint, accused.acceptance);
    }

    /// @notice That RootChain accepted this checkpoint, and accepted it so, by its two parts.
    function requireAccepted(
        IRootChain rootChain,
        IRootChain.Checkpoint calldata checkpoint,
        IRootChain.Acceptance calldata acceptance
    ) internal view {
        uint64 epoch = checkpoint.epoch;
        bytes32 kept = rootChain.record(epoch);
        bytes32 digest = Checkpoints.digest(checkpoint, rootChain.deployment());
        bytes32 computed = Checkpoints.record(digest, checkpoint.nextSet, acceptance);
        if (computed != kept) revert IFraudCourt.NotTheAccepted(epoch, kept, computed);
    }

    /// @notice That the block commitment stands in its place of the epoch.
    function requireBlock(
        IRootChain.Checkpoint calldata checkpoint,
        IFraudCourt.Block calldata shown,
        uint256 epochBlocks
    ) internal pure {
        bytes32 hash = keccak256(
            abi.encodePacked(
                "PBLK",
                shown.rules,
                shown.height,
                shown.time,
                shown.blockHash,
                shown.witnessHash,
                shown.stateBefore,
                shown.stateAfter,
                shown.segmentsRoot
            )
        );
        if (!ListTree.verify(checkpoint.blocksRoot, hash, shown.number, epochBlocks, shown.siblings)) {
            revert IFraudCourt.NotInEpoch(checkpoint.epoch, shown.number);
        }
    }

    /// @notice That these are the counts and the list root of the block's segments.
    function requireSegments(IFraudCourt.Block calldata shown, IFraudCourt.Segments calldata segments) internal pure {
        bytes32 given = keccak256(abi.encodePacked("PSGR", segments.count, segments.transactions, segments.listRoot));
        if (given != shown.segmentsRoot) revert IFraudCourt.NotTheSegments(shown.segmentsRoot, given);
    }

    /// @notice That the segment record stands in its place of the block.
    function requireSegment(IFraudCourt.Segments calldata segments, IFraudCourt.Segment calldata segment)
        internal
        pure
    {
        bytes32 bytesHash = keccak256(abi.encodePacked("PBYT", segment.length, segment.chunksRoot));
        bytes32 hash = keccak256(
            abi.encodePacked(
                "PSEG", segment.kind, segment.first, segment.count, bytesHash, segment.stateBefore, segment.stateAfter
            )
        );
        if (!ListTree.verify(segments.listRoot, hash, segment.number, segments.count, segment.siblings)) {
            revert IFraudCourt.NotInBlock(segment.number, segments.count);
        }
    }

    /// @notice That these are the segment's bytes, all of them.
    /// @dev The chunks are hashed as they are cut, the last one behind it padded with zeros.
    function requireBytes(IFraudCourt.Segment calldata segment, bytes calldata given) internal pure {
        if (given.length != segment.length || given.length > MAX_BYTES) {
            revert IFraudCourt.NotTheLength(segment.length, given.length);
        }
        bytes32[] memory chunks = new bytes32[]((given.length + CHUNK - 1) / CHUNK);
        for (uint256 i; i < chunks.length; ++i) {
            uint256 from = i * CHUNK;
            uint256 left = given.length - from;
            bytes memory padding = new bytes(left < CHUNK ? CHUNK - left : 0);
            bytes calldata chunk = given[from:from + (left < CHUNK ? left : CHUNK)];
            chunks[i] = keccak256(abi.encodePacked("PCHK", chunk, padding));
        }
        bytes32 root = ListTree.root(chunks);
        if (root != segment.chunksRoot) revert IFraudCourt.NotTheBytes(segment.chunksRoot, root);
    }
}
