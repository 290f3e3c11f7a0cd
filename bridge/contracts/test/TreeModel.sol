// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The state tree by its definition, for tests: every node is recomputed from the leaves below it
/// @notice Slow and without cleverness, so that it shares no mistake with `StateTree`. Leaf i of the list stands at index i.
library TreeModel {
    /// @notice Node `index` of `level` (leaves are level 0) of the tree over `leaves`.
    function nodeAt(bytes32[] memory leaves, uint256 level, uint256 index) internal pure returns (bytes32) {
        if (level == 0) return index < leaves.length ? leaves[index] : bytes32(0);
        if (index << level >= leaves.length) return empty(level);
        return keccak256(bytes.concat(nodeAt(leaves, level - 1, 2 * index), nodeAt(leaves, level - 1, 2 * index + 1)));
    }

    /// @notice An empty subtree of that many levels.
    function empty(uint256 level) internal pure returns (bytes32 hash) {
        for (uint256 i; i < level; ++i) {
            hash = keccak256(bytes.concat(hash, hash));
        }
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        return nodeAt(leaves, 32, 0);
    }

    /// @notice The `levels` siblings of leaf `index`, lowest first.
    function path(bytes32[] memory leaves, uint256 index, uint256 levels)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        siblings = new bytes32[](levels);
        for (uint256 level; level < levels; ++level) {
            siblings[level] = nodeAt(leaves, level, (index >> level) ^ 1);
        }
    }

    /// @notice The stream of siblings of a multiproof in a tree with that number of `levels`: at each level, left to right, the sibling of every node that lies on
    /// a path of `indices` (ascending), unless that sibling lies on one too.
    function stream(bytes32[] memory leaves, uint32[] memory indices, uint256 levels)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        bytes32[] memory buffer = new bytes32[](levels * indices.length);
        uint256 length;
        for (uint256 level; level < levels; ++level) {
            for (uint256 i; i < indices.length; ++i) {
                uint256 place = indices[i] >> level;
                if (i > 0 && indices[i - 1] >> level == place) continue;
                if (_onAPath(indices, level, place ^ 1)) continue;
                buffer[length++] = nodeAt(leaves, level, place ^ 1);
            }
        }
        siblings = new bytes32[](length);
        for (uint256 i; i < length; ++i) {
            siblings[i] = buffer[i];
        }
    }

    function _onAPath(uint32[] memory indices, uint256 level, uint256 place) private pure returns (bool) {
        for (uint256 i; i < indices.length; ++i) {
            if (indices[i] >> level == place) return true;
        }
        return false;
    }
}
