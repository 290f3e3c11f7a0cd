// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {ProofMutants} from "./ProofMutants.sol";

/// @title Each part that a proof of fraud or an answer opens, with one thing changed in it
abstract contract PartMutants is ProofMutants {
    uint256 internal constant SAME = type(uint256).max;

    /// @notice One part changed, by its kind; for `SAME` the same parts, as they are encoded here. A change may leave a part as it was.
    function changed(bytes calldata data, uint256 seed) external view virtual returns (bytes memory);

    function _mutated(uint256 way, uint256 seed) internal view override returns (bytes memory) {
        bytes memory right = _true;
        if (way < 4) return _flip(right, seed);
        return way < 6 ? _words(right, seed) : this.changed(right, seed);
    }

    function _isOther(bytes memory data) internal view override returns (bool) {
        (, bytes memory same) = address(this).staticcall(abi.encodeCall(this.changed, (data, SAME)));
        return keccak256(same) != keccak256(abi.encode(_true));
    }

    function _most() internal pure override returns (uint256) {
        return 5_000_000;
    }

    /// @dev One word in the place of another, or a word that counts changed by one.
    function _words(bytes memory data, uint256 seed) internal pure returns (bytes memory) {
        uint256 words = (data.length - 4) / 32;
        uint256 from = 4 + 32 * (seed % words);
        uint256 to = 4 + 32 * ((seed >> 32) % words);
        bytes32 word = _at(data, from);
        if (seed >> 64 & 1 == 0) word = seed >> 65 & 1 == 0 ? bytes32(uint256(_at(data, to)) ^ 1) : bytes32(seed);
        for (uint256 i; i < 32; ++i) {
            data[to + i] = word[i];
        }
        return data;
    }

    function _changeAccused(IFraudCourt.Accused memory one, uint256 seed) internal view {
        uint256 part = seed % 8;
        seed >>= 8;
        if (part == 0) one.acceptance.time ^= uint64(1) << uint64(seed % 64);
        if (part == 1) one.acceptance.blockNumber ^= uint64(1) << uint64(seed % 64);
        if (part == 2) one.acceptance.dueCount ^= uint64(1) << uint64(seed % 64);
        if (part == 3) one.acceptance.signers[seed % 2] ^= bytes32(1 << (seed >> 8) % 256);
        if (part == 4) {
            IFraudCourt.Accused memory sound = _accusedOf(0);
            (one.checkpoint, one.acceptance) = (sound.checkpoint, sound.acceptance);
        }
        if (part > 4) _changeCheckpoint(one.checkpoint, seed);
    }

    function _changeCheckpoint(IRootChain.Checkpoint memory one, uint256 seed) internal pure {
        uint256 part = seed % 9;
        seed >>= 8;
        bytes32 flip = bytes32(1 << seed % 256);
        uint64 bit = uint64(1) << uint64(seed % 64);
        if (part == 0) one.epoch ^= bit;
        if (part == 1) one.lastBlockTime ^= bit;
        if (part == 2) one.blocksRoot ^= flip;
        if (part == 3) one.stateRoot ^= flip;
        if (part == 4) one.inboxCursor ^= bit;
        if (part == 5) one.inboxLink ^= flip;
        if (part == 6) one.nextSet ^= flip;
        if (part == 7) one.relayer = address(uint160(one.relayer) ^ uint160(1) << uint160(seed % 160));
        if (part == 8) one.previous ^= flip;
    }

    function _changeBlock(IFraudCourt.Block memory one, uint256 seed) internal pure {
        uint256 part = seed % 12;
        seed >>= 8;
        bytes32 flip = bytes32(1 << seed % 256);
        uint64 bit = uint64(1) << uint64(seed % 64);
        if (part == 0) one.number ^= uint32(1) << uint32(seed % 32);
        if (part == 1) one.rules ^= uint32(1) << uint32(seed % 32);
        if (part == 2) one.height ^= bit;
        if (part == 3) one.time ^= bit;
        if (part == 4) one.blockHash ^= flip;
        if (part == 5) one.witnessHash ^= flip;
        if (part == 6) one.stateBefore ^= flip;
        if (part == 7) one.stateAfter ^= flip;
        if (part == 8) one.segmentsRoot ^= flip;
        if (part > 8) one.siblings = _changeSiblings(one.siblings, seed);
    }

    function _changeSegments(IFraudCourt.Segments memory one, uint256 seed) internal pure {
        uint256 part = seed % 3;
        seed >>= 8;
        if (part == 0) one.count ^= uint32(1) << uint32(seed % 32);
        if (part == 1) one.transactions ^= uint32(1) << uint32(seed % 32);
        if (part == 2) one.listRoot ^= bytes32(1 << seed % 256);
    }

    function _changeSegment(IFraudCourt.Segment memory one, uint256 seed) internal pure {
        uint256 part = seed % 11;
        seed >>= 8;
        bytes32 flip = bytes32(1 << seed % 256);
        uint32 bit = uint32(1) << uint32(seed % 32);
        if (part == 0) one.number ^= bit;
        if (part == 1) one.kind ^= uint8(1) << uint8(seed % 8);
        if (part == 2) one.first ^= bit;
        if (part == 3) one.count ^= bit;
        if (part == 4) one.length ^= bit;
        if (part == 5) one.chunksRoot ^= flip;
        if (part == 6) one.stateBefore ^= flip;
        if (part == 7) one.stateAfter ^= flip;
        if (part > 7) one.siblings = _changeSiblings(one.siblings, seed);
    }

    /// @dev One dropped, added, swapped with another, or changed.
    function _changeSiblings(bytes32[] memory siblings, uint256 seed) internal pure returns (bytes32[] memory made) {
        uint256 at = (seed >> 8) % siblings.length;
        uint256 part = seed % 4;
        if (part == 0) {
            made = new bytes32[](siblings.length - 1);
            for (uint256 i; i < made.length; ++i) {
                made[i] = siblings[i < at ? i : i + 1];
            }
            return made;
        }
        made = new bytes32[](siblings.length + (part == 1 ? 1 : 0));
        for (uint256 i; i < made.length; ++i) {
            made[i] = siblings[part == 1 && i > at ? i - 1 : i];
        }
        uint256 other = (at + 1) % made.length;
        if (part == 2) (made[at], made[other]) = (made[other], made[at]);
        if (part == 3) made[at] ^= bytes32(1 << (seed >> 16) % 256);
    }

    function _changeInclusion(StateTree.Inclusion memory one, uint256 seed) internal pure {
        uint256 part = seed % 8;
        seed >>= 8;
        bytes32 flip = bytes32(1 << seed % 256);
        uint256 at = (seed >> 8) % 32;
        if (part == 0) one.index ^= uint32(1) << uint32(seed % 32);
        if (part == 1) one.key ^= flip;
        if (part == 2) one.next ^= flip;
        if (part == 3) one.valueHash ^= flip;
        if (part == 4) one.count ^= uint32(1) << uint32(seed % 32);
        if (part == 5) one.siblings[at] ^= flip;
        if (part == 6) (one.siblings[at], one.siblings[(at + 1) % 32]) = (one.siblings[(at + 1) % 32], one.siblings[at]);
        if (part == 7) one.siblings[at] = 0;
    }

    /// @dev A bit flipped, the last byte dropped, a byte added, or two bytes swapped.
    function _changeValue(bytes memory value, uint256 seed) internal pure returns (bytes memory) {
        uint256 part = seed % 5;
        uint256 at = (seed >> 8) % value.length;
        if (part == 0) return bytes.concat(value, bytes1(uint8(seed >> 40)));
        if (part == 1) {
            bytes memory shorter = new bytes(value.length - 1);
            for (uint256 i; i < shorter.length; ++i) {
                shorter[i] = value[i];
            }
            return shorter;
        }
        uint256 other = (at + 1) % value.length;
        if (part == 2) (value[at], value[other]) = (value[other], value[at]);
        else value[at] = value[at] ^ bytes1(uint8(1 << (seed >> 48) % 8));
        return value;
    }
}
