// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Messages from root to child and the chain of their hashes (PROTOCOL, sections 1 and 5)
/// @dev Twin: `bridge::proof::inbox`.
library Messages {
    uint8 internal constant REGISTRATION = 1;
    uint8 internal constant DEPOSIT = 2;
    uint8 internal constant FREEZE = 3;
    uint8 internal constant SETTLEMENT = 4;
    uint8 internal constant ACCEPTANCE = 5;
    uint8 internal constant FUNDING = 6;
    uint8 internal constant FORCED = 7;
    uint8 internal constant EPOCH_FREEZE = 9;
    uint8 internal constant EPOCH_RELEASE = 10;
    /// @dev Bytes before a message's body.
    uint256 internal constant HEADER = 33;

    /// @notice The whole message: header of 33 bytes and body.
    function encode(uint64 index, uint64 due, uint8 kind, bytes memory body) internal view returns (bytes memory) {
        return abi.encodePacked(index, uint64(block.timestamp), uint64(block.number), due, kind, body);
    }

    /// @notice The body of a registration, 172 bytes.
    /// @param checkpointKey 96 bytes, checked by the caller.
    function registration(
        address operator,
        uint64 number,
        bytes32 consensusKey,
        bytes memory checkpointKey,
        uint128 bond
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(operator, number, consensusKey, checkpointKey, bond);
    }

    /// @notice The body of a freeze, 36 bytes, and what the body of a settlement begins with: its fraction, u64 of 10^9, follows.
    function offence(address operator, uint64 number, uint64 epoch) internal pure returns (bytes memory) {
        return abi.encodePacked(operator, number, epoch);
    }

    /// @notice The body of a reward funding, 36 bytes.
    function funding(uint128 amount, address funder) internal pure returns (bytes memory) {
        return abi.encodePacked(amount, funder);
    }

    /// @notice Hash of a message, as links hold it.
    function hash(bytes memory message) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("PMSG", keccak256(message)));
    }

    /// @notice h(index) from h(index − 1) and the message hash.
    function link(uint64 index, bytes32 previous, bytes32 messageHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("PINB", index, previous, messageHash));
    }

    /// @notice The index in a message's bytes, which its link has too. A message shorter than its header has none, and none is 0.
    function indexOf(bytes calldata message) internal pure returns (uint64) {
        return message.length < HEADER ? 0 : uint64(bytes8(message[:8]));
    }

    /// @notice The kind in a message's bytes, and where its body begins.
    function kindOf(bytes calldata message) internal pure returns (uint8) {
        return uint8(message[HEADER - 1]);
    }

    /// @notice What a deposit or a funding brought that comes back, and to whom; an amount of 0 where it brought none of that. Meaningful only
    /// for bytes that were sent.
    /// @param native of a deposit of a token: the native coin beside it, and not the token.
    function refund(bytes calldata message, bool native)
        internal
        pure
        returns (address token, address to, uint128 amount)
    {
        bytes calldata body = message[HEADER:];
        if (kindOf(message) == DEPOSIT) {
            token = address(bytes20(body[:20]));
            to = address(bytes20(body[73:93]));
            if (native) {
                amount = uint128(bytes16(token == address(0) ? body[20:36] : body[36:52]));
                token = address(0);
            } else if (token != address(0)) {
                amount = uint128(bytes16(body[20:36]));
            }
        } else if (kindOf(message) == FUNDING && native) {
            return (address(0), address(bytes20(body[16:36])), uint128(bytes16(body[:16])));
        }
    }

    /// @notice The due time in a message's bytes, milliseconds. Meaningful only for bytes whose hash is authenticated.
    function dueMs(bytes calldata message) internal pure returns (uint64) {
        return uint64(bytes8(message[24:32]));
    }
}
