// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bls} from "../src/libraries/Bls.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Test} from "./Vm.sol";

/// @title Trees and signatures made by Rust verify here: `bridge/vectors/proof.json`, written by `bridge::proof`
contract TreeVectorsTest is Test {
    string private _json;

    function setUp() external {
        _json = vm.readFile("../vectors/proof.json");
    }

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

    function verifyListed(bytes32 root, bytes32 leaf, uint256 index, uint256 count, bytes32[] calldata siblings)
        external
        pure
        returns (bool)
    {
        return ListTree.verify(root, leaf, index, count, siblings);
    }

    function test_emptySubtreesHashAsInRust() external view {
        bytes32[] memory zeros = _words(".zeros");
        vm.assertEq(zeros.length, 33);
        bytes32 zero;
        for (uint256 level; level < 33; ++level) {
            vm.assertEq(zeros[level], zero);
            zero = StateTree.node(zero, zero);
        }
    }

    function test_inclusionsOfRustVerifyAndNoFlippedByteDoes() external view {
        uint256 count = _count(".inclusion");
        vm.assertEq(count, 4);
        for (uint256 i; i < count; ++i) {
            string memory place = _at(".inclusion", i);
            StateTree.Inclusion memory proof = _inclusion(place);
            bytes memory value = vm.parseJsonBytes(_json, _in(place, "value"));
            vm.assertEq(StateTree.valueHash(uint8(_number(place, "kind")), value), proof.valueHash);
            vm.assertEq(StateTree.leaf(proof.key, proof.next, proof.valueHash), _word(place, "leaf"));
            vm.assertEq(StateTree.stateRoot(_word(place, "treeRoot"), proof.count), _word(place, "root"));
            bytes memory call = abi.encodeCall(this.includes, (_word(place, "root"), proof));
            vm.assertTrue(_saysYes(call));
            _noFlippedByteSaysYes(call);
        }
    }

    function test_absencesOfRustVerifyAndNoFlippedProofDoes() external view {
        uint256 count = _count(".absence");
        vm.assertEq(count, 4);
        for (uint256 i; i < count; ++i) {
            string memory place = _at(".absence", i);
            StateTree.Inclusion memory low = _inclusion(place);
            bytes32 absent = _word(place, "absent");
            bytes32 root = _word(place, "root");
            vm.assertTrue(this.excludes(root, absent, low));
            // Neither end of the gap is absent.
            vm.assertFalse(this.excludes(root, low.key, low));
            if (low.next != 0) vm.assertFalse(this.excludes(root, low.next, low));
            // The key apart, which may be any in the gap, every byte counts.
            bytes memory call = abi.encodeCall(this.includes, (root, low));
            vm.assertTrue(_saysYes(call));
            _noFlippedByteSaysYes(call);
        }
    }

    function test_multiproofsOfRustGiveBothRoots() external view {
        uint256 count = _count(".multiproof");
        vm.assertEq(count, 4);
        for (uint256 i; i < count; ++i) {
            string memory place = _at(".multiproof", i);
            bytes32[] memory siblings = _words(_in(place, "siblings"));
            bytes32 root = this.multiproof(_indices(place), _words(_in(place, "leaves")), siblings);
            vm.assertEq(root, _word(place, "treeRoot"));
            vm.assertEq(StateTree.stateRoot(root, uint32(_number(place, "count"))), _word(place, "root"));
            root = this.multiproof(_indices(place), _words(_in(place, "afterLeaves")), siblings);
            vm.assertEq(root, _word(place, "afterTreeRoot"));
            vm.assertEq(StateTree.stateRoot(root, uint32(_number(place, "afterCount"))), _word(place, "afterRoot"));
        }
    }

    function test_mutatedMultiproofsOfRustGiveNoRoot() external view {
        for (uint256 i; i < 4; ++i) {
            string memory place = _at(".multiproof", i);
            bytes32[] memory leaves = _words(_in(place, "leaves"));
            bytes32[] memory siblings = _words(_in(place, "siblings"));
            for (uint256 j; j < leaves.length; ++j) {
                leaves[j] ^= bytes32(uint256(1) << (7 * j % 256));
                _refused(place, _indices(place), leaves, siblings);
                leaves[j] ^= bytes32(uint256(1) << (7 * j % 256));
            }
            for (uint256 j; j < siblings.length; ++j) {
                siblings[j] ^= bytes32(uint256(1) << (11 * j % 256));
                _refused(place, _indices(place), leaves, siblings);
                siblings[j] ^= bytes32(uint256(1) << (11 * j % 256));
            }
            for (uint32 j; j < 32; ++j) {
                uint32[] memory indices = _indices(place);
                indices[0] ^= uint32(1) << j;
                _refused(place, indices, leaves, siblings);
            }
            _refused(place, _indices(place), leaves, _resized(siblings, siblings.length - 1));
            _refused(place, _indices(place), leaves, _resized(siblings, siblings.length + 1));
            _refused(place, _indices(place), _resized(leaves, leaves.length - 1), siblings);
            _refused(place, _indices(place), _resized(leaves, leaves.length + 1), siblings);
        }
    }

    function test_listsOfRustHaveTheirRoots() external view {
        bytes32[] memory all = _words(".list.leaves");
        bytes32[] memory roots = _words(".list.roots");
        uint256[] memory counts = vm.parseJsonUintArray(_json, ".list.counts");
        vm.assertEq(counts.length, 6);
        for (uint256 i; i < counts.length; ++i) {
            vm.assertEq(ListTree.root(_resized(all, counts[i])), roots[i]);
        }
    }

    function test_listProofsOfRustVerifyAndNoMutationDoes() external view {
        uint256 count = _count(".list.proofs");
        vm.assertEq(count, 8);
        for (uint256 i; i < count; ++i) {
            string memory place = _at(".list.proofs", i);
            bytes32[] memory siblings = _words(_in(place, "siblings"));
            uint256 leaves = _number(place, "count");
            uint256 index = _number(place, "index");
            bytes32 leaf = _word(place, "leaf");
            bytes32 root = _word(place, "root");
            vm.assertTrue(this.verifyListed(root, leaf, index, leaves, siblings));
            vm.assertFalse(this.verifyListed(root, ~leaf, index, leaves, siblings));
            vm.assertFalse(this.verifyListed(~root, leaf, index, leaves, siblings));
            vm.assertFalse(this.verifyListed(root, leaf, index, leaves, _resized(siblings, siblings.length + 1)));
            vm.assertFalse(this.verifyListed(root, leaf, index + (1 << siblings.length), leaves, siblings));
            for (uint256 j; j < siblings.length; ++j) {
                vm.assertFalse(this.verifyListed(root, leaf, index ^ (1 << j), leaves, siblings));
                siblings[j] ^= bytes32(uint256(1) << (13 * j));
                vm.assertFalse(this.verifyListed(root, leaf, index, leaves, siblings));
                siblings[j] ^= bytes32(uint256(1) << (13 * j));
            }
        }
    }

    /// blst signs, the precompiles verify; and the aggregate key is the sum of the members'.
    function test_sharesAndSumsOfRustVerify() external view {
        bytes32 digest = _word(".checkpoint", "digest");
        bytes[] memory keys = vm.parseJsonBytesArray(_json, ".set4.checkpointKeys");
        bytes[] memory shares = vm.parseJsonBytesArray(_json, ".checkpoint.shares");
        bytes memory sum = new bytes(96);
        for (uint256 i; i < 4; ++i) {
            vm.assertTrue(Bls.verifyCheckpoint(shares[i], digest, keys[i]));
            vm.assertFalse(Bls.verifyCheckpoint(shares[i], digest, keys[(i + 1) % 4]));
            vm.assertFalse(Bls.verifyPossession(shares[i], digest, keys[i]));
            sum = Bls.add(sum, keys[i]);
        }
        vm.assertEq(sum, vm.parseJsonBytes(_json, ".set4.aggregate"));
        bytes memory signature = vm.parseJsonBytes(_json, ".checkpoint.certificateAll.signature");
        vm.assertTrue(Bls.verifyCheckpoint(signature, digest, sum));
        bytes memory three = vm.parseJsonBytes(_json, ".checkpoint.certificateThree.signature");
        vm.assertTrue(Bls.verifyCheckpoint(three, digest, Bls.subtract(sum, keys[1])));
        vm.assertFalse(Bls.verifyCheckpoint(three, digest, sum));
    }

    function _refused(string memory place, uint32[] memory indices, bytes32[] memory leaves, bytes32[] memory siblings)
        private
        view
    {
        try this.multiproof(indices, leaves, siblings) returns (bytes32 root) {
            vm.assertTrue(root != _word(place, "treeRoot"));
        } catch {}
    }

    function _noFlippedByteSaysYes(bytes memory call) private view {
        for (uint256 i = 4; i < call.length; ++i) {
            call[i] ^= 0x01;
            vm.assertFalse(_saysYes(call));
            call[i] ^= 0x01;
        }
    }

    function _saysYes(bytes memory call) private view returns (bool) {
        (bool ok, bytes memory answer) = address(this).staticcall(call);
        return ok && abi.decode(answer, (bool));
    }

    function _inclusion(string memory place) private view returns (StateTree.Inclusion memory proof) {
        (proof.index, proof.count) = (uint32(_number(place, "index")), uint32(_number(place, "count")));
        (proof.key, proof.next) = (_word(place, "key"), _word(place, "next"));
        proof.valueHash = _word(place, "valueHash");
        bytes32[] memory siblings = _words(_in(place, "siblings"));
        vm.assertEq(siblings.length, 32);
        for (uint256 i; i < 32; ++i) {
            proof.siblings[i] = siblings[i];
        }
    }

    function _indices(string memory place) private view returns (uint32[] memory indices) {
        uint256[] memory numbers = vm.parseJsonUintArray(_json, _in(place, "indices"));
        indices = new uint32[](numbers.length);
        for (uint256 i; i < numbers.length; ++i) {
            indices[i] = uint32(numbers[i]);
        }
    }

    /// The first `length` words, or all and then zeros.
    function _resized(bytes32[] memory words, uint256 length) private pure returns (bytes32[] memory out) {
        out = new bytes32[](length);
        for (uint256 i; i < length && i < words.length; ++i) {
            out[i] = words[i];
        }
    }

    function _count(string memory list) private view returns (uint256 count) {
        while (vm.keyExistsJson(_json, _at(list, count))) {
            ++count;
        }
    }

    function _at(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function _in(string memory place, string memory field) private pure returns (string memory) {
        return string.concat(place, ".", field);
    }

    function _number(string memory place, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(_json, _in(place, field));
    }

    function _word(string memory place, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, _in(place, field));
    }

    function _words(string memory place) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(_json, place);
    }
}
