// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Accusing} from "./Accusing.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title What the court takes for an offence, and everything near to one that is none
contract CourtProofsTest is Accusing {
    /// Of each kind and round, with nil for either block, at any time; in the epochs whose sets are root's own and in later ones.
    function test_twoVotesForDifferentBlocksAreAnOffence() external {
        uint256 before = vm.snapshotState();
        for (uint256 form; form < 10; ++form) {
            ICourt.DoubleVote memory evidence = _votes(2 + uint64(form));
            if (form == 1) evidence.kind = 1;
            if (form == 2) evidence.round = 1;
            if (form == 3) evidence.round = type(uint32).max >> 1;
            if (form == 4) delete evidence.first.id;
            if (form == 5) delete evidence.second.id;
            if (form == 6) (evidence.first.id, evidence.second.id.hash) = (_block("x"), keccak256("x"));
            if (form == 7) (evidence.first.secs, evidence.first.nanos) = (-62_135_596_800, 0);
            if (form == 8) (evidence.first.secs, evidence.second.nanos) = (0, 999_999_999);
            if (form == 9) {
                evidence.first.id.total = type(uint32).max;
                (evidence.second.id.hash, evidence.second.id.partsHash) =
                    (evidence.first.id.hash, evidence.first.id.partsHash);
                evidence.second.id.total = 128;
            }
            _signVotes(1, evidence);
            _takes(1, 0, evidence);
            vm.revertToState(before);
        }
    }

    function test_theSetOfEachEpochIsTheOneThatRootCommittedTo() external {
        _accept(4, 10);
        for (uint64 epoch; epoch < 6; ++epoch) {
            uint256 before = vm.snapshotState();
            _takes(2, epoch, _doubleVote(2, epoch));
            vm.revertToState(before);
        }
        // Checkpoint 4, which names set 6, is not accepted yet.
        ICourt.DoubleVote memory evidence = _doubleVote(2, 6);
        _refuses(evidence, _accused(2, 6), abi.encodeWithSelector(IRootChain.NotAccepted.selector, 4, 4));
    }

    /// The first and the last height of an epoch.
    function test_anEpochHasItsHeightsAndNoOther() external {
        uint64[4] memory heights = [uint64(1), 64, 65, 128];
        for (uint256 i; i < 4; ++i) {
            ICourt.DoubleVote memory evidence = _votes(heights[i]);
            _signVotes(0, evidence);
            _takes(0, uint64(i / 2), evidence);
            if (i % 2 == 0) continue;
            vm.assertEq(court.offence(operators[0].owner, uint64(i / 2)).registration, 1);
            // The one before was of the same epoch; so only one of both is taken, in either order.
        }
    }

    function test_signBytesAreThoseOfCometBft() external view {
        for (uint256 form; form < 6; ++form) {
            ICourt.DoubleVote memory evidence = _votes(form == 5 ? type(uint64).max >> 1 : uint64(300 ** form));
            if (form == 1) evidence.round = 3;
            if (form == 2) delete evidence.first.id;
            if (form == 3) evidence.first.secs = -1;
            if (form == 4) (evidence.first.secs, evidence.first.nanos) = (0, 0);
            if (form == 5) (evidence.round, evidence.first.id.total, evidence.first.secs) =
                (type(uint32).max >> 1, type(uint32).max, type(int64).min);
            vm.assertEq(court.signBytes(evidence, evidence.first), _signBytes(evidence, evidence.first));
        }
    }

    // What an honest node signs.

    function test_aVoteSignedAgainAtAnotherTimeIsNoOffence() external {
        ICourt.DoubleVote memory evidence = _votes(7);
        evidence.second.id = evidence.first.id;
        _signVotes(1, evidence);
        _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.SameBlock.selector));
        delete evidence.first.id;
        delete evidence.second.id;
        _signVotes(1, evidence);
        _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.SameBlock.selector));
    }

    /// One signature each is what a node gives at two heights, in two rounds or in two steps: neither pair fits one proof.
    function test_votesOfTwoHeightsRoundsOrStepsAreNoOffence() external {
        for (uint256 form; form < 3; ++form) {
            ICourt.DoubleVote memory evidence = _votes(7);
            ICourt.DoubleVote memory other = _votes(7);
            if (form == 0) other.height = 8;
            if (form == 1) other.round = 1;
            if (form == 2) other.kind = 1;
            _signVotes(1, evidence);
            _signVotes(1, other);
            evidence.second = other.second;
            _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 2));
            evidence = _votes(7);
            _signVotes(1, evidence);
            other.first = evidence.first;
            _refuses(other, _accused(1, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        }
    }

    /// One key may sign on two chains: that of another deployment, or a fork of this one with another RootChain and another chain id.
    function test_votesForAnotherChainAreNoOffence() external {
        ICourt.DoubleVote memory evidence = _votes(7);
        for (uint256 which; which < 2; ++which) {
            _signVotes(1, evidence);
            ICourt.Vote memory vote = which == 0 ? evidence.first : evidence.second;
            bytes memory message = _signBytes(evidence, vote);
            message[message.length - 1] ^= 0x01; // the chain id's last digit
            Ed25519Signer.Signature memory signature = Ed25519Signer.sign(operators[1].edSecret, message);
            (vote.r, vote.s, vote.xR) = (signature.r, signature.s, signature.xR);
            _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, which + 1));
        }
        // And the vote by which a key's possession is proven is of another chain id too.
        bytes memory possession =
            registry.possessionVote(registry.possessionOf(address(1), operators[1].consensusKey, operators[1].checkpointKey));
        evidence = _votes(1);
        evidence.kind = 1;
        delete evidence.first;
        _signVote(1, evidence, evidence.second);
        Ed25519Signer.Signature memory own = Ed25519Signer.sign(operators[1].edSecret, possession);
        (evidence.first.r, evidence.first.s, evidence.first.xR) = (own.r, own.s, own.xR);
        _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
    }

    function test_bothSignaturesAreTheAccuseds() external {
        ICourt.DoubleVote memory evidence = _votes(7);
        _signVote(1, evidence, evidence.first);
        _signVote(2, evidence, evidence.second);
        _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 2));
        _refuses(evidence, _accused(2, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        _refuses(evidence, _accused(0, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
    }

    function test_whatNoVoteHasIsRefused() external {
        ICourt.DoubleVote memory evidence = _votes(7);
        for (uint256 kind; kind < 256; ++kind) {
            if (kind == 1 || kind == 2) continue;
            evidence.kind = uint8(kind);
            _refusesForm(evidence, abi.encodeWithSelector(ICourt.KindOfVote.selector, kind));
        }
        evidence = _votes(0);
        _refusesForm(evidence, abi.encodeWithSelector(ICourt.VoteOutOfRange.selector, 0, 0));
        evidence = _votes(1 << 63);
        _refusesForm(evidence, abi.encodeWithSelector(ICourt.VoteOutOfRange.selector, uint256(1) << 63, 0));
        evidence = _votes(7);
        evidence.round = 1 << 31;
        _refusesForm(evidence, abi.encodeWithSelector(ICourt.VoteOutOfRange.selector, 7, uint256(1) << 31));
        evidence = _votes(7);
        evidence.first.id.total = 0;
        _refusesForm(evidence, abi.encodeWithSelector(ICourt.BlockIdIncomplete.selector));
        evidence = _votes(7);
        evidence.second.id.total = 0;
        evidence.second.id.hash = 0;
        _refusesForm(evidence, abi.encodeWithSelector(ICourt.BlockIdIncomplete.selector));
    }

    // Shares.

    function test_twoSharesOverOneEpochsCheckpointsAreAnOffenceOfTheEpochBehindIt() external {
        _accept(3, 10);
        for (uint64 epoch; epoch < 4; ++epoch) {
            uint256 before = vm.snapshotState();
            ICourt.DoubleCheckpoint memory evidence = _doubleCheckpoint(3, epoch);
            ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
            _commit(abi.encode(evidence), claim);
            _blocks(2);
            ICourt.Accused memory accused = _accused(3, epoch + 1);
            _expectFreeze(3, epoch + 1);
            court.revealCheckpoints(evidence, accused, claim);
            _isRevealed(3, epoch + 1);
            vm.revertToState(before);
        }
    }

    function test_otherPairsOfSharesAreNone() external {
        ICourt.DoubleCheckpoint memory evidence = _doubleCheckpoint(3, 0);
        evidence.second = evidence.first;
        _signShares(3, evidence);
        bytes32 digest = _digest(evidence.first);
        _refusesShares(evidence, 3, abi.encodeWithSelector(ICourt.SameCheckpoint.selector, digest));
        evidence = _doubleCheckpoint(3, 0);
        evidence.second.epoch = 1;
        _signShares(3, evidence);
        ICourt.Accused memory accused = _accused(3, 1);
        vm.expectRevert(abi.encodeWithSelector(ICourt.DifferentEpochs.selector, 0, 1));
        court.revealCheckpoints(evidence, accused, _claim(REPORTER, 0, 0));
        evidence = _doubleCheckpoint(3, 0);
        _refusesShares(evidence, 2, abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        evidence.secondShare = evidence.firstShare;
        _refusesShares(evidence, 3, abi.encodeWithSelector(ICourt.BadSignature.selector, 2));
        evidence = _doubleCheckpoint(3, 0);
        evidence.first.inboxCursor = 1;
        _refusesShares(evidence, 3, abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        evidence = _doubleCheckpoint(3, 0);
        evidence.firstShare = new bytes(191);
        _refusesShares(evidence, 3, abi.encodeWithSelector(Bls.WrongLength.selector, 192, 191));
    }

    // Who is accused.

    function test_theAccusedIsOfTheSetThatRootCommittedTo() external {
        _accept(3, 10);
        ICourt.DoubleVote memory evidence = _doubleVote(1, 3);
        ICourt.Accused memory accused = _accused(1, 3);
        bytes32 commitment = _commitment(accused.set);
        accused.set.totalPower -= 1;
        bytes memory reason =
            abi.encodeWithSelector(ICourt.SetMismatch.selector, 3, commitment, _commitment(accused.set));
        _refuses(evidence, accused, reason);
        accused = _accused(1, 3);
        accused.source = _kept(2);
        _refusesPartly(evidence, accused, ICourt.KeptMismatch.selector);
        accused = _accused(1, 3);
        accused.source.acceptance.dueCount += 1;
        _refusesPartly(evidence, accused, ICourt.KeptMismatch.selector);
        accused = _accused(1, 3);
        accused.member.power += 1;
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.MemberNotInSet.selector, 1));
        accused = _accused(1, 3);
        accused.member.number = 0;
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.MemberNotInSet.selector, 0));
        accused = _accused(1, 3);
        accused.siblings = new bytes32[](1);
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.MemberNotInSet.selector, 1));
    }

    /// Two thirds may sign a set that lists an honest operator beside keys of their own: it is the Registry that knows whose keys those are.
    function test_aForgedSetFramesNobody() external {
        uint256 forger = 1;
        address honest = operators[2].owner;
        address own = operators[forger].owner;
        // The set of epoch 2: operator 2's name and registration with the keys of another.
        (bytes32 key, bytes memory checkpointKey, uint256 secret) =
            (operators[2].consensusKey, operators[2].checkpointKey, operators[2].edSecret);
        operators[2].consensusKey = operators[forger].consensusKey;
        operators[2].checkpointKey = operators[forger].checkpointKey;
        operators[2].edSecret = operators[forger].edSecret;
        IRootChain.Checkpoint memory content = _checkpoint();
        (operators[2].consensusKey, operators[2].checkpointKey) = (key, checkpointKey);
        IRootChain.Submission memory submission = _submission(content, new uint16[](0));
        _submit(submission);
        (operators[2].consensusKey, operators[2].checkpointKey) =
            (operators[forger].consensusKey, operators[forger].checkpointKey);
        ICourt.DoubleVote memory evidence = _doubleVote(2, 2);
        ICourt.Accused memory accused = _accused(2, 2);
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.KeysMismatch.selector, honest, 3));
        // Nor under a number that another has.
        vm.assertEq(court.offence(honest, 2).registration, 0);
        vm.assertEq(court.offence(own, 2).registration, 0);
        operators[2].edSecret = secret;
    }

    /// A forged set may give a member more power than all have.
    function test_noShareIsMoreThanTheWhole() external {
        IRootChain.Checkpoint memory content = _checkpoint();
        IRootChain.Set memory forged = _set();
        forged.totalPower = 1;
        content.nextSet = _commitment(forged);
        _submit(_submission(content, new uint16[](0)));
        ICourt.DoubleVote memory evidence = _doubleVote(2, 2);
        ICourt.Accused memory accused = _accused(2, 2);
        accused.set = forged;
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.MemberNotInSet.selector, 2));
    }

    /// A boundary that would leave nobody copies the set before, with no stake behind its power: the seats of that set are marked.
    function test_nobodyIsCutForASetThatIsACopy() external {
        _mark = 1 << 15;
        IRootChain.Checkpoint memory content = _checkpoint();
        _mark = 0;
        _submit(_submission(content, new uint16[](0)));
        _mark = 1 << 15;
        ICourt.DoubleVote memory evidence = _doubleVote(2, 2);
        ICourt.Accused memory accused = _accused(2, 2);
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.NothingAtRisk.selector, 2, 2));
        accused.member.seat = 2;
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.MemberNotInSet.selector, 2));
    }

    function test_wrongHintsAreRefused() external {
        ICourt.DoubleVote memory evidence = _doubleVote(1, 0);
        ICourt.Accused memory accused = _accused(1, 0);
        accused.xKey += 1;
        _refuses(evidence, accused, abi.encodeWithSelector(ICourt.BadSignature.selector, 1));
        evidence.second.xR += 1;
        _refuses(evidence, _accused(1, 0), abi.encodeWithSelector(ICourt.BadSignature.selector, 2));
    }

    function test_thePartsOfTheGenesisHaveTheirRanges() external view {
        vm.assertEq(abi.encode(court.parameters()), abi.encode(_genesis().court));
        vm.assertEq(court.registry(), address(registry));
        vm.assertEq(court.inbox(), address(inbox));
        vm.assertEq(address(court.rootChain()), address(rootChain));
    }

    // Each byte that no commitment binds, one at a time. (Those of the statements: CourtMutants.)

    /// Who is accused is not bound by the commitment, since root goes on; so it is checked byte by byte as it comes.
    function test_everyByteOfTheAccusedCounts() external {
        _accept(5, 10);
        ICourt.DoubleVote memory evidence = _doubleVote(1, 3);
        ICourt.Accused memory accused = _accused(1, 3);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        bytes memory original = abi.encodeCall(court.revealVotes, (evidence, accused, claim));
        uint256 start = 4 + abi.encode(evidence).length;
        for (uint256 i = start; i < original.length; ++i) {
            bytes memory mutant = _flipped(original, i);
            if (_decodesAlike(mutant, original)) continue;
            _refusesBytes(mutant);
        }
        _occurred(ICourt.KeptMismatch.selector, 250);
        _occurred(ICourt.SetMismatch.selector, 100);
        _occurred(ICourt.MemberNotInSet.selector, 150);
        _occurred(ICourt.UnknownCommitment.selector, 50);
        _occurred(ICourt.BadSignature.selector, 32);
        court.revealVotes(evidence, accused, claim);
    }

    mapping(bytes4 => uint256) private _counts;

    function _flipped(bytes memory original, uint256 i) private pure returns (bytes memory mutant) {
        mutant = bytes.concat(original);
        mutant[i] ^= bytes1(uint8(1 << (i % 8)));
    }

    function _refusesBytes(bytes memory data) private {
        (bool taken, bytes memory reason) = address(court).call(data);
        vm.assertFalse(taken);
        ++_counts[reason.length < 4 ? bytes4(0) : bytes4(reason)];
    }

    /// @dev Each check refuses at least as many.
    function _occurred(bytes4 reason, uint256 least) private view {
        vm.assertGe(_counts[reason], least);
    }

    /// @dev A changed byte of padding, or of a leader that the first report does not read.
    function _decodesAlike(bytes memory mutant, bytes memory original) private view returns (bool) {
        try this.sameReveal(mutant, original) returns (bool same) {
            return same;
        } catch {
            return false;
        }
    }

    function sameReveal(bytes calldata mutant, bytes calldata original) external pure returns (bool) {
        return keccak256(_reveal(mutant[4:])) == keccak256(_reveal(original[4:]));
    }

    function _reveal(bytes calldata data) private pure returns (bytes memory) {
        (ICourt.DoubleVote memory evidence, ICourt.Accused memory accused, ICourt.Claim memory claim) =
            abi.decode(data, (ICourt.DoubleVote, ICourt.Accused, ICourt.Claim));
        claim.leader = 0;
        return abi.encode(evidence, accused, claim);
    }

    // Helpers.

    function _takes(uint256 i, uint64 epoch, ICourt.DoubleVote memory evidence) private {
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        bool known = court.offence(operators[i].owner, epoch).registration != 0;
        ICourt.Accused memory accused = _accused(i, epoch);
        if (known) {
            vm.expectRevert(abi.encodeWithSelector(ICourt.NotLeader.selector, bytes32(0)));
            court.revealVotes(evidence, accused, claim);
            return;
        }
        _expectFreeze(i, epoch);
        court.revealVotes(evidence, accused, claim);
        _isRevealed(i, epoch);
    }

    /// @dev The freeze names the member as the set does.
    function _expectFreeze(uint256 i, uint64 epoch) private {
        bytes memory body = bytes.concat(bytes20(operators[i].owner), bytes8(uint64(i + 1)), bytes8(epoch));
        vm.expectCall(address(inbox), abi.encodeCall(inbox.send, (3, body)));
    }

    function _isRevealed(uint256 i, uint64 epoch) private view {
        address operator = operators[i].owner;
        ICourt.Offence memory offence = court.offence(operator, epoch);
        vm.assertEq(offence.registration, i + 1);
        uint256 power = stakeOf(i) / UNIT;
        vm.assertEq(offence.share, (power * 1e9 + _set().totalPower - 1) / _set().totalPower);
        vm.assertEq(offence.revealedAt, block.number);
        vm.assertFalse(offence.settled);
    }

    /// @dev With the evidence committed to and its commitment old enough; gives the state before.
    function _committed(bytes memory evidence) private returns (uint256 before) {
        before = vm.snapshotState();
        _commit(evidence, _claim(REPORTER, 0, 0));
        _blocks(2);
    }

    function _refuses(ICourt.DoubleVote memory evidence, ICourt.Accused memory accused, bytes memory reason) private {
        uint256 before = _committed(abi.encode(evidence));
        vm.expectRevert(reason);
        court.revealVotes(evidence, accused, _claim(REPORTER, 0, 0));
        vm.revertToState(before);
    }

    function _refusesPartly(ICourt.DoubleVote memory evidence, ICourt.Accused memory accused, bytes4 reason) private {
        uint256 before = _committed(abi.encode(evidence));
        vm.expectPartialRevert(reason);
        court.revealVotes(evidence, accused, _claim(REPORTER, 0, 0));
        vm.revertToState(before);
    }

    function _refusesForm(ICourt.DoubleVote memory evidence, bytes memory reason) private {
        ICourt.Accused memory accused;
        vm.expectRevert(reason);
        court.revealVotes(evidence, accused, _claim(REPORTER, 0, 0));
        vm.expectRevert(reason);
        court.signBytes(evidence, evidence.first);
    }

    function _refusesShares(ICourt.DoubleCheckpoint memory evidence, uint256 i, bytes memory reason) private {
        uint256 before = _committed(abi.encode(evidence));
        ICourt.Accused memory accused = _accused(i, evidence.first.epoch + 1);
        vm.expectRevert(reason);
        court.revealCheckpoints(evidence, accused, _claim(REPORTER, 0, 0));
        vm.revertToState(before);
    }
}
