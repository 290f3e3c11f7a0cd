// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Deployed} from "./Deployed.sol";
import {TreeModel} from "./TreeModel.sol";

/// @title A child chain's state of withdrawals only, made by definition, under a real checkpoint
/// @dev Leaf 0 is the sentinel and leaf 1 the withdrawal counter; withdrawal i stands at index i + 2, and each leaf's next key is
/// made up, for the Vault takes it as it is.
abstract contract Claims is Deployed {
    IVault.Withdrawal[] internal withdrawals;

    function setUp() public virtual override {
        super.setUp();
        _deploy();
        vm.deal(address(this), 1000 ether);
        _pass(60);
    }

    function _withdraw(address recipient, address token, uint128 amount) internal {
        uint32 index = uint32(withdrawals.length + 2);
        withdrawals.push(
            IVault.Withdrawal({
                index: index,
                number: index - 1,
                recipient: recipient,
                token: token,
                amount: amount,
                next: keccak256(abi.encode("next", index))
            })
        );
    }

    function _leafOf(IVault.Withdrawal memory withdrawal) internal pure returns (bytes32) {
        bytes32 key = keccak256(bytes.concat(hex"07", bytes8(withdrawal.number)));
        bytes32 value = keccak256(
            bytes.concat(
                hex"07", bytes20(withdrawal.recipient), bytes20(withdrawal.token), bytes16(withdrawal.amount)
            )
        );
        return keccak256(bytes.concat(key, withdrawal.next, value));
    }

    function _stateLeaves() internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](withdrawals.length + 2);
        leaves[0] = keccak256("sentinel");
        leaves[1] = keccak256("counter");
        for (uint256 i; i < withdrawals.length; ++i) {
            leaves[i + 2] = _leafOf(withdrawals[i]);
        }
    }

    /// @notice A checkpoint over all withdrawals so far, final when this returns.
    function _final() internal returns (IVault.Base memory base) {
        base = _accepted();
        _pass(CHALLENGE);
    }

    /// @notice What others do between the making of a submission and its inclusion.
    function _inFront() internal virtual {}

    function _accepted() internal returns (IVault.Base memory base) {
        IRootChain.Checkpoint memory content = _checkpoint();
        bytes32[] memory leaves = _stateLeaves();
        content.stateRoot = keccak256(bytes.concat(TreeModel.root(leaves), bytes4(uint32(leaves.length))));
        IRootChain.Submission memory submission = _submission(content, _none());
        _inFront();
        _submit(submission);
        base.checkpoint = content;
        base.acceptance = acceptances[content.epoch];
        base.leafCount = uint32(leaves.length);
    }

    function _path(uint256 i) internal view returns (bytes32[] memory) {
        return TreeModel.path(_stateLeaves(), withdrawals[i].index, 32);
    }

    /// @notice Withdrawals `first` to `first + number − 1` and their multiproof.
    function _batch(uint256 first, uint256 number)
        internal
        view
        returns (IVault.Withdrawal[] memory batch, bytes32[] memory siblings)
    {
        batch = new IVault.Withdrawal[](number);
        uint32[] memory indices = new uint32[](number);
        for (uint256 i; i < number; ++i) {
            batch[i] = withdrawals[first + i];
            indices[i] = batch[i].index;
        }
        siblings = TreeModel.stream(_stateLeaves(), indices, 32);
    }
}
