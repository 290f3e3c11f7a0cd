// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {Members} from "../src/libraries/Members.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Accusing} from "./Accusing.sol";
import {BlsSigner} from "./BlsSigner.sol";

/// @title Two certificates over one epoch: who signed both is frozen member by member, and loses all
contract CourtOverlapsTest is Accusing {
    address private constant THIEF = address(0x7417ef);

    /// @dev What root kept of the first checkpoint, where its certificate is left out.
    ICourt.Kept private _accepted;

    function setUp() public override {
        super.setUp();
        _showSet();
    }

    // The proof.

    /// {1, 2, 3} and {0, 1, 2, 3}: the epoch is frozen with the reveal, each of the three in batches, and released with the last.
    function test_whoSignedTwoCertificatesIsFrozenAndLosesAll() external {
        _accept(2, 10);
        ICourt.DoubleCertificate memory evidence = _certificates(1, _one(0), _none());
        ICourt.Claim memory claim = _claim(REPORTER, "a", 0);
        bytes32 own = _commit(abi.encode(evidence), claim);
        _blocks(2);
        ICourt.Accused memory by = _accused(1, 2);
        uint256[2] memory bits = [_bits(1, 2, 3), uint256(0)];
        vm.expectEmit(address(court));
        emit ICourt.Overlapped(2, 1, bits, own, REPORTER);
        court.revealCertificates(evidence, by, _accepted, claim);
        _lastIs(9, abi.encodePacked(uint64(2)));
        vm.assertEq(court.overlaps(), 1);
        vm.assertEq(court.overlap(1).pending[0], bits[0]);
        vm.assertEq(court.fraction(1), 1e9);
        vm.assertEq(court.fraction(2), 1e9);
        vm.assertEq(court.fraction(3), 1e9);
        vm.assertEq(court.fraction(4), 1_000_000);
        vm.assertEq(court.fraction(0), 1_000_000);

        uint32 share = uint32((uint256(102) * 1e9 + 405) / 406);
        vm.expectEmit(address(court));
        emit ICourt.Convicted(operators[2].owner, 2, 3, share, 1);
        _freeze(1, _one(2));
        _lastIs(3, abi.encodePacked(operators[2].owner, uint64(3), uint64(2)));
        vm.assertEq(court.overlap(1).pending[0], _bits(1, 3, 3));
        uint16[] memory rest = new uint16[](2);
        (rest[0], rest[1]) = (1, 3);
        uint256 count = inbox.count();
        _freeze(1, rest);
        vm.assertEq(inbox.count(), count + 3, "two freezes and the release");
        _lastIs(10, abi.encodePacked(uint64(2)));
        vm.assertEq(court.overlap(1).pending[0], 0);
        ICourt.Offence memory known = court.offence(operators[3].owner, 2);
        vm.assertEq(known.registration, 4);
        vm.assertTrue(known.counted);
        vm.assertEq(court.offence(operators[0].owner, 2).registration, 0);
        vm.expectRevert(abi.encodeWithSelector(ICourt.AlreadyCounted.selector, operators[3].owner, 2));
        court.count(operators[3].owner, 2);

        // All of it is cut, once reports of the next epoch are closed.
        _accept(3, 10);
        _pass(EVIDENCE + REVEAL_SECS + 1);
        for (uint256 i = 1; i < 4; ++i) {
            _settle(i, 2);
            _lastIs(4, abi.encodePacked(operators[i].owner, uint64(i + 1), uint64(2), uint64(1e9)));
        }
        ICourt.Kept memory closing = _kept(4);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownOffence.selector, operators[0].owner, 2));
        court.settle(operators[0].owner, 2, closing);
    }

    /// Of the checkpoint that root accepted, its signers are kept: one certificate is shown and not two.
    function test_whatRootAcceptedNeedsNoCertificate() external {
        _accept(1, 10);
        _submit(_submission(_checkpoint(), _one(3)));
        ICourt.DoubleCertificate memory evidence = _againstAccepted(1, _one(0));
        ICourt.Accused memory by = _accused(1, 2);
        _accepted = _kept(1);
        uint64 number = _reveal(evidence, by);
        vm.assertEq(court.overlap(number).pending[0], _bits(1, 2, 2));
        _freeze(number, _list(1, 2));
        _lastIs(10, abi.encodePacked(uint64(2)));
        // What is shown as accepted is what was accepted.
        evidence.first.stateRoot = keccak256("no such state");
        _refuses(
            evidence,
            by,
            abi.encodeWithSelector(ICourt.NotTheAccepted.selector, _digest(evidence.first), _accepted.digest)
        );
        evidence = _againstAccepted(1, _one(0));
        _accepted.acceptance.signers[0] |= bytes32(_bits(3, 3, 3));
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        this.reveal(evidence, by);
        _accepted = _kept(0);
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        this.reveal(evidence, by);
        // And the second of both always has a certificate.
        _accepted = _kept(1);
        (evidence.first, evidence.second) = (evidence.second, evidence.first);
        (evidence.firstCertificate, evidence.secondCertificate) =
            (evidence.secondCertificate, evidence.firstCertificate);
        vm.expectPartialRevert(Members.SignersMismatch.selector);
        this.reveal(evidence, by);
    }

    function test_theSetsOfEpochsZeroAndOneAreRootsOwn() external {
        uint256 before = vm.snapshotState();
        _reveal(_certificates(0, _none(), _none()), _accused(1, 1));
        vm.assertEq(court.overlap(1).epoch, 1);
        vm.revertToState(before);
        // The checkpoint of epoch 2^64 − 1 would be signed by the set of an epoch that there is not.
        ICourt.DoubleCertificate memory evidence = _certificates(type(uint64).max, _none(), _none());
        ICourt.Accused memory by = _accused(1, 1);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.reveal(evidence, by);
    }

    function test_twoCertificatesThatProveNothingAreRefused() external {
        _accept(2, 10);
        ICourt.DoubleCertificate memory evidence = _certificates(1, _none(), _none());
        ICourt.Accused memory by = _accused(1, 2);
        evidence.second = evidence.first;
        evidence.secondCertificate = evidence.firstCertificate;
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.SameCheckpoint.selector, _digest(evidence.first)));
        evidence = _certificates(1, _none(), _none());
        evidence.second.epoch = 2;
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.DifferentEpochs.selector, 1, 2));
        // Two of four are no certificate, on either side: 203 and 203 of 406.
        evidence = _certificates(1, _list(0, 3), _none());
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.TooLittlePower.selector, 1, 203, 406));
        evidence = _certificates(1, _none(), _list(1, 2));
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.TooLittlePower.selector, 2, 203, 406));
        // Nor is what others signed.
        evidence = _certificates(1, _none(), _one(1));
        (evidence.firstCertificate.signature, evidence.secondCertificate.signature) =
            (evidence.secondCertificate.signature, evidence.firstCertificate.signature);
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        evidence.firstCertificate.signature = evidence.secondCertificate.signature;
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.BadSignature.selector, 2));
        // A bit more than there are absent members.
        evidence = _certificates(1, _one(1), _none());
        evidence.firstCertificate.signers[0] |= bytes32(_bits(1, 1, 1));
        _refuses(evidence, by, abi.encodeWithSelector(Members.AbsentOutOfOrder.selector, 0, 1));
        // Another set, and one that another epoch has.
        evidence = _certificates(1, _none(), _none());
        by.set.totalPower -= 1;
        vm.expectPartialRevert(ICourt.SetMismatch.selector);
        this.reveal(evidence, by);
        by = _accused(1, 2);
        by.source = _kept(1);
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        this.reveal(evidence, by);
        // Who is shown is one of those who signed both.
        by = _accused(0, 2);
        evidence = _certificates(1, _one(0), _none());
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.NotPending.selector, 0));
        by = _accused(1, 2);
        by.member.power += 1;
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.MemberNotInSet.selector, 1));
        // A checkpoint of another deployment.
        evidence = _certificates(1, _none(), _none());
        by = _accused(1, 2);
        evidence.firstCertificate.signature = BlsSigner.signCheckpoint(_secret(), keccak256("another deployment"));
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        // Nobody committed to it, or only now.
        evidence = _certificates(1, _none(), _none());
        ICourt.Claim memory claim = _claim(REPORTER, "never", 0);
        vm.expectPartialRevert(ICourt.UnknownCommitment.selector);
        court.revealCertificates(evidence, by, _accepted, claim);
        _commit(abi.encode(evidence), claim);
        vm.expectPartialRevert(ICourt.RevealOutOfTime.selector);
        court.revealCertificates(evidence, by, _accepted, claim);
    }

    function test_reportsOfCertificatesCloseLikeOthers() external {
        _accept(4, 10);
        _pass(EVIDENCE + 1);
        ICourt.DoubleCertificate memory evidence = _certificates(1, _none(), _none());
        ICourt.Accused memory by = _accused(1, 2);
        vm.expectPartialRevert(ICourt.ReportsClosed.selector);
        this.reveal(evidence, by);
        delete by.closing;
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        this.reveal(evidence, by);
    }

    // Batches.

    function test_onlyWhoSignedBothIsFrozenAndOnce() external {
        _accept(2, 10);
        uint64 number = _reveal(_certificates(1, _one(0), _none()), _accused(1, 2));
        _refusesFreeze(number, _one(0), abi.encodeWithSelector(ICourt.NotPending.selector, 0));
        _refusesFreeze(number + 1, _one(1), abi.encodeWithSelector(ICourt.UnknownOverlap.selector, number + 1));
        _refusesFreeze(0, _one(1), abi.encodeWithSelector(ICourt.UnknownOverlap.selector, 0));
        _refusesFreeze(number, _list(2, 2), abi.encodeWithSelector(StateTree.NotAscending.selector, 2, 2));
        _refusesFreeze(number, _none(), abi.encodeWithSelector(StateTree.NoLeaves.selector));
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_list(1, 2));
        (members[0], members[1]) = (members[1], members[0]);
        vm.expectRevert(abi.encodeWithSelector(StateTree.NotAscending.selector, 2, 1));
        court.freeze(number, members, siblings);
        uint256 count = inbox.count();
        // Each field of a member is in its leaf.
        for (uint256 field; field < 7; ++field) {
            (members, siblings) = _shown(_one(1));
            if (field == 0) members[0].number = 2;
            if (field == 1) members[0].seat = 1 << 15;
            if (field == 2) members[0].operator = operators[0].owner;
            if (field == 3) members[0].registration = 1;
            if (field == 4) members[0].consensusKey = operators[0].consensusKey;
            if (field == 5) members[0].checkpointKey = operators[0].checkpointKey;
            if (field == 6) members[0].power = 1;
            vm.expectPartialRevert(Members.MembersRootMismatch.selector);
            court.freeze(number, members, siblings);
        }
        // A number beyond all bits, one whose bits would be of another word, and another place in the tree.
        (members, siblings) = _shown(_one(1));
        for (uint256 i; i < 3; ++i) {
            members[0].number = [uint16(513), 257, type(uint16).max][i];
            vm.expectRevert(abi.encodeWithSelector(ICourt.NotPending.selector, members[0].number));
            court.freeze(number, members, siblings);
        }
        members[0].number = 1;
        siblings[0] = keccak256("another");
        vm.expectPartialRevert(Members.MembersRootMismatch.selector);
        court.freeze(number, members, siblings);
        bytes32[] memory longer = new bytes32[](3);
        (longer[0], longer[1]) = (siblings[0], siblings[1]);
        vm.expectRevert(abi.encodeWithSelector(StateTree.WrongSiblings.selector, 2, 3));
        court.freeze(number, members, longer);
        vm.assertEq(inbox.count(), count);
        // Who did not sign both and who is frozen already is passed over, and no batch is lost by it.
        _freeze(number, _list(0, 1));
        vm.assertEq(court.offence(operators[0].owner, 2).registration, 0);
        vm.assertEq(court.overlap(number).pending[0], _bits(2, 3, 3));
        vm.assertEq(inbox.count(), count + 1);
        _freeze(number, _list(1, 2));
        vm.assertEq(inbox.count(), count + 2);
        _refusesFreeze(number, _one(1), abi.encodeWithSelector(ICourt.NotPending.selector, 1));
        _freeze(number, _one(3));
        _refusesFreeze(number, _one(3), abi.encodeWithSelector(ICourt.NotPending.selector, 3));
    }

    /// Known before by a report of its own: the one offence of that epoch, paid to whoever reported it.
    function test_whoIsKnownAlreadyIsPassedOver() external {
        _accept(2, 10);
        bytes32 own = _report(1, 2);
        uint64 number = _reveal(_certificates(1, _none(), _none()), _accused(1, 2));
        uint256 count = inbox.count();
        uint16[] memory all = new uint16[](4);
        (all[1], all[2], all[3]) = (1, 2, 3);
        _freeze(number, all);
        vm.assertEq(inbox.count(), count + 4, "three freezes and the release");
        vm.assertEq(court.offence(operators[1].owner, 2).leader, bytes13(own));
        // Its own report counts among the sums, and takes nothing from the rule.
        court.count(operators[1].owner, 2);
        vm.assertEq(court.fraction(2), 1e9);
        vm.assertEq(court.fraction(3), 1e9);
    }

    /// Behind the reveal nobody of the overlap reports itself to take the reward: neither before its freeze nor behind it.
    function test_whoIsInAnOverlapIsNotReportedByItself() external {
        _accept(2, 10);
        uint64 number = _reveal(_certificates(1, _one(0), _none()), _accused(1, 2));
        for (uint256 frozen; frozen < 2; ++frozen) {
            ICourt.DoubleVote memory evidence = _doubleVote(2, 2);
            ICourt.Claim memory claim = _claim(operators[2].owner, bytes32(frozen), 0);
            _commit(abi.encode(evidence), claim);
            _blocks(2);
            ICourt.Accused memory accused = _accused(2, 2);
            vm.expectRevert(
                frozen == 0
                    ? abi.encodeWithSelector(ICourt.InOverlap.selector, 2, 2)
                    : abi.encodeWithSelector(ICourt.AlreadyRevealed.selector, operators[2].owner, 2)
            );
            court.revealVotes(evidence, accused, claim);
            if (frozen == 0) _freeze(number, _one(2));
        }
        // Who is not in it is reported as ever, and so is another epoch.
        _report(0, 2);
        _report(2, 1);
    }

    /// In a set that is a copy nobody has anything at risk. Its certificates freeze no epoch, and raise no neighbour's cut.
    function test_ofACopyNobodyIsFrozen() external {
        _mark = 1 << 15;
        IRootChain.Checkpoint memory content = _checkpoint();
        _mark = 0;
        _submit(_submission(content, _none()));
        _mark = 1 << 15;
        ICourt.DoubleCertificate memory evidence = _certificates(1, _none(), _none());
        _refuses(evidence, _accused(1, 2), abi.encodeWithSelector(ICourt.NothingAtRisk.selector, 2, 1));
        vm.assertEq(court.fraction(1), 1_000_000);
    }

    // Sets that were made up.

    /// A set that two thirds made up names an honest operator beside a key of their own: it is never shown whole, so its certificates show nothing.
    function test_aSetWithAKeyOfNobodysIsNeverShownWhole() external {
        Operator memory honest = operators[2];
        operators[2].blsSecret = uint256(keccak256("made up")) % BlsSigner.ORDER;
        operators[2].checkpointKey = BlsSigner.key(operators[2].blsSecret);
        Operator memory forged = operators[2];
        IRootChain.Checkpoint memory content = _checkpoint();
        operators[2] = honest;
        _submit(_submission(content, _none()));
        operators[2] = forged;
        ICourt.DoubleCertificate memory evidence = _certificates(1, _none(), _none());
        ICourt.Accused memory by = _accused(1, 2);
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.SetNotShown.selector, _commitment(_set())));
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_list(0, 1));
        court.showSet(_set(), members, siblings);
        (members, siblings) = _shown(_list(2, 3));
        IRootChain.Set memory set = _set();
        vm.expectRevert(abi.encodeWithSelector(ICourt.KeysMismatch.selector, honest.owner, 3));
        court.showSet(set, members, siblings);
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.SetNotShown.selector, _commitment(_set())));
    }

    /// The real members with an aggregate key that accomplices know alone: they could sign in the name of all.
    function test_aSetWhoseAggregateIsNotTheSumOfItsKeysIsNeverShownWhole() external {
        IRootChain.Checkpoint memory content = _checkpoint();
        IRootChain.Set memory forged = _set();
        uint256 secret = uint256(keccak256("the accomplices'")) % BlsSigner.ORDER;
        forged.aggregateKey = BlsSigner.key(secret);
        content.nextSet = _commitment(forged);
        _submit(_submission(content, _none()));
        ICourt.DoubleCertificate memory evidence = _certificates(1, _none(), _none());
        evidence.firstCertificate.signature = BlsSigner.signCheckpoint(secret, _digest(evidence.first));
        evidence.secondCertificate.signature = BlsSigner.signCheckpoint(secret, _digest(evidence.second));
        ICourt.Accused memory by = _accused(2, 2);
        by.set = forged;
        bytes32 commitment = _commitment(forged);
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_list(0, 1));
        court.showSet(forged, members, siblings);
        (members, siblings) = _shown(_list(2, 3));
        vm.expectRevert(abi.encodeWithSelector(ICourt.AggregateMismatch.selector));
        court.showSet(forged, members, siblings);
        (uint16 count, bool sound) = court.shown(commitment);
        vm.assertEq(count, 2);
        vm.assertFalse(sound);
        _refuses(evidence, by, abi.encodeWithSelector(ICourt.SetNotShown.selector, commitment));
        vm.assertEq(court.overlaps(), 0);
        vm.assertEq(court.fraction(2), 1_000_000);
    }

    /// Whoever shows one of a batch before it arrives makes nobody pay for all of it in vain; what was shown already is proven all the same.
    function test_whoWasShownAlreadyIsPassedOver() external {
        _accept(1, 10);
        _mark = 1 << 15; // another set, which was not shown yet
        IRootChain.Set memory set = _set();
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_one(0));
        court.showSet(set, members, siblings);
        (members, siblings) = _shown(_list(0, 1));
        members[0].power += 1;
        vm.expectPartialRevert(Members.MembersRootMismatch.selector);
        court.showSet(set, members, siblings);
        members[0].power -= 1;
        vm.assertEq(court.showSet(set, members, siblings), 2);
        vm.expectRevert(abi.encodeWithSelector(ICourt.NotNextMember.selector, 2, 0));
        court.showSet(set, members, siblings);
        // None is left out behind one that was shown.
        (members, siblings) = _shown(_list(1, 3));
        vm.expectRevert(abi.encodeWithSelector(ICourt.NotNextMember.selector, 2, 3));
        court.showSet(set, members, siblings);
        (members, siblings) = _shown(_list(2, 3));
        vm.assertEq(court.showSet(set, members, siblings), 4);
        (, bool sound) = court.shown(_commitment(set));
        vm.assertTrue(sound);
    }

    /// In order, each once, under the root of the set, in one call or in as many as there are members.
    function test_aSetIsShownInItsOrder() external {
        _accept(1, 10);
        _mark = 1 << 15; // another set, which was not shown yet
        IRootChain.Set memory set = _set();
        bytes32 commitment = _commitment(set);
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_one(1));
        vm.expectRevert(abi.encodeWithSelector(ICourt.NotNextMember.selector, 0, 1));
        court.showSet(set, members, siblings);
        (members, siblings) = _shown(_none());
        vm.expectRevert(abi.encodeWithSelector(StateTree.NoLeaves.selector));
        court.showSet(set, members, siblings);
        (members, siblings) = _shown(_one(0));
        siblings[1] = keccak256("another");
        vm.expectPartialRevert(Members.MembersRootMismatch.selector);
        court.showSet(set, members, siblings);
        members[0].power += 1;
        (, siblings) = _shown(_one(0));
        vm.expectPartialRevert(Members.MembersRootMismatch.selector);
        court.showSet(set, members, siblings);
        for (uint16 i; i < 4; ++i) {
            (members, siblings) = _shown(_one(i));
            vm.assertEq(court.showSet(set, members, siblings), i + 1);
            (uint16 count, bool sound) = court.shown(commitment);
            vm.assertEq(count, i + 1);
            vm.assertEq(sound, i == 3);
            vm.expectRevert(abi.encodeWithSelector(ICourt.NotNextMember.selector, i + 1, i));
            court.showSet(set, members, siblings);
        }
        members[0].number = 4;
        vm.expectRevert(abi.encodeWithSelector(ListTree.IndexBeyondCount.selector, 4, 4));
        court.showSet(set, members, siblings);
        // Another set with the same members is another one.
        set.totalPower += 1;
        (uint16 none,) = court.shown(_commitment(set));
        vm.assertEq(none, 0);
    }

    // More of one epoch.

    /// Whoever shows a small overlap first spares nobody: what a later one adds is frozen too, and what it does not add is not once more.
    function test_aSmallOverlapSparesNobody() external {
        _accept(2, 10);
        uint64 first = _reveal(_certificates(1, _one(0), _one(3)), _accused(1, 2));
        vm.assertEq(court.overlap(first).pending[0], _bits(1, 2, 2));
        ICourt.DoubleCertificate memory same = _certificates(1, _one(3), _one(0));
        _refuses(same, _accused(1, 2), abi.encodeWithSelector(ICourt.OverlapKnown.selector, 2));
        _freeze(first, _one(1));
        uint64 second = _reveal(_certificates(1, _none(), _one(0)), _accused(1, 2));
        vm.assertEq(second, 2);
        _lastIs(9, abi.encodePacked(uint64(2)));
        vm.assertEq(court.overlap(second).pending[0], _bits(3, 3, 3));
        _refusesFreeze(second, _one(1), abi.encodeWithSelector(ICourt.NotPending.selector, 1));
        _freeze(second, _one(3));
        _lastIs(10, abi.encodePacked(uint64(2)));
        vm.assertEq(court.overlap(first).pending[0], _bits(2, 2, 2), "the first one waits for its own");
        _freeze(first, _one(2));
        _lastIs(10, abi.encodePacked(uint64(2)));
        vm.assertEq(court.fraction(2), 1e9);
        // Of another epoch it is another overlap.
        _accept(1, 10);
        vm.assertEq(_reveal(_certificates(2, _none(), _none()), _accused(1, 3)), 3);
        vm.assertEq(court.overlap(3).pending[0], _bits(0, 1, 1) | _bits(2, 3, 3));
    }

    // The reward.

    /// The reporter is paid a reward for each, from its bond, and its gas once.
    function test_theRewardIsPaidForEachWhoSignedBoth() external {
        _accept(2, 10);
        uint64 number = _reveal(_certificates(1, _one(0), _none()), _accused(1, 2));
        bytes32 own = court.overlap(number).leader;
        _freeze(number, _list(1, 3));
        uint256 until = block.number + REVEAL;
        vm.expectRevert(abi.encodeWithSelector(ICourt.ContestOpen.selector, until, block.number));
        court.collect(operators[1].owner, 2, own);
        _blocks(REVEAL + 1);
        uint256 gas = uint256(court.commitment(own).timeOrGas) * 1 gwei;
        vm.assertGt(gas, 0);
        vm.expectEmit(address(registry));
        emit IRegistry.BondDebited(operators[1].owner, 2, REPORTER, gas, 0);
        vm.expectEmit(address(registry));
        emit IRegistry.BondDebited(operators[1].owner, 2, REPORTER, REWARD / 2, REWARD / 2);
        vm.expectEmit(address(court));
        emit ICourt.Collected(operators[1].owner, 2, own, REPORTER, gas + REWARD / 2, REWARD / 2);
        court.collect(operators[1].owner, 2, own);
        vm.expectEmit(address(registry));
        emit IRegistry.BondDebited(operators[3].owner, 4, REPORTER, REWARD / 2, REWARD / 2);
        court.collect(operators[3].owner, 2, own);
        vm.assertEq(REPORTER.balance, gas + REWARD);
        // Once each; and from nobody's bond that is not frozen yet, or not at all.
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, own));
        court.collect(operators[1].owner, 2, own);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownOffence.selector, operators[2].owner, 2));
        court.collect(operators[2].owner, 2, own);
        _freeze(number, _one(2));
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, bytes32(0)));
        court.collect(operators[2].owner, 2, 0);
        court.collect(operators[2].owner, 2, own);
        vm.assertEq(REPORTER.balance, gas + 3 * REWARD / 2);
        for (uint256 i = 1; i < 4; ++i) {
            uint256 spent = i == 1 ? REWARD + gas : REWARD;
            vm.assertEq(registry.registrationOf(operators[i].owner, uint64(i + 1)).bond, BOND - spent);
        }
    }

    /// Two other offences' commitments are nothing to it, overtaken or not.
    function test_nobodyElseIsPaidForAnOverlap() external {
        _accept(2, 10);
        bytes32 stranger = _report(0, 2);
        uint64 number = _reveal(_certificates(1, _one(0), _none()), _accused(1, 2));
        bytes32 own = court.overlap(number).leader;
        _freeze(number, _list(1, 2));
        _blocks(REVEAL + 1);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, stranger));
        court.collect(operators[1].owner, 2, stranger);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, own));
        court.collect(operators[0].owner, 2, own);
        court.collect(operators[1].owner, 2, own);
        // Paid: and still the stranger's is of no use.
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, stranger));
        court.collect(operators[1].owner, 2, stranger);
    }

    /// One bond that holds nothing any more does not take the gas away that the others can pay.
    function test_theGasIsPaidByWhicheverBondsReach() external {
        _accept(4, 10);
        // Operator 1 has three offences before, and a bond for three rewards.
        for (uint64 epoch; epoch < 5; ++epoch) {
            if (epoch == 2) continue;
            bytes32 one = _report(1, epoch);
            _blocks(REVEAL + 1);
            court.collect(operators[1].owner, epoch, one);
        }
        vm.assertEq(registry.registrationOf(operators[1].owner, 2).bond, 1);
        uint64 number = _reveal(_certificates(1, _one(0), _none()), _accused(1, 2));
        bytes32 own = court.overlap(number).leader;
        _freeze(number, _list(1, 2));
        _blocks(REVEAL + 1);
        uint256 held = REPORTER.balance;
        uint256 gas = uint256(court.commitment(own).timeOrGas) * 1 gwei;
        court.collect(operators[1].owner, 2, own);
        vm.assertEq(REPORTER.balance, held);
        vm.assertEq(uint256(court.commitment(own).timeOrGas) * 1 gwei, gas);
        court.collect(operators[2].owner, 2, own);
        vm.assertEq(REPORTER.balance - held, gas + REWARD / 2);
        vm.assertEq(court.commitment(own).timeOrGas, 0);
    }

    /// Who was convicted by a report of its own pays for that one. Where all of an overlap were, before it was shown, nobody pays the gas of showing it.
    function test_theGasIsPaidByNobodyWhereAllAreKnownAlready() external {
        _accept(2, 10);
        for (uint16 known = 1; known < 3; ++known) {
            uint256 before = vm.snapshotState();
            bytes32[3] memory alone;
            for (uint256 i = 1; i <= known; ++i) {
                alone[i] = _report(i, 2);
            }
            uint64 number = _reveal(_certificates(1, _one(0), _one(3)), _accused(1, 2));
            bytes32 own = court.overlap(number).leader;
            _freeze(number, _list(1, 2));
            vm.assertEq(court.overlap(number).pending[0], 0);
            _blocks(REVEAL + 1);
            uint256 gas = uint256(court.commitment(own).timeOrGas) * 1 gwei;
            vm.assertGt(gas, 0);
            for (uint256 i = 1; i <= known; ++i) {
                vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownCommitment.selector, own));
                court.collect(operators[i].owner, 2, own);
                court.collect(operators[i].owner, 2, alone[i]);
            }
            uint256 held = REPORTER.balance;
            if (known == 1) court.collect(operators[2].owner, 2, own);
            vm.assertEq(REPORTER.balance - held, known == 1 ? gas + REWARD / 2 : 0);
            vm.assertEq(uint256(court.commitment(own).timeOrGas) * 1 gwei, known == 1 ? 0 : gas);
            vm.revertToState(before);
        }
    }

    /// Whoever copies a proof comes second; who committed first takes the lead for all of the overlap within R blocks, frozen already or not.
    function test_theOldestCommitmentLeadsForTheWholeOverlap() external {
        _accept(2, 10);
        ICourt.DoubleCertificate memory evidence = _certificates(1, _one(0), _none());
        ICourt.Accused memory by = _accused(1, 2);
        bytes32 honest = _commit(abi.encode(evidence), _claim(REPORTER, "a", 0));
        _blocks(1);
        bytes32 copied = _commit(abi.encode(evidence), _claim(THIEF, "b", 0));
        _blocks(2);
        court.revealCertificates(evidence, by, _accepted, _claim(THIEF, "b", 0));
        _freeze(1, _one(1));
        // A claim names the last overlap that there is: else a commitment would be spent on another state than its owner saw.
        ICourt.Claim memory claim = _claim(REPORTER, "a", 0);
        for (uint256 i; i < 4; ++i) {
            claim.leader = [bytes32(0), bytes32(uint256(2)), copied, bytes32(uint256(1) | uint256(1) << 64)][i];
            vm.expectRevert(abi.encodeWithSelector(ICourt.NotLeader.selector, claim.leader));
            court.revealCertificates(evidence, by, _accepted, claim);
        }
        claim.leader = bytes32(uint256(1));
        uint256 count = inbox.count();
        vm.expectEmit(address(court));
        emit ICourt.OverlapOvertaken(2, 1, honest, REPORTER);
        court.revealCertificates(evidence, by, _accepted, claim);
        vm.assertEq(inbox.count(), count);
        _freeze(1, _one(2));
        _blocks(REVEAL + 1);
        uint256 gas = uint256(court.commitment(copied).timeOrGas) * 1 gwei;
        court.collect(operators[1].owner, 2, honest);
        court.collect(operators[2].owner, 2, honest);
        vm.assertEq(REPORTER.balance, REWARD);
        // Who revealed first gets its gas and nothing else, once.
        court.collect(operators[1].owner, 2, copied);
        court.collect(operators[2].owner, 2, copied);
        vm.assertEq(THIEF.balance, gas);
    }

    /// A front-runner shows a part of it, by a certificate with a signature less: the older commitment takes the lead of that part and adds the rest.
    function test_anOlderCommitmentIsNotSpentOnWhatAFrontRunnerLeft() external {
        _accept(2, 10);
        ICourt.DoubleCertificate memory whole = _certificates(1, _none(), _none());
        ICourt.DoubleCertificate memory part = _certificates(1, _one(3), _none());
        ICourt.Accused memory by = _accused(1, 2);
        bytes32 honest = _commit(abi.encode(whole), _claim(REPORTER, "a", 0));
        _blocks(1);
        _commit(abi.encode(part), _claim(THIEF, "b", 0));
        _blocks(2);
        court.revealCertificates(part, by, _accepted, _claim(THIEF, "b", 0));
        vm.expectRevert(abi.encodeWithSelector(ICourt.NotLeader.selector, bytes32(0)));
        court.revealCertificates(whole, by, _accepted, _claim(REPORTER, "a", 0));
        court.revealCertificates(whole, by, _accepted, _claim(REPORTER, "a", bytes32(uint256(1))));
        vm.assertEq(court.overlap(1).leader, honest);
        vm.assertEq(court.overlap(2).leader, honest);
        vm.assertEq(court.overlap(2).signers[0], _bits(3, 3, 3));
        _freeze(1, _one(0));
        _freeze(2, _one(3));
        _blocks(REVEAL + 1);
        uint256 gas = uint256(court.commitment(honest).timeOrGas) * 1 gwei;
        court.collect(operators[0].owner, 2, honest);
        court.collect(operators[3].owner, 2, honest);
        vm.assertEq(REPORTER.balance, gas + REWARD);
    }

    /// Evidence that names nobody of an overlap takes nothing of it, however old its commitment is.
    function test_evidenceAgainstOthersTakesNoLead() external {
        _accept(2, 10);
        ICourt.DoubleCertificate memory known = _certificates(1, _one(0), _one(3));
        ICourt.DoubleCertificate memory other = _certificates(1, _one(3), _none());
        _commit(abi.encode(known), _claim(REPORTER, "a", 0));
        _blocks(2);
        court.revealCertificates(known, _accused(1, 2), _accepted, _claim(REPORTER, "a", 0));
        _blocks(1);
        // The thief commits to what was shown, again, before somebody shows one more.
        _commit(abi.encode(known), _claim(THIEF, "b", 0));
        _blocks(1);
        _commit(abi.encode(other), _claim(REPORTER, "c", 0));
        _blocks(2);
        court.revealCertificates(other, _accused(0, 2), _accepted, _claim(REPORTER, "c", bytes32(uint256(1))));
        vm.assertEq(court.overlap(2).signers[0], _bits(0, 0, 0));
        bytes32 leader = court.overlap(2).leader;
        ICourt.Accused memory by = _accused(1, 2);
        vm.expectRevert(abi.encodeWithSelector(ICourt.OverlapKnown.selector, 2));
        court.revealCertificates(known, by, _accepted, _claim(THIEF, "b", bytes32(uint256(2))));
        vm.assertEq(court.overlap(2).leader, leader);
    }

    function test_nobodyOvertakesAnOverlapThatIsYoungerOrOver() external {
        _accept(3, 10);
        ICourt.DoubleCertificate memory evidence = _certificates(1, _one(0), _none());
        ICourt.Accused memory by = _accused(1, 2);
        _commit(abi.encode(evidence), _claim(REPORTER, "a", 0));
        _commit(abi.encode(evidence), _claim(THIEF, "same block", bytes32(uint256(1))));
        _blocks(2);
        court.revealCertificates(evidence, by, _accepted, _claim(REPORTER, "a", 0));
        vm.expectRevert(abi.encodeWithSelector(ICourt.OverlapKnown.selector, 2));
        court.revealCertificates(evidence, by, _accepted, _claim(THIEF, "same block", bytes32(uint256(1))));
        // One of another epoch is another one's.
        ICourt.DoubleCertificate memory other = _certificates(2, _none(), _none());
        bytes32 one = bytes32(uint256(1));
        _refusesClaim(other, _accused(1, 3), one, abi.encodeWithSelector(ICourt.NotLeader.selector, one));
        _blocks(REVEAL);
        _refusesClaim(evidence, by, one, abi.encodeWithSelector(ICourt.OverlapKnown.selector, 2));
    }

    // Helpers.

    function _secret() private view returns (uint256 secret) {
        for (uint256 i; i < operators.length; ++i) {
            secret = addmod(secret, operators[i].blsSecret, BlsSigner.ORDER);
        }
    }

    function reveal(ICourt.DoubleCertificate memory evidence, ICourt.Accused memory by) external {
        _revealAs(evidence, by, 0);
    }

    function _revealAs(ICourt.DoubleCertificate memory evidence, ICourt.Accused memory by, bytes32 leader) private {
        ICourt.Claim memory claim = _claim(REPORTER, bytes32(uint256(7) + inbox.count()), leader);
        if (leader == 0) claim.leader = bytes32(uint256(court.lastOverlap(by.source.digest == 0 ? 1 : evidence.first.epoch + 1)));
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        court.revealCertificates(evidence, by, _accepted, claim);
    }

    function _reveal(ICourt.DoubleCertificate memory evidence, ICourt.Accused memory by) private returns (uint64) {
        _revealAs(evidence, by, 0);
        return court.overlaps();
    }

    function _refuses(ICourt.DoubleCertificate memory evidence, ICourt.Accused memory by, bytes memory reason)
        private
    {
        vm.expectRevert(reason);
        this.reveal(evidence, by);
    }

    function _refusesClaim(
        ICourt.DoubleCertificate memory evidence,
        ICourt.Accused memory by,
        bytes32 leader,
        bytes memory reason
    ) private {
        ICourt.Claim memory claim = _claim(THIEF, "late", leader);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        vm.expectRevert(reason);
        court.revealCertificates(evidence, by, _accepted, claim);
    }

    function _freeze(uint64 number, uint16[] memory numbers) private {
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(numbers);
        court.freeze(number, members, siblings);
    }

    function _refusesFreeze(uint64 number, uint16[] memory numbers, bytes memory reason) private {
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(numbers);
        vm.expectRevert(reason);
        court.freeze(number, members, siblings);
    }

    function _lastIs(uint8 kind, bytes memory body) private {
        (uint8 last, bytes memory sent) = _lastMessage();
        vm.assertEq(last, kind);
        vm.assertEq(sent, body);
    }

    /// @dev Members of the first byte.
    function _bits(uint256 a, uint256 b, uint256 c) private pure returns (uint256) {
        return (1 << (248 + a)) | (1 << (248 + b)) | (1 << (248 + c));
    }
}
