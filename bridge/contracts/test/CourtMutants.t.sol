// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Members} from "../src/libraries/Members.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Accusing} from "./Accusing.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title Reports that are true but for one thing, made at random and signed again where that is possible: each is refused
/// @dev PLASMID_MUTANTS=N is how many of each kind (script/forge test --match-contract CourtMutants -vv prints the counts by the check that refused);
/// PLASMID_SEED=S begins elsewhere. A mutant that is taken fails the test, with its seed. Each mutant is a call of its own, so that memory is freed.
contract CourtMutantsTest is Accusing {
    event log_named_uint(string name, uint256 value);

    enum Kind {
        Votes,
        Shares,
        Certificates
    }

    uint64 private constant EPOCH = 3;
    uint64 private constant COPY = 5;
    uint64 private constant FORGED = 6;
    uint256 private constant FORGER = 2;

    Operator private _forger;
    bytes4[] private _reasons;
    mapping(bytes4 => uint256) private _counts;
    /// @dev True evidence and who is accused, by kind, operator and epoch: made once.
    mapping(bytes32 => bytes) private _evidence;
    mapping(bytes32 => bytes) private _accusedOf;

    function setUp() public override {
        super.setUp();
        _forger = operators[FORGER];
        _forger.edSecret = uint256(keccak256("made up")) % Ed25519Signer.ORDER;
        _forger.blsSecret = uint256(keccak256("made up")) % BlsSigner.ORDER;
        (_forger.consensusKey,) = Ed25519Signer.key(_forger.edSecret);
        _forger.checkpointKey = BlsSigner.key(_forger.blsSecret);
        _accept(3, 10);
        // Checkpoint 3 names a copy as the set of 5, and checkpoint 4 one with a made-up key as the set of 6.
        _mark = 1 << 15;
        IRootChain.Checkpoint memory content = _checkpoint();
        _mark = 0;
        _submit(_submission(content, _none()));
        Operator memory honest = operators[FORGER];
        operators[FORGER] = _forger;
        content = _checkpoint();
        operators[FORGER] = honest;
        _mark = 1 << 15;
        _submit(_submission(content, _none()));
        _mark = 0;
        // Operator 3 is known of the epoch before, and the contest is over.
        _report(3, EPOCH - 1);
        _blocks(REVEAL + 1);
        _showSet();
        for (uint256 i = 1; i < 3; ++i) {
            _keep(i, EPOCH);
            _mark = 1 << 15;
            _keep(i, COPY);
            _mark = 0;
        }
        _keep(3, EPOCH - 1);
        operators[FORGER] = _forger;
        _keep(FORGER, FORGED);
        operators[FORGER] = honest;
    }

    function _keep(uint256 operator, uint64 epoch) private {
        for (uint256 i; i < 3; ++i) {
            Kind kind = Kind(i);
            bytes32 place = _place(kind, operator, epoch);
            if (kind == Kind.Votes) _evidence[place] = abi.encode(_doubleVote(operator, epoch));
            if (kind == Kind.Shares) _evidence[place] = abi.encode(_doubleCheckpoint(operator, epoch - 1));
            if (kind == Kind.Certificates) _evidence[place] = abi.encode(_certificates(epoch - 1, _one(0), _none()));
            _accusedOf[place] = abi.encode(_accused(operator, epoch));
        }
    }

    function _place(Kind kind, uint256 operator, uint64 epoch) private pure returns (bytes32) {
        return keccak256(abi.encode(kind, operator, epoch));
    }

    function test_mutantsOfTwoVotesAreRefused() external {
        _run(Kind.Votes);
        _occurred(ICourt.SameBlock.selector);
        _occurred(ICourt.KindOfVote.selector);
        _occurred(ICourt.VoteOutOfRange.selector);
        _occurred(ICourt.BlockIdIncomplete.selector);
        _occurred(0); // what does not decode
    }

    function test_mutantsOfTwoSharesAreRefused() external {
        _run(Kind.Shares);
        _occurred(ICourt.SameCheckpoint.selector);
        _occurred(ICourt.DifferentEpochs.selector);
        _occurred(Bls.WrongLength.selector);
        _occurred(Bls.IdentityPoint.selector);
        _occurred(Bls.PrecompileFailed.selector);
    }

    function test_mutantsOfTwoCertificatesAreRefused() external {
        _run(Kind.Certificates);
        _occurred(ICourt.SameCheckpoint.selector);
        _occurred(ICourt.DifferentEpochs.selector);
        _occurred(ICourt.TooLittlePower.selector);
        _occurred(ICourt.NotPending.selector);
        _occurred(ICourt.NotTheAccepted.selector);
        _occurred(Members.SignersMismatch.selector);
        _occurred(Members.AbsentOutOfOrder.selector);
        _occurred(Members.MembersRootMismatch.selector);
        _occurred(StateTree.WrongSiblings.selector);
        _occurred(Bls.PrecompileFailed.selector);
    }

    /// What the mutants are made of is taken as it is.
    function test_theReportsThatMutantsAreMadeOfAreTaken() external {
        for (uint256 i; i < 6; ++i) {
            uint256 before = vm.snapshotState();
            Report memory one;
            (one.kind, one.operator, one.epoch, one.wait) = (Kind(i / 2), 1 + i % 2, EPOCH, 2);
            one.claim = _claim(REPORTER, 0, 0);
            _make(one);
            (bool taken,) = _call(one);
            vm.assertTrue(taken);
            vm.revertToState(before);
        }
    }

    function _run(Kind kind) private {
        uint256 number = vm.envOr("PLASMID_MUTANTS", uint256(600));
        uint256 first = vm.envOr("PLASMID_SEED", uint256(1));
        emit log_named_uint("seed", first);
        for (uint256 i; i < number; ++i) {
            uint256 before = vm.snapshotState();
            (bool taken, bytes4 reason) = this.mutant(kind, uint256(keccak256(abi.encode(first, i))));
            vm.revertToStateAndDelete(before);
            if (taken) revert(string.concat("a mutant was taken: seed ", vm.toString(first), ", number ", vm.toString(i)));
            if (_counts[reason]++ == 0) _reasons.push(reason);
        }
        for (uint256 i; i < _reasons.length; ++i) {
            emit log_named_uint(vm.toString(abi.encodePacked(_reasons[i])), _counts[_reasons[i]]);
        }
        _occurred(ICourt.BadSignature.selector);
        _occurred(ICourt.UnknownCommitment.selector);
        _occurred(ICourt.BeneficiaryZero.selector);
        _occurred(ICourt.RevealOutOfTime.selector);
        _occurred(ICourt.ReportsClosed.selector);
        _occurred(ICourt.KeptMismatch.selector);
        _occurred(ICourt.SetMismatch.selector);
        _occurred(ICourt.MemberNotInSet.selector);
        _occurred(ICourt.NothingAtRisk.selector);
        _occurred(ICourt.KeysMismatch.selector);
        if (kind != Kind.Certificates) _occurred(ICourt.AlreadyRevealed.selector);
    }

    /// @dev Every check refuses a hundred of a hundred thousand, and at least one of a short run.
    function _occurred(bytes4 reason) private view {
        uint256 least = vm.envOr("PLASMID_MUTANTS", uint256(600)) / 1000;
        if (_counts[reason] < (least == 0 ? 1 : least)) {
            revert(string.concat("too few mutants were refused by ", vm.toString(abi.encodePacked(reason))));
        }
    }

    struct Report {
        Kind kind;
        uint256 operator;
        uint64 epoch;
        ICourt.DoubleVote votes;
        ICourt.DoubleCheckpoint shares;
        ICourt.DoubleCertificate certificates;
        ICourt.Accused accused;
        ICourt.Kept accepted;
        ICourt.Claim claim;
        /// What is committed to: another evidence than the one that is shown, if not zero.
        bytes32 committed;
        uint256 wait;
        /// A bit of the call to flip behind its selector, from 1 on.
        uint256 flip;
    }

    /// @notice One mutant: what became of it.
    function mutant(Kind kind, uint256 seed) external returns (bool taken, bytes4 reason) {
        Report memory one;
        one.kind = kind;
        one.operator = 1 + seed % 2;
        one.epoch = EPOCH;
        one.wait = 2;
        one.claim = _claim(REPORTER, bytes32(seed), 0);
        seed >>= 8;
        uint256 way = seed % 32;
        seed >>= 8;
        if (way == 0) one.epoch = COPY;
        if (way == 1) (one.epoch, one.operator) = (FORGED, FORGER);
        if (way == 2 && kind != Kind.Certificates) (one.epoch, one.operator) = (EPOCH - 1, 3);
        _make(one);
        if (way < 3) {
            if (way == 2 && kind == Kind.Certificates) one.accused = _accused(one.operator, EPOCH - 1);
        } else if (way < 16) {
            _changeAround(one, way, seed);
        } else if (kind == Kind.Votes) {
            _changeVotes(one, way, seed);
        } else if (kind == Kind.Shares) {
            _changeShares(one, way, seed);
        } else {
            _changeCertificates(one, way, seed);
        }
        return _call(one);
    }

    /// @dev A report that would be taken.
    function _make(Report memory one) private view {
        bytes32 place = _place(one.kind, one.operator, one.epoch);
        bytes memory evidence = _evidence[place];
        one.accused = abi.decode(_accusedOf[place], (ICourt.Accused));
        if (one.kind == Kind.Votes) one.votes = abi.decode(evidence, (ICourt.DoubleVote));
        if (one.kind == Kind.Shares) one.shares = abi.decode(evidence, (ICourt.DoubleCheckpoint));
        if (one.kind == Kind.Certificates) one.certificates = abi.decode(evidence, (ICourt.DoubleCertificate));
    }

    /// @dev Claim, time, set and member: what all kinds have.
    function _changeAround(Report memory one, uint256 way, uint256 seed) private {
        ICourt.Accused memory accused = one.accused;
        if (way == 3) one.claim.beneficiary = address(0);
        if (way == 4) one.committed = keccak256("another evidence");
        if (way == 5) one.wait = seed % 2 == 0 ? seed % 3 / 2 : REVEAL + 1 + seed % 100;
        if (way == 6) vm.warp(acceptances[EPOCH + 1].time + EVIDENCE + 1 + seed % 1 days);
        if (way == 7) accused.closing = _kept(uint64(seed % 5) == EPOCH + 1 ? 0 : uint64(seed % 5));
        if (way == 8) accused.source = _kept(uint64(seed % 5) == EPOCH - 2 ? 0 : uint64(seed % 5));
        if (way == 9) {
            if (seed % 4 == 0) accused.set.count += 1;
            if (seed % 4 == 1) accused.set.totalPower ^= uint64(1 << seed % 64);
            if (seed % 4 == 2) accused.set.membersRoot ^= bytes32(1 << seed % 256);
            if (seed % 4 == 3) accused.set.aggregateKey[seed % 96] ^= 0x10;
        }
        if (way == 10) {
            if (seed % 6 == 0) accused.member.number ^= uint16(1 + seed % 3);
            if (seed % 6 == 1) accused.member.seat += 1;
            if (seed % 6 == 2) accused.member.operator = operators[0].owner;
            if (seed % 6 == 3) accused.member.registration += 1;
            if (seed % 6 == 4) accused.member.power ^= uint64(1 << seed % 64);
            if (seed % 6 == 5) accused.siblings[seed % 2] ^= bytes32(1 << seed % 256);
        }
        if (way == 11) {
            bytes32[] memory siblings = new bytes32[](1 + seed % 2 * 2);
            for (uint256 i; i < siblings.length && i < 2; ++i) {
                siblings[i] = accused.siblings[i];
            }
            accused.siblings = siblings;
        }
        if (way == 12 && one.kind != Kind.Certificates) one.accused = _accused(3 - one.operator, EPOCH);
        if (way == 12 && one.kind == Kind.Certificates) one.accused = _accused(0, EPOCH);
        if (way == 13) one.claim.salt ^= bytes32(1 << seed % 256);
        if (way == 13) one.committed = keccak256("with another salt");
        // Any bit of the whole call: mostly within what is signed, a hint, or a place where nothing may stand.
        if (way > 13) one.flip = 1 + seed;
    }

    function _changeVotes(Report memory one, uint256 way, uint256 seed) private view {
        ICourt.DoubleVote memory votes = one.votes;
        ICourt.Vote memory vote = seed % 2 == 0 ? votes.first : votes.second;
        seed >>= 1;
        if (way < 18) {
            // Signed by another key of the set, or by one of nobody's.
            uint256 secret = seed % 2 == 0 ? operators[0].edSecret : uint256(keccak256(abi.encode(seed))) % Ed25519Signer.ORDER;
            _put(vote, Ed25519Signer.sign(secret, _signBytes(votes, vote)));
        } else if (way < 20) {
            // For another chain, another height, round or type.
            bytes memory message = _signBytes(votes, vote);
            message[3 + seed % (message.length - 3)] ^= bytes1(uint8(1 << seed % 8));
            _put(vote, Ed25519Signer.sign(operators[one.operator].edSecret, message));
        } else if (way < 22) {
            votes.second.id = votes.first.id;
            if (seed % 2 == 0) (votes.first.id.total, votes.second.id.total) = (1, 1);
            (vote.secs, vote.nanos) = (int64(uint64(seed >> 8)), uint32(seed % 1e9));
            _signVotes(one.operator, votes);
        } else if (way < 24) {
            votes.kind = uint8(3 + seed % 253);
            if (seed % 7 == 0) votes.kind = 0;
            _signVotes(one.operator, votes);
        } else if (way < 26) {
            if (seed % 3 == 0) votes.height = 0;
            if (seed % 3 == 1) votes.height |= 1 << 63;
            if (seed % 3 == 2) votes.round |= 1 << 31;
            _signVotes(one.operator, votes);
        } else if (way < 28) {
            vote.id.total = 0;
            _signVotes(one.operator, votes);
        } else if (way < 30) {
            // The first or last heights of the neighbours: the set of the right epoch is not theirs.
            votes.height = seed % 2 == 0 ? EPOCH * BLOCKS : (EPOCH + 1) * BLOCKS + 1;
            _signVotes(one.operator, votes);
        } else if (way == 30) {
            (votes.first.r, votes.second.r) = (votes.second.r, votes.first.r);
            (votes.first.s, votes.second.s) = (votes.second.s, votes.first.s);
            (votes.first.xR, votes.second.xR) = (votes.second.xR, votes.first.xR);
        } else {
            // An s beyond the order, or a wrong hint.
            if (seed % 2 == 0) vote.s = bytes32(uint256(vote.s) ^ (1 << (seed >> 8) % 256));
            if (seed % 2 == 1) vote.xR ^= 1 << (seed >> 8) % 256;
        }
    }

    function _put(ICourt.Vote memory vote, Ed25519Signer.Signature memory signature) private pure {
        (vote.r, vote.s, vote.xR) = (signature.r, signature.s, signature.xR);
    }

    function _changeShares(Report memory one, uint256 way, uint256 seed) private view {
        ICourt.DoubleCheckpoint memory shares = one.shares;
        bytes memory share = seed % 2 == 0 ? shares.firstShare : shares.secondShare;
        if (way < 19) {
            // By another key, over another checkpoint, for another deployment or under another tag.
            uint256 secret = operators[way == 16 ? 0 : one.operator].blsSecret;
            bytes32 digest = _digest(shares.first);
            if (way == 17) digest = keccak256(abi.encode(seed));
            share = way == 18
                ? BlsSigner.sign(secret, abi.encodePacked(digest), Bls.POSSESSION_TAG)
                : BlsSigner.signCheckpoint(secret, digest);
        } else if (way < 21) {
            shares.second = shares.first;
            _signShares(one.operator, shares);
            return;
        } else if (way < 23) {
            shares.second.epoch ^= uint64(1 << (seed >> 8) % 64);
            _signShares(one.operator, shares);
            return;
        } else if (way == 23) {
            (shares.firstShare, shares.secondShare) = (shares.secondShare, shares.firstShare);
            return;
        } else if (way == 24) {
            share = new bytes((seed >> 8) % 400);
            if (share.length == 192) share = new bytes(193);
        } else if (way == 25) {
            share = new bytes(192);
        } else if (way == 26) {
            one.accused.member.checkpointKey = new bytes((seed >> 8) % 96);
            return;
        } else if (way < 29) {
            share[(seed >> 8) % 192] ^= bytes1(uint8(1 << seed % 8));
        } else {
            // One field of what was signed.
            _changeContent(seed % 2 == 0 ? shares.first : shares.second, seed >> 8);
            return;
        }
        if (seed % 2 == 0) shares.firstShare = share;
        else shares.secondShare = share;
    }

    function _changeContent(IRootChain.Checkpoint memory content, uint256 seed) private pure {
        bytes32 bit = bytes32(uint256(1) << (seed >> 8) % 256);
        uint64 small = uint64(1) << uint64((seed >> 8) % 64);
        if (seed % 8 == 0) content.lastBlockTime ^= small;
        if (seed % 8 == 1) content.blocksRoot ^= bit;
        if (seed % 8 == 2) content.stateRoot ^= bit;
        if (seed % 8 == 3) content.inboxCursor ^= small;
        if (seed % 8 == 4) content.inboxHash ^= bit;
        if (seed % 8 == 5) content.nextSet ^= bit;
        if (seed % 8 == 6) content.relayer = address(uint160(content.relayer) ^ uint160(1 << (seed >> 8) % 160));
        if (seed % 8 == 7) content.previous ^= bit;
    }

    function _changeCertificates(Report memory one, uint256 way, uint256 seed) private view {
        ICourt.DoubleCertificate memory both = one.certificates;
        uint64 checkpoint = EPOCH - 1;
        if (way == 16) {
            both.second = both.first;
            both.secondCertificate = _certificate(both.second, _none());
        } else if (way == 17) {
            both.second.epoch ^= uint64(1 << (seed >> 8) % 64);
            both.secondCertificate = _certificate(both.second, _none());
        } else if (way < 20) {
            // Two of four.
            one.certificates = seed % 2 == 0
                ? _certificates(checkpoint, _list(0, 3), _none())
                : _certificates(checkpoint, _none(), _list(uint16(1 + seed % 2), 3));
        } else if (way < 22) {
            // A bit more or less than there are signatures, or a bit beyond the set.
            ICourt.Certificate memory one_ = seed % 2 == 0 ? both.firstCertificate : both.secondCertificate;
            one_.signers[(seed >> 16) % 2] ^= bytes32(uint256(1) << (seed >> 8) % 256);
            if (way == 21) both.firstCertificate.signers[0] |= bytes32(uint256(1) << 248);
        } else if (way == 22) {
            ICourt.Certificate memory first = both.firstCertificate;
            if (seed % 3 == 0) first.absent[0].power += uint64(1 + (seed >> 8) % 1000);
            if (seed % 3 == 1) first.absent[0].operator = REPORTER;
            if (seed % 3 == 2) first.absentSiblings[(seed >> 8) % 2] ^= bytes32(uint256(1) << (seed >> 16) % 256);
        } else if (way == 23) {
            both.firstCertificate.absentSiblings = new bytes32[]((seed >> 8) % 2);
        } else if (way == 24) {
            (both.firstCertificate.signature, both.secondCertificate.signature) =
                (both.secondCertificate.signature, both.firstCertificate.signature);
        } else if (way == 25) {
            bytes memory signature = seed % 2 == 0 ? both.firstCertificate.signature : both.secondCertificate.signature;
            signature[(seed >> 8) % 192] ^= bytes1(uint8(1 << seed % 8));
        } else if (way < 28) {
            _changeContent(seed % 2 == 0 ? both.first : both.second, seed >> 8);
        } else if (way < 30) {
            // Left out, of a checkpoint that was not accepted; or shown with what root kept of another.
            delete both.firstCertificate;
            one.accepted = _kept(checkpoint);
            if (way == 29) one.accepted = _kept(seed % 2 == 0 ? EPOCH : 0);
        } else {
            // The accepted one in the second place, or signers that root did not keep.
            both.first = checkpoints[checkpoint];
            delete both.firstCertificate;
            one.accepted = _kept(checkpoint);
            if (way == 30) one.accepted.acceptance.signers[(seed >> 8) % 2] ^= bytes32(uint256(1) << seed % 256);
            if (way == 31) (both.first, both.second) = (both.second, both.first);
        }
    }

    function _call(Report memory one) private returns (bool taken, bytes4 reason) {
        bytes memory evidence;
        bytes memory data;
        if (one.kind == Kind.Votes) {
            evidence = abi.encode(one.votes);
            data = abi.encodeCall(court.revealVotes, (one.votes, one.accused, one.claim));
        } else if (one.kind == Kind.Shares) {
            evidence = abi.encode(one.shares);
            data = abi.encodeCall(court.revealCheckpoints, (one.shares, one.accused, one.claim));
        } else {
            evidence = abi.encode(one.certificates);
            data = abi.encodeCall(court.revealCertificates, (one.certificates, one.accused, one.accepted, one.claim));
        }
        if (one.flip != 0) {
            bytes memory original = bytes.concat(data);
            uint256 place = 4 + (one.flip >> 3) % (data.length - 4);
            data[place] ^= bytes1(uint8(1 << one.flip % 8));
            (bool decodes, bytes memory meaning, bytes memory shown) = _decoded(one.kind, data);
            (, bytes memory before,) = _decoded(one.kind, original);
            // Padding between the parts, a hint that is not read, or a leader that the first report of an offence does not read.
            if (decodes && keccak256(meaning) == keccak256(before)) return (false, bytes4("same"));
            if (decodes) evidence = shown;
        }
        bytes32 hash = one.committed == 0 ? keccak256(evidence) : one.committed;
        if (one.claim.beneficiary != address(0)) {
            court.commit(court.commitmentOf(hash, one.claim.beneficiary, one.claim.salt));
        }
        vm.roll(block.number + one.wait);
        bytes memory answer;
        (taken, answer) = address(court).call{gas: 5_000_000}(data);
        reason = answer.length < 4 ? bytes4(0) : bytes4(answer);
    }

    function _decoded(Kind kind, bytes memory data)
        private
        view
        returns (bool decodes, bytes memory meaning, bytes memory evidence)
    {
        try this.decode(kind, data) returns (bytes memory meaning_, bytes memory evidence_) {
            return (true, meaning_, evidence_);
        } catch {}
    }

    /// @notice What a call says, without what is not read in it; and the evidence alone.
    function decode(Kind kind, bytes calldata data) external pure returns (bytes memory meaning, bytes memory evidence) {
        ICourt.Accused memory accused;
        ICourt.Claim memory claim;
        if (kind == Kind.Votes) {
            ICourt.DoubleVote memory votes;
            (votes, accused, claim) = abi.decode(data[4:], (ICourt.DoubleVote, ICourt.Accused, ICourt.Claim));
            evidence = abi.encode(votes);
        } else if (kind == Kind.Shares) {
            ICourt.DoubleCheckpoint memory shares;
            (shares, accused, claim) = abi.decode(data[4:], (ICourt.DoubleCheckpoint, ICourt.Accused, ICourt.Claim));
            evidence = abi.encode(shares);
            accused.xKey = 0;
        } else {
            ICourt.DoubleCertificate memory both;
            ICourt.Kept memory accepted;
            (both, accused, accepted, claim) =
                abi.decode(data[4:], (ICourt.DoubleCertificate, ICourt.Accused, ICourt.Kept, ICourt.Claim));
            evidence = abi.encode(both);
            accused.xKey = 0;
        }
        // Of two certificates another leader is refused: it names an overlap that is not the last.
        if (kind != Kind.Certificates) claim.leader = 0;
        meaning = abi.encode(evidence, accused, claim);
    }
}
