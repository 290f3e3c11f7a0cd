// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Parameters} from "./Parameters.sol";
import {Verdict} from "./Verdict.sol";

/// @title What a transaction costs, and when no more leaves are made (PROTOCOL, sections 3 and 4)
/// @dev Twin: `ledger::fees` of the validator, which saturates where this does.
library Fees {
    uint256 internal constant MAX_AMOUNT = type(uint128).max;
    uint256 private constant RESERVED_FROM = 3 << 30;
    uint256 private constant CAPACITY = type(uint32).max;

    /// @notice Whether `leaves` more can be made when `count` stand, as a result code.
    /// @param reserved by a withdrawal or a credit of the inbox.
    function room(bool reserved, uint256 count, uint256 leaves) internal pure returns (uint8) {
        if (leaves == 0) return Verdict.OK;
        if (!reserved && count >= RESERVED_FROM) return Verdict.STATE_FULL;
        return count + leaves > CAPACITY ? Verdict.STATE_FULL : Verdict.OK;
    }

    /// @notice The lowest fee of a transaction of `length` bytes that makes `leaves` leaves when `count` stand.
    function minimum(uint256 parameters, uint256 length, uint256 leaves, uint256 count)
        internal
        pure
        returns (uint256)
    {
        uint256 forBytes = cap(Parameters.byteFee(parameters) * length);
        uint256 forLeaves = leaves == 0 ? 0 : cap(_leafPrice(parameters, count) * leaves);
        return cap(cap(Parameters.baseFee(parameters) + forBytes) + forLeaves);
    }

    /// @notice The number, or the largest amount where it is larger.
    function cap(uint256 number) internal pure returns (uint256) {
        return number > MAX_AMOUNT ? MAX_AMOUNT : number;
    }

    function _leafPrice(uint256 parameters, uint256 count) private pure returns (uint256) {
        if (count >= RESERVED_FROM) return Parameters.flatLeafFee(parameters);
        uint256 step = Parameters.leafStep(parameters);
        uint256 steps = step == 0 ? CAPACITY : count / step;
        return cap(Parameters.leafFee(parameters) * (steps + 1));
    }
}
