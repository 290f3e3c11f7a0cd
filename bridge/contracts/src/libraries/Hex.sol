// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Hexadecimal digits
library Hex {
    bytes16 private constant DIGITS = "0123456789abcdef";

    /// @notice The 40 digits of 20 bytes, in lower case and without 0x.
    function lower(bytes20 value) internal pure returns (bytes memory text) {
        text = new bytes(40);
        bytes16 digits = DIGITS;
        assembly ("memory-safe") {
            let at := add(text, 0x20)
            for { let i := 0 } lt(i, 20) { i := add(i, 1) } {
                let octet := byte(i, value)
                mstore8(at, byte(shr(4, octet), digits))
                mstore8(add(at, 1), byte(and(octet, 15), digits))
                at := add(at, 2)
            }
        }
    }
}
