// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Members} from "../src/libraries/Members.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Claims} from "./Claims.sol";

/// @title Each byte of a submission and of a claim changed, one at a time
/// @dev A mutant is accepted only if it decodes to the very same call (a changed byte of padding); all others are counted by the
/// error that refused them. Run with -vv to see the counts.
contract MutantsTest is Claims {
    event log_named_uint(string name, uint256 value);

    bytes4[] private _reasons;
    mapping(bytes4 => uint256) private _counts;

    function setUp() public override {
        super.setUp();
        _withdraw(address(0xa11ce), address(0), 1 ether);
        _withdraw(address(0xb0b), address(0), 2 ether);
    }

    function test_everyByteOfASubmissionCounts() external {
        // Old messages, so that the witness has every part: hashes after the cursor, two neighbours, hashes after them.
        for (uint256 i; i < 5; ++i) {
            inbox.force{value: inbox.price()}("early");
        }
        _pass(DELAY + 10);
        for (uint256 i; i < 1100; ++i) {
            inbox.force{value: inbox.price()}("late");
        }
        _submit(_honest());
        _pass(5);
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        vm.assertEq(submission.inbox.around.length, 2);
        vm.assertGt(submission.inbox.afterDue.length, 0);
        _submitsOnlyUnchanged(submission);
    }

    function test_everyByteOfASubmissionCountsWhenRootKeepsTheDueTimes() external {
        inbox.force{value: inbox.price()}("early");
        _submit(_honest());
        _pass(DELAY + 10);
        inbox.force{value: inbox.price()}("late");
        IRootChain.Submission memory submission = _submission(_checkpoint(), _none());
        vm.assertEq(submission.dueCount, 2);
        vm.assertEq(submission.inbox.around.length, 0);
        _submitsOnlyUnchanged(submission);
    }

    function _submitsOnlyUnchanged(IRootChain.Submission memory submission) private {
        bytes memory original = abi.encodeCall(rootChain.submit, (submission));
        (uint256 refused, uint256 padding) = _mutate(address(rootChain), original, this.sameSubmission);
        vm.assertEq(refused + padding, original.length - 4);
        _occurred(IRootChain.NotNext.selector);
        _occurred(IRootChain.TimeAhead.selector);
        _occurred(IRootChain.TimeBackwards.selector);
        _occurred(IRootChain.TauOutOfRange.selector);
        _occurred(IRootChain.RecordMismatch.selector);
        _occurred(IRootChain.BadSignature.selector);
        _occurred(IInbox.UnknownMessage.selector);
        _occurred(IInbox.LinkMismatch.selector);
        _occurred(Members.SignersMismatch.selector);
        _occurred(Bls.WrongLength.selector);
        _occurred(Bls.PrecompileFailed.selector);
        if (submission.inbox.around.length == 0) _occurred(IInbox.NotShown.selector);
        if (submission.absent.length != 0) {
            _occurred(Members.AbsentOutOfOrder.selector);
            _occurred(Members.MembersRootMismatch.selector);
            _occurred(StateTree.WrongSiblings.selector);
        }
        _submit(submission);
    }

    function test_everyByteOfAClaimCounts() external {
        IVault.Base memory base = _final();
        bytes32[] memory path = _path(0);
        bytes memory original = abi.encodeCall(vault.claim, (base, withdrawals[0], path));
        (uint256 refused, uint256 padding) = _mutate(address(vault), original, this.sameClaim);
        vm.assertEq(padding, 0);
        vm.assertEq(refused, original.length - 4);
        _claimChecksOccurred();
        vault.claim(base, withdrawals[0], path);
    }

    function test_everyByteOfABatchCounts() external {
        IVault.Base memory base = _final();
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _batch(0, 2);
        bytes memory original = abi.encodeCall(vault.claimBatch, (base, batch, siblings));
        (uint256 refused, uint256 padding) = _mutate(address(vault), original, this.sameBatch);
        vm.assertEq(padding, 0);
        vm.assertEq(refused, original.length - 4);
        _claimChecksOccurred();
        _occurred(StateTree.WrongSiblings.selector);
        vm.assertEq(vault.claimBatch(base, batch, siblings), 2);
    }

    function _claimChecksOccurred() private view {
        _occurred(IRootChain.NotAccepted.selector);
        _occurred(IRootChain.RecordMismatch.selector);
        _occurred(IVault.StateRootMismatch.selector);
        _occurred(IVault.IndexBeyondCount.selector);
    }

    /// @dev A check that no mutant reaches would be missed by nobody.
    function _occurred(bytes4 reason) private view {
        if (_counts[reason] == 0) revert(string.concat("no mutant was refused by ", _name(reason)));
    }

    function sameSubmission(bytes calldata arguments) external pure returns (bytes32) {
        return keccak256(abi.encode(abi.decode(arguments, (IRootChain.Submission))));
    }

    function sameClaim(bytes calldata arguments) external pure returns (bytes32) {
        (IVault.Base memory base, IVault.Withdrawal memory withdrawal, bytes32[] memory siblings) =
            abi.decode(arguments, (IVault.Base, IVault.Withdrawal, bytes32[]));
        return keccak256(abi.encode(base, withdrawal, siblings));
    }

    function sameBatch(bytes calldata arguments) external pure returns (bytes32) {
        (IVault.Base memory base, IVault.Withdrawal[] memory batch, bytes32[] memory siblings) =
            abi.decode(arguments, (IVault.Base, IVault.Withdrawal[], bytes32[]));
        return keccak256(abi.encode(base, batch, siblings));
    }

    function _mutate(
        address callee,
        bytes memory original,
        function(bytes memory) external pure returns (bytes32) meaning
    ) private returns (uint256 refused, uint256 padding) {
        bytes32 expected = meaning(_arguments(original));
        bytes memory mutant = bytes.concat(original);
        for (uint256 i = 4; i < original.length; ++i) {
            mutant[i] = bytes1(uint8(original[i]) ^ uint8(1 << (i % 8)));
            uint256 before = vm.snapshotState();
            (bool accepted, bytes memory reason) = callee.call{gas: 3_000_000}(mutant);
            vm.revertToState(before);
            if (accepted) {
                vm.assertEq(meaning(_arguments(mutant)), expected, string.concat("byte ", vm.toString(i)));
                ++padding;
            } else {
                _count(reason.length < 4 ? bytes4(0) : bytes4(reason));
                ++refused;
            }
            mutant[i] = original[i];
        }
        for (uint256 i; i < _reasons.length; ++i) {
            emit log_named_uint(_name(_reasons[i]), _counts[_reasons[i]]);
        }
        emit log_named_uint("padding", padding);
    }

    function _name(bytes4 reason) private pure returns (string memory) {
        if (reason == 0) return "ABI decoding";
        if (reason == bytes4(0x4e487b71)) return "Panic";
        if (reason == Bls.IdentityPoint.selector) return "Bls.IdentityPoint";
        if (reason == Bls.PrecompileFailed.selector) return "Bls.PrecompileFailed";
        if (reason == Bls.WrongLength.selector) return "Bls.WrongLength";
        if (reason == IInbox.AroundLength.selector) return "Inbox.AroundLength";
        if (reason == IInbox.Due.selector) return "Inbox.Due";
        if (reason == IInbox.LinkMismatch.selector) return "Inbox.LinkMismatch";
        if (reason == IInbox.NotDue.selector) return "Inbox.NotDue";
        if (reason == IInbox.NotKept.selector) return "Inbox.NotKept";
        if (reason == IInbox.NotShown.selector) return "Inbox.NotShown";
        if (reason == IInbox.UnknownMessage.selector) return "Inbox.UnknownMessage";
        if (reason == Members.AbsentOutOfOrder.selector) return "Members.AbsentOutOfOrder";
        if (reason == Members.MembersRootMismatch.selector) return "Members.MembersRootMismatch";
        if (reason == Members.SignersMismatch.selector) return "Members.SignersMismatch";
        if (reason == IRootChain.BadSignature.selector) return "RootChain.BadSignature";
        if (reason == IRootChain.CursorBackwards.selector) return "RootChain.CursorBackwards";
        if (reason == IRootChain.NotAccepted.selector) return "RootChain.NotAccepted";
        if (reason == IRootChain.NotNext.selector) return "RootChain.NotNext";
        if (reason == IRootChain.RecordMismatch.selector) return "RootChain.RecordMismatch";
        if (reason == IRootChain.TauOutOfRange.selector) return "RootChain.TauOutOfRange";
        if (reason == IRootChain.TimeAhead.selector) return "RootChain.TimeAhead";
        if (reason == IRootChain.TimeBackwards.selector) return "RootChain.TimeBackwards";
        if (reason == StateTree.NotAscending.selector) return "StateTree.NotAscending";
        if (reason == StateTree.WrongSiblings.selector) return "StateTree.WrongSiblings";
        if (reason == IVault.IndexBeyondCount.selector) return "Vault.IndexBeyondCount";
        if (reason == IVault.NothingToClaim.selector) return "Vault.NothingToClaim";
        if (reason == IVault.StateRootMismatch.selector) return "Vault.StateRootMismatch";
        revert(string.concat("an unforeseen refusal: ", vm.toString(abi.encodePacked(reason))));
    }

    function _count(bytes4 reason) private {
        if (_counts[reason] == 0) _reasons.push(reason);
        ++_counts[reason];
    }

    function _arguments(bytes memory call) private pure returns (bytes memory arguments) {
        arguments = new bytes(call.length - 4);
        for (uint256 i; i < arguments.length; ++i) {
            arguments[i] = call[i + 4];
        }
    }
}
