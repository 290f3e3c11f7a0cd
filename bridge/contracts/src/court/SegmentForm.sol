// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../interfaces/ISegmentJudge.sol";
import {Calldata} from "./Calldata.sol";
import {NativeRules} from "./NativeRules.sol";
import {Transactions} from "./Transactions.sol";
import {Verdict} from "./Verdict.sol";

/// @title What a segment's bytes are beside its record and the height and time of its block, without any state
/// @notice For each transaction: length u32 ‖ bytes.
/// @dev Twin: `chain::reexecute::form` of the validator.
library SegmentForm {
    uint8 internal constant RECORD = 1;
    uint8 internal constant MESSAGES = 2;
    uint8 internal constant EVIDENCE = 3;
    uint8 internal constant USERS = 4;
    uint8 internal constant BOUNDARY = 5;

    uint256 private constant FRAME = 4;
    uint256 private constant RECORD_BYTES = 165;
    uint256 private constant FIRST_OF_RECORD = 0xf0;
    uint256 private constant FIRST_OF_MESSAGE = 0xf1;
    uint256 private constant FIRST_RESERVED = 0x80;
    uint256 private constant MIN_MESSAGE = 34;
    uint256 private constant MAX_MESSAGE = 589;

    /// @notice Whether the bytes are the frames of as many transactions as the record says and the kind allows.
    function splits(bytes calldata segment, uint8 kind, uint256 count) internal pure returns (bool) {
        if ((kind == RECORD && count != 1) || (kind == BOUNDARY && count != 0)) return false;
        uint256 at;
        uint256 found;
        while (at < segment.length) {
            uint256 left = segment.length - at;
            if (left < FRAME) return false;
            uint256 length = Calldata.u32(segment, at);
            if (length > left - FRAME) return false;
            at += FRAME + length;
            ++found;
        }
        return found == count;
    }

    /// @notice The transaction whose frame begins at a place, and where the next one begins.
    function next(bytes calldata segment, uint256 at) internal pure returns (bytes calldata transaction, uint256) {
        uint256 length = Calldata.u32(segment, at);
        return (Calldata.slice(segment, at + FRAME, length), at + FRAME + length);
    }

    /// @notice Whether every transaction belongs in a segment of this kind, and says what one says.
    function belongs(ISegmentJudge.Claim calldata claim, bytes calldata segment) internal pure returns (bool) {
        uint256 at;
        while (at < segment.length) {
            bytes calldata transaction;
            (transaction, at) = next(segment, at);
            if (transaction.length == 0) return false;
            bool fits = claim.kind == RECORD
                ? _isRecord(claim, transaction)
                : claim.kind == MESSAGES ? _isMessage(transaction) : _isUsers(transaction);
            if (!fits) return false;
        }
        return true;
    }

    function _isRecord(ISegmentJudge.Claim calldata claim, bytes calldata record) private pure returns (bool) {
        return record.length == RECORD_BYTES && Calldata.u8(record, 0) == FIRST_OF_RECORD
            && Calldata.u64(record, 1) == claim.height && Calldata.u64(record, 9) == claim.time;
    }

    function _isMessage(bytes calldata message) private pure returns (bool) {
        return
            Calldata.u8(message, 0) == FIRST_OF_MESSAGE && message.length >= MIN_MESSAGE
                && message.length <= MAX_MESSAGE;
    }

    function _isUsers(bytes calldata transaction) private pure returns (bool) {
        uint256 kind = Transactions.kind(transaction);
        if (kind >= FIRST_RESERVED) return false;
        // What stake's transactions are is not judged yet.
        if (Transactions.isOfStake(kind)) return transaction.length <= Transactions.MAX_BYTES;
        return Transactions.hasHeader(transaction, Transactions.SECP256K1) && Transactions.decodes(transaction)
            && NativeRules.check(transaction) == Verdict.OK;
    }
}
