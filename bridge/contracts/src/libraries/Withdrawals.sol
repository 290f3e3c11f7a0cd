// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../interfaces/IVault.sol";
import {Leaves} from "./Leaves.sol";
import {StateTree} from "./StateTree.sol";

/// @title That withdrawals stand in the state of a checkpoint
/// @dev Claims and sales show them alike. Whether the checkpoint counts is for the caller to ask.
library Withdrawals {
    /// @notice That this withdrawal, with all that it says, stands in the state of the base.
    function requireOne(IVault.Base calldata base, IVault.Withdrawal calldata withdrawal, bytes32[] calldata siblings)
        internal
        pure
    {
        uint32[] memory indices = new uint32[](1);
        bytes32[] memory leaves = new bytes32[](1);
        (indices[0], leaves[0]) = leaf(withdrawal, base.leafCount);
        requireRoot(base, StateTree.multiproofRoot(indices, leaves, siblings));
    }

    /// @notice Index and hash of a withdrawal's leaf.
    function leaf(IVault.Withdrawal calldata withdrawal, uint32 leafCount)
        internal
        pure
        returns (uint32 index, bytes32 hash)
    {
        index = withdrawal.index;
        if (index >= leafCount) revert IVault.IndexBeyondCount(index, leafCount);
        bytes32 key = keccak256(abi.encodePacked(Leaves.WITHDRAWAL, withdrawal.number));
        bytes32 value = StateTree.valueHash(
            Leaves.WITHDRAWAL, abi.encodePacked(withdrawal.recipient, withdrawal.token, withdrawal.amount)
        );
        hash = StateTree.leaf(key, withdrawal.next, value);
    }

    /// @notice That this root of a tree is that of the base's state.
    function requireRoot(IVault.Base calldata base, bytes32 treeRoot) internal pure {
        bytes32 root = StateTree.stateRoot(treeRoot, base.leafCount);
        if (root != base.checkpoint.stateRoot) revert IVault.StateRootMismatch(base.checkpoint.stateRoot, root);
    }
}
