// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Leaves} from "../libraries/Leaves.sol";

/// @title Keys of the leaves that rules ask for by account, token, number or topic (PROTOCOL, section 3)
/// @dev In the scratch space of memory, because a segment of transfers makes a hundred.
library LeafKeys {
    function account(bytes21 account_) internal pure returns (bytes32 key) {
        uint8 kind = Leaves.ACCOUNT;
        assembly ("memory-safe") {
            mstore8(0x00, kind)
            mstore(0x01, account_)
            key := keccak256(0x00, 22)
        }
    }

    function token(bytes21 account_, bytes20 token_) internal pure returns (bytes32 key) {
        uint8 kind = Leaves.TOKEN;
        assembly ("memory-safe") {
            mstore8(0x00, kind)
            mstore(0x01, account_)
            mstore(0x16, token_)
            key := keccak256(0x00, 42)
        }
    }

    function asset(bytes20 token_) internal pure returns (bytes32 key) {
        uint8 kind = Leaves.ASSET;
        assembly ("memory-safe") {
            mstore8(0x00, kind)
            mstore(0x01, token_)
            key := keccak256(0x00, 21)
        }
    }

    function withdrawal(uint256 index) internal pure returns (bytes32 key) {
        uint8 kind = Leaves.WITHDRAWAL;
        assembly ("memory-safe") {
            mstore8(0x00, kind)
            mstore(0x01, shl(192, index))
            key := keccak256(0x00, 9)
        }
    }

    function record(bytes21 account_, uint256 topic) internal pure returns (bytes32 key) {
        uint8 kind = Leaves.RECORD;
        assembly ("memory-safe") {
            mstore8(0x00, kind)
            mstore(0x01, account_)
            mstore(0x16, topic)
            key := keccak256(0x00, 54)
        }
    }
}
