// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Calldata} from "./Calldata.sol";

/// @title The bytes of users' transactions of native kinds (PROTOCOL, section 4)
/// @notice kind u8 ‖ scheme u8 ‖ sender 21 ‖ lane u16 ‖ sequence u64 ‖ fee u128 ‖ fee payer 21 ‖ valid until u64 ‖ memo 32 ‖ body ‖ authentication.
/// @dev The fields are those of bytes of which `decodes` said yes. Twin: `ledger::transaction` of the validator.
library Transactions {
    uint256 internal constant TRANSFER = 0x01;
    uint256 internal constant WITHDRAW = 0x02;
    uint256 internal constant PAYOUT = 0x03;
    uint256 internal constant RECORD = 0x04;
    uint256 internal constant ED25519 = 1;
    uint256 internal constant SECP256K1 = 2;
    uint256 internal constant ROOT_SENDER = 3;
    uint256 internal constant BODY = 110;
    uint256 private constant FIRST_STAKE = 0x10;
    uint256 private constant LAST_STAKE = 0x20;
    uint256 private constant HEADER = 110;
    uint256 internal constant MAX_BYTES = 8192;

    /// @notice Whether a kind is one of stake, of which nothing is judged yet.
    function isOfStake(uint256 kind_) internal pure returns (bool) {
        return kind_ >= FIRST_STAKE && kind_ <= LAST_STAKE;
    }

    /// @notice Whether this version carries out what has such a header: scheme, lane, fee payer; and whether there is one.
    /// @param lastScheme the highest that is allowed here.
    function hasHeader(bytes calldata transaction, uint256 lastScheme) internal pure returns (bool) {
        if (transaction.length < HEADER || transaction.length > MAX_BYTES) return false;
        uint256 scheme_ = scheme(transaction);
        return scheme_ != 0 && scheme_ <= lastScheme && Calldata.u16(transaction, 23) == 0
            && Calldata.account(transaction, 49) == 0;
    }

    /// @notice Whether bytes with such a header are those of a transaction of a native kind, to the last byte.
    function decodes(bytes calldata transaction) internal pure returns (bool) {
        uint256 width = _bodyWidth(transaction);
        if (width == 0) return false;
        uint256 scheme_ = scheme(transaction);
        uint256 authentication = scheme_ == ED25519 ? 96 : scheme_ == SECP256K1 ? 65 : 0;
        return transaction.length == HEADER + width + authentication;
    }

    /// @dev 0 where there is none; no native kind has an empty body.
    function _bodyWidth(bytes calldata transaction) private pure returns (uint256) {
        uint256 kind_ = kind(transaction);
        if (kind_ == TRANSFER) return 57;
        if (kind_ == WITHDRAW) return 56;
        if (kind_ == PAYOUT) return 20;
        if (kind_ != RECORD || transaction.length < HEADER + 34) return 0;
        return 34 + dataLength(transaction);
    }

    function kind(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u8(transaction, 0);
    }

    function scheme(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u8(transaction, 1);
    }

    function sender(bytes calldata transaction) internal pure returns (bytes21) {
        return Calldata.account(transaction, 2);
    }

    function sequence(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u64(transaction, 25);
    }

    function fee(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u128(transaction, 33);
    }

    function validUntil(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u64(transaction, 70);
    }

    /// @notice The account that a transfer pays.
    function to(bytes calldata transaction) internal pure returns (bytes21) {
        return Calldata.account(transaction, BODY);
    }

    /// @notice The address on root that a withdrawal or a payout names.
    function recipient(bytes calldata transaction) internal pure returns (bytes20) {
        return Calldata.id(transaction, BODY);
    }

    /// @notice The token of a transfer or a withdrawal; zero is the native coin.
    function token(bytes calldata transaction) internal pure returns (bytes20) {
        return Calldata.id(transaction, kind(transaction) == TRANSFER ? BODY + 21 : BODY + 20);
    }

    /// @notice The amount of a transfer or a withdrawal.
    function amount(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u128(transaction, kind(transaction) == TRANSFER ? BODY + 41 : BODY + 40);
    }

    /// @notice The topic of a record.
    function topic(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.word(transaction, BODY);
    }

    /// @notice How many bytes of data a record has.
    function dataLength(bytes calldata transaction) internal pure returns (uint256) {
        return Calldata.u16(transaction, BODY + 32);
    }

    /// @notice The data of a record.
    function data(bytes calldata transaction) internal pure returns (bytes calldata) {
        return Calldata.slice(transaction, BODY + 34, dataLength(transaction));
    }
}
