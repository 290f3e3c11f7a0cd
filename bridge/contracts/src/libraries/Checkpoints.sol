// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../interfaces/IRootChain.sol";

/// @title What is hashed of a checkpoint
/// @dev Twins: of the digest `bridge::proof::checkpoint`, of the record `bridge::relay::acceptance`.
library Checkpoints {
    /// @notice The digest that validators sign (PROTOCOL, section 1; 228 bytes).
    function digest(IRootChain.Checkpoint calldata checkpoint, bytes20 deployment) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                "PCKP",
                deployment,
                checkpoint.epoch,
                checkpoint.lastBlockTime,
                checkpoint.blocksRoot,
                checkpoint.stateRoot,
                checkpoint.inboxCursor,
                checkpoint.inboxLink,
                checkpoint.nextSet,
                checkpoint.relayer,
                checkpoint.previous
            )
        );
    }

    /// @notice The word kept of an accepted checkpoint.
    /// @dev `PREC` ‖ digest ‖ commitment of set epoch + 2 ‖ signers 64 ‖ time u64 ‖ block u64 ‖ due count u64 (156 bytes). The set's
    /// commitment is also in the digest; beside it, it spares the next submission the whole content.
    function record(bytes32 digest_, bytes32 nextSet, IRootChain.Acceptance memory acceptance)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encodePacked(
                "PREC",
                digest_,
                nextSet,
                acceptance.signers[0],
                acceptance.signers[1],
                acceptance.time,
                acceptance.blockNumber,
                acceptance.dueCount
            )
        );
    }
}
