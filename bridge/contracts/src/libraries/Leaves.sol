// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../interfaces/IExits.sol";
import {StateTree} from "./StateTree.sol";

/// @title Leaves of the state that root opens (PROTOCOL, section 3)
/// @dev Twins: `chain::exits` and `chain::links` of the validator.
library Leaves {
    uint8 internal constant PARAMETERS = 0x01;
    uint8 internal constant ACCOUNT = 0x02;
    uint8 internal constant TOKEN = 0x03;
    uint8 internal constant ASSET = 0x04;
    uint8 internal constant FEE_POOL = 0x05;
    uint8 internal constant WITHDRAWAL_COUNTER = 0x06;
    uint8 internal constant WITHDRAWAL = 0x07;
    uint8 internal constant RECORD = 0x08;
    uint8 internal constant INBOX = 0x09;
    uint8 internal constant SHARE_BITS = 0x0a;
    uint8 internal constant PARTICIPATION = 0x0b;
    uint8 internal constant SET = 0x0d;
    uint8 internal constant BOUNDARY = 0x11;
    uint8 internal constant EPOCH_RECORD = 0x12;
    uint8 internal constant REWARDS = 0x14;
    uint8 internal constant MATURITY = 0x15;

    uint256 internal constant PARAMETERS_WIDTH = 417;
    uint256 internal constant INBOX_WIDTH = 40;
    uint256 internal constant SET_WIDTH = 178;
    uint256 internal constant BOUNDARY_WIDTH = 453;
    uint256 internal constant EPOCH_RECORD_WIDTH = 61;
    uint256 internal constant ACCOUNT_WIDTH = 64;
    uint256 internal constant TOKEN_WIDTH = 36;
    uint256 internal constant ASSET_WIDTH = 86;
    uint256 internal constant FEE_POOL_WIDTH = 40;
    uint256 internal constant WITHDRAWAL_COUNTER_WIDTH = 8;
    uint256 internal constant WITHDRAWAL_WIDTH = 56;
    uint256 internal constant RECORD_WIDTH = 40;
    uint256 internal constant SHARE_BITS_WIDTH = 72;
    uint256 internal constant PARTICIPATION_WIDTH = 1_024;
    uint256 internal constant REWARDS_WIDTH = 32;
    uint256 internal constant MATURITY_WIDTH = 26;

    /// @dev Where parameters stand. Behind the residue address is the Registry's.
    uint256 private constant SEATS = 16;
    uint256 private constant RING = 20;
    uint256 private constant MAX_BLOCK_TRANSACTIONS = 239;
    uint256 private constant RESIDUE = PARAMETERS_WIDTH - 40;

    /// @notice The leaf's hash; reverts for a kind that exits do not know, and for another width than the kind's.
    function hash(IExits.Leaf calldata one) internal pure returns (bytes32) {
        (uint256 fields, uint256 value) = _widths(one.index, one.kind);
        if (one.fields.length != fields || one.value.length != value) revert IExits.LeafWidth(one.index, one.kind);
        bytes32 key = keccak256(abi.encodePacked(one.kind, one.fields));
        return StateTree.leaf(key, one.next, StateTree.valueHash(one.kind, one.value));
    }

    /// @notice Whom the pools are paid to in the end, by the value of the parameters' leaf; zero: nobody.
    function residue(bytes calldata parameters) internal pure returns (address) {
        return address(bytes20(parameters[RESIDUE:RESIDUE + 20]));
    }

    /// @notice Seats, by the same value.
    function seats(bytes calldata parameters) internal pure returns (uint16) {
        return uint16(bytes2(parameters[SEATS:SEATS + 2]));
    }

    /// @notice Places of a ring, by the same value.
    function ring(bytes calldata parameters) internal pure returns (uint32) {
        return uint32(bytes4(parameters[RING:RING + 4]));
    }

    /// @notice Transactions of a block at most, by the same value.
    function maxBlockTransactions(bytes calldata parameters) internal pure returns (uint32) {
        return uint32(bytes4(parameters[MAX_BLOCK_TRANSACTIONS:MAX_BLOCK_TRANSACTIONS + 4]));
    }

    /// @notice Key of the one leaf of its kind.
    function single(uint8 kind) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(kind));
    }

    /// @notice Key of the leaf of its kind in a place of the ring.
    function inRing(uint8 kind, uint256 place) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(kind, uint32(place)));
    }

    function _widths(uint32 index, uint8 kind) private pure returns (uint256 fields, uint256 value) {
        if (kind == ACCOUNT) return (21, ACCOUNT_WIDTH);
        if (kind == TOKEN) return (41, TOKEN_WIDTH);
        if (kind == WITHDRAWAL) return (8, WITHDRAWAL_WIDTH);
        if (kind == PARAMETERS) return (0, PARAMETERS_WIDTH);
        if (kind == FEE_POOL) return (0, FEE_POOL_WIDTH);
        if (kind == REWARDS) return (0, REWARDS_WIDTH);
        revert IExits.NotPayable(index, kind);
    }
}
