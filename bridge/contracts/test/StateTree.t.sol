// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {StateTree} from "../src/libraries/StateTree.sol";
import {TreeModel} from "./TreeModel.sol";
import {Test} from "./Vm.sol";

/// @title StateTree against its definition, and every verifier against mutated proofs
contract StateTreeTest is Test {
    uint32 private constant COUNT = 21;

    bytes32[] private _keys;
    bytes32[] private _leaves;
    bytes32 private _root;

    // Calls from outside: calldata arguments, and reverts that can be expected.
    function includes(bytes32 root, StateTree.Inclusion calldata proof) external pure returns (bool) {
        return StateTree.verifyInclusion(root, proof);
    }

    function excludes(bytes32 root, bytes32 key, StateTree.Inclusion calldata low) external pure returns (bool) {
        return StateTree.verifyAbsence(root, key, low);
    }

    function multiproof(uint32[] memory indices, bytes32[] memory leaves, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return StateTree.multiproofRoot(indices, leaves, siblings);
    }

    function multiproofs(
        uint32[] memory indices,
        bytes32[] memory earlier,
        bytes32[] memory later,
        bytes32[] calldata siblings
    ) external pure returns (bytes32, bytes32) {
        return StateTree.multiproofRoots(indices, earlier, later, siblings);
    }

    /// A sentinel and twenty keys, 3 apart from 0x10 upwards, in order.
    function setUp() external {
        for (uint256 i; i < COUNT; ++i) {
            _keys.push(i == 0 ? bytes32(0) : bytes32(0x0d + 3 * i));
        }
        for (uint256 i; i < COUNT; ++i) {
            _leaves.push(keccak256(bytes.concat(_keys[i], _next(i), _value(i))));
        }
        _root = keccak256(abi.encodePacked(TreeModel.root(_leaves), COUNT));
    }

    function test_hashesAreThoseOfTheProtocol() external pure {
        (bytes32 a, bytes32 b, bytes32 c) = (keccak256("a"), keccak256("b"), keccak256("c"));
        vm.assertEq(StateTree.node(a, b), keccak256(bytes.concat(a, b)));
        vm.assertEq(StateTree.leaf(a, b, c), keccak256(bytes.concat(a, b, c)));
        vm.assertEq(StateTree.valueHash(7, hex"00ff"), keccak256(hex"0700ff"));
        vm.assertEq(StateTree.valueHash(0, ""), keccak256(hex"00"));
        vm.assertEq(StateTree.stateRoot(a, 0x01020304), keccak256(bytes.concat(a, hex"01020304")));
    }

    function test_everyLeafIsIncluded() external view {
        for (uint32 i; i < COUNT; ++i) {
            vm.assertTrue(this.includes(_root, _inclusion(i)));
        }
    }

    function test_anEmptyIndexIsNoLeaf() external view {
        for (uint32 i = COUNT; i < 2 * COUNT; ++i) {
            StateTree.Inclusion memory proof = _inclusion(0);
            proof.index = i;
            vm.assertFalse(this.includes(_root, proof));
        }
    }

    function test_noOtherIndexHasTheLeaf() external view {
        StateTree.Inclusion memory proof = _inclusion(5);
        for (uint32 bit; bit < 32; ++bit) {
            proof.index = 5 ^ (uint32(1) << bit);
            vm.assertFalse(this.includes(_root, proof));
        }
    }

    function test_noOtherCountHasTheLeaf() external view {
        StateTree.Inclusion memory proof = _inclusion(5);
        for (uint32 bit; bit < 32; ++bit) {
            proof.count = COUNT ^ (uint32(1) << bit);
            vm.assertFalse(this.includes(_root, proof));
        }
    }

    function test_anIndexBeyondTheCountIsRefusedWhateverTheHashes() external view {
        StateTree.Inclusion memory proof = _inclusion(5);
        proof.count = 5;
        vm.assertFalse(this.includes(keccak256(abi.encodePacked(TreeModel.root(_leaves), uint32(5))), proof));
    }

    /// Every byte of the encoded proof: each is hashed, or chooses a side, or cannot be decoded.
    function test_noFlippedByteIsIncluded() external view {
        bytes memory call = abi.encodeCall(this.includes, (_root, _inclusion(9)));
        uint256 refused;
        uint256 undecodable;
        vm.assertTrue(_answersTrue(call));
        for (uint256 i = 4; i < call.length; ++i) {
            call[i] ^= 0x01;
            (bool ok, bytes memory answer) = address(this).staticcall(call);
            if (!ok) ++undecodable;
            else if (!abi.decode(answer, (bool))) ++refused;
            call[i] ^= 0x01;
        }
        // Index and count have 28 bytes each that must be zero.
        vm.assertEq(undecodable, 56);
        vm.assertEq(refused, call.length - 4 - 56);
    }

    function test_swappedSiblingsAreRefused() external view {
        for (uint256 i; i < 31; ++i) {
            StateTree.Inclusion memory proof = _inclusion(9);
            (proof.siblings[i], proof.siblings[i + 1]) = (proof.siblings[i + 1], proof.siblings[i]);
            vm.assertFalse(this.includes(_root, proof));
        }
    }

    function test_aNodeOrARootIsNoLeaf() external view {
        // The leaf of a proof has 96 bytes; the children of a node have 64: no inclusion can end one level higher.
        StateTree.Inclusion memory proof = _inclusion(4);
        proof.key = _leaves[4];
        proof.next = _leaves[5];
        proof.valueHash = 0;
        vm.assertFalse(this.includes(_root, proof));
        vm.assertFalse(this.includes(TreeModel.root(_leaves), _inclusion(4)));
        vm.assertFalse(this.includes(bytes32(0), _inclusion(4)));
    }

    function test_absenceHoldsForExactlyTheKeysBetween() external view {
        for (uint32 low; low < COUNT; ++low) {
            StateTree.Inclusion memory proof = _inclusion(low);
            for (uint256 key; key < 0x60; ++key) {
                bool between = uint256(_keys[low]) < key && (low == COUNT - 1 || key < uint256(_keys[low + 1]));
                vm.assertEq(this.excludes(_root, bytes32(key), proof), between);
            }
        }
        vm.assertTrue(this.excludes(_root, bytes32(type(uint256).max), _inclusion(COUNT - 1)));
        vm.assertFalse(this.excludes(_root, bytes32(type(uint256).max), _inclusion(0)));
    }

    function test_absenceNeedsAnIncludedLowLeaf() external view {
        StateTree.Inclusion memory low = _inclusion(3);
        low.next = bytes32(uint256(low.next) + 1);
        vm.assertFalse(this.excludes(_root, low.key | bytes32(uint256(1)), low));
        low = _inclusion(3);
        low.key = bytes32(uint256(low.key) - 1);
        vm.assertFalse(this.excludes(_root, _keys[3], low));
    }

    function testFuzz_aMultiproofGivesTheRoot(uint256 choice) external view {
        (uint32[] memory indices, bytes32[] memory leaves) = _choose(choice);
        vm.assertEq(this.multiproof(indices, leaves, TreeModel.stream(_leaves, indices, 32)), TreeModel.root(_leaves));
    }

    function test_aMultiproofOfEveryNonEmptySetOfSixLeavesGivesTheRoot() external view {
        for (uint256 set = 1; set < 64; ++set) {
            (uint32[] memory indices, bytes32[] memory leaves) = _of(set << 17);
            vm.assertEq(this.multiproof(indices, leaves, TreeModel.stream(_leaves, indices, 32)), TreeModel.root(_leaves));
        }
    }

    function test_aMultiproofAtBothEndsOfTheTreeGivesTheRoot() external view {
        uint32[] memory indices = new uint32[](3);
        bytes32[] memory leaves = new bytes32[](3);
        (indices[1], indices[2]) = (type(uint32).max - 1, type(uint32).max);
        leaves[0] = _leaves[0];
        vm.assertEq(this.multiproof(indices, leaves, TreeModel.stream(_leaves, indices, 32)), TreeModel.root(_leaves));
    }

    /// Appends are shown so: with the new leaf in the place of the empty one, the siblings give the next root.
    function test_anEmptyIndexProvesAsZeroAndThenTakesTheNewLeaf() external {
        uint32[] memory indices = new uint32[](2);
        (indices[0], indices[1]) = (3, COUNT);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = _leaves[3];
        vm.assertEq(this.multiproof(indices, leaves, siblings), TreeModel.root(_leaves));
        leaves[0] = keccak256("changed");
        leaves[1] = keccak256("new");
        _leaves[3] = leaves[0];
        _leaves.push(leaves[1]);
        vm.assertEq(this.multiproof(indices, leaves, siblings), TreeModel.root(_leaves));
    }

    function testFuzz_twoRootsOfOneMultiproofAreThoseOfTwo(uint256 choice, uint256 changes) external view {
        (uint32[] memory indices, bytes32[] memory earlier) = _choose(choice);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        bytes32[] memory later = new bytes32[](earlier.length);
        for (uint256 i; i < later.length; ++i) {
            later[i] = changes >> i & 1 == 0 ? earlier[i] : keccak256(abi.encode(changes, i));
        }
        (bytes32 before, bytes32 behind) = this.multiproofs(indices, earlier, later, siblings);
        vm.assertEq(before, TreeModel.root(_leaves));
        vm.assertEq(behind, this.multiproof(indices, later, siblings));
    }

    function testFuzz_twoRootsTakeAllSiblingsAndNoMore(uint256 choice, uint256 given) external {
        (uint32[] memory indices, bytes32[] memory leaves) = _choose(choice);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        given = bound(given, 0, siblings.length + 3);
        if (given == siblings.length) given = siblings.length + 1;
        vm.expectRevert(abi.encodeWithSelector(StateTree.WrongSiblings.selector, siblings.length, given));
        this.multiproofs(indices, leaves, leaves, new bytes32[](given));
    }

    function test_twoRootsNeedLeavesThatAscend() external {
        (uint32[] memory indices, bytes32[] memory leaves) = _of(0x96);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        (indices[1], indices[2]) = (indices[2], indices[1]);
        vm.expectRevert(abi.encodeWithSelector(StateTree.NotAscending.selector, 4, 2));
        this.multiproofs(indices, leaves, leaves, siblings);
        bytes32[] memory none = new bytes32[](0);
        vm.expectRevert(StateTree.NoLeaves.selector);
        this.multiproofs(new uint32[](0), none, none, none);
    }

    function testFuzz_noFlippedByteOfAMultiproofGivesTheRoot(uint256 choice, uint256 position) external view {
        (uint32[] memory indices, bytes32[] memory leaves) = _choose(choice);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        bytes32 root = TreeModel.root(_leaves);
        uint256 bit = position % 256;
        position = (position >> 8) % (leaves.length + siblings.length);
        bytes32 flip = bytes32(uint256(1) << bit);
        if (position < leaves.length) leaves[position] ^= flip;
        else siblings[position - leaves.length] ^= flip;
        vm.assertTrue(this.multiproof(indices, leaves, siblings) != root);
    }

    /// (Of two empty indices one may stand for the other: both hold nothing.)
    function testFuzz_aMovedLeafNeverGivesTheRoot(uint256 choice, uint256 which, uint32 flip) external view {
        (uint32[] memory indices, bytes32[] memory leaves) = _choose(choice);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        which %= indices.length;
        while (indices[which] >= COUNT) {
            --which; // index 0 is always among them
        }
        if (flip == 0) flip = 1;
        indices[which] ^= flip;
        try this.multiproof(indices, leaves, siblings) returns (bytes32 root) {
            vm.assertTrue(root != TreeModel.root(_leaves));
        } catch {}
    }

    function testFuzz_siblingsTooFewOrTooManyAreRefused(uint256 choice, uint256 given) external {
        (uint32[] memory indices, bytes32[] memory leaves) = _choose(choice);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        given = bound(given, 0, siblings.length + 3);
        if (given == siblings.length) given = siblings.length + 1;
        bytes32[] memory other = new bytes32[](given);
        for (uint256 i; i < given && i < siblings.length; ++i) {
            other[i] = siblings[i];
        }
        vm.expectRevert(abi.encodeWithSelector(StateTree.WrongSiblings.selector, siblings.length, given));
        this.multiproof(indices, leaves, other);
    }

    /// Zero subtrees are part of the stream: to leave one out is another encoding of the same proof, and refused.
    function test_aZeroSiblingCannotBeLeftOut() external {
        uint32[] memory indices = new uint32[](1);
        indices[0] = COUNT - 1; // its sibling is the empty index after it
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        vm.assertEq(siblings[0], bytes32(0));
        bytes32[] memory rest = new bytes32[](31);
        for (uint256 i; i < 31; ++i) {
            rest[i] = siblings[i + 1];
        }
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = _leaves[COUNT - 1];
        vm.expectRevert(abi.encodeWithSelector(StateTree.WrongSiblings.selector, 32, 31));
        this.multiproof(indices, leaves, rest);
    }

    function test_indicesMustAscendStrictly() external {
        (uint32[] memory indices, bytes32[] memory leaves) = _of(0x96);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        (indices[1], indices[2]) = (indices[2], indices[1]);
        vm.expectRevert(abi.encodeWithSelector(StateTree.NotAscending.selector, 4, 2));
        this.multiproof(indices, leaves, siblings);
        indices[2] = indices[1];
        vm.expectRevert(abi.encodeWithSelector(StateTree.NotAscending.selector, 4, 4));
        this.multiproof(indices, leaves, siblings);
    }

    function test_nothingProvesNothing() external {
        vm.expectRevert(StateTree.NoLeaves.selector);
        this.multiproof(new uint32[](0), new bytes32[](0), new bytes32[](0));
        bytes32[] memory root = new bytes32[](1);
        root[0] = TreeModel.root(_leaves);
        vm.expectRevert(StateTree.NoLeaves.selector);
        this.multiproof(new uint32[](0), new bytes32[](0), root);
    }

    function test_eachIndexHasOneLeaf() external {
        vm.expectRevert(abi.encodeWithSelector(StateTree.LengthMismatch.selector, 1, 2));
        this.multiproof(new uint32[](1), new bytes32[](2), new bytes32[](32));
        vm.expectRevert(abi.encodeWithSelector(StateTree.LengthMismatch.selector, 3, 2));
        this.multiproof(new uint32[](3), new bytes32[](2), new bytes32[](32));
    }

    function test_gasOfProofs() external {
        StateTree.Inclusion memory proof = _inclusion(9);
        this.includes(_root, proof);
        vm.snapshotGasLastCall("operations", "state tree: one inclusion (call)");
        (uint32[] memory indices, bytes32[] memory leaves) = _of(0x0e73e5);
        bytes32[] memory siblings = TreeModel.stream(_leaves, indices, 32);
        this.multiproof(indices, leaves, siblings);
        vm.snapshotGasLastCall("operations", "state tree: multiproof of 13 of 21 leaves (call)");
    }

    function _answersTrue(bytes memory call) private view returns (bool) {
        (bool ok, bytes memory answer) = address(this).staticcall(call);
        return ok && abi.decode(answer, (bool));
    }

    /// A set of indices below 2·COUNT, so that empty ones are in it, and always leaf 0.
    function _choose(uint256 choice) private view returns (uint32[] memory, bytes32[] memory) {
        uint256 set = uint256(keccak256(abi.encode(choice))) >> (256 - 2 * COUNT);
        // An and of two draws thins the set out, every other time.
        if (choice & 1 == 0) set &= uint256(keccak256(abi.encode(choice, 1)));
        return _of(set | 1);
    }

    /// The indices of the bits of `set`, with the hashes that stand there.
    function _of(uint256 set) private view returns (uint32[] memory indices, bytes32[] memory leaves) {
        uint256 size;
        for (uint256 rest = set; rest != 0; rest &= rest - 1) {
            ++size;
        }
        indices = new uint32[](size);
        leaves = new bytes32[](size);
        uint256 filled;
        for (uint32 i; filled < size; ++i) {
            if (set >> i & 1 == 0) continue;
            indices[filled] = i;
            leaves[filled++] = i < _leaves.length ? _leaves[i] : bytes32(0);
        }
    }

    function _inclusion(uint32 index) private view returns (StateTree.Inclusion memory proof) {
        bytes32[] memory path = TreeModel.path(_leaves, index, 32);
        (proof.index, proof.count) = (index, COUNT);
        (proof.key, proof.next, proof.valueHash) = (_keys[index], _next(index), _value(index));
        for (uint256 i; i < 32; ++i) {
            proof.siblings[i] = path[i];
        }
    }

    function _next(uint256 index) private view returns (bytes32) {
        return index + 1 < COUNT ? _keys[index + 1] : bytes32(0);
    }

    function _value(uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(2), index));
    }
}
