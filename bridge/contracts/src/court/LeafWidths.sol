// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title How wide the values of each kind of leaf are (PROTOCOL, section 3)
/// @dev Two bytes a kind, from kind 0 on. Twin: `ledger::slot` of the validator.
library LeafWidths {
    uint256 private constant KINDS = 0x1e;
    uint256 private constant FIRST = 0x000001a1004000240056002800080038002800280048040000c700b200b70120;
    uint256 private constant SECOND = 0x001001c5003d00100020001a0089001c009b00200040000800d8010000000000;

    function exists(uint256 kind) internal pure returns (bool) {
        return kind < KINDS;
    }

    /// @notice Width of a kind that there is.
    function width(uint256 kind) internal pure returns (uint256) {
        uint256 packed = kind < 16 ? FIRST : SECOND;
        return packed >> (240 - 16 * (kind & 15)) & 0xffff;
    }
}
