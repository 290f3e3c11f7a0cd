// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";
import {FalseReports} from "./FalseReports.sol";
import {Refusals} from "./Refusals.sol";

/// @title Reports that are true but for one thing, made at random and signed again where that is possible: each is refused
/// @dev PLASMID_MUTANTS=N is how many of each kind (script/forge test --match-contract CourtMutants -vv prints the counts by the check that refused);
/// PLASMID_SEED=S begins elsewhere. A mutant that is taken fails the test, with its number and seed. One that says what the report says is no mutant
/// and not counted. Each mutant is a call of its own, so that memory is freed.
contract CourtMutantsTest is FalseReports {
    uint256 private constant WAYS = 40;

    string[] private _checks;
    mapping(string => uint256) private _counts;

    function test_mutantsOfTwoVotesAreRefused() external {
        _run(Kind.Votes);
        _occurredOfOne();
        _occurred("SameBlock");
        _occurred("KindOfVote");
        _occurred("VoteOutOfRange of height 0");
        _occurred("VoteOutOfRange of the height");
        _occurred("VoteOutOfRange of the round");
        _occurred("BlockIdIncomplete");
    }

    function test_mutantsOfTwoSharesAreRefused() external {
        _run(Kind.Shares);
        _occurredOfOne();
        _occurredOfCheckpoints();
        _occurred("WrongLength 192");
    }

    function test_mutantsOfTwoCertificatesAreRefused() external {
        _run(Kind.Certificates);
        _occurredOfCheckpoints();
        _occurred("OverlapKnown");
        _occurred("SetNotShown");
        _occurred("NotPending");
        _occurred("KeptMismatch of the accepted");
        _occurred("NotTheAccepted");
        _occurred("TooLittlePower 1");
        _occurred("TooLittlePower 2");
        _occurred("SignersMismatch of bits");
        _occurred("SignersMismatch of siblings");
        _occurred("AbsentOutOfOrder");
        _occurred("MembersRootMismatch");
        _occurred("WrongSiblings");
        _occurred("WrongLength 192");
        _occurred("PrecompileFailed of the sum of keys");
    }

    /// What the mutants are made of is taken as it is.
    function test_theReportsThatMutantsAreMadeOfAreTaken() external {
        for (uint256 i; i < 6; ++i) {
            uint256 before = vm.snapshotState();
            (bool taken, string memory check) = _call(_true(Kind(i / 2), 1 + i % 2, EPOCH));
            vm.assertTrue(taken, check);
            vm.revertToState(before);
        }
    }

    /// Each byte of the evidence is signed, is a signature, or is proven to be of one.
    function test_everyByteOfBothStatementsCounts() external {
        for (uint256 i; i < 3; ++i) {
            (bytes memory evidence, bytes memory data) = _encoded(_true(Kind(i), 1, EPOCH));
            uint256 from;
            uint256 same;
            uint256 length = evidence.length;
            if (Kind(i) != Kind.Votes) {
                // Dynamic: `evidence` begins with its place, and the call's first word is where it stands there.
                length -= 32;
                assembly ("memory-safe") {
                    from := mload(add(data, 0x24))
                }
            }
            for (uint256 j; j < length; ++j) {
                uint256 before = vm.snapshotState();
                (bool taken, string memory check) = this.flipped(Kind(i), 1 + 8 * (from + j) + j % 8);
                vm.revertToStateAndDelete(before);
                if (taken) revert(string.concat("byte ", vm.toString(j), " of evidence ", vm.toString(i), " says nothing"));
                if (keccak256(bytes(check)) == keccak256("same")) ++same;
            }
            emit log_named_uint("bytes", length);
            // Of two certificates, where an empty list stands may be said otherwise: at another place with a length of 0.
            vm.assertLe(same, Kind(i) == Kind.Certificates ? 2 : 0);
        }
    }

    /// Where a word is the place of a list, its highest bit makes the list an empty one: no call says anything else by it than what is shown.
    function test_theHighestBitOfEachWordOfACallCounts() external {
        for (uint256 i; i < 3; ++i) {
            (, bytes memory data) = _encoded(_true(Kind(i), 1, EPOCH));
            for (uint256 j; 4 + 32 * j < data.length; ++j) {
                uint256 before = vm.snapshotState();
                (bool taken,) = this.flipped(Kind(i), 8 + 256 * j);
                vm.revertToStateAndDelete(before);
                if (taken) revert(string.concat("word ", vm.toString(j), " of call ", vm.toString(i), " says nothing"));
            }
        }
    }

    function flipped(Kind kind, uint256 flip) external returns (bool, string memory) {
        Report memory one = _true(kind, 1, EPOCH);
        one.flip = flip;
        return _call(one);
    }

    function _number() private view returns (uint256) {
        return vm.envOr("PLASMID_MUTANTS", uint256(600));
    }

    function _run(Kind kind) private {
        uint256 first = vm.envOr("PLASMID_SEED", uint256(1));
        emit log_named_uint("seed", first);
        uint256 made;
        for (uint256 i; made < _number(); ++i) {
            uint256 before = vm.snapshotState();
            (bool taken, string memory check) =
                this.mutant(kind, i % WAYS, i / WAYS, uint256(keccak256(abi.encode(first, i))));
            vm.revertToStateAndDelete(before);
            if (taken) revert(string.concat("a mutant was taken: seed ", vm.toString(first), ", number ", vm.toString(i)));
            if (keccak256(bytes(check)) == keccak256("same")) continue;
            ++made;
            if (_counts[check]++ == 0) _checks.push(check);
        }
        for (uint256 i; i < _checks.length; ++i) {
            emit log_named_uint(_checks[i], _counts[_checks[i]]);
        }
        // All that refused any, also those that are not named below.
        for (uint256 i; i < _checks.length; ++i) {
            _occurred(_checks[i]);
        }
        _occurred(Refusals.NO_DECODING);
        _occurred("BadSignature 1");
        _occurred("BadSignature 2");
        _occurred("BeneficiaryZero");
        _occurred("UnknownCommitment");
        _occurred("CommitmentRevealed");
        _occurred("RevealOutOfTime early");
        _occurred("RevealOutOfTime late");
        _occurred("CheckpointNotKept");
        _occurred("NotAccepted");
        _occurred("NotInRing");
        _occurred("KeptMismatch of the closing one");
        _occurred("KeptMismatch of the source");
        _occurred("ReportsClosed for commitments");
        _occurred("ReportsClosed for reveals");
        _occurred("NotLeader");
        _occurred("SetMismatch");
        _occurred("MemberNotInSet by its path");
        _occurred("MemberNotInSet with more power than the set");
        _occurred("NothingAtRisk");
        _occurred("KeysMismatch");
        _occurred("WrongLength 96");
    }

    function _occurredOfOne() private view {
        _occurred("AlreadyRevealed and the contest is over");
        _occurred("AlreadyRevealed and the commitment is not older");
        _occurred("InOverlap");
    }

    function _occurredOfCheckpoints() private view {
        _occurred("SameCheckpoint");
        _occurred("DifferentEpochs");
        _occurred("IdentityPoint");
        _occurred("PrecompileFailed of the pairing");
    }

    /// @dev Every check refuses a hundred of a hundred thousand, and at least one of a short run.
    function _occurred(string memory check) private view {
        uint256 least = _number() / 1000;
        if (_counts[check] < (least == 0 ? 1 : least)) {
            revert(string.concat("too few mutants were refused by ", check, ": ", vm.toString(_counts[check])));
        }
    }

    /// @notice One mutant: what became of it.
    function mutant(Kind kind, uint256 way, uint256 turn, uint256 seed) external returns (bool, string memory) {
        Report memory one = _true(kind, 1 + seed % 2, EPOCH);
        one.claim.salt = bytes32(seed);
        seed >>= 8;
        if (way < 12) _changeShown(one, way, turn, seed);
        else if (way < 18) _changeClaim(one, way, turn, seed);
        else if (way < 24) one = _elsewhere(kind, way, turn, seed);
        else if (kind == Kind.Votes) _changeVotes(one, way - 8, seed);
        else if (kind == Kind.Shares) _changeShares(one, way - 8, seed);
        else _changeCertificates(one, way - 8, seed);
        return _call(one);
    }

    /// @dev Set and member, and what root kept: what all kinds show.
    function _changeShown(Report memory one, uint256 way, uint256 turn, uint256 seed) private view {
        ICourt.Accused memory accused = one.accused;
        if (way == 0) accused.closing = _otherKept(accused.closing, EPOCH + 1, seed);
        if (way == 1) accused.source = _otherKept(accused.source, EPOCH - 2, seed);
        if (way == 2) {
            if (turn % 6 == 0) accused.set.count += 1;
            if (turn % 6 == 1) accused.set.totalPower ^= uint64(1 << seed % 64);
            if (turn % 6 == 2) accused.set.membersRoot ^= bytes32(1 << seed % 256);
            if (turn % 6 == 3) accused.set.aggregateKey[seed % 96] ^= 0x10;
            if (turn % 6 == 4) accused.set.aggregateKey = new bytes(seed % 96);
            if (turn % 6 == 5) accused.member.checkpointKey = new bytes(seed % 96);
        }
        if (way == 3 || way == 4) {
            if (turn % 8 == 0) accused.member.number ^= uint16(1 + seed % 3);
            if (turn % 8 == 1) accused.member.seat += 1;
            if (turn % 8 == 2) accused.member.operator = operators[0].owner;
            if (turn % 8 == 3) accused.member.registration += 1;
            if (turn % 8 == 4) accused.member.power ^= uint64(1 << seed % 64);
            if (turn % 8 == 5) accused.siblings[seed % 2] ^= bytes32(1 << seed % 256);
            if (turn % 8 == 6) accused.member.consensusKey ^= bytes32(1 << seed % 256);
            if (turn % 8 == 7) accused.member.checkpointKey[seed % 96] ^= bytes1(uint8(1 << (seed >> 8) % 8));
        }
        if (way == 5) {
            bytes32[] memory siblings = new bytes32[](1 + seed % 2 * 2);
            for (uint256 i; i < siblings.length && i < 2; ++i) {
                siblings[i] = accused.siblings[i];
            }
            accused.siblings = siblings;
        }
        // Somebody else; of certificates, who signed one of them only.
        if (way == 6) one.accused = _accusation(one.kind, one.kind == Kind.Certificates ? 0 : 3 - one.operator, EPOCH);
        // A neighbour's set with the member in it: instead of the epoch's, with its source, or with all that is shown.
        if (way == 7 || way == 8) {
            ICourt.Accused memory neighbour = _accusation(one.kind, one.operator, way == 7 ? EPOCH - 1 : EPOCH + 1);
            if (turn % 3 < 2) neighbour.closing = accused.closing;
            if (turn % 3 < 1) neighbour.source = accused.source;
            one.accused = neighbour;
        }
        // Any bit of the whole call: mostly within what is signed, a hint, or a place where nothing may stand.
        if (way > 8) one.flip = 1 + seed;
    }

    function _otherKept(ICourt.Kept memory kept, uint64 own, uint256 seed) private view returns (ICourt.Kept memory) {
        uint64 other = uint64(seed % ACCEPTED);
        if (other != own) return _kept(other);
        kept.acceptance.time += 1;
        return kept;
    }

    /// @dev Commitment, claim and time; and another deployment.
    function _changeClaim(Report memory one, uint256 way, uint256 turn, uint256 seed) private {
        if (way == 12) one.claim.beneficiary = address(0);
        if (way == 13 && turn % 2 == 0) one.committed = keccak256("another evidence");
        if (way == 13 && turn % 2 == 1) one.again = true;
        if (way == 14) one.wait = turn % 2 == 0 ? seed % 3 / 2 : REVEAL + 1 + seed % 100;
        if (way == 15 && turn % 2 == 0) vm.warp(acceptances[EPOCH + 1].time + EVIDENCE + 1 + seed % 1 days);
        if (way == 15 && turn % 2 == 1) one.secs = EVIDENCE + REVEAL_SECS + 1 + seed % 1 days;
        if (way == 16) _contest(one, turn % 2 == 0, seed);
        if (way == 17) one.deployment = bytes20(uint160(1 + seed));
    }

    /// @dev Somebody else leads: by a commitment that is not younger, or by another one than is named.
    function _contest(Report memory one, bool named, uint256 seed) private view {
        (one.rival, one.wait) = (named ? 1 : 2, 4);
        bytes32 leader = bytes32(uint256(court.overlaps()) + 1);
        if (one.kind != Kind.Certificates) {
            (bytes memory evidence,) = _encoded(one);
            leader = court.commitmentOf(keccak256(evidence), RIVAL, "rival");
        }
        if (!named) leader ^= bytes32(1 << (seed % 3 == 0 ? seed : seed % 8) % 256);
        one.claim.leader = leader;
    }

    /// @dev A true report of an epoch in which one thing is wrong: its set, its time, or what is known of it.
    function _elsewhere(Kind kind, uint256 way, uint256 turn, uint256 seed) private returns (Report memory one) {
        uint256 operator = 1 + seed % 3;
        uint256 judged = kind == Kind.Votes ? 3 : 2;
        if (way == 18) one = _true(kind, operator, COPY);
        if (way == 19) one = _true(kind, FORGER, FORGED);
        if (way == 20) one = _true(kind, 1, LIGHT);
        if (way == 21) {
            if (turn % 3 == 0) one = _true(kind, 1, OLD);
            if (turn % 3 == 1) one = _true(kind, 1, FUTURE);
            if (turn % 3 == 2) {
                one = _true(kind, 1, TORN);
                // Reports of it were closed long before the ring went on: the clock is set back, so that the ring is what refuses it.
                vm.warp(acceptances[TORN + 1].time + seed % EVIDENCE);
            }
        }
        if (way == 22) {
            if (kind == Kind.Certificates) one = _true(kind, operator, turn % 2 == 0 ? OVERLAPPED : UNSHOWN);
            else if (turn % 2 == 0) one = _true(kind, judged, JUDGED);
            else one = _true(kind, operator, OVERLAPPED);
        }
        if (way == 23) {
            one = kind == Kind.Certificates ? _true(kind, 1, OVERLAPPED) : _true(kind, judged, JUDGED);
            (one.claim.salt, one.again) = (bytes32(uint256(1)), true);
        } else {
            one.claim.salt = bytes32(seed);
        }
        if (one.epoch == OVERLAPPED && kind == Kind.Certificates) one.claim.leader = bytes32(uint256(1));
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
        } else if (way == 30 && seed % 2 == 0) {
            (vote.id.hash, vote.id.partsHash) = (vote.id.partsHash, vote.id.hash);
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
        uint256 which = seed % 9;
        if (which == 0) content.lastBlockTime ^= small;
        if (which == 1) content.blocksRoot ^= bit;
        if (which == 2) content.stateRoot ^= bit;
        if (which == 3) content.inboxCursor ^= small;
        if (which == 4) content.inboxLink ^= bit;
        if (which == 5) content.nextSet ^= bit;
        if (which == 6) content.relayer = address(uint160(content.relayer) ^ uint160(1 << (seed >> 8) % 160));
        if (which == 7) content.previous ^= bit;
        if (which == 8) (content.blocksRoot, content.stateRoot) = (content.stateRoot, content.blocksRoot);
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
            if (seed % 4 == 0) first.absent[0].power += uint64(1 + (seed >> 8) % 1000);
            if (seed % 4 == 1) first.absent[0].operator = REPORTER;
            if (seed % 4 == 2) first.absentSiblings[(seed >> 8) % 2] ^= bytes32(uint256(1) << (seed >> 16) % 256);
            if (seed % 4 == 3) first.absent[0].checkpointKey[(seed >> 8) % 96] ^= bytes1(uint8(1 << (seed >> 16) % 8));
        } else if (way == 23) {
            if (seed % 2 == 0) both.firstCertificate.absentSiblings = new bytes32[]((seed >> 8) % 2);
            if (seed % 2 == 1) both.secondCertificate.absentSiblings = new bytes32[](1 + (seed >> 8) % 3);
        } else if (way == 24) {
            (both.firstCertificate.signature, both.secondCertificate.signature) =
                (both.secondCertificate.signature, both.firstCertificate.signature);
        } else if (way == 25) {
            bytes memory signature = seed % 2 == 0 ? both.firstCertificate.signature : both.secondCertificate.signature;
            if (seed % 4 < 2) signature[(seed >> 8) % 192] ^= bytes1(uint8(1 << seed % 8));
            if (seed % 4 == 2) both.secondCertificate.signature = new bytes(192);
            if (seed % 8 == 3) both.firstCertificate.signature = bytes.concat(both.firstCertificate.signature, hex"00");
            if (seed % 8 == 7) both.secondCertificate.signature = new bytes((seed >> 8) % 192);
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
}
