// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {PartMutants} from "./PartMutants.sol";

/// @title Proofs of fraud that are true but for one thing, made at random: each is refused
/// @dev PLASMID_MUTANTS=N is how many of each kind, links and signatures (script/forge test --match-contract FraudMutants -vv prints the counts
/// by the check that refused); PLASMID_SEED=S begins elsewhere. A mutant that is taken fails the test, with its seed.
contract FraudMutantsTest is PartMutants {
    /// @dev One of each shape, by number of the case, and of the signatures one of each answer.
    uint256[9] private _links = [uint256(2), 6, 7, 15, 27, 35, 38, 41, 44];
    uint256[6] private _bads = [uint256(0), 1, 2, 5, 9, 13];
    uint256 private _shape;

    function test_mutantsOfLinkProofsAreRefused() external {
        uint256 number = _number();
        for (uint256 c; c < _links.length; ++c) {
            uint256 state = vm.snapshotState();
            Case memory one = _make(_links[c]);
            _shape = one.shape;
            _run(c, number / _links.length + 1, _proving(one.shape, one.rule, one.a, one.b));
            _backBut(state);
        }
        _occurredAll();
        _occurred(IFraudCourt.NotThePrevious.selector);
        _occurred(IFraudCourt.NotNeighbours.selector);
        _occurred(IFraudCourt.NotInState.selector);
        _occurred(IFraudCourt.WrongLeaf.selector);
        _occurred(IFraudCourt.WrongValue.selector);
        _occurred(IFraudCourt.NotShown.selector);
        _occurred(IFraudCourt.NoFraud.selector);
    }

    function test_mutantsOfSignatureProofsAreRefused() external {
        uint256 number = _number();
        for (uint256 c; c < _bads.length; ++c) {
            uint256 state = vm.snapshotState();
            (bytes memory bad,) = _bad(_bads[c]);
            _accused(bad);
            _shape = 7;
            _run(100 + c, number / _bads.length + 1, _provingSignature(1, bad));
            _backBut(state);
        }
        _occurredAll();
        _occurred(IFraudCourt.NotTheLength.selector);
        _occurred(IFraudCourt.NotTheBytes.selector);
        _occurred(IFraudCourt.NotATransaction.selector);
        _occurred(IFraudCourt.SignatureHolds.selector);
        _occurred(IEd25519Verifier.BadHint.selector);
    }

    function _occurredAll() private {
        _logAll();
        _occurred(IFraudCourt.NotTheAccepted.selector);
        _occurred(IRootChain.NotAccepted.selector);
        _occurred(IFraudCourt.NotInEpoch.selector);
        _occurred(IFraudCourt.NotTheSegments.selector);
        _occurred(IFraudCourt.NotInBlock.selector);
        _occurred(0); // what does not decode
    }

    function changed(bytes calldata data, uint256 seed) external view override returns (bytes memory) {
        bytes memory parts = data[4:];
        if (_shape == 0) return _changedBlock(parts, seed);
        if (_shape == 1) return _changedBlocks(parts, seed);
        if (_shape == 2) return _changedAcross(parts, seed);
        if (_shape == 3) return _changedCounts(parts, seed);
        if (_shape == 4) return _changedSegment(parts, seed);
        if (_shape == 5) return _changedSegments(parts, seed);
        if (_shape == 6) return _changedLeaf(parts, seed);
        return _changedSignature(parts, seed);
    }

    function _changedBlock(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        (IFraudCourt.Accused memory a, uint8 rule, IFraudCourt.Block memory b) =
            abi.decode(parts, (IFraudCourt.Accused, uint8, IFraudCourt.Block));
        uint256 part = seed % 4;
        if (seed == SAME) return abi.encodeCall(IFraudCourt.proveBlock, (a, rule, b));
        seed >>= 4;
        if (part == 0) _changeAccused(a, seed);
        if (part == 1) rule = _otherRule(rule, seed);
        if (part > 1) _changeBlock(b, seed);
        return abi.encodeCall(IFraudCourt.proveBlock, (a, rule, b));
    }

    function _changedBlocks(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        (IFraudCourt.Accused memory a, uint8 rule, IFraudCourt.Block memory b, IFraudCourt.Block memory c) =
            abi.decode(parts, (IFraudCourt.Accused, uint8, IFraudCourt.Block, IFraudCourt.Block));
        uint256 part = seed % 6;
        if (seed == SAME) return abi.encodeCall(IFraudCourt.proveBlocks, (a, rule, b, c));
        seed >>= 4;
        if (part == 0) _changeAccused(a, seed);
        if (part == 1) rule = _otherRule(rule, seed);
        if (part == 2) (b, c) = (c, b);
        if (part == 3) c = seed % 2 == 0 ? b : _block(content, uint32(seed >> 8) % 29);
        if (part == 4) _changeBlock(b, seed);
        if (part == 5) _changeBlock(c, seed);
        return abi.encodeCall(IFraudCourt.proveBlocks, (a, rule, b, c));
    }

    struct Across {
        IFraudCourt.Accused accused;
        uint8 rule;
        IRootChain.Checkpoint previous;
        IFraudCourt.Block last;
        IFraudCourt.Block first;
    }

    function _changedAcross(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        Across memory one;
        (one.accused, one.rule, one.previous, one.last, one.first) = abi.decode(
            parts, (IFraudCourt.Accused, uint8, IRootChain.Checkpoint, IFraudCourt.Block, IFraudCourt.Block)
        );
        uint256 part = seed % 7;
        if (seed != SAME) {
            seed >>= 4;
            if (part == 0) _changeAccused(one.accused, seed);
            if (part == 1) one.rule = _otherRule(one.rule, seed);
            if (part == 2) _changeCheckpoint(one.previous, seed);
            if (part == 3) (one.last, one.first) = (one.first, one.last);
            if (part == 4) _changeBlock(one.last, seed);
            if (part == 5) _changeBlock(one.first, seed);
            if (part == 6) {
                // Another block of the epoch before, or of this one, in its own place.
                if (seed % 2 == 0) one.last = _block(before, uint32(seed >> 8) % 63);
                else one.first = _block(content, 1 + uint32(seed >> 8) % 62);
            }
        }
        return
            abi.encodeCall(IFraudCourt.proveAcross, (one.accused, one.rule, one.previous, one.last, one.first));
    }

    struct Counted {
        IFraudCourt.Accused accused;
        IFraudCourt.Block shown;
        IFraudCourt.Segments segments;
        bytes parameters;
        StateTree.Inclusion proof;
    }

    function _changedCounts(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        Counted memory one;
        (one.accused, one.shown, one.segments, one.parameters, one.proof) = abi.decode(
            parts, (IFraudCourt.Accused, IFraudCourt.Block, IFraudCourt.Segments, bytes, StateTree.Inclusion)
        );
        uint256 part = seed % 5;
        if (seed != SAME) {
            seed >>= 4;
            if (part == 0) _changeAccused(one.accused, seed);
            if (part == 1) _changeBlock(one.shown, seed);
            if (part == 2) _changeSegments(one.segments, seed);
            if (part == 3) one.parameters = _changeValue(one.parameters, seed);
            if (part == 4) _changeInclusion(one.proof, seed);
        }
        return abi.encodeCall(
            IFraudCourt.proveCounts, (one.accused, one.shown, one.segments, one.parameters, one.proof)
        );
    }

    struct Cut {
        IFraudCourt.Accused accused;
        uint8 rule;
        IFraudCourt.Block shown;
        IFraudCourt.Segments segments;
        IFraudCourt.Segment segment;
        IFraudCourt.Segment later;
        IFraudCourt.Signed signed;
    }

    function _changeCut(Cut memory one, uint256 part, uint256 seed) private view {
        if (part == 0) _changeAccused(one.accused, seed);
        if (part == 1) _changeBlock(one.shown, seed);
        if (part == 2) _changeSegments(one.segments, seed);
        if (part == 3) _changeSegment(one.segment, seed);
        if (part == 4) one.rule = _otherRule(one.rule, seed);
        if (part == 5) _changeSegment(one.later, seed);
        if (part == 6) (one.segment, one.later) = (one.later, one.segment);
    }

    function _changedSegment(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        Cut memory one;
        (one.accused, one.rule, one.shown, one.segments, one.segment) = abi.decode(
            parts, (IFraudCourt.Accused, uint8, IFraudCourt.Block, IFraudCourt.Segments, IFraudCourt.Segment)
        );
        if (seed != SAME) _changeCut(one, seed % 5, seed >> 4);
        return abi.encodeCall(
            IFraudCourt.proveSegment, (one.accused, one.rule, one.shown, one.segments, one.segment)
        );
    }

    function _changedSegments(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        Cut memory one;
        (one.accused, one.rule, one.shown, one.segments, one.segment, one.later) = abi.decode(
            parts,
            (
                IFraudCourt.Accused,
                uint8,
                IFraudCourt.Block,
                IFraudCourt.Segments,
                IFraudCourt.Segment,
                IFraudCourt.Segment
            )
        );
        if (seed != SAME) _changeCut(one, seed % 7, seed >> 4);
        return abi.encodeCall(
            IFraudCourt.proveSegments, (one.accused, one.rule, one.shown, one.segments, one.segment, one.later)
        );
    }

    struct Shown {
        IFraudCourt.Accused accused;
        uint8 rule;
        bytes value;
        StateTree.Inclusion leaf;
        bytes parameters;
        StateTree.Inclusion proof;
    }

    function _changedLeaf(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        Shown memory one;
        (one.accused, one.rule, one.value, one.leaf, one.parameters, one.proof) = abi.decode(
            parts, (IFraudCourt.Accused, uint8, bytes, StateTree.Inclusion, bytes, StateTree.Inclusion)
        );
        uint256 part = seed % 7;
        if (seed != SAME) {
            seed >>= 4;
            if (part == 0) _changeAccused(one.accused, seed);
            if (part == 1) one.rule = _otherRule(one.rule, seed);
            if (part == 2) one.value = _changeValue(one.value, seed);
            if (part == 3) _changeInclusion(one.leaf, seed);
            if (part == 4) one.parameters = _changeValue(one.parameters, seed);
            if (part == 5) _changeInclusion(one.proof, seed);
            if (part == 6) {
                uint256 other = 1 + seed % 4;
                (one.value, one.leaf) = (values[other], _leafProof(other));
            }
        }
        return abi.encodeCall(
            IFraudCourt.proveLeaf, (one.accused, one.rule, one.value, one.leaf, one.parameters, one.proof)
        );
    }

    function _changedSignature(bytes memory parts, uint256 seed) private view returns (bytes memory) {
        Cut memory one;
        (one.accused, one.shown, one.segments, one.segment, one.signed) = abi.decode(
            parts,
            (
                IFraudCourt.Accused,
                IFraudCourt.Block,
                IFraudCourt.Segments,
                IFraudCourt.Segment,
                IFraudCourt.Signed
            )
        );
        if (seed != SAME) {
            if (seed % 9 < 4) _changeCut(one, seed % 9, seed >> 4);
            else _changeSigned(one.signed, seed % 9, seed >> 4);
        }
        return abi.encodeCall(
            IFraudCourt.proveSignature, (one.accused, one.shown, one.segments, one.segment, one.signed)
        );
    }

    function _changeSigned(IFraudCourt.Signed memory one, uint256 part, uint256 seed) private view {
        if (part == 4) one.segment = _changeValue(one.segment, seed);
        // Both neighbours are signed, with hints of their own.
        if (part == 5) {
            one.place = seed % 3 == 0 ? uint32(3 + (seed >> 8) % 30) : uint32(seed % 3 == 1 ? 0 : 2);
            bytes memory neighbour = one.place == 0 ? _edSigned(_edTransfer()) : _ecdsaSigned(_ecdsaTransfer());
            (one.ofKey, one.ofR) = _hints(neighbour);
        }
        uint256 p = 2 ** 255 - 19;
        uint256 other = uint256(keccak256(abi.encode(seed)));
        if (part == 6) one.ofKey = [p - one.ofKey, other, other % p, one.ofKey + p][seed % 4];
        if (part == 7) one.ofR = [p - one.ofR, other, other % p, one.ofR + p][seed % 4];
        if (part == 8) (one.ofKey, one.ofR) = seed % 2 == 0 ? (one.ofR, one.ofKey) : (one.ofKey ^ 1, one.ofR ^ 1);
    }

    /// @dev L9 and L10 of a segment, and L3 and L4 of blocks, are not both broken in what is shown here.
    function _otherRule(uint8 rule, uint256 seed) private pure returns (uint8) {
        uint8 other = uint8(seed % 18);
        return other == rule ? 0 : other;
    }
}
