// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Frauds} from "./Frauds.sol";

/// @title Epochs that break a link rule, each with its proof
abstract contract BrokenLinks is Frauds {
    /// @notice A wrong epoch and its proof.
    struct Case {
        uint8 rule;
        uint256 shape;
        uint256 a;
        uint256 b;
        Wrong wrong;
    }

    uint256 internal constant CASES = 45;

    /// @dev The first two are of epoch 0, the others of epoch 1.
    function _case(uint256 i) internal view returns (Case memory) {
        uint256 other = uint256(keccak256("another root"));
        uint64 genesis = rootChain.genesisTime();
        if (i == 0) return Case(3, 0, 0, 0, Wrong(1, 0, 0, 2, uint256(genesis) * 1e9 - 1));
        if (i == 1) return Case(4, 0, 0, 0, Wrong(1, 0, 0, 3, other));
        if (i == 2) return Case(1, 0, 7, 0, Wrong(1, 7, 0, 0, 0));
        if (i == 3) return Case(1, 0, 63, 0, Wrong(1, 63, 0, 0, 2));
        if (i == 4) return Case(2, 0, 0, 0, Wrong(1, 0, 0, 1, 64));
        if (i == 5) return Case(2, 0, 62, 0, Wrong(1, 62, 0, 1, 128));
        if (i == 6) return Case(3, 1, 30, 0, Wrong(1, 31, 0, 2, 1));
        if (i == 7) return Case(3, 2, 0, 0, Wrong(1, 0, 0, 2, (uint256(before.lastBlockTime)) * 1e9 + 4));
        if (i == 8) return Case(4, 1, 30, 0, Wrong(1, 31, 0, 3, other));
        if (i == 9) return Case(4, 1, 31, 0, Wrong(1, 31, 0, 4, other));
        if (i == 10) return Case(4, 2, 0, 0, Wrong(1, 0, 0, 3, other));
        if (i == 11) return Case(4, 0, 63, 0, Wrong(1, 63, 0, 4, other));
        if (i == 12) return Case(5, 0, 63, 0, Wrong(5, 0, 0, 0, block.timestamp - 1));
        if (i == 13) return Case(6, 3, 5, 0, Wrong(3, 5, 0, 0, 0));
        if (i == 14) return Case(6, 3, 5, 0, Wrong(3, 5, 0, 1, 0));
        if (i == 15) return Case(6, 3, 5, 0, Wrong(3, 5, 0, 1, MOST + 1));
        // 35 transactions and 2 + 2 boundary steps.
        if (i == 16) return Case(6, 3, 5, 0, Wrong(3, 5, 0, 0, 40));
        return _segmentCase(i, other);
    }

    function _segmentCase(uint256 i, uint256 other) private pure returns (Case memory) {
        if (i == 17) return Case(7, 4, 9, 0, Wrong(2, 9, 0, 0, 2));
        if (i == 18) return Case(7, 4, 9, 0, Wrong(2, 9, 0, 1, 1));
        if (i == 19) return Case(7, 4, 9, 0, Wrong(2, 9, 0, 2, 2));
        if (i == 20) return Case(8, 4, 9, 2, Wrong(2, 9, 2, 0, 6));
        if (i == 21) return Case(8, 4, 9, 2, Wrong(2, 9, 2, 0, 0));
        if (i == 22) return Case(8, 4, 9, 2, Wrong(2, 9, 2, 0, 1));
        if (i == 23) return Case(8, 5, 9, 1, Wrong(2, 9, 1, 0, 5));
        if (i == 24) return Case(8, 5, 9, 2, Wrong(2, 9, 3, 0, 3));
        if (i == 25) return Case(9, 4, 9, 1, Wrong(2, 9, 1, 2, 0));
        if (i == 26) return Case(9, 4, 9, 2, Wrong(2, 9, 2, 2, 33));
        if (i == 27) return Case(9, 4, 9, 2, Wrong(2, 9, 2, 3, 32_769));
        if (i == 28) return Case(9, 4, 9, 3, Wrong(2, 9, 3, 2, 1));
        if (i == 29) return Case(9, 4, 9, 3, Wrong(2, 9, 3, 3, 1));
        if (i == 30) return Case(10, 5, 9, 0, Wrong(2, 9, 1, 1, 2));
        if (i == 31) return Case(10, 5, 9, 1, Wrong(2, 9, 1, 2, 1));
        if (i == 32) return Case(10, 5, 9, 2, Wrong(2, 9, 2, 2, type(uint32).max));
        if (i == 33) return Case(10, 4, 9, 3, Wrong(2, 9, 3, 1, 34));
        if (i == 34) return Case(11, 4, 9, 0, Wrong(2, 9, 0, 4, other));
        if (i == 35) return Case(11, 5, 9, 1, Wrong(2, 9, 1, 5, other));
        if (i == 36) return Case(11, 5, 9, 1, Wrong(2, 9, 2, 4, other));
        if (i == 37) return Case(11, 4, 9, 3, Wrong(2, 9, 3, 5, other));
        // Leaves: a byte of the number in front, and one of what stands behind it.
        if (i == 38) return Case(12, 6, 1, 0, Wrong(4, 1, 0, 0, 1));
        if (i == 39) return Case(12, 6, 1, 0, Wrong(4, 1, 39, 0, 0x77));
        if (i == 40) return Case(13, 6, 2, 0, Wrong(4, 2, 7, 0, 4));
        if (i == 41) return Case(13, 6, 2, 0, Wrong(4, 2, 177, 0, 0x77));
        if (i == 42) return Case(14, 6, 3, 0, Wrong(4, 3, 7, 0, 9));
        if (i == 43) return Case(14, 6, 3, 0, Wrong(4, 3, 35, 0, 0x77));
        return Case(15, 6, 4, 0, Wrong(4, 4, 452, 0, 1));
    }

    function _sound() internal {
        Wrong memory none;
        _epoch(none);
        _pass(100);
    }

    function _make(uint256 i) internal returns (Case memory one) {
        if (i > 1) {
            _sound();
            before = checkpoints[0];
        }
        one = _case(i);
        _epoch(one.wrong);
    }
}
