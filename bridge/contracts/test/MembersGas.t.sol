// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {Members} from "../src/libraries/Members.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {TreeModel} from "./TreeModel.sol";
import {Test} from "./Vm.sol";

/// @title What an absent signer costs whoever carries a checkpoint
/// @dev The relayer's pay counts the absent, and whoever carries chooses how many there are. So the parameter `relay_absent_gas` of
/// the presets is never more than what one of them costs, whichever they are, and not much less.
contract MembersGasTest is Test {
    uint256 private constant COUNT = 128;
    uint256 private constant DEPTH = 7;
    /// @notice `relay_absent_gas` of the presets (`validator/src/ledger/parameters/presets.rs`).
    uint256 private constant PAID = 9_000;

    IRootChain.SetMember[] private _members;
    IRootChain.Set private _set;
    bytes32[] private _leaves;

    function setUp() external {
        _set.count = uint16(COUNT);
        _set.aggregateKey = new bytes(96);
        for (uint16 i; i < COUNT; ++i) {
            bytes memory key = BlsSigner.key(uint256(keccak256(abi.encode("member", i))) % BlsSigner.ORDER);
            (address operator,) = account(vm.toString(uint256(i)));
            bytes32 consensusKey = keccak256(abi.encode(i));
            _members.push(IRootChain.SetMember(i, i, operator, 1, consensusKey, key, 1_000));
            _leaves.push(Members.leaf(i, operator, 1, consensusKey, key, 1_000));
            _set.aggregateKey = Bls.add(_set.aggregateKey, key);
        }
        _set.totalPower = uint64(1_000 * COUNT);
        _set.membersRoot = ListTree.root(_leaves);
    }

    function signers(
        IRootChain.Set calldata set,
        bytes32[2] calldata bitmap,
        IRootChain.SetMember[] calldata absent,
        bytes32[] calldata siblings
    ) external view returns (bytes memory key, uint256 power) {
        return Members.signers(set, bitmap, absent, siblings);
    }

    function test_gasOfAbsentSigners() external {
        uint256 whole = _cost(0, 1);
        uint256[3] memory counts = [uint256(2), 10, 42];
        uint256 least = type(uint256).max;
        uint256 most;
        for (uint256 i; i < counts.length; ++i) {
            // Neighbours share the most siblings, those that lie furthest apart the fewest.
            uint256[2] memory steps = [uint256(1), COUNT / counts[i]];
            for (uint256 j; j < steps.length; ++j) {
                uint256 each = (_cost(counts[i], steps[j]) - whole) / counts[i];
                if (each < least) least = each;
                if (each > most) most = each;
            }
        }
        vm.snapshotValue("operations", "checkpoint, each of many absent, least", least);
        vm.snapshotValue("operations", "checkpoint, each of many absent, most", most);
        vm.assertGe(least, PAID);
        vm.assertLe(least, PAID + PAID / 4);
    }

    /// @notice Gas for checking who signed, with calldata, when `absent` members that lie `step` apart are not among them.
    function _cost(uint256 absent, uint256 step) private view returns (uint256 gas) {
        IRootChain.SetMember[] memory list = new IRootChain.SetMember[](absent);
        uint32[] memory numbers = new uint32[](absent);
        bytes32[2] memory bitmap;
        bitmap[0] = bytes32(type(uint256).max << (256 - COUNT));
        for (uint256 i; i < absent; ++i) {
            uint256 number = i * step;
            numbers[i] = uint32(number);
            list[i] = _members[number];
            bitmap[0] &= ~bytes32(uint256(1) << (248 - number / 8 * 8 + number % 8));
        }
        bytes32[] memory siblings;
        if (absent != 0) siblings = TreeModel.stream(_leaves, numbers, DEPTH);
        bytes memory data = abi.encodeCall(this.signers, (_set, bitmap, list, siblings));
        for (uint256 i; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
        uint256 before = gasleft();
        (bool done,) = address(this).staticcall(data);
        gas += before - gasleft();
        vm.assertTrue(done);
    }
}
