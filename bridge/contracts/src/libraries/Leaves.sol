// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../interfaces/IExits.sol";
import {StateTree} from "./StateTree.sol";

/// @title Leaves of the state that exits open (PROTOCOL, section 3)
/// @dev Twin: `chain::exits` of the validator.
library Leaves {
    uint8 internal constant PARAMETERS = 0x01;
    uint8 internal constant ACCOUNT = 0x02;
    uint8 internal constant TOKEN = 0x03;
    uint8 internal constant FEE_POOL = 0x05;
    uint8 internal constant WITHDRAWAL = 0x07;
    uint8 internal constant REWARDS = 0x14;

    /// @dev Width of the parameters, and where the residue address stands in them: behind it is the Registry's.
    uint256 private constant PARAMETERS_WIDTH = 417;
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

    function _widths(uint32 index, uint8 kind) private pure returns (uint256 fields, uint256 value) {
        if (kind == ACCOUNT) return (21, 64);
        if (kind == TOKEN) return (41, 36);
        if (kind == WITHDRAWAL) return (8, 56);
        if (kind == PARAMETERS) return (0, PARAMETERS_WIDTH);
        if (kind == FEE_POOL) return (0, 40);
        if (kind == REWARDS) return (0, 32);
        revert IExits.NotPayable(index, kind);
    }
}
