// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ListTree} from "../src/libraries/ListTree.sol";
import {TreeModel} from "./TreeModel.sol";
import {Test} from "./Vm.sol";

/// @title ListTree against its definition, and its verifier against mutated proofs
contract ListTreeTest is Test {
    uint256 private constant MAX_COUNT = 18;

    function verify(bytes32 root, bytes32 leaf, uint256 index, uint256 count, bytes32[] calldata siblings)
        external
        pure
        returns (bool)
    {
        return ListTree.verify(root, leaf, index, count, siblings);
    }

    function test_theDepthIsTheLogarithmOfTheNextPowerOfTwo() external pure {
        uint8[10] memory depths = [0, 0, 1, 2, 2, 3, 3, 3, 3, 4];
        for (uint256 count; count < 10; ++count) {
            vm.assertEq(ListTree.depth(count), depths[count]);
        }
        vm.assertEq(ListTree.depth(64), 6);
        vm.assertEq(ListTree.depth(65), 7);
        vm.assertEq(ListTree.depth(1 << 32), 32);
        vm.assertEq(ListTree.depth(type(uint256).max), 256);
    }

    function test_theRootOfNothingIsZeroAndOneLeafIsItsOwnRoot() external pure {
        vm.assertEq(ListTree.root(new bytes32[](0)), bytes32(0));
        vm.assertEq(ListTree.root(_list(1)), _list(1)[0]);
    }

    function test_theRootIsThatOfTheTreePaddedToAPowerOfTwo() external pure {
        for (uint256 count = 1; count <= MAX_COUNT; ++count) {
            vm.assertEq(ListTree.root(_list(count)), TreeModel.nodeAt(_list(count), ListTree.depth(count), 0));
        }
    }

    function test_everyLeafOfEveryListVerifiesAtItsIndexOnly() external view {
        for (uint256 count = 1; count <= MAX_COUNT; ++count) {
            bytes32[] memory leaves = _list(count);
            bytes32 root = TreeModel.nodeAt(leaves, ListTree.depth(count), 0);
            for (uint256 i; i < count; ++i) {
                bytes32[] memory path = TreeModel.path(leaves, i, ListTree.depth(count));
                for (uint256 claimed; claimed < 2 * count; ++claimed) {
                    vm.assertEq(this.verify(root, leaves[i], claimed, count, path), claimed == i);
                }
            }
        }
    }

    /// Padding is not a leaf, though a path leads to it.
    function test_paddingIsNoLeaf() external view {
        bytes32[] memory leaves = _list(5);
        bytes32 root = TreeModel.nodeAt(leaves, 3, 0);
        for (uint256 i = 5; i < 8; ++i) {
            vm.assertFalse(this.verify(root, bytes32(0), i, 5, TreeModel.path(leaves, i, 3)));
        }
        vm.assertFalse(this.verify(bytes32(0), bytes32(0), 0, 0, new bytes32[](0)));
    }

    function test_indicesBeyondTheTreeAreRefused() external view {
        bytes32[] memory leaves = _list(6);
        bytes32 root = TreeModel.nodeAt(leaves, 3, 0);
        bytes32[] memory path = TreeModel.path(leaves, 2, 3);
        vm.assertTrue(this.verify(root, leaves[2], 2, 6, path));
        // Indices whose low bits are those of a true one: what an audit of another chain called its critical finding.
        for (uint256 bit = 3; bit < 256; ++bit) {
            vm.assertFalse(this.verify(root, leaves[2], 2 + (uint256(1) << bit), 6, path));
        }
    }

    function test_aPathOfAnotherLengthIsRefused() external view {
        bytes32[] memory leaves = _list(6);
        bytes32 root = TreeModel.nodeAt(leaves, 3, 0);
        for (uint256 levels; levels < 8; ++levels) {
            vm.assertEq(this.verify(root, leaves[2], 2, 6, TreeModel.path(leaves, 2, levels)), levels == 3);
        }
        // An inner node for a leaf, with the rest of the path.
        bytes32[] memory rest = new bytes32[](2);
        (rest[0], rest[1]) = (TreeModel.nodeAt(leaves, 1, 0), TreeModel.nodeAt(leaves, 2, 1));
        vm.assertFalse(this.verify(root, TreeModel.nodeAt(leaves, 1, 1), 1, 6, rest));
    }

    function testFuzz_noFlippedBitVerifies(uint256 count, uint256 index, uint256 position) external view {
        count = bound(count, 1, MAX_COUNT);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = _list(count);
        uint256 levels = ListTree.depth(count);
        bytes32 root = TreeModel.nodeAt(leaves, levels, 0);
        bytes32[] memory path = TreeModel.path(leaves, index, levels);
        bytes32 leaf = leaves[index];
        vm.assertTrue(this.verify(root, leaf, index, count, path));
        bytes32 flip = bytes32(uint256(1) << (position % 256));
        uint256 place = (position >> 8) % (levels + 2);
        if (place == levels) leaf ^= flip;
        else if (place == levels + 1) root ^= flip;
        else path[place] ^= flip;
        vm.assertFalse(this.verify(root, leaf, index, count, path));
    }

    function _list(uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            leaves[i] = keccak256(abi.encode("leaf", i));
        }
    }
}
