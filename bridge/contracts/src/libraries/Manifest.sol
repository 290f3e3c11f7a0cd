// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The places of contracts in a Registry's manifest, which is the order of their creation
/// @dev Twin: `bridge::proof::deployment::contracts`, which finds each contract by its place.
library Manifest {
    uint256 internal constant INBOX = 0;
    uint256 internal constant VAULT = 1;
    /// @notice RootChain is the last: when it stands, everything does.
    uint256 internal constant ROOT_CHAIN = 2;
    uint256 internal constant COUNT = 3;
}
