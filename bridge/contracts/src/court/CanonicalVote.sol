// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {Hex} from "../libraries/Hex.sol";

/// @title What CometBFT signs of a vote, built from its fields
/// @notice CometBFT's `CanonicalVote` (its canonical.proto) in protobuf, with its length in front:
/// type (1), height (2) and round (3) as sfixed64, block id (4), timestamp (5), chain id (6). Zero fields are left out, as gogoproto does;
/// the timestamp is always there. Sign bytes are never parsed: two texts that mean the same vote cannot exist then.
/// @dev Twin: `bridge::proof::vote`.
library CanonicalVote {
    /// @notice The chain id of a deployment's votes: `plasmid-` and 40 hexadecimal digits.
    function chainId(bytes20 deployment) internal pure returns (bytes memory) {
        return abi.encodePacked("plasmid-", Hex.lower(deployment));
    }

    /// @param kind 1 or 2.
    /// @param height 1 to 2^63 − 1.
    /// @param round below 2^31.
    /// @param chain 48 bytes.
    function signBytes(uint8 kind, uint64 height, uint32 round, ICourt.Vote calldata vote, bytes memory chain)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory roundField = round == 0 ? bytes("") : abi.encodePacked(hex"19", _littleEndian(round));
        bytes memory id = _blockId(vote.id);
        // A negative int64 is the varint of its 64 bits in two's complement.
        bytes memory secs = _number(hex"08", uint64(vote.secs));
        bytes memory nanos = _number(hex"10", vote.nanos);
        uint256 timeLength = secs.length + nanos.length; // at most 17
        // The four tags below, kind, height, and the lengths of the time and of the chain id are 15 bytes.
        return abi.encodePacked(
            _varint(15 + roundField.length + id.length + timeLength + chain.length),
            hex"08",
            kind,
            hex"11",
            _littleEndian(height),
            roundField,
            id,
            hex"2a",
            uint8(timeLength),
            secs,
            nanos,
            hex"32",
            uint8(chain.length),
            chain
        );
    }

    function isNil(ICourt.BlockId calldata id) internal pure returns (bool) {
        return id.total == 0 && id.hash == 0 && id.partsHash == 0;
    }

    function isSame(ICourt.BlockId calldata a, ICourt.BlockId calldata b) internal pure returns (bool) {
        return a.hash == b.hash && a.total == b.total && a.partsHash == b.partsHash;
    }

    /// @dev A field of the time: its tag and its number, or nothing where that is 0.
    function _number(bytes1 tag, uint256 value) private pure returns (bytes memory) {
        return value == 0 ? bytes("") : abi.encodePacked(tag, _varint(value));
    }

    /// @dev At most 78 bytes.
    function _blockId(ICourt.BlockId calldata id) private pure returns (bytes memory) {
        if (isNil(id)) return "";
        bytes memory total = _varint(id.total);
        return abi.encodePacked(
            hex"22",
            uint8(71 + total.length),
            hex"0a20",
            id.hash,
            hex"12",
            uint8(35 + total.length),
            hex"08",
            total,
            hex"1220",
            id.partsHash
        );
    }

    /// @dev Base-128 with the lowest digits first, 1 to 10 bytes.
    function _varint(uint256 value) private pure returns (bytes memory encoded) {
        assembly ("memory-safe") {
            encoded := mload(0x40)
            let at := add(encoded, 0x20)
            for {} gt(value, 127) { value := shr(7, value) } {
                mstore8(at, or(and(value, 127), 128))
                at := add(at, 1)
            }
            mstore8(at, value)
            mstore(encoded, sub(at, add(encoded, 0x1f)))
            mstore(0x40, add(encoded, 0x40))
        }
    }

    function _littleEndian(uint64 value) private pure returns (bytes8) {
        value = (value & 0x00ff00ff00ff00ff) << 8 | (value >> 8) & 0x00ff00ff00ff00ff;
        value = (value & 0x0000ffff0000ffff) << 16 | (value >> 16) & 0x0000ffff0000ffff;
        return bytes8(value << 32 | value >> 32);
    }
}
