// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Accusing} from "./Accusing.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title Commit, reveal, contest, collect: who is paid for a report, and when it comes too late
contract CourtClaimsTest is Accusing {
    address private constant THIEF = address(0x7e1ef);

    function test_aReportIsMadeTwoToEightBlocksAfterItsCommitment() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Accused memory accused = _accused(1, 0);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        bytes32 own = court.commitmentOf(keccak256(abi.encode(evidence)), REPORTER, 0);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, own));
        court.revealVotes(evidence, accused, claim);
        vm.expectEmit(address(court));
        emit ICourt.Committed(own);
        court.commit(own);
        uint256 made = block.number;
        vm.assertEq(court.commitment(own).madeAt, made);
        vm.assertEq(court.commitment(own).timeOrGas, block.timestamp);
        for (uint256 age; age < 12; ++age) {
            uint256 before = vm.snapshotState();
            vm.roll(made + age);
            if (age < 2 || age > REVEAL) {
                vm.expectRevert(
                    abi.encodeWithSelector(ICourt.RevealOutOfTime.selector, made + 2, made + REVEAL, made + age)
                );
            }
            court.revealVotes(evidence, accused, claim);
            vm.revertToState(before);
        }
    }

    function test_aCommitmentStandsUntilItIsOverAndIsThenMadeAgain() external {
        bytes32 own = keccak256("anything");
        court.commit(own);
        uint256 made = block.number;
        for (uint256 age; age <= REVEAL; ++age) {
            vm.roll(made + age);
            vm.expectRevert(abi.encodeWithSelector(ICourt.CommitmentStands.selector, made + REVEAL));
            court.commit(own);
        }
        vm.roll(made + REVEAL + 1);
        court.commit(own);
        vm.assertEq(court.commitment(own).madeAt, made + REVEAL + 1);
    }

    function test_aCommitmentIsToItsEvidenceBeneficiarySaltAndCourt() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        bytes32 hash = keccak256(abi.encode(evidence));
        vm.assertEq(
            court.commitmentOf(hash, REPORTER, bytes32(uint256(7))),
            keccak256(
                bytes.concat(
                    bytes.concat("PRPT", bytes32(block.chainid), bytes20(address(court)), hash, bytes20(REPORTER)),
                    bytes32(uint256(7))
                )
            )
        );
        court.commit(court.commitmentOf(hash, REPORTER, 0));
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 0);
        bytes32 wrong = court.commitmentOf(hash, THIEF, 0);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, wrong));
        court.revealVotes(evidence, accused, _claim(THIEF, 0, 0));
        wrong = court.commitmentOf(hash, REPORTER, bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, wrong));
        court.revealVotes(evidence, accused, _claim(REPORTER, bytes32(uint256(1)), 0));
        vm.expectRevert(ICourt.BeneficiaryZero.selector);
        court.revealVotes(evidence, accused, _claim(address(0), 0, 0));
        // Hints are of the evidence and found in one way only; other signatures of the same votes are other evidence.
        court.revealVotes(evidence, accused, _claim(REPORTER, 0, 0));
    }

    /// Whoever copies a proof has a younger commitment, whatever it pays for gas, also where it is revealed first.
    function test_aCopiedProofPaysTheFirst() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory own = _claim(REPORTER, "mine", 0);
        bytes32 first = _commit(abi.encode(evidence), own);
        _blocks(3);
        // Here the reporter's reveal is seen, and held back.
        ICourt.Claim memory copied = _claim(THIEF, "copied", 0);
        bytes32 second = _commit(abi.encode(evidence), copied);
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 0);
        court.revealVotes(evidence, accused, copied);
        vm.assertEq(inbox.count(), 1);
        _blocks(1);
        own.leader = keccak256("no commitment");
        vm.expectRevert(abi.encodeWithSelector(ICourt.NotLeader.selector, own.leader));
        court.revealVotes(evidence, accused, own);
        own.leader = second;
        vm.expectEmit(address(court));
        emit ICourt.Overtaken(operators[1].owner, 0, first, REPORTER);
        court.revealVotes(evidence, accused, own);
        vm.assertEq(inbox.count(), 1, "one offence, one freeze");
        _blocks(REVEAL);
        court.collect(operators[1].owner, 0, first);
        court.collect(operators[1].owner, 0, second);
        vm.assertEq(REPORTER.balance, REWARD / 2);
        vm.assertGt(THIEF.balance, 0); // its gas, because it revealed first
        vm.assertLt(THIEF.balance, 0.01 ether);
        _isCollected(first);
        _isCollected(second);
    }

    function test_aYoungerOrEquallyOldCommitmentOvertakesNone() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        bytes32 first = _commit(abi.encode(evidence), _claim(REPORTER, "a", 0));
        _commit(abi.encode(evidence), _claim(THIEF, "same block", 0));
        _blocks(1);
        _commit(abi.encode(evidence), _claim(THIEF, "younger", 0));
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 0);
        court.revealVotes(evidence, accused, _claim(REPORTER, "a", 0));
        bytes memory reason = abi.encodeWithSelector(ICourt.AlreadyRevealed.selector, operators[1].owner, 0);
        vm.expectRevert(reason);
        court.revealVotes(evidence, accused, _claim(THIEF, "same block", first));
        vm.expectRevert(reason);
        court.revealVotes(evidence, accused, _claim(THIEF, "younger", first));
        vm.expectRevert(ICourt.CommitmentRevealed.selector);
        court.revealVotes(evidence, accused, _claim(REPORTER, "a", first));
        vm.expectRevert(ICourt.CommitmentRevealed.selector);
        court.commit(first);
    }

    /// Of two watchers that report in one block the second is refused before set and signatures are looked at: the check of either would
    /// have failed here, and does for an offence that is not known.
    function test_whoComesLateIsRefusedBeforeAnythingDear() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        _commit(abi.encode(evidence), _claim(REPORTER, "a", 0));
        ICourt.DoubleVote memory forged = _doubleVote(1, 0);
        forged.second.s = bytes32(uint256(forged.second.s) ^ 1);
        ICourt.Claim memory late = _claim(THIEF, "b", 0);
        _commit(abi.encode(forged), late);
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 0);
        uint256 before = vm.snapshotState();
        court.revealVotes(evidence, accused, _claim(REPORTER, "a", 0));
        vm.expectRevert(abi.encodeWithSelector(ICourt.NotLeader.selector, bytes32(0)));
        court.revealVotes(forged, accused, late);
        vm.revertToState(before);
        vm.expectRevert(abi.encodeWithSelector(ICourt.BadSignature.selector, 2));
        court.revealVotes(forged, accused, late);
    }

    /// A word that begins as the leading commitment does, and was never made, was made later, or is older and waits to be revealed.
    function test_nobodyLeadsByAWordThatOnlyLooksLikeTheLeader() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory own = _claim(REPORTER, "mine", 0);
        bytes32 first = _commit(abi.encode(evidence), own);
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 0);
        court.revealVotes(evidence, accused, own);
        ICourt.Claim memory copied = _claim(THIEF, "copied", 0);
        _commit(abi.encode(evidence), copied);
        _blocks(1);
        bytes32 alike = bytes32(bytes13(first)) | bytes32(uint256(7));
        for (uint256 form; form < 2; ++form) {
            copied.leader = alike;
            vm.expectRevert(abi.encodeWithSelector(ICourt.NotLeader.selector, alike));
            this.later(evidence, accused, copied, form == 1);
        }
        vm.roll(block.number + 1);
        copied.leader = first;
        vm.expectRevert(abi.encodeWithSelector(ICourt.AlreadyRevealed.selector, operators[1].owner, 0));
        court.revealVotes(evidence, accused, copied);
        _blocks(REVEAL);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, alike));
        court.collect(operators[1].owner, 0, alike);
        court.collect(operators[1].owner, 0, first);
        vm.assertGt(REPORTER.balance, REWARD / 2);
        vm.assertEq(bytes32(court.offence(operators[1].owner, 0).leader), 0, "nobody leads any more");
    }

    /// A reveal a block later, with the word that it names as leader made before.
    function later(
        ICourt.DoubleVote calldata evidence,
        ICourt.Accused calldata accused,
        ICourt.Claim calldata claim,
        bool made
    ) external {
        if (made) court.commit(claim.leader);
        vm.roll(block.number + 1);
        court.revealVotes(evidence, accused, claim);
    }

    function test_nobodyOvertakesBehindTheContest() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        _commit(abi.encode(evidence), _claim(THIEF, "early", 0));
        _blocks(1);
        bytes32 first = _commit(abi.encode(evidence), _claim(REPORTER, "a", 0));
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 0);
        court.revealVotes(evidence, accused, _claim(REPORTER, "a", 0));
        // An older one may be R blocks old itself, so it is over before the contest is.
        uint256 before = vm.snapshotState();
        vm.roll(block.number + 5);
        court.revealVotes(evidence, accused, _claim(THIEF, "early", first));
        vm.revertToState(before);
        vm.roll(block.number + 6);
        vm.expectPartialRevert(ICourt.RevealOutOfTime.selector);
        court.revealVotes(evidence, accused, _claim(THIEF, "early", first));
    }

    /// An offence that is known is not taken again: not by other evidence, at another height, in another order, by another kind of proof or after a rotation of keys.
    function test_anOffenceIsTakenOnce() external {
        _accept(1, 10);
        bytes32 first = _report(1, 1);
        _blocks(REVEAL + 1);
        uint256 count = inbox.count();
        for (uint256 form; form < 4; ++form) {
            ICourt.DoubleVote memory evidence = form == 1 ? _votes(100) : _votes(66);
            if (form == 2) evidence.kind = 1;
            if (form == 3) (evidence.first.id, evidence.second.id) = (evidence.second.id, evidence.first.id);
            _signVotes(1, evidence);
            _known(evidence, first);
        }
        ICourt.DoubleCheckpoint memory shares = _doubleCheckpoint(1, 0);
        ICourt.Claim memory claim = _claim(REPORTER, "again", first);
        _commit(abi.encode(shares), claim);
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICourt.AlreadyRevealed.selector, operators[1].owner, 1));
        court.revealCheckpoints(shares, accused, claim);
        // A registration with new keys is in the set of a later epoch, and takes nothing from what stands.
        Operator memory rotated = operators[1];
        rotated.edSecret += 1;
        rotated.blsSecret += 1;
        (rotated.consensusKey,) = Ed25519Signer.key(rotated.edSecret);
        rotated.checkpointKey = BlsSigner.key(rotated.blsSecret);
        _registerKeys(rotated, BOND, BOND + 1 ether);
        _known(_doubleVote(1, 1), first);
        vm.assertEq(inbox.count(), count + 1, "the registration");
        // Another epoch is another offence, and so is another operator's.
        _report(1, 0);
        _report(2, 1);
        vm.assertEq(inbox.count(), count + 3);
    }

    function test_theRewardComesFromTheBondAndHalfOfItIsBurned() external {
        vm.fee(1 gwei);
        bytes32 own = _report(1, 0);
        uint256 until = block.number + REVEAL;
        for (; block.number <= until; vm.roll(block.number + 1)) {
            vm.expectRevert(abi.encodeWithSelector(ICourt.ContestOpen.selector, until, block.number));
            court.collect(operators[1].owner, 0, own);
        }
        uint256 gas = uint256(court.commitment(own).timeOrGas) * 1 gwei;
        vm.assertGt(gas, 400_000 * 2 gwei);
        vm.assertLt(gas, 700_000 * 2 gwei);
        vm.expectEmit(address(registry));
        emit IRegistry.BondDebited(operators[1].owner, 2, REPORTER, gas + REWARD / 2, REWARD / 2);
        vm.expectEmit(address(court));
        emit ICourt.Collected(operators[1].owner, 0, own, REPORTER, gas + REWARD / 2, REWARD / 2);
        court.collect(operators[1].owner, 0, own);
        vm.assertEq(REPORTER.balance, gas + REWARD / 2);
        vm.assertEq(registry.registrationOf(operators[1].owner, 2).bond, BOND - gas - REWARD);
        vm.assertEq(address(registry).balance, 4 * BOND - gas - REWARD / 2, "the other half stays, and nobody can take it");
        _isCollected(own);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, own));
        court.collect(operators[1].owner, 0, own);
    }

    /// What a reveal says that it cost is what it cost, within a tenth, and at a price that its sender cannot raise.
    function test_theGasOfTheFirstRevealIsPaid() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        bytes32 own = _commit(abi.encode(evidence), claim);
        _blocks(2);
        bytes memory data = abi.encodeCall(court.revealVotes, (evidence, _accused(1, 0), claim));
        vm.fee(7 gwei);
        vm.txGasPrice(5000 gwei);
        uint256 used = _gasOf(address(court), 0, data) + 21_000 + 16 * data.length;
        uint256 paid = uint256(court.commitment(own).timeOrGas) / 9;
        vm.assertLe(paid, used + used / 10);
        vm.assertGe(paid, used - used / 10);
    }

    /// Zeros behind the arguments, which the decoder passes over, are paid to nobody.
    function test_longerCalldataIsNotPaid() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        bytes32 own = _commit(abi.encode(evidence), claim);
        _blocks(2);
        bytes memory data = abi.encodeCall(court.revealVotes, (evidence, _accused(1, 0), claim));
        uint256[2] memory paid;
        for (uint256 i; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            _gasOf(address(court), 0, i == 0 ? data : bytes.concat(data, new bytes(30_000)));
            paid[i] = court.commitment(own).timeOrGas;
            vm.revertToState(before);
        }
        vm.assertLe(paid[1], paid[0] + paid[0] / 100);
    }

    function test_aBondCoversItsRewardsAndNoMore() external {
        vm.txGasPrice(0);
        vm.fee(0);
        _accept(3, 10);
        for (uint64 epoch; epoch < 5; ++epoch) {
            bytes32 own = _report(1, epoch);
            _blocks(REVEAL + 1);
            uint256 held = REPORTER.balance;
            court.collect(operators[1].owner, epoch, own);
            // Three rewards less the last wei, then nothing; the entry stays what it is.
            uint256 reward = epoch < 2 ? REWARD : epoch == 2 ? REWARD - 1 : 0;
            vm.assertEq(REPORTER.balance - held, reward / 2);
            vm.assertEq(registry.registrationOf(operators[1].owner, 2).registration, 2);
        }
        vm.assertEq(registry.registrationOf(operators[1].owner, 2).bond, 1);
        vm.deal(address(this), 2 ether);
        registry.topUp{value: 2 ether}(operators[1].owner, 2);
        vm.assertEq(registry.registrationOf(operators[1].owner, 2).bond, 2 ether + 1);
    }

    /// Also where it is paid for its gas: what it gets is its own bond, and half of the reward is gone. The cut comes beside it.
    function test_whoReportsItselfEndsWithLess() external {
        address operator = operators[1].owner;
        uint256 before = operator.balance + registry.registrationOf(operator, 2).bond;
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory claim = _claim(operator, 0, 0);
        bytes32 own = _commit(abi.encode(evidence), claim);
        _blocks(2);
        court.revealVotes(evidence, _accused(1, 0), claim);
        _blocks(REVEAL + 1);
        court.collect(operator, 0, own);
        uint256 behind = operator.balance + registry.registrationOf(operator, 2).bond;
        vm.assertEq(before - behind, REWARD / 2);
    }

    function test_onlyTheCourtDebitsABond() external {
        address operator = operators[1].owner;
        address[4] memory others = [operator, address(vault), address(rootChain), address(this)];
        for (uint256 i; i < 4; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IRegistry.NotCourt.selector, others[i]));
            registry.debit(operator, 2, 1, 1, REPORTER);
        }
    }

    /// One that is paid for another's offence would be paid from the wrong bond.
    function test_aCommitmentIsCollectedForItsOwnOffence() external {
        bytes32 first = _report(1, 0);
        bytes32 second = _report(2, 0);
        _blocks(REVEAL + 1);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, second));
        court.collect(operators[1].owner, 0, second);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, first));
        court.collect(operators[2].owner, 0, first);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownOffence.selector, operators[1].owner, 1));
        court.collect(operators[1].owner, 1, first);
        court.collect(operators[1].owner, 0, first);
        court.collect(operators[2].owner, 0, second);
    }

    function test_aBeneficiaryThatTakesNothingLosesItsOwnRewardOnly() external {
        address stubborn = address(new Stubborn());
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory claim = _claim(stubborn, 0, 0);
        bytes32 own = _commit(abi.encode(evidence), claim);
        _blocks(2);
        court.revealVotes(evidence, _accused(1, 0), claim);
        _blocks(REVEAL + 1);
        vm.expectPartialRevert(IRegistry.RewardNotTaken.selector);
        court.collect(operators[1].owner, 0, own);
        _accept(3, 10);
        _pass(EVIDENCE + REVEAL_SECS);
        court.count(operators[1].owner, 0);
        _settle(1, 0);
    }

    function test_aBeneficiaryThatCallsBackIsPaidOnce() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        Greedy greedy = new Greedy();
        ICourt.Claim memory claim = _claim(address(greedy), 0, 0);
        bytes32 own = _commit(abi.encode(evidence), claim);
        _blocks(2);
        court.revealVotes(evidence, _accused(1, 0), claim);
        _blocks(REVEAL + 1);
        greedy.aim(court, operators[1].owner, own);
        uint256 gas = uint256(court.commitment(own).timeOrGas) * 1 gwei;
        court.collect(operators[1].owner, 0, own);
        vm.assertTrue(greedy.refused());
        vm.assertEq(address(greedy).balance, gas + REWARD / 2);
    }

    // The time for reports.

    /// Commitments for epoch 0 until E after root accepted checkpoint 1, reveals eight blocks of twelve seconds longer.
    function test_reportsCloseEAfterTheCheckpointOfTheNextEpoch() external {
        _accept(1, 10);
        _pass(TIMEOUT - 60);
        _sync();
        uint256 before = vm.snapshotState();
        _report(1, 0);
        vm.revertToState(before);
        vm.getRecordedLogs(); // which the state does not hold
        _accept(1, 10);
        uint256 closes = acceptances[1].time + EVIDENCE;
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        ICourt.Accused memory accused = _accused(1, 0);
        ICourt.Kept memory none;
        for (uint256 form; form < 5; ++form) {
            before = vm.snapshotState();
            vm.warp(form == 0 ? closes + 1 : closes);
            _commit(abi.encode(evidence), claim);
            vm.roll(block.number + 2);
            if (form == 0) {
                vm.expectRevert(abi.encodeWithSelector(ICourt.ReportsClosed.selector, 0, closes, closes + 1));
            }
            if (form == 1) vm.warp(closes + REVEAL_SECS);
            if (form == 2) {
                vm.warp(closes + REVEAL_SECS + 1);
                vm.expectRevert(
                    abi.encodeWithSelector(
                        ICourt.ReportsClosed.selector, 0, closes + REVEAL_SECS, closes + REVEAL_SECS + 1
                    )
                );
            }
            if (form == 3) {
                accused.closing = none;
                vm.expectPartialRevert(ICourt.KeptMismatch.selector);
            }
            if (form == 4) {
                accused.closing = _kept(0);
                vm.expectPartialRevert(ICourt.KeptMismatch.selector);
            }
            court.revealVotes(evidence, accused, claim);
            vm.revertToState(before);
            accused = _accused(1, 0);
        }
    }

    function test_anEpochThatTheRingDroppedIsClosed() external {
        ICourt.Accused memory accused = _accused(1, 0);
        _accept(2, 10);
        for (uint256 i; i < SLOTS; ++i) {
            _pass(UNBONDING);
            _submit(_honest());
        }
        vm.assertEq(rootChain.head().accepted, SLOTS + 2);
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        vm.expectRevert(abi.encodeWithSelector(ICourt.CheckpointNotKept.selector, 1));
        court.revealVotes(evidence, accused, claim);
        // The set of epoch 2 is named by checkpoint 0, which is gone too.
        evidence = _doubleVote(1, 2);
        accused.source = _kept(0);
        accused.closing = _kept(3);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        vm.expectPartialRevert(ICourt.ReportsClosed.selector);
        court.revealVotes(evidence, accused, claim);
    }

    function _known(ICourt.DoubleVote memory evidence, bytes32 leader) private {
        ICourt.Claim memory claim = _claim(REPORTER, "again", leader);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        ICourt.Accused memory accused = _accused(1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICourt.AlreadyRevealed.selector, operators[1].owner, 1));
        court.revealVotes(evidence, accused, claim);
        _blocks(REVEAL);
    }

    function _isCollected(bytes32 commitment) private view {
        ICourt.Commitment memory none;
        vm.assertEq(abi.encode(court.commitment(commitment)), abi.encode(none));
    }
}

/// @notice Takes no coin.
contract Stubborn {}

/// @notice Asks for its reward again while it is paid.
contract Greedy {
    ICourt private _court;
    address private _operator;
    bytes32 private _commitment;
    bool public refused;

    function aim(ICourt court, address operator, bytes32 commitment) external {
        (_court, _operator, _commitment) = (court, operator, commitment);
    }

    receive() external payable {
        try _court.collect(_operator, 0, _commitment) {}
        catch {
            refused = true;
        }
    }
}
