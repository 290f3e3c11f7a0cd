// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The places of contracts in a Registry's manifest, which is the order of their creation
/// @notice The Inbox, the Vault, the Court, Exits, the FraudCourt, DataChallenges, then whatever a protocol has beside them, and RootChain.
/// @dev Twin: `bridge::proof::deployment`, which finds each contract by its place.
library Manifest {
    /// @notice As many as have a place of their own.
    uint256 internal constant MIN_LENGTH = 7;
    uint256 internal constant MAX_LENGTH = 16;
    uint256 internal constant INBOX = 0;
    uint256 internal constant VAULT = 1;
    uint256 internal constant COURT = 2;
    uint256 internal constant EXITS = 3;
    uint256 internal constant FRAUD_COURT = 4;
    uint256 internal constant DATA_CHALLENGES = 5;
    /// @notice As many as this protocol's manifest lists.
    uint256 internal constant LENGTH = 7;

    /// @notice RootChain is the last: when it stands, everything does.
    function rootChain(address[] memory contracts) internal pure returns (address) {
        return contracts[contracts.length - 1];
    }

    /// @notice What a contract creates first: CREATE with nonce 1.
    function firstOf(address creator) internal pure returns (address) {
        return made(creator, 1);
    }

    /// @notice What a contract creates with a nonce from 1 to 127: by the RLP of (creator, nonce).
    function made(address creator, uint8 nonce) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", creator, nonce)))));
    }
}
