// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Why a segment is not what its record says (PROTOCOL, section 12), and why a transaction is refused (section 4)
library Verdict {
    uint16 internal constant SOUND = 0;
    uint16 internal constant FRAMES = 0x0100;
    uint16 internal constant FORM = 0x0200;
    uint16 internal constant ORDER = 0x0300;
    /// @dev With the result code of the transaction in its low byte.
    uint16 internal constant REFUSED = 0x0400;
    uint16 internal constant TOUCHED = 0x0500;
    uint16 internal constant AFTER = 0x0600;

    // Result codes.
    uint8 internal constant OK = 0;
    uint8 internal constant NONCE_USED = 5;
    uint8 internal constant NONCE_AHEAD = 6;
    uint8 internal constant EXPIRED = 7;
    uint8 internal constant FEE_TOO_LOW = 8;
    uint8 internal constant INSUFFICIENT_BALANCE = 9;
    uint8 internal constant UNKNOWN_TOKEN = 10;
    uint8 internal constant ZERO_AMOUNT = 11;
    uint8 internal constant BAD_RECIPIENT = 12;
    uint8 internal constant OVERFLOW = 13;
    uint8 internal constant STATE_FULL = 14;
    uint8 internal constant TOO_LARGE = 15;
}
