// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Members} from "../src/libraries/Members.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Deployed} from "./Deployed.sol";

/// @title Accepting checkpoints: what is kept, and one refusal for each check
contract RootChainTest is Deployed {
    function setUp() public override {
        super.setUp();
        _deploy();
        _pass(60);
    }

    function test_theDeploymentIdHashesChainContractParentBlockAndGenesis() external view {
        vm.assertEq(rootChain.parentBlockHash(), keccak256("parent"));
        vm.assertEq(
            bytes32(rootChain.deployment()),
            bytes32(
                bytes20(
                    keccak256(
                        bytes.concat(
                            "PDEP",
                            bytes32(block.chainid),
                            bytes20(address(rootChain)),
                            keccak256("parent"),
                            keccak256("genesis state")
                        )
                    )
                )
            )
        );
    }

    function test_itKnowsItsGenesis() external view {
        bytes32 set = _commitment(_set());
        (bytes32 set0, bytes32 set1) = rootChain.genesisSets();
        vm.assertEq(set0, set);
        vm.assertEq(set1, set);
        vm.assertEq(rootChain.genesisStateRoot(), stateRoot);
        vm.assertEq(rootChain.genesisTime(), 1_700_000_000);
        vm.assertEq(rootChain.genesisBlock(), 1000);
        vm.assertEq(address(rootChain.registry()), address(registry));
        vm.assertEq(address(rootChain.inbox()), address(inbox));
        vm.assertEq(rootChain.vault(), address(vault));
        vm.assertEq(rootChain.inboxDelaySecs(), DELAY);
        vm.assertEq(keccak256(abi.encode(rootChain.parameters())), keccak256(abi.encode(_genesis().rootChain)));
        vm.assertEq(rootChain.head().accepted, 0);
        vm.assertEq(rootChain.head().tau, 1_700_000_000);
    }

    function test_checkpointsAreAcceptedOneAfterTheOther() external {
        for (uint64 epoch; epoch < 5; ++epoch) {
            IRootChain.Submission memory submission = _honest();
            vm.assertEq(submission.checkpoint.epoch, epoch);
            _submit(submission);
            vm.assertEq(rootChain.head().accepted, epoch + 1);
            vm.assertEq(rootChain.head().inboxCursor, submission.checkpoint.inboxCursor);
            vm.assertEq(rootChain.head().lastBlockTime, submission.checkpoint.lastBlockTime);
            vm.assertEq(rootChain.digest(submission.checkpoint), _digest(submission.checkpoint));
            _pass(30);
        }
    }

    function test_acceptanceIsToldToTheChild() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(2));
        address carrier = address(0xCA);
        vm.txGasPrice(5 gwei); // base fee 1 gwei: capped at 3
        vm.prank(carrier, carrier);
        rootChain.submit(submission);
        _sync();
        vm.assertEq(
            model.message(1),
            bytes.concat(
                bytes.concat(bytes8(uint64(1)), bytes8(uint64(block.timestamp)), bytes8(uint64(block.number))),
                bytes.concat(bytes8(uint64((block.timestamp + DELAY) * 1000)), hex"05"),
                bytes.concat(bytes8(uint64(0)), bytes20(carrier), bytes16(uint128(3 gwei)), bytes2(uint16(1)))
            )
        );
    }

    function test_theGasPriceToldIsThePriceIfThatIsLower() external {
        vm.txGasPrice(2 gwei);
        _submit(_honest());
        _sync();
        bytes memory message = model.message(1);
        uint128 told;
        for (uint256 i = 61; i < 77; ++i) {
            told = told << 8 | uint8(message[i]);
        }
        vm.assertEq(told, 2 gwei);
    }

    function test_theEventHoldsAllThatIsNeededLater() external {
        IRootChain.Submission memory submission = _honest();
        IRootChain.Acceptance memory acceptance = IRootChain.Acceptance({
            signers: submission.signers,
            time: uint64(block.timestamp),
            blockNumber: uint64(block.number),
            dueCount: submission.dueCount
        });
        vm.expectEmit(address(rootChain));
        emit IRootChain.CheckpointAccepted(
            0, _digest(submission.checkpoint), address(this), submission.checkpoint, acceptance, submission.tau
        );
        rootChain.submit(submission);
    }

    // Who signed.

    function test_anyMemberMayBeAbsentIfTheRestIsEnough() external {
        for (uint16 i; i < 4; ++i) {
            uint256 before = vm.snapshotState();
            _submit(_submission(_checkpoint(), _one(i)));
            vm.revertToState(before);
            vm.getRecordedLogs(); // what they tell did not happen
        }
    }

    function test_twoOfFourAreNotEnough() external {
        uint16[] memory absent = new uint16[](2);
        (absent[0], absent[1]) = (0, 1);
        IRootChain.Submission memory submission = _submission(_checkpoint(), absent);
        _refuses(submission, abi.encodeWithSelector(IRootChain.TooLittlePower.selector, 205, 406));
    }

    function test_nobodyIsNotEnough() external {
        IRootChain.Submission memory submission = _honest();
        uint16[] memory absent = new uint16[](4);
        (absent[1], absent[2], absent[3]) = (1, 2, 3);
        submission.absent = new IRootChain.SetMember[](4);
        for (uint16 i; i < 4; ++i) {
            submission.absent[i] = _absent(i);
        }
        submission.signers = [bytes32(0), bytes32(0)];
        _refuses(submission, abi.encodeWithSelector(IRootChain.TooLittlePower.selector, 0, 406));
    }

    function test_anAbsentMemberListedTwiceIsRefused() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        submission.absent = new IRootChain.SetMember[](2);
        (submission.absent[0], submission.absent[1]) = (_absent(1), _absent(1));
        _refuses(submission, abi.encodeWithSelector(Members.AbsentOutOfOrder.selector, 1, 1));
    }

    function test_absentMembersOutOfOrderAreRefused() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        submission.absent = new IRootChain.SetMember[](2);
        (submission.absent[0], submission.absent[1]) = (_absent(1), _absent(0));
        _refuses(submission, abi.encodeWithSelector(Members.AbsentOutOfOrder.selector, 1, 0));
    }

    function test_anAbsentMemberWithABitIsRefused() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        _setBit(submission.signers, 1);
        _refuses(submission, abi.encodeWithSelector(Members.AbsentOutOfOrder.selector, 0, 1));
    }

    function test_aMemberNumberBeyondTheSetIsRefused() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        submission.absent[0].number = 4;
        _refuses(submission, abi.encodeWithSelector(Members.AbsentOutOfOrder.selector, 0, 4));
    }

    function test_aMemberWithoutBitMustBeListed() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        submission.absent = new IRootChain.SetMember[](0);
        _refuses(submission, abi.encodeWithSelector(Members.SignersMismatch.selector, 4, 3));
    }

    function test_aBitBeyondTheSetIsRefused() external {
        for (uint256 bit = 4; bit < 512; bit += 127) {
            IRootChain.Submission memory submission = _honest();
            _setBit(submission.signers, bit);
            _refuses(submission, abi.encodeWithSelector(Members.SignersMismatch.selector, 4, 5));
        }
    }

    function test_siblingsWithoutAbsentMembersAreRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.absentSiblings = new bytes32[](1);
        _refuses(submission, abi.encodeWithSelector(Members.SignersMismatch.selector, 0, 1));
    }

    function test_anAbsentMembersFieldsMustBeTheSets() external {
        for (uint256 field; field < 7; ++field) {
            IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
            IRootChain.SetMember memory member = submission.absent[0];
            if (field == 0) ++member.seat;
            if (field == 1) member.operator = operators[0].owner;
            if (field == 2) ++member.registration;
            if (field == 3) member.consensusKey = operators[0].consensusKey;
            if (field == 4) member.checkpointKey = operators[0].checkpointKey;
            if (field == 5) --member.power;
            if (field == 6) submission.absentSiblings[0] = keccak256("another");
            vm.expectPartialRevert(Members.MembersRootMismatch.selector);
            rootChain.submit(submission);
        }
    }

    function test_anAbsentMembersKeyHasItsLength() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        submission.absent[0].checkpointKey = bytes.concat(submission.absent[0].checkpointKey, hex"00");
        _refuses(submission, abi.encodeWithSelector(Bls.WrongLength.selector, 96, 97));
    }

    function test_anotherNumberOfSiblingsIsRefused() external {
        IRootChain.Submission memory submission = _submission(_checkpoint(), _one(1));
        bytes32[] memory more = new bytes32[](3);
        (more[0], more[1]) = (submission.absentSiblings[0], submission.absentSiblings[1]);
        submission.absentSiblings = more;
        _refuses(submission, abi.encodeWithSelector(StateTree.WrongSiblings.selector, 2, 3));
        submission.absentSiblings = new bytes32[](1);
        _refuses(submission, abi.encodeWithSelector(StateTree.WrongSiblings.selector, 2, 1));
    }

    function test_theSignatureOfOthersIsRefused() external {
        IRootChain.Submission memory all = _honest();
        IRootChain.Submission memory three = _submission(all.checkpoint, _one(3));
        all.signature = three.signature;
        _refuses(all, abi.encodeWithSelector(IRootChain.BadSignature.selector, _digest(all.checkpoint)));
    }

    function test_aSignatureOverOtherContentIsRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.checkpoint.stateRoot = keccak256("stolen");
        _refuses(submission, abi.encodeWithSelector(IRootChain.BadSignature.selector, _digest(submission.checkpoint)));
    }

    function test_anIdentitySignatureIsRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.signature = new bytes(192);
        _refuses(submission, abi.encodeWithSelector(Bls.IdentityPoint.selector));
    }

    function test_aSignatureOfAnotherLengthIsRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.signature = bytes.concat(submission.signature, hex"00");
        _refuses(submission, abi.encodeWithSelector(Bls.WrongLength.selector, 192, 193));
    }

    // Whose set.

    function test_anotherSetIsRefusedForCheckpointZero() external {
        IRootChain.Submission memory submission = _honest();
        submission.set.totalPower = 1;
        bytes32 claimed = _commitment(submission.set);
        _refuses(
            submission, abi.encodeWithSelector(IRootChain.SetMismatch.selector, _commitment(_set()), claimed)
        );
    }

    function test_anotherSetIsRefusedLater() external {
        _submit(_honest());
        for (uint256 field; field < 4; ++field) {
            IRootChain.Submission memory submission = _honest();
            if (field == 0) submission.set.totalPower = 1;
            if (field == 1) submission.set.membersRoot = keccak256("another");
            if (field == 2) submission.set.aggregateKey = operators[0].checkpointKey;
            if (field == 3) ++submission.set.count;
            vm.expectPartialRevert(IRootChain.RecordMismatch.selector);
            rootChain.submit(submission);
        }
    }

    function test_aSetKeyOfAnotherLengthIsRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.set.aggregateKey = bytes.concat(submission.set.aggregateKey, hex"00");
        _refuses(submission, abi.encodeWithSelector(Bls.WrongLength.selector, 96, 97));
    }

    function test_theSetOfCheckpointEIsTheOneNamedByTheCheckpointBefore() external {
        // Checkpoint 0 names a set of operator 0 alone; checkpoint 1 is signed by set 2, so by that one.
        IRootChain.Checkpoint memory content = _checkpoint();
        IRootChain.Set memory alone;
        alone.membersRoot = _leaf(0);
        alone.count = 1;
        alone.aggregateKey = operators[0].checkpointKey;
        alone.totalPower = 100;
        content.nextSet = _commitment(alone);
        _submit(_submission(content, _none()));

        _pass(1);
        IRootChain.Submission memory next = _honest();
        vm.expectPartialRevert(IRootChain.RecordMismatch.selector);
        rootChain.submit(next);
        next.set = alone;
        vm.expectPartialRevert(Members.SignersMismatch.selector);
        rootChain.submit(next);
        next.signers = [bytes32(uint256(1) << 248), bytes32(0)];
        _refuses(next, abi.encodeWithSelector(IRootChain.BadSignature.selector, _digest(next.checkpoint)));
        next.signature = _shareOf(0, next.checkpoint);
        _submit(next);
    }

    function test_aSetOfMoreThan512MembersHasNoBitmap() external {
        _refuses(_afterASetOf(513), abi.encodeWithSelector(Members.TooManyMembers.selector, 513));
    }

    function test_aSetOf512MembersHasOne() external {
        _refuses(_afterASetOf(512), abi.encodeWithSelector(Members.SignersMismatch.selector, 512, 4));
    }

    /// @dev The submission that a set of `count` members has to sign.
    function _afterASetOf(uint16 count) private returns (IRootChain.Submission memory next) {
        IRootChain.Checkpoint memory content = _checkpoint();
        IRootChain.Set memory many = _set();
        many.count = count;
        content.nextSet = _commitment(many);
        _submit(_submission(content, _none()));
        next = _honest();
        next.set = many;
    }

    // Contiguity.

    function test_aGapIsRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.checkpoint.epoch = 1;
        _refuses(submission, abi.encodeWithSelector(IRootChain.NotNext.selector, 0, 1));
    }

    function test_theSameEpochIsRefusedAgain() external {
        IRootChain.Submission memory submission = _honest();
        _submit(submission);
        _refuses(submission, abi.encodeWithSelector(IRootChain.NotNext.selector, 1, 0));
    }

    function test_checkpointZeroNamesTheDeployment() external {
        IRootChain.Submission memory submission = _honest();
        submission.checkpoint.previous = 0;
        _refuses(
            submission,
            abi.encodeWithSelector(IRootChain.PreviousMismatch.selector, bytes32(rootChain.deployment()), bytes32(0))
        );
    }

    function test_anotherPreviousDigestIsRefused() external {
        _submit(_honest());
        IRootChain.Submission memory submission = _honest();
        submission.checkpoint.previous = keccak256("another");
        vm.expectPartialRevert(IRootChain.RecordMismatch.selector);
        rootChain.submit(submission);
    }

    function test_anotherPreviousAcceptanceIsRefused() external {
        _submit(_honest());
        for (uint256 field; field < 5; ++field) {
            IRootChain.Submission memory submission = _honest();
            if (field == 0) submission.previous.signers[0] = 0;
            if (field == 1) submission.previous.signers[1] = bytes32(uint256(1));
            if (field == 2) ++submission.previous.time;
            if (field == 3) ++submission.previous.blockNumber;
            if (field == 4) ++submission.previous.dueCount;
            vm.expectPartialRevert(IRootChain.RecordMismatch.selector);
            rootChain.submit(submission);
        }
    }

    function test_zeroRootsAreRefused() external {
        IRootChain.Submission memory submission = _honest();
        submission.checkpoint.stateRoot = 0;
        _refuses(submission, abi.encodeWithSelector(IRootChain.ZeroRoot.selector, "state"));
        submission = _honest();
        submission.checkpoint.blocksRoot = 0;
        _refuses(submission, abi.encodeWithSelector(IRootChain.ZeroRoot.selector, "blocks"));
        submission = _honest();
        submission.checkpoint.nextSet = 0;
        _refuses(submission, abi.encodeWithSelector(IRootChain.ZeroRoot.selector, "next set"));
    }

    // Time.

    function test_aTimeBelowThePreviousOnesIsRefusedAndAnEqualOneIsNot() external {
        IRootChain.Checkpoint memory content = _checkpoint();
        content.lastBlockTime = 1_700_000_000 - 1;
        IRootChain.Submission memory submission = _submission(content, _none());
        _refuses(
            submission,
            abi.encodeWithSelector(IRootChain.TimeBackwards.selector, 1_700_000_000, 1_700_000_000 - 1)
        );
        content.lastBlockTime = 1_700_000_000;
        _submit(_submission(content, _none()));
        content = _checkpoint();
        content.lastBlockTime = 1_700_000_000;
        _submit(_submission(content, _none()));
    }

    function test_aTimeMoreThanAQuarterOfAnHourAheadIsRefused() external {
        IRootChain.Checkpoint memory content = _checkpoint();
        content.lastBlockTime = uint64(block.timestamp) + 901;
        IRootChain.Submission memory submission = _submission(content, _none());
        _refuses(
            submission,
            abi.encodeWithSelector(IRootChain.TimeAhead.selector, block.timestamp + 900, block.timestamp + 901)
        );
        content.lastBlockTime = uint64(block.timestamp) + 900;
        _submit(_submission(content, _none()));
    }

    function test_tauLiesBetweenAQuarterOfAnHourAgoAndNow() external {
        _pass(2000);
        IRootChain.Submission memory submission = _honest();
        uint64 time = uint64(block.timestamp);
        submission.tau = time + 1;
        _refuses(submission, abi.encodeWithSelector(IRootChain.TauOutOfRange.selector, time - 900, time, time + 1));
        submission.tau = time - 901;
        _refuses(submission, abi.encodeWithSelector(IRootChain.TauOutOfRange.selector, time - 900, time, time - 901));
        submission.tau = time - 900;
        _submit(submission);
        vm.assertEq(rootChain.head().tau, time - 900);
    }

    function test_tauNeverGoesBack() external {
        _submit(_honest());
        uint64 first = uint64(block.timestamp);
        _pass(10);
        IRootChain.Submission memory submission = _honest();
        submission.tau = first - 1;
        _refuses(
            submission, abi.encodeWithSelector(IRootChain.TauOutOfRange.selector, first, block.timestamp, first - 1)
        );
        submission.tau = first;
        _submit(submission);
    }

    // The inbox. (What the inbox itself checks is tested with it.)

    function test_aCursorThatGoesBackIsRefused() external {
        _submit(_honest());
        _submit(_honest()); // has consumed message 1
        IRootChain.Checkpoint memory content = _checkpoint();
        content.inboxCursor = 0;
        content.inboxLink = 0;
        IRootChain.Submission memory submission = _submission(content, _none());
        _refuses(submission, abi.encodeWithSelector(IRootChain.CursorBackwards.selector, 1, 0));
    }

    function test_aCursorAheadOfTheInboxIsRefused() external {
        IRootChain.Checkpoint memory content = _checkpoint();
        content.inboxCursor = 1;
        IRootChain.Submission memory submission = _honest();
        submission.checkpoint = content;
        _refuses(submission, abi.encodeWithSelector(IInbox.UnknownMessage.selector, 1, 0));
    }

    function test_inventedMessagesNeverReachACheckpoint() external {
        _submit(_honest());
        IRootChain.Checkpoint memory content = _checkpoint();
        content.inboxLink = keccak256("a deposit that nobody made");
        IRootChain.Submission memory submission = _submission(content, _none());
        _refuses(
            submission,
            abi.encodeWithSelector(IInbox.LinkMismatch.selector, 1, model.link(1), content.inboxLink)
        );
    }

    function test_anotherDueCountIsRefused() external {
        _submit(_honest());
        _pass(DELAY + 1);
        IRootChain.Submission memory submission = _honest();
        vm.assertEq(submission.dueCount, 1);
        submission.dueCount = 0;
        submission.inbox = model.witnessOf(1, 0);
        _refuses(
            submission,
            abi.encodeWithSelector(IInbox.Due.selector, 1, model.dueMs(1), uint256(submission.tau) * 1000)
        );
    }

    /// None of the messages is due, then all, then some; each time more come in front of the submission, in its own block.
    function test_messagesInFrontOfASubmissionDoNotMakeItFail() external {
        vm.deal(address(this), 1000 ether);
        uint8[3] memory due = [0, 3, 3];
        for (uint256 i; i < 3; ++i) {
            IRootChain.Submission memory submission = _honest();
            vm.assertEq(submission.dueCount, due[i]);
            vm.assertEq(inbox.count(), 3 * i);
            _sendInFront();
            _submit(submission);
            vm.assertEq(inbox.count(), 3 * i + 3);
            _pass(i == 0 ? DELAY + 10 : 5);
        }
    }

    function _sendInFront() private {
        inbox.force{value: inbox.price()}("in front");
        IVault.Account memory recipient = IVault.Account(0, bytes20(address(1)));
        vault.depositNative{value: vault.quote(1)}(1, recipient, address(this));
    }

    // The ring.

    function test_aWarmRingMakesNoNewSlot() external {
        _fillRing();
        _pass(UNBONDING);
        for (uint256 i; i < SLOTS; ++i) {
            if (i == SLOTS / 2) _pass(UNBONDING);
            IRootChain.Submission memory submission = _honest();
            bytes32 slot = _slotOf(submission.checkpoint.epoch);
            vm.assertNotEq(vm.load(address(rootChain), slot), bytes32(0));
            vm.record();
            _submit(submission);
            (, bytes32[] memory writes) = vm.accesses(address(rootChain));
            for (uint256 k; k < writes.length; ++k) {
                vm.assertTrue(writes[k] == 0 || writes[k] == slot);
            }
        }
    }

    function test_aHalfOfTheRingIsOverwrittenOnlyWhenTheUnbondingPassed() external {
        uint64 freeAt;
        for (uint256 i; i < SLOTS; ++i) {
            // Slots 0 to 7 are free U after the acceptance of 7 + 3.
            if (i == SLOTS / 2 + 2) freeAt = uint64(block.timestamp) + UNBONDING;
            _submit(_honest());
            _pass(60);
        }
        IRootChain.Submission memory submission = _honest();
        _refuses(submission, abi.encodeWithSelector(IRootChain.RingFull.selector, freeAt, block.timestamp));
        vm.warp(freeAt - 1);
        submission = _honest();
        _refuses(submission, abi.encodeWithSelector(IRootChain.RingFull.selector, freeAt, freeAt - 1));
        vm.warp(freeAt);
        for (uint256 i; i < SLOTS / 2; ++i) {
            _submit(_honest());
        }
        submission = _honest();
        vm.expectPartialRevert(IRootChain.RingFull.selector);
        rootChain.submit(submission);
    }

    // Finality.

    function test_aCheckpointIsFinalWhenItsWindowHasPassed() external {
        _submit(_honest());
        uint64 finalAt = uint64(block.timestamp) + CHALLENGE;
        vm.warp(finalAt - 1);
        vm.assertFalse(rootChain.isFinal(checkpoints[0], acceptances[0]));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.WindowOpen.selector, finalAt, finalAt - 1));
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.warp(finalAt);
        vm.assertTrue(rootChain.isFinal(checkpoints[0], acceptances[0]));
        rootChain.finalize(checkpoints[0], acceptances[0]);
    }

    function test_whatWasNotAcceptedIsNotFinal() external {
        vm.assertFalse(rootChain.isFinal(checkpoints[0], acceptances[0]));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotAccepted.selector, 0, 0));
        rootChain.finalize(checkpoints[0], acceptances[0]);
    }

    function test_everyFieldOfWhatWasAcceptedCounts() external {
        _submit(_honest());
        _submit(_honest());
        _pass(CHALLENGE);
        for (uint256 field; field < 13; ++field) {
            IRootChain.Checkpoint memory content = checkpoints[1];
            IRootChain.Acceptance memory acceptance = acceptances[1];
            if (field == 0) content.epoch = 0;
            if (field == 1) ++content.lastBlockTime;
            if (field == 2) content.blocksRoot = keccak256("another");
            if (field == 3) content.stateRoot = keccak256("another");
            if (field == 4) ++content.inboxCursor;
            if (field == 5) content.inboxLink = keccak256("another");
            if (field == 6) content.nextSet = keccak256("another");
            if (field == 7) content.relayer = address(1);
            if (field == 8) content.previous = keccak256("another");
            if (field == 9) acceptance.signers[1] = keccak256("another");
            if (field == 10) --acceptance.time;
            if (field == 11) --acceptance.blockNumber;
            if (field == 12) ++acceptance.dueCount;
            vm.assertFalse(rootChain.isFinal(content, acceptance));
            vm.expectPartialRevert(IRootChain.RecordMismatch.selector);
            rootChain.finalize(content, acceptance);
        }
        rootChain.finalize(checkpoints[1], acceptances[1]);
    }

    function test_aCheckpointThatSkippedADueMessageIsFinalOnlyWhenALaterOneConsumedIt() external {
        IRootChain.Checkpoint memory skipping = _skipping();
        _submit(_submission(skipping, _none()));
        uint64 epoch = skipping.epoch;
        uint64 due = acceptances[epoch].dueCount;
        vm.assertGt(due, skipping.inboxCursor);
        _pass(CHALLENGE);
        vm.assertFalse(rootChain.isFinal(checkpoints[epoch], acceptances[epoch]));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.MessageSkipped.selector, due, skipping.inboxCursor));
        rootChain.finalize(checkpoints[epoch], acceptances[epoch]);

        _submit(_honest());
        rootChain.finalize(checkpoints[epoch], acceptances[epoch]);
        vm.assertTrue(rootChain.isFinal(checkpoints[epoch], acceptances[epoch]));
    }

    function test_whatLeftTheRingIsNotFinal() external {
        _fillRing();
        _pass(UNBONDING);
        vm.assertTrue(rootChain.isFinal(checkpoints[0], acceptances[0]));
        _submit(_honest());
        vm.assertFalse(rootChain.isFinal(checkpoints[0], acceptances[0]));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotInRing.selector, 0, 1));
        rootChain.finalize(checkpoints[0], acceptances[0]);
        vm.assertTrue(rootChain.isFinal(checkpoints[1], acceptances[1]));
        vm.assertNotEq(rootChain.record(SLOTS), bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotAccepted.selector, SLOTS + 1, SLOTS + 1));
        rootChain.record(SLOTS + 1);
    }

    /// @dev A checkpoint whose cursor stays behind a message that is due.
    function _skipping() private returns (IRootChain.Checkpoint memory content) {
        _submit(_honest()); // sends message 1
        _pass(DELAY);
        content = _checkpoint();
        content.inboxCursor = 0;
        content.inboxLink = 0;
    }

    function _fillRing() private {
        for (uint256 i; i < SLOTS; ++i) {
            _submit(_honest());
        }
    }

    /// @dev Slot of a record: the mapping is RootChain's second variable.
    function _slotOf(uint64 epoch) private pure returns (bytes32) {
        return keccak256(abi.encode(uint256(epoch % SLOTS), uint256(2)));
    }

    function _refuses(IRootChain.Submission memory submission, bytes memory reason) private {
        vm.expectRevert(reason);
        rootChain.submit(submission);
    }

    function _shareOf(uint256 i, IRootChain.Checkpoint memory content) private view returns (bytes memory) {
        return _signature(operators[i].blsSecret, content);
    }
}
