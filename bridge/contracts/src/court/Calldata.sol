// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Fields of bytes whose length was checked before
/// @dev Without a check of its own: what is read behind the end is whatever stands there. Whoever reads checks the length first.
library Calldata {
    function word(bytes calldata bytes_, uint256 at) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(add(bytes_.offset, at))
        }
    }

    function u8(bytes calldata bytes_, uint256 at) internal pure returns (uint256) {
        return word(bytes_, at) >> 248;
    }

    function u16(bytes calldata bytes_, uint256 at) internal pure returns (uint256) {
        return word(bytes_, at) >> 240;
    }

    function u32(bytes calldata bytes_, uint256 at) internal pure returns (uint256) {
        return word(bytes_, at) >> 224;
    }

    function u64(bytes calldata bytes_, uint256 at) internal pure returns (uint256) {
        return word(bytes_, at) >> 192;
    }

    function u128(bytes calldata bytes_, uint256 at) internal pure returns (uint256) {
        return word(bytes_, at) >> 128;
    }

    function id(bytes calldata bytes_, uint256 at) internal pure returns (bytes20) {
        return bytes20(bytes32(word(bytes_, at)));
    }

    function account(bytes calldata bytes_, uint256 at) internal pure returns (bytes21) {
        return bytes21(bytes32(word(bytes_, at)));
    }

    /// @notice `length` bytes from `at` on.
    function slice(bytes calldata bytes_, uint256 at, uint256 length) internal pure returns (bytes calldata part) {
        assembly ("memory-safe") {
            part.offset := add(bytes_.offset, at)
            part.length := length
        }
    }
}
