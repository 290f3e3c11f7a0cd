// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bls} from "../src/libraries/Bls.sol";

/// @title What one BLS verification costs within a contract that is compiled as src is
/// @dev Deployed by name, for what is compiled with the test that measures is not optimized.
contract BlsCost {
    function verifyCheckpoint(bytes memory signature, bytes32 digest, bytes memory key)
        external
        view
        returns (bool valid, uint256 gas)
    {
        gas = gasleft();
        valid = Bls.verifyCheckpoint(signature, digest, key);
        gas -= gasleft();
    }
}
