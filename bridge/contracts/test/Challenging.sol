// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {TreeModel} from "./TreeModel.sol";
import {Frauds} from "./Frauds.sol";

/// @title Epochs of which one segment has known bytes, who asks for parts of them, and who answers
abstract contract Challenging is Frauds {
    address internal constant ASKER = address(0xa5ce4);
    address internal constant HELPER = address(0x4e19e4);
    uint8 internal constant SEGMENT = 1;
    uint8 internal constant LEAF = 2;
    /// @dev Block and segment with known bytes.
    uint32 internal constant FILLED = 5;
    uint32 internal constant PLACE = 2;
    uint64 internal constant C = CHALLENGE - ANSWER - PROVE;

    function setUp() public virtual override {
        super.setUp();
        vm.deal(ASKER, 1e9 ether);
    }

    /// @notice An accepted epoch in which that segment has these bytes.
    function _filled(bytes memory data) internal {
        (users, usersCount) = (data, 1);
        _setBytes();
        _epoch(Wrong(6, FILLED, 0, 0, 0));
    }

    /// @notice Bytes that differ from each other.
    function _data(uint256 length) internal pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i; i < length; ++i) {
            data[i] = bytes1(uint8(i * 31 + i / 256 + 1));
        }
    }

    function _target(uint8 kind, uint32 place, uint32 number) internal view returns (IDataChallenges.Target memory) {
        return IDataChallenges.Target(content.epoch, kind, place, number);
    }

    function _filledTarget() internal view returns (IDataChallenges.Target memory) {
        return _target(SEGMENT, FILLED, PLACE);
    }

    /// @notice Asks, for exactly the price.
    function _ask(IDataChallenges.Target memory target) internal returns (uint256 price) {
        (price,) = dataChallenges.price(target.kind);
        vm.prank(ASKER);
        dataChallenges.challenge{value: price}(_accusedOf(target.epoch), target);
    }

    function _stateOf(IDataChallenges.Target memory target) internal view returns (IDataChallenges.Challenge memory) {
        return dataChallenges.challenged(target);
    }

    // Answers, of the newest epoch.

    function _answerSegment(uint256 block_, uint256 segment, bytes memory data) internal view returns (bytes memory) {
        return abi.encodeCall(
            IDataChallenges.answerSegment,
            (
                _accusedOf(content.epoch),
                _block(content, block_),
                _segments(content, block_),
                _segmentWithPath(content, block_, segment),
                data
            )
        );
    }

    function _answerNoSegment(uint256 block_, uint32 number) internal view returns (bytes memory) {
        return abi.encodeCall(
            IDataChallenges.answerNoSegment,
            (_accusedOf(content.epoch), _block(content, block_), _segments(content, block_), number)
        );
    }

    function _answerLeaf(uint256 index) internal view returns (bytes memory) {
        IDataChallenges.Value memory value = IDataChallenges.Value(uint8(_kind(index)), values[index]);
        return abi.encodeCall(
            IDataChallenges.answerLeaf, (_accusedOf(content.epoch), value, _leafProof(index))
        );
    }

    function _answerNoLeaf(uint32 index) internal view returns (bytes memory) {
        bytes32 root = TreeModel.root(_stateLeaves());
        return abi.encodeCall(
            IDataChallenges.answerNoLeaf, (_accusedOf(content.epoch), index, root, uint32(values.length))
        );
    }

    function _answerFilled() internal view returns (bytes memory) {
        return _answerSegment(FILLED, PLACE, users);
    }

    /// @notice Answers as HELPER, and gives what that was paid.
    function _answer(bytes memory call) internal returns (uint256 paid) {
        uint256 before = HELPER.balance;
        vm.prank(HELPER);
        (bool ok, bytes memory reason) = address(dataChallenges).call(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        return HELPER.balance - before;
    }

    function _refuses(bytes memory call, bytes memory reason) internal {
        (bool ok, bytes memory given) = address(dataChallenges).call(call);
        vm.assertFalse(ok);
        vm.assertEq(given, reason);
    }

    function _finalize(uint64 epoch) internal {
        rootChain.finalize(checkpoints[epoch], acceptances[epoch]);
    }

    function _isFinal(uint64 epoch) internal view returns (bool) {
        return rootChain.isFinal(checkpoints[epoch], acceptances[epoch]);
    }

    /// @notice Moves root's time to this number of seconds after the acceptance of the newest epoch.
    function _behind(uint256 secs) internal {
        vm.warp(acceptances[content.epoch].time + secs);
        vm.roll(block.number + 1);
    }
}
