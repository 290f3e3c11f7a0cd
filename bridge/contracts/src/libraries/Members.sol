// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {Bls} from "./Bls.sol";
import {ListTree} from "./ListTree.sol";

/// @title Validator sets: commitments, and who of a set signed
/// @dev Twin: `bridge::proof::set`.
library Members {
    /// @notice Member number 512 has no bit.
    error TooManyMembers(uint256 count);
    /// @notice Absent members ascend by number, below the set's count, and have no bit.
    error AbsentOutOfOrder(uint256 place, uint16 number);
    /// @notice Bits and absent members do not make up the set.
    error SignersMismatch(uint256 expected, uint256 given);
    /// @notice An absent member, or a sibling, is not of this set.
    error MembersRootMismatch(bytes32 expected, bytes32 computed);

    uint256 internal constant LIMIT = 512;

    /// @notice Leaf of a member in its set's tree (PROTOCOL, section 1; 170 bytes).
    /// @param checkpointKey 96 bytes; its only part whose length is not fixed by its type.
    function leaf(
        uint16 seat,
        address operator,
        uint64 registration,
        bytes32 consensusKey,
        bytes memory checkpointKey,
        uint64 power
    ) internal pure returns (bytes32) {
        if (checkpointKey.length != Bls.KEY_BYTES) revert Bls.WrongLength(Bls.KEY_BYTES, checkpointKey.length);
        return keccak256(abi.encodePacked("PMEM", seat, operator, registration, consensusKey, checkpointKey, power));
    }

    /// @notice Commitment of a set (PROTOCOL, section 1; 142 bytes).
    function commitment(bytes32 membersRoot, uint16 count, bytes memory aggregateKey, uint64 totalPower)
        internal
        pure
        returns (bytes32)
    {
        if (aggregateKey.length != Bls.KEY_BYTES) revert Bls.WrongLength(Bls.KEY_BYTES, aggregateKey.length);
        return keccak256(abi.encodePacked("PSET", membersRoot, count, aggregateKey, totalPower));
    }

    /// @notice The signers' sum of keys and their power: the set's less the absent members'.
    /// @dev The set's fields must come from its commitment. Every member is either in the bitmap or listed as absent, and
    /// proven; so nobody's power counts twice and nobody's key is taken away twice.
    function signers(
        IRootChain.Set calldata set,
        bytes32[2] calldata bitmap,
        IRootChain.SetMember[] calldata absent,
        bytes32[] calldata siblings
    ) internal view returns (bytes memory key, uint256 power) {
        _checkBitmap(bitmap, set.count, absent);
        key = set.aggregateKey;
        if (absent.length == 0) {
            if (siblings.length != 0) revert SignersMismatch(0, siblings.length);
            return (key, set.totalPower);
        }
        uint32[] memory numbers = new uint32[](absent.length);
        bytes32[] memory leaves = new bytes32[](absent.length);
        for (uint256 i; i < absent.length; ++i) {
            IRootChain.SetMember calldata member = absent[i];
            numbers[i] = member.number;
            leaves[i] = leaf(
                member.seat,
                member.operator,
                member.registration,
                member.consensusKey,
                member.checkpointKey,
                member.power
            );
            key = Bls.subtract(key, member.checkpointKey);
            power += member.power;
        }
        bytes32 computed = ListTree.multiproofRoot(numbers, leaves, set.count, siblings);
        if (computed != set.membersRoot) revert MembersRootMismatch(set.membersRoot, computed);
        power = set.totalPower - power;
    }

    /// @dev The bitmap is exactly the set without the absent members.
    function _checkBitmap(bytes32[2] calldata bitmap, uint256 count, IRootChain.SetMember[] calldata absent) private pure {
        if (count > LIMIT) revert TooManyMembers(count);
        uint256 next;
        for (uint256 i; i < absent.length; ++i) {
            uint16 number = absent[i].number;
            if (number < next || number >= count || _bit(bitmap, number)) revert AbsentOutOfOrder(i, number);
            next = uint256(number) + 1;
        }
        // No absent member has a bit. So when bits and absent members together are `count`, every other member has one.
        uint256 bits = _ones(uint256(bitmap[0]) & _mask(count))
            + _ones(uint256(bitmap[1]) & _mask(count > 256 ? count - 256 : 0));
        if (bits + absent.length != count) revert SignersMismatch(count, bits + absent.length);
        uint256 all = _ones(uint256(bitmap[0])) + _ones(uint256(bitmap[1]));
        if (all != bits) revert SignersMismatch(bits, all);
    }

    /// @dev Bit b of the bitmap is bit (b mod 8) of byte b / 8, bytes from the left.
    function _bit(bytes32[2] calldata bitmap, uint256 number) private pure returns (bool) {
        return uint8(bitmap[number >> 8][(number >> 3) & 31]) >> (number & 7) & 1 == 1;
    }

    /// @dev The first `count` bits of a word in that order; all 256 for a larger count.
    function _mask(uint256 count) private pure returns (uint256 mask) {
        if (count >= 256) return type(uint256).max;
        uint256 whole = count & ~uint256(7);
        mask = ~(type(uint256).max >> whole);
        // The lowest bits of the next byte. That byte exists, since count < 256.
        mask |= ((uint256(1) << (count & 7)) - 1) << (248 - whole);
    }

    /// @dev How many bits are set.
    function _ones(uint256 word) private pure returns (uint256) {
        unchecked {
            uint256 m1 = type(uint256).max / 3; // 0x55…
            uint256 m2 = type(uint256).max / 5; // 0x33…
            uint256 m4 = type(uint256).max / 17; // 0x0f…
            word -= (word >> 1) & m1;
            word = (word & m2) + ((word >> 2) & m2);
            word = (word + (word >> 4)) & m4; // 32 bytes, each at most 8
            if (word == type(uint256).max / 255 * 8) return 256; // the sum of the bytes would not fit one
            return (word * (type(uint256).max / 255)) >> 248;
        }
    }
}
