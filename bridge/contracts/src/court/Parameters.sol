// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LeafValue} from "./LeafValue.sol";

/// @title The parameters that rules read, by the value of their leaf in memory (PROTOCOL, section 9)
/// @dev Twin: `ledger::parameters` of the validator.
library Parameters {
    function epochBlocks(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u32(parameters, 12);
    }

    function ring(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u32(parameters, 20);
    }

    function baseFee(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u128(parameters, 40);
    }

    function byteFee(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u128(parameters, 56);
    }

    function leafFee(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u128(parameters, 72);
    }

    function leafStep(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u32(parameters, 88);
    }

    function flatLeafFee(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u128(parameters, 92);
    }

    function relayFixedGas(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u64(parameters, 108);
    }

    function relayAbsentGas(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u64(parameters, 116);
    }

    function feePerWei(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u128(parameters, 124);
    }

    function relayShareBps(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u16(parameters, 140);
    }

    function relayWindowSecs(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u64(parameters, 142);
    }

    function unbondingSecs(uint256 parameters) internal pure returns (uint256) {
        return LeafValue.u64(parameters, 171);
    }

    function registry(uint256 parameters) internal pure returns (bytes20) {
        return LeafValue.id(parameters, 397);
    }
}
