// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Values of leaves in memory: the kind in one byte, and behind it the value, as it is hashed
/// @dev `value` is where the value begins, behind its kind. Fields stand where PROTOCOL section 3 has them.
library LeafValue {
    function u8(uint256 value, uint256 at) internal pure returns (uint256) {
        return word(value, at) >> 248;
    }

    function u16(uint256 value, uint256 at) internal pure returns (uint256) {
        return word(value, at) >> 240;
    }

    function u32(uint256 value, uint256 at) internal pure returns (uint256) {
        return word(value, at) >> 224;
    }

    function u64(uint256 value, uint256 at) internal pure returns (uint256) {
        return word(value, at) >> 192;
    }

    function u128(uint256 value, uint256 at) internal pure returns (uint256) {
        return word(value, at) >> 128;
    }

    function id(uint256 value, uint256 at) internal pure returns (bytes20) {
        return bytes20(bytes32(word(value, at)));
    }

    function word(uint256 value, uint256 at) internal pure returns (uint256 found) {
        assembly ("memory-safe") {
            found := mload(add(value, at))
        }
    }

    /// @notice A value of zeros.
    function fresh(uint8 kind, uint256 width) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let from := mload(0x40)
            // What stands in free memory need not be zero.
            let room := and(add(width, 0x5f), not(0x1f))
            calldatacopy(from, calldatasize(), room)
            mstore8(from, kind)
            value := add(from, 1)
            mstore(0x40, add(from, room))
        }
    }

    /// @notice The same value, to be changed; of zeros where there is none yet.
    /// @param old 0 where there is none.
    function copy(uint256 old, uint8 kind, uint256 width) internal pure returns (uint256 value) {
        value = fresh(kind, width);
        assembly ("memory-safe") {
            if old { mcopy(value, old, width) }
        }
    }

    function setU64(uint256 value, uint256 at, uint256 content) internal pure {
        _set(value, at, 192, content);
    }

    function setU128(uint256 value, uint256 at, uint256 content) internal pure {
        _set(value, at, 128, content);
    }

    function setU16(uint256 value, uint256 at, uint256 content) internal pure {
        _set(value, at, 240, content);
    }

    function setU8(uint256 value, uint256 at, uint256 content) internal pure {
        _set(value, at, 248, content);
    }

    function setId(uint256 value, uint256 at, bytes20 id_) internal pure {
        _set(value, at, 96, uint160(id_));
    }

    function setWord(uint256 value, uint256 at, uint256 word_) internal pure {
        assembly ("memory-safe") {
            mstore(add(value, at), word_)
        }
    }

    /// @dev What is behind the field stays. There are 32 bytes behind every value that `fresh` has made.
    function _set(uint256 value, uint256 at, uint256 behind, uint256 content) private pure {
        assembly ("memory-safe") {
            let place := add(value, at)
            let rest := and(mload(place), sub(shl(behind, 1), 1))
            mstore(place, or(shl(behind, content), rest))
        }
    }
}
