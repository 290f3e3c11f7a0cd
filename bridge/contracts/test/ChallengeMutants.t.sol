// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Challenging} from "./Challenging.sol";
import {Frauds} from "./Frauds.sol";
import {PartMutants} from "./PartMutants.sol";

/// @title Answers to challenges that are true but for one thing, made at random: each is refused
/// @dev As FraudMutants: PLASMID_MUTANTS=N is how many, PLASMID_SEED=S begins elsewhere, and -vv prints the counts by the check that refused. More
/// than what is answered is asked for, so that an answer to something else is refused by what it shows.
contract ChallengeMutantsTest is Challenging, PartMutants {
    uint256 private constant KINDS = 4;
    uint32 private constant NONE = 4;
    uint256 private _shape;

    function setUp() public override(Challenging, Frauds) {
        Challenging.setUp();
    }

    function test_mutantsOfAnswersAreRefused() external {
        uint256 number = _number();
        _filled(_data(10));
        _pass(60);
        _filled(_data(2_500));
        for (uint256 i; i < KINDS; ++i) {
            uint256 state = vm.snapshotState();
            _shape = i;
            _askAround();
            _run(200 + i, number / KINDS + 1, _answerOf(i));
            _backBut(state);
        }
        _logAll();
        bytes4[11] memory all = [
            bytes4(0), // what does not decode
            IFraudCourt.NotTheAccepted.selector,
            IFraudCourt.NotInEpoch.selector,
            IFraudCourt.NotTheSegments.selector,
            IFraudCourt.NotInBlock.selector,
            IFraudCourt.NotTheLength.selector,
            IFraudCourt.NotTheBytes.selector,
            IFraudCourt.NotInState.selector,
            IFraudCourt.WrongValue.selector,
            IDataChallenges.NotChallenged.selector,
            IDataChallenges.Exists.selector
        ];
        for (uint256 i; i < all.length; ++i) {
            _occurred(all[i]);
        }
    }

    /// @dev What is answered, what stands next to it, and the same of the epoch before.
    function _askAround() private {
        for (uint64 epoch; epoch < 2; ++epoch) {
            for (uint32 i; i < 6; ++i) {
                if (i <= NONE) _ask(IDataChallenges.Target(epoch, SEGMENT, FILLED, i));
                _ask(IDataChallenges.Target(epoch, LEAF, 0, i));
                _ask(IDataChallenges.Target(epoch, SEGMENT, FILLED ^ uint32(1 << i), PLACE));
                _ask(IDataChallenges.Target(epoch, SEGMENT, FILLED ^ uint32(1 << i), NONE));
            }
        }
    }

    function _answerOf(uint256 shape) private view returns (bytes memory) {
        if (shape == 0) return _answerFilled();
        if (shape == 1) return _answerNoSegment(FILLED, NONE);
        if (shape == 2) return _answerLeaf(3);
        return _answerNoLeaf(5);
    }

    function _judge() internal view override returns (address) {
        return address(dataChallenges);
    }

    function changed(bytes calldata data, uint256 seed) external view override returns (bytes memory) {
        if (_shape == 0) return _changedSegment(data[4:], seed);
        if (_shape == 1) return _changedNone(data[4:], seed);
        if (_shape == 2) return _changedLeaf(data[4:], seed);
        return _changedNoLeaf(data[4:], seed);
    }

    function _changedSegment(bytes calldata parts, uint256 seed) private view returns (bytes memory) {
        (
            IFraudCourt.Accused memory a,
            IFraudCourt.Block memory b,
            IFraudCourt.Segments memory s,
            IFraudCourt.Segment memory one,
            bytes memory bytes_
        ) = abi.decode(
            parts, (IFraudCourt.Accused, IFraudCourt.Block, IFraudCourt.Segments, IFraudCourt.Segment, bytes)
        );
        if (seed != SAME) {
            uint256 part = seed % 6;
            seed >>= 4;
            if (part == 0) _changeAccused(a, seed);
            if (part == 1) _changeBlock(b, seed);
            if (part == 2) _changeSegments(s, seed);
            if (part == 3) _changeSegment(one, seed);
            if (part == 4) bytes_ = _changeValue(bytes_, seed);
            if (part == 5) one = _segmentWithPath(content, FILLED, seed % 4);
        }
        return abi.encodeCall(IDataChallenges.answerSegment, (a, b, s, one, bytes_));
    }

    function _changedNone(bytes calldata parts, uint256 seed) private view returns (bytes memory) {
        (
            IFraudCourt.Accused memory a,
            IFraudCourt.Block memory b,
            IFraudCourt.Segments memory s,
            uint32 number
        ) = abi.decode(parts, (IFraudCourt.Accused, IFraudCourt.Block, IFraudCourt.Segments, uint32));
        if (seed != SAME) {
            uint256 part = seed % 4;
            seed >>= 4;
            if (part == 0) _changeAccused(a, seed);
            if (part == 1) _changeBlock(b, seed);
            if (part == 2) _changeSegments(s, seed);
            if (part == 3) number = seed % 2 == 0 ? uint32(seed >> 8) % NONE : uint32(6 + (seed >> 8) % 1000);
        }
        return abi.encodeCall(IDataChallenges.answerNoSegment, (a, b, s, number));
    }

    function _changedLeaf(bytes calldata parts, uint256 seed) private view returns (bytes memory) {
        (IFraudCourt.Accused memory a, IDataChallenges.Value memory value, StateTree.Inclusion memory leaf) =
            abi.decode(parts, (IFraudCourt.Accused, IDataChallenges.Value, StateTree.Inclusion));
        if (seed != SAME) {
            uint256 part = seed % 4;
            seed >>= 4;
            if (part == 0) _changeAccused(a, seed);
            if (part == 1) value.kind ^= uint8(1) << uint8(seed % 8);
            if (part == 2) value.content = _changeValue(value.content, seed);
            if (part == 3) _changeInclusion(leaf, seed);
        }
        return abi.encodeCall(IDataChallenges.answerLeaf, (a, value, leaf));
    }

    function _changedNoLeaf(bytes calldata parts, uint256 seed) private view returns (bytes memory) {
        (IFraudCourt.Accused memory a, uint32 index, bytes32 root, uint32 count) =
            abi.decode(parts, (IFraudCourt.Accused, uint32, bytes32, uint32));
        if (seed != SAME) {
            uint256 part = seed % 4;
            seed >>= 4;
            if (part == 0) _changeAccused(a, seed);
            if (part == 1) index = seed % 2 == 0 ? uint32(seed >> 8) % 5 : uint32(6 + (seed >> 8) % 1000);
            if (part == 2) root ^= bytes32(1 << seed % 256);
            if (part == 3) count ^= uint32(1) << uint32(seed % 32);
        }
        return abi.encodeCall(IDataChallenges.answerNoLeaf, (a, index, root, count));
    }
}
