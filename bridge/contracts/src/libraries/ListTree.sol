// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {StateTree} from "./StateTree.sol";

/// @title The tree over a list of hashes: chunks of a segment, segments of a block, blocks of an epoch, members of a set
/// @notice PROTOCOL section 1: leaves are padded with 32 zero bytes to the next power of two; one leaf is its own root; the
/// tree over nothing is 32 zero bytes.
/// @dev The root alone does not say how many leaves there are, and of a padded tree several counts could be claimed. What
/// commits to such a root commits to the count beside it: give that count to `verify`, never a caller's. Twin:
/// `bridge::proof::list`.
library ListTree {
    /// @notice A list of `count` has no such number.
    error IndexBeyondCount(uint256 index, uint256 count);

    /// @notice Levels above the leaves of a list of `count`: the logarithm of the next power of two.
    function depth(uint256 count) internal pure returns (uint256 levels) {
        if (count > 1) {
            for (uint256 rest = count - 1; rest != 0; rest >>= 1) {
                ++levels;
            }
        }
    }

    /// @notice Root over `leaves`. Overwrites the array.
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 width = leaves.length;
        if (width == 0) return 0;
        // The root of an empty subtree as high as the level that is being read.
        bytes32 empty;
        while (width > 1) {
            uint256 above = (width + 1) / 2;
            for (uint256 i; i < above; ++i) {
                bytes32 right = 2 * i + 1 < width ? leaves[2 * i + 1] : empty;
                leaves[i] = StateTree.node(leaves[2 * i], right);
            }
            width = above;
            empty = StateTree.node(empty, empty);
        }
        return leaves[0];
    }

    /// @notice Whether `leaf` is number `index` of the `count` leaves under `listRoot`.
    /// @dev The proof has exactly `depth(count)` siblings, from the leaf's own level upwards.
    function verify(bytes32 listRoot, bytes32 leaf, uint256 index, uint256 count, bytes32[] calldata siblings)
        internal
        pure
        returns (bool)
    {
        if (index >= count || siblings.length != depth(count)) return false;
        bytes32 hash = leaf;
        for (uint256 level; level < siblings.length; ++level) {
            bytes32 sibling = siblings[level];
            hash = index & 1 == 0 ? StateTree.node(hash, sibling) : StateTree.node(sibling, hash);
            index >>= 1;
        }
        return hash == listRoot;
    }

    /// @notice Root of the list of `count` leaves in which `leaves[i]` is number `indices[i]` for every i.
    /// @dev As `StateTree.multiproofRoot`: indices ascend strictly, the siblings are one stream, and both arrays are overwritten.
    function multiproofRoot(
        uint32[] memory indices,
        bytes32[] memory leaves,
        uint256 count,
        bytes32[] calldata siblings
    ) internal pure returns (bytes32) {
        if (indices.length != 0 && indices[indices.length - 1] >= count) {
            revert IndexBeyondCount(indices[indices.length - 1], count);
        }
        return StateTree.multiproofRoot(indices, leaves, siblings, depth(count));
    }
}
