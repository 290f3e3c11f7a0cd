// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Unsound} from "./Unsound.sol";
import {TreeModel} from "./TreeModel.sol";

/// @title A child chain's state of all leaves that exits pay, made by definition, under a real checkpoint, and what ends a deployment
/// @dev Leaf 0 is the sentinel, leaf 1 the parameters. Each leaf's next key is made up, for root takes it as it is.
abstract contract Leaving is Unsound {
    address internal constant RESIDUE = address(0x4e51d);

    IExits.Leaf[] internal leaves;

    function setUp() public virtual override {
        super.setUp();
        _deploy();
        _pass(60);
        vm.deal(address(this), 1e9 ether);
        leaves.push();
        bytes memory parameters = new bytes(417);
        for (uint256 i; i < 20; ++i) {
            parameters[377 + i] = bytes20(RESIDUE)[i];
        }
        _leaf(0x01, "", parameters);
    }

    function _leaf(uint8 kind, bytes memory fields, bytes memory value) internal returns (uint256 index) {
        index = leaves.length;
        IExits.Leaf storage one = leaves.push();
        one.index = uint32(index);
        one.kind = kind;
        one.next = keccak256(abi.encode("next", index));
        one.fields = fields;
        one.value = value;
    }

    function _account(uint8 kind, bytes20 id) internal pure returns (bytes memory) {
        return bytes.concat(bytes1(kind), id);
    }

    function _holder(uint8 kind, bytes20 id, uint128 balance, address payout) internal returns (uint256) {
        bytes memory value = bytes.concat(bytes16(balance), bytes8(uint64(7)), bytes20(payout), new bytes(20));
        return _leaf(0x02, _account(kind, id), value);
    }

    function _holding(uint8 kind, bytes20 id, address token, uint128 amount) internal returns (uint256) {
        return
            _leaf(0x03, bytes.concat(_account(kind, id), bytes20(token)), bytes.concat(bytes16(amount), bytes20(token)));
    }

    function _withdrawal(uint64 number, address to, address token, uint128 amount) internal returns (uint256) {
        return _leaf(0x07, bytes.concat(bytes8(number)), bytes.concat(bytes20(to), bytes20(token), bytes16(amount)));
    }

    function _hashes() internal view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](leaves.length);
        hashes[0] = keccak256("sentinel");
        for (uint256 i = 1; i < hashes.length; ++i) {
            hashes[i] = _hash(leaves[i]);
        }
    }

    function _hash(IExits.Leaf memory one) internal pure returns (bytes32) {
        bytes32 key = keccak256(bytes.concat(bytes1(one.kind), one.fields));
        return keccak256(bytes.concat(key, one.next, keccak256(bytes.concat(bytes1(one.kind), one.value))));
    }

    function _stateRoot() internal view returns (bytes32) {
        return keccak256(bytes.concat(TreeModel.root(_hashes()), bytes4(uint32(leaves.length))));
    }

    /// @notice Leaves by index, ascending, and their multiproof.
    function _shown(uint256[] memory which)
        internal
        view
        returns (IExits.Leaf[] memory shown, bytes32[] memory siblings)
    {
        shown = new IExits.Leaf[](which.length);
        uint32[] memory indices = new uint32[](which.length);
        for (uint256 i; i < which.length; ++i) {
            shown[i] = leaves[which[i]];
            indices[i] = uint32(which[i]);
        }
        siblings = TreeModel.stream(_hashes(), indices, 32);
    }

    function _one(uint256 index) internal pure returns (uint256[] memory which) {
        which = new uint256[](1);
        which[0] = index;
    }

    function _two(uint256 first, uint256 second) internal pure returns (uint256[] memory which) {
        which = new uint256[](2);
        (which[0], which[1]) = (first, second);
    }

    /// @notice A checkpoint over the leaves, and everything that was sent until now.
    function _accepted() internal returns (IRootChain.Checkpoint memory content) {
        content = _checkpoint();
        content.stateRoot = _stateRoot();
        _submit(_submission(content, new uint16[](0)));
    }

    /// @notice Nobody comes any more, until exit mode has begun.
    function _silence() internal {
        _pass(TIMEOUT);
        rootChain.beginExit();
        _pass(GRACE + CHALLENGE);
    }

    function _open() internal {
        uint64 last = rootChain.head().standing;
        uint64 epoch = last == 0 ? 0 : last - 1;
        exits.open(checkpoints[epoch], acceptances[epoch]);
    }
}
