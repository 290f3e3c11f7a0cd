// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Hexadecimal digits
library Hex {
    /// @notice The 40 digits of 20 bytes, in lower case and without 0x.
    function lower(bytes20 value) internal pure returns (bytes memory text) {
        return abi.encodePacked(_digits(bytes16(value)), bytes8(_digits(bytes16(value << 128))));
    }

    /// @dev The 32 digits of 16 bytes. Halves are moved apart until each byte holds four bits; then "0" is added to each of them, and to those
    /// above 9 what "a" is more than "0" and 10.
    function _digits(bytes16 value) private pure returns (bytes32) {
        uint256 v = uint128(value);
        unchecked {
            v = (v | v << 64) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            v = (v | v << 32) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            v = (v | v << 16) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            v = (v | v << 8) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            v = (v | v << 4) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            uint256 ones = type(uint256).max / 255; // 0x01 in each byte
            uint256 letters = (v + 6 * ones) >> 4 & ones;
            return bytes32(v + 48 * ones + 39 * letters);
        }
    }
}
