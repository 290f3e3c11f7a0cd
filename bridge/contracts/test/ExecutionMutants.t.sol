// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {ISegmentJudge} from "../src/interfaces/ISegmentJudge.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Executions} from "./Executions.sol";
import {ProofMutants} from "./ProofMutants.sol";
import {SegmentModel} from "./SegmentModel.sol";

/// @title Proofs that a segment is not what its record says, true but for one thing, made at random: each is refused
/// @dev As FraudMutants: PLASMID_MUTANTS=N is how many, PLASMID_SEED=S begins elsewhere, and -vv prints the counts by the check that refused. The
/// segments lead to another state than their records have, so that every byte of a witness counts.
contract ExecutionMutantsTest is Executions, ProofMutants {
    uint256 private constant COUNT = 1 << 20;
    uint256 private constant FEW = 4;

    function test_mutantsOfExecutionProofsAreRefused() external {
        uint256 number = _number();
        for (uint256 c; c < 2; ++c) {
            uint256 state = vm.snapshotState();
            _run(c, number / 2 + 1, _execution(_cut(c == 0 ? _transfers(COUNT) : _forced(COUNT)), false));
            _backBut(state);
        }
        _logAll();
        bytes4[15] memory all = [
            bytes4(0), // what does not decode
            IRootChain.NotAccepted.selector,
            IFraudCourt.NotTheAccepted.selector,
            IFraudCourt.NotInEpoch.selector,
            IFraudCourt.NotTheSegments.selector,
            IFraudCourt.NotInBlock.selector,
            IFraudCourt.NotTheLength.selector,
            IFraudCourt.NotTheBytes.selector,
            ISegmentJudge.BadWitness.selector,
            ISegmentJudge.NotTheStateBefore.selector,
            ISegmentJudge.Undecided.selector,
            ISegmentJudge.OtherAppends.selector,
            ISegmentJudge.OtherHints.selector,
            StateTree.WrongSiblings.selector,
            IEd25519Verifier.BadHint.selector
        ];
        for (uint256 i; i < all.length; ++i) {
            _occurred(all[i]);
        }
    }

    /// @dev The first few transactions with their leaves. The record has another state than they lead to, whatever that is.
    function _cut(Made memory made) private pure returns (Made memory few) {
        uint256 length = made.leaves.length - 2 * (NUMBER - FEW);
        (few.kind, few.leafCount) = (made.kind, made.leafCount);
        (few.leaves, few.behind) = (_firstOf(made.leaves, length), _firstOf(made.behind, length));
        few.transactions = new bytes[](FEW);
        few.hints = new uint256[](made.kind == 2 ? 2 * FEW : 0);
        for (uint256 i; i < FEW; ++i) {
            few.transactions[i] = made.transactions[i];
        }
        for (uint256 i; i < few.hints.length; ++i) {
            few.hints[i] = made.hints[i];
        }
    }

    function _firstOf(SegmentModel.Leaf[] memory leaves, uint256 length)
        private
        pure
        returns (SegmentModel.Leaf[] memory first)
    {
        first = new SegmentModel.Leaf[](length);
        for (uint256 i; i < length; ++i) {
            first[i] = leaves[i];
        }
    }

    function _mutated(uint256 way, uint256 seed) internal override returns (bytes memory) {
        return way < 5 ? _flip(_true, seed) : this.changed(_true, seed);
    }

    function _isOther(bytes memory data) internal view override returns (bool) {
        bytes memory same = this.changed(data, type(uint256).max);
        return keccak256(same) != keccak256(this.changed(_true, type(uint256).max));
    }

    function _most() internal pure override returns (uint256) {
        return 12_000_000;
    }

    /// @notice One part changed, by its kind; the same parts, as they are encoded here, for the largest seed.
    function changed(bytes calldata data, uint256 seed) external pure returns (bytes memory) {
        (
            IFraudCourt.Accused memory a,
            IFraudCourt.Block memory b,
            IFraudCourt.Segments memory s,
            IFraudCourt.Segment memory one,
            IFraudCourt.Executed memory executed
        ) = abi.decode(
            data[4:],
            (IFraudCourt.Accused, IFraudCourt.Block, IFraudCourt.Segments, IFraudCourt.Segment, IFraudCourt.Executed)
        );
        if (seed != type(uint256).max) {
            uint256 part = seed % 14;
            seed >>= 4;
            bytes32 bit = bytes32(uint256(1) << (seed % 256));
            if (part == 0) a.acceptance.time ^= uint64(1) << uint64(seed % 64);
            if (part == 1) a.checkpoint.epoch ^= uint64(1 + seed % 3);
            if (part == 2) a.checkpoint.stateRoot ^= bit;
            if (part == 3) b.height ^= uint64(1) << uint64(seed % 64);
            if (part == 4) s.count ^= uint32(1) << uint32(seed % 32);
            if (part == 5) one.stateBefore ^= bit;
            if (part == 6) one.stateAfter ^= bit;
            if (part == 7) executed.segment = _bytes(executed.segment, seed);
            if (part > 7 && part < 12) executed.witness = _witness(executed.witness, part, seed);
            if (part > 11) executed.hints = _hinted(executed.hints, part, seed);
        }
        return abi.encodeCall(IFraudCourt.proveExecution, (a, b, s, one, executed));
    }

    /// @dev A bit flipped, the last byte dropped, a byte added, or two bytes swapped.
    function _bytes(bytes memory value, uint256 seed) private pure returns (bytes memory) {
        uint256 part = seed % 4;
        uint256 at = (seed >> 8) % value.length;
        uint256 other = (at + 1) % value.length;
        if (part == 0) return bytes.concat(value, bytes1(uint8(seed >> 40)));
        if (part == 1) return _without(value, value.length - 1, 1);
        if (part == 2) (value[at], value[other]) = (value[other], value[at]);
        else value[at] = value[at] ^ bytes1(uint8(1 << (seed >> 48) % 8));
        return value;
    }

    /// @dev Bytes anywhere; the counts in front; a whole sibling, dropped, doubled or zero; a leaf's place in the list.
    function _witness(bytes memory witness, uint256 part, uint256 seed) private pure returns (bytes memory) {
        if (part == 8) return _bytes(witness, seed);
        if (part == 9) {
            witness[seed % 6] = witness[seed % 6] ^ bytes1(uint8(1 << (seed >> 8) % 3));
            return witness;
        }
        // Behind the leaves there are siblings alone.
        uint256 at = witness.length - 32 * (1 + seed % 90);
        if (part == 10) return _without(witness, at, 32);
        if (seed >> 16 & 1 == 0) {
            // The key of a leaf is its 39th byte and those behind, and in front of it is its next key.
            uint256 flipped = 6 + (seed >> 24) % 102;
            witness[flipped] = witness[flipped] ^ bytes1(uint8(1 << (seed >> 48) % 8));
            return witness;
        }
        bytes memory doubled = new bytes(witness.length + 32);
        for (uint256 i; i < doubled.length; ++i) {
            doubled[i] = witness[i < at + 32 ? i : i - 32];
        }
        return doubled;
    }

    function _without(bytes memory value, uint256 at, uint256 length) private pure returns (bytes memory shorter) {
        shorter = new bytes(value.length - length);
        for (uint256 i; i < shorter.length; ++i) {
            shorter[i] = value[i < at ? i : i + length];
        }
    }

    /// @dev One more, one less, two swapped, or another word: the negative one, one that is not reduced, or anything.
    function _hinted(uint256[] memory hints, uint256 part, uint256 seed) private pure returns (uint256[] memory made) {
        uint256 p = 2 ** 255 - 19;
        bool longer = part == 12 || hints.length == 0;
        made = new uint256[](longer ? hints.length + 1 + seed % 2 : seed % 3 == 0 ? hints.length - 1 : hints.length);
        for (uint256 i; i < made.length && i < hints.length; ++i) {
            made[i] = hints[i];
        }
        if (longer || made.length < hints.length) return made;
        uint256 at = (seed >> 8) % made.length;
        uint256 other = uint256(keccak256(abi.encode(seed)));
        if (seed % 3 == 1) (made[at], made[at ^ 1]) = (made[at ^ 1], made[at]);
        else made[at] = [p - made[at], other, other % p, made[at] + p][(seed >> 16) % 4];
        return made;
    }
}
