// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The state tree of the child: a dense, append-only keccak tree of depth 32 over a sorted linked list of leaves
/// @notice Bytes are PROTOCOL section 1's. The index of a leaf is authenticated, so it serves as a nullifier: depth is
/// fixed, an index has 32 bits, and every bit of it chooses a side. A proof has no optional part and nothing left over.
/// @dev Nodes hash 64 bytes, leaves 96, a state root 36, a value hash neither 64 nor 96: none can pass for another.
/// The empty leaf is 32 zero bytes, which no leaf hashes to. Twin: `bridge::proof::tree`.
library StateTree {
    /// @notice One leaf with its path.
    /// @param index Number of the leaf in order of insertion.
    /// @param key Key of the leaf; 0 is the sentinel's.
    /// @param next Next larger key of the tree, or 0 at the largest.
    /// @param valueHash See `valueHash`.
    /// @param siblings From the leaf's own level up to the children of the root.
    /// @param count Leaves in the tree, which the state root commits to.
    struct Inclusion {
        uint32 index;
        bytes32 key;
        bytes32 next;
        bytes32 valueHash;
        bytes32[32] siblings;
        uint32 count;
    }

    /// @notice A multiproof shows nothing.
    error NoLeaves();
    /// @notice Not one hash for each index.
    error LengthMismatch(uint256 indices, uint256 leaves);
    /// @notice Indices must ascend strictly.
    error NotAscending(uint256 previous, uint256 index);
    /// @notice The stream of siblings is shorter or longer than the leaves need.
    error WrongSiblings(uint256 needed, uint256 given);

    uint256 internal constant DEPTH = 32;

    /// @notice Hash of an inner node.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            hash := keccak256(0x00, 0x40)
        }
    }

    /// @notice Hash of a leaf.
    function leaf(bytes32 key, bytes32 next, bytes32 hashOfValue) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(key, next, hashOfValue));
    }

    /// @notice Hash of a value of a kind of PROTOCOL section 3. No kind has a width of 63 or 95 bytes.
    function valueHash(uint8 kind, bytes memory value) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(kind, value));
    }

    /// @notice What a checkpoint commits to: the root of the tree and how many leaves stand in it.
    function stateRoot(bytes32 treeRoot, uint32 count) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(treeRoot, count));
    }

    /// @notice Whether the leaf stands at its index under the state root `root`.
    function verifyInclusion(bytes32 root, Inclusion calldata proof) internal pure returns (bool) {
        if (proof.index >= proof.count) return false;
        bytes32 hash = leaf(proof.key, proof.next, proof.valueHash);
        uint256 index = proof.index;
        for (uint256 level; level < DEPTH; ++level) {
            bytes32 sibling = proof.siblings[level];
            hash = index & 1 == 0 ? node(hash, sibling) : node(sibling, hash);
            index >>= 1;
        }
        return stateRoot(hash, proof.count) == root;
    }

    /// @notice Whether no leaf under `root` has `key`, shown by the low leaf, whose key and next key enclose it.
    /// @dev Key 0 is the sentinel's and never absent.
    function verifyAbsence(bytes32 root, bytes32 key, Inclusion calldata low) internal pure returns (bool) {
        if (low.key >= key) return false;
        if (low.next != 0 && key >= low.next) return false;
        return verifyInclusion(root, low);
    }

    /// @notice Root of the tree (not the state root) in which `leaves[i]` stands at `indices[i]` for every i.
    /// @dev Overwrites both arrays. `siblings` is consumed level by level from the leaves, left to right, only where the
    /// sibling is not itself computed, and must be used up. A leaf of 0 shows that the index is still empty.
    function multiproofRoot(uint32[] memory indices, bytes32[] memory leaves, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32)
    {
        return multiproofRoot(indices, leaves, siblings, DEPTH);
    }

    /// @notice Root of a tree of `levels` levels above its leaves, in which `leaves[i]` stands at `indices[i]` for every i.
    /// @dev Indices must be below 2^levels: those of the state tree are by their type.
    function multiproofRoot(
        uint32[] memory indices,
        bytes32[] memory leaves,
        bytes32[] calldata siblings,
        uint256 levels
    ) internal pure returns (bytes32) {
        _requireAscending(indices, leaves.length);
        uint256 used = _climb(indices, leaves, siblings, levels);
        if (used != siblings.length) revert WrongSiblings(used, siblings.length);
        return leaves[0];
    }

    /// @dev Turns the computed nodes of one level, ascending, into those of the level above, in place, up to the root, and
    /// counts the siblings that this takes. Those missing from the stream read as something else: the caller compares the
    /// count. (In assembly, because batches of claims spend their gas here: half of what the same loop takes in Solidity.)
    function _climb(uint32[] memory indices, bytes32[] memory nodes, bytes32[] calldata siblings, uint256 levels)
        private
        pure
        returns (uint256 used)
    {
        assembly ("memory-safe") {
            let toNode := sub(nodes, indices) // from a place in one array to the same place in the other
            let first := add(indices, 0x20)
            let last := add(indices, shl(5, mload(indices)))
            let stream := siblings.offset
            for { let level := 0 } lt(level, levels) { level := add(level, 1) } {
                let above := first
                for { let place := first } iszero(gt(place, last)) { place := add(place, 0x20) } {
                    let index := mload(place)
                    let hash := mload(add(place, toNode))
                    switch and(index, 1)
                    case 0 {
                        mstore(0x00, hash)
                        let neighbour := add(place, 0x20)
                        switch and(iszero(gt(neighbour, last)), eq(mload(neighbour), or(index, 1)))
                        case 1 {
                            place := neighbour
                            mstore(0x20, mload(add(place, toNode)))
                        }
                        default {
                            mstore(0x20, calldataload(stream))
                            stream := add(stream, 0x20)
                        }
                    }
                    default {
                        mstore(0x00, calldataload(stream))
                        mstore(0x20, hash)
                        stream := add(stream, 0x20)
                    }
                    mstore(above, shr(1, index))
                    mstore(add(above, toNode), keccak256(0x00, 0x40))
                    above := add(above, 0x20)
                }
                last := sub(above, 0x20)
            }
            used := shr(5, sub(stream, siblings.offset))
        }
    }

    /// @notice The two roots of `multiproofRoot` over the same places: with the leaves before and with those after a change.
    /// @dev Overwrites the three arrays. In one pass, because the places and the siblings are the same.
    function multiproofRoots(
        uint32[] memory indices,
        bytes32[] memory leavesBefore,
        bytes32[] memory leavesAfter,
        bytes32[] calldata siblings
    ) internal pure returns (bytes32, bytes32) {
        _requireAscending(indices, leavesBefore.length);
        uint256 used = _climbTwice(indices, leavesBefore, leavesAfter, siblings);
        if (used != siblings.length) revert WrongSiblings(used, siblings.length);
        return (leavesBefore[0], leavesAfter[0]);
    }

    /// @dev As `_climb`, all levels, with two nodes in each place.
    function _climbTwice(
        uint32[] memory indices,
        bytes32[] memory earlier,
        bytes32[] memory later,
        bytes32[] calldata siblings
    ) private pure returns (uint256 used) {
        assembly ("memory-safe") {
            let toEarlier := sub(earlier, indices)
            let toLater := sub(later, indices)
            let first := add(indices, 0x20)
            let last := add(indices, shl(5, mload(indices)))
            let stream := siblings.offset
            for { let level := 0 } lt(level, DEPTH) { level := add(level, 1) } {
                let above := first
                for { let place := first } iszero(gt(place, last)) { place := add(place, 0x20) } {
                    let index := mload(place)
                    let before := mload(add(place, toEarlier))
                    let after_ := mload(add(place, toLater))
                    switch and(index, 1)
                    case 0 {
                        let neighbour := add(place, 0x20)
                        switch and(iszero(gt(neighbour, last)), eq(mload(neighbour), or(index, 1)))
                        case 1 {
                            place := neighbour
                            mstore(0x00, before)
                            mstore(0x20, mload(add(place, toEarlier)))
                            before := keccak256(0x00, 0x40)
                            mstore(0x00, after_)
                            mstore(0x20, mload(add(place, toLater)))
                        }
                        default {
                            mstore(0x00, before)
                            mstore(0x20, calldataload(stream))
                            stream := add(stream, 0x20)
                            before := keccak256(0x00, 0x40)
                            mstore(0x00, after_)
                        }
                    }
                    default {
                        mstore(0x00, calldataload(stream))
                        stream := add(stream, 0x20)
                        mstore(0x20, before)
                        before := keccak256(0x00, 0x40)
                        mstore(0x20, after_)
                    }
                    mstore(above, shr(1, index))
                    mstore(add(above, toEarlier), before)
                    mstore(add(above, toLater), keccak256(0x00, 0x40))
                    above := add(above, 0x20)
                }
                last := sub(above, 0x20)
            }
            used := shr(5, sub(stream, siblings.offset))
        }
    }

    function _requireAscending(uint32[] memory indices, uint256 width) private pure {
        if (indices.length != width) revert LengthMismatch(indices.length, width);
        if (width == 0) revert NoLeaves();
        for (uint256 i = 1; i < width; ++i) {
            if (indices[i] <= indices[i - 1]) revert NotAscending(indices[i - 1], indices[i]);
        }
    }
}
