// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title States that a segment touches, made by definition, with the witness of them
/// @notice The rest of the tree are siblings that are made up. Slow and without cleverness, so that it shares no mistake with `LeafTable`.
library SegmentModel {
    /// @param fields kind ‖ fields of the key; the sentinel has none, and key 0.
    /// @param hidden whether the witness has only the hash of the value.
    struct Leaf {
        uint32 index;
        bytes fields;
        bytes value;
        bool hidden;
    }

    function keyOf(Leaf memory leaf) internal pure returns (bytes32) {
        return leaf.fields.length == 0 ? bytes32(0) : keccak256(leaf.fields);
    }

    function kindOf(Leaf memory leaf) internal pure returns (bytes1) {
        return leaf.fields.length == 0 ? bytes1(0) : leaf.fields[0];
    }

    /// @notice The next larger key, among these.
    function nextOf(Leaf[] memory leaves, uint256 place) internal pure returns (bytes32 next) {
        bytes32 key = keyOf(leaves[place]);
        for (uint256 i; i < leaves.length; ++i) {
            bytes32 other = keyOf(leaves[i]);
            if (other > key && (next == 0 || other < next)) next = other;
        }
    }

    function hashes(Leaf[] memory leaves) internal pure returns (bytes32[] memory made) {
        made = new bytes32[](leaves.length);
        for (uint256 i; i < made.length; ++i) {
            bytes32 valueHash = keccak256(bytes.concat(kindOf(leaves[i]), leaves[i].value));
            made[i] = keccak256(bytes.concat(keyOf(leaves[i]), nextOf(leaves, i), valueHash));
        }
    }

    function indices(Leaf[] memory leaves, uint256 count, uint256 appends)
        internal
        pure
        returns (uint256[] memory made)
    {
        made = new uint256[](leaves.length + appends);
        for (uint256 i; i < made.length; ++i) {
            made[i] = i < leaves.length ? leaves[i].index : count + i - leaves.length;
        }
    }

    /// @notice The leaf of a sibling that nobody knows.
    function sibling(uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode("sibling", i));
    }

    /// @notice State root in which these hashes stand at these places, ascending, beside siblings that are made up; and how many of these it takes.
    function root(uint256[] memory places, bytes32[] memory nodes, uint256 count)
        internal
        pure
        returns (bytes32, uint256 used)
    {
        for (uint256 level; level < 32; ++level) {
            uint256 above;
            for (uint256 i; i < places.length; ++i) {
                bytes32 node;
                if (i + 1 < places.length && places[i] ^ places[i + 1] == 1) {
                    node = keccak256(bytes.concat(nodes[i], nodes[i + 1]));
                    ++i;
                } else if (places[i] % 2 == 0) {
                    node = keccak256(bytes.concat(nodes[i], sibling(used++)));
                } else {
                    node = keccak256(bytes.concat(sibling(used++), nodes[i]));
                }
                (places[above], nodes[above]) = (places[i] / 2, node);
                ++above;
            }
            (places, nodes) = _first(places, nodes, above);
        }
        return (keccak256(bytes.concat(nodes[0], bytes4(uint32(count)))), used);
    }

    function _first(uint256[] memory places, bytes32[] memory nodes, uint256 length)
        private
        pure
        returns (uint256[] memory fewer, bytes32[] memory rest)
    {
        (fewer, rest) = (new uint256[](length), new bytes32[](length));
        for (uint256 i; i < length; ++i) {
            (fewer[i], rest[i]) = (places[i], nodes[i]);
        }
    }

    /// @notice A witness and the state root that it leads to. `leaves` ascend by index.
    function witness(Leaf[] memory leaves, uint256 count, uint256 appends)
        internal
        pure
        returns (bytes memory made, bytes32 before)
    {
        bytes32[] memory nodes = new bytes32[](leaves.length + appends);
        bytes32[] memory known = hashes(leaves);
        made = abi.encodePacked(uint32(count), uint8(appends), uint8(leaves.length));
        for (uint256 i; i < known.length; ++i) {
            nodes[i] = known[i];
            bytes1 kind = kindOf(leaves[i]);
            bytes memory content = leaves[i].hidden
                ? abi.encodePacked(hex"01", keyOf(leaves[i]), keccak256(bytes.concat(kind, leaves[i].value)))
                : abi.encodePacked(hex"00", kind, keyOf(leaves[i]), leaves[i].value);
            made = bytes.concat(made, abi.encodePacked(leaves[i].index, nextOf(leaves, i)), content);
        }
        uint256 used;
        (before, used) = root(indices(leaves, count, appends), nodes, count);
        bytes memory siblings = new bytes(32 * used);
        for (uint256 i; i < used; ++i) {
            bytes32 one = sibling(i);
            assembly ("memory-safe") {
                mstore(add(add(siblings, 0x20), mul(i, 0x20)), one)
            }
        }
        made = bytes.concat(made, siblings);
    }

    /// @notice The state root when these leaves stand in the same places; the last `appends` were made.
    function rootAfter(Leaf[] memory leaves, uint256 count, uint256 appends) internal pure returns (bytes32 behind) {
        (behind,) = root(indices(leaves, count, 0), hashes(leaves), count + appends);
    }
}
