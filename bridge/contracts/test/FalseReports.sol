// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Accusing} from "./Accusing.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";
import {Refusals} from "./Refusals.sol";

/// @title True reports of every kind, what can be changed in one, and which check refuses it then
/// @dev Every epoch has a set of its own: the powers differ everywhere. Each epoch below is there for one check.
abstract contract FalseReports is Accusing {
    event log_named_uint(string name, uint256 value);

    enum Kind {
        Votes,
        Shares,
        Certificates
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
        /// It was revealed before, so nothing is committed to.
        bool again;
        /// Somebody else reports the same between commitment and reveal: 1 committed in the same block, 2 later.
        uint256 rival;
        /// Blocks from commitment to reveal, and seconds.
        uint256 wait;
        uint256 secs;
        /// A bit of the call to flip behind its selector, from 1 on.
        uint256 flip;
        /// What root says of the deployment, if not zero.
        bytes20 deployment;
    }

    /// @dev Its closing checkpoint has left the ring.
    uint64 internal constant OLD = 1;
    /// @dev Its closing checkpoint is in the ring, and the one that commits to its set has left it.
    uint64 internal constant TORN = 5;
    /// @dev Operator 3 was reported for two votes, operator 2 for two shares, and the contests are over.
    uint64 internal constant JUDGED = 10;
    uint64 internal constant EPOCH = 11;
    /// @dev Two certificates were shown, and nobody is frozen.
    uint64 internal constant OVERLAPPED = 13;
    uint64 internal constant UNSHOWN = 14;
    uint64 internal constant COPY = 15;
    /// @dev Its set has a key that operator FORGER never registered.
    uint64 internal constant FORGED = 16;
    /// @dev Its set states less power than its members have.
    uint64 internal constant LIGHT = 17;
    uint64 internal constant ACCEPTED = 20;
    /// @dev The first epoch whose set no accepted checkpoint commits to.
    uint64 internal constant FUTURE = ACCEPTED + 2;
    uint256 internal constant FORGER = 2;
    address internal constant RIVAL = address(0x417a1);

    Operator internal _forger;
    Operator private _honestOne;
    uint64 private _setEpoch;
    /// @dev True evidence and who is accused, by kind, operator and epoch: made once.
    mapping(bytes32 => bytes) private _evidence;
    mapping(bytes32 => bytes) private _accusedOf;

    function setUp() public virtual override {
        super.setUp();
        _honestOne = operators[FORGER];
        _forger = operators[FORGER];
        _forger.edSecret = uint256(keccak256("made up")) % Ed25519Signer.ORDER;
        _forger.blsSecret = uint256(keccak256("made up")) % BlsSigner.ORDER;
        (_forger.consensusKey,) = Ed25519Signer.key(_forger.edSecret);
        _forger.checkpointKey = BlsSigner.key(_forger.blsSecret);
        for (uint64 c; c < ACCEPTED; ++c) {
            _in(c + 2);
            IRootChain.Checkpoint memory content = _checkpoint();
            _in(c + 1);
            _submit(_submission(content, _none()));
            // The first half of the ring is overwritten from 16 on: by then stake at risk there is free.
            _pass(c == JUDGED ? UNBONDING + 1 : 10);
        }
        uint64[7] memory epochs = [JUDGED, EPOCH, EPOCH - 1, EPOCH + 1, OVERLAPPED, UNSHOWN, COPY];
        for (uint256 i; i < 7; ++i) {
            for (uint256 operator = 1; operator < 4; ++operator) {
                _keep(operator, epochs[i]);
            }
        }
        _keep(0, EPOCH);
        _keep(1, OLD);
        _keep(1, TORN);
        _keep(1, FUTURE);
        _keep(FORGER, FORGED);
        _keep(1, LIGHT);
        _reportAll();
        _in(EPOCH);
        _showSet();
    }

    /// @dev What is known before: each report by REPORTER with the salt 1.
    function _reportAll() private {
        Report memory one = _true(Kind.Votes, 3, JUDGED);
        one.claim.salt = bytes32(uint256(1));
        _taken(one);
        one = _true(Kind.Shares, 2, JUDGED);
        one.claim.salt = bytes32(uint256(1));
        _taken(one);
        _in(OVERLAPPED);
        _showSet();
        one = _true(Kind.Certificates, 1, OVERLAPPED);
        one.claim.salt = bytes32(uint256(1));
        _taken(one);
        _blocks(REVEAL + 1);
    }

    function _taken(Report memory one) private {
        (bool taken, string memory check) = _call(one);
        vm.assertTrue(taken, check);
    }

    /// @notice From here on the members are those of the set of that epoch.
    function _in(uint64 epoch) internal {
        _setEpoch = epoch;
        _mark = epoch == COPY ? 1 << 15 : 0;
        operators[FORGER] = epoch == FORGED ? _forger : _honestOne;
    }

    function stakeOf(uint256 i) internal view override returns (uint256) {
        return (100 + i + (_setEpoch < 2 ? 0 : _setEpoch)) * UNIT;
    }

    function _set() internal view override returns (IRootChain.Set memory set) {
        set = super._set();
        if (_setEpoch == LIGHT) set.totalPower = 50;
    }

    function _keep(uint256 operator, uint64 epoch) private {
        _in(epoch);
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

    /// @notice A report that is true; of EPOCH it is taken.
    function _true(Kind kind, uint256 operator, uint64 epoch) internal view returns (Report memory one) {
        (one.kind, one.operator, one.epoch, one.wait) = (kind, operator, epoch, 2);
        one.claim = _claim(REPORTER, 0, 0);
        one.accused = _accusation(kind, operator, epoch);
        bytes memory evidence = _evidence[_place(kind, operator, epoch)];
        if (kind == Kind.Votes) one.votes = abi.decode(evidence, (ICourt.DoubleVote));
        if (kind == Kind.Shares) one.shares = abi.decode(evidence, (ICourt.DoubleCheckpoint));
        if (kind == Kind.Certificates) one.certificates = abi.decode(evidence, (ICourt.DoubleCertificate));
    }

    function _accusation(Kind kind, uint256 operator, uint64 epoch) internal view returns (ICourt.Accused memory) {
        return abi.decode(_accusedOf[_place(kind, operator, epoch)], (ICourt.Accused));
    }

    // The call.

    /// @notice Reports; what refused it, by name. "same" where the flipped bit says nothing.
    function _call(Report memory one) internal returns (bool taken, string memory check) {
        (bytes memory evidence, bytes memory data) = _encoded(one);
        if (one.flip != 0) {
            bytes memory original = bytes.concat(data);
            uint256 place = 4 + ((one.flip - 1) >> 3) % (data.length - 4);
            data[place] ^= bytes1(uint8(1 << (one.flip - 1) % 8));
            (bool decodes, bytes memory meaning, bytes memory shown) = _decoded(one.kind, data);
            (, bytes memory before,) = _decoded(one.kind, original);
            // Padding between the parts, a hint that is not read, or a leader that the first report of an offence does not read.
            if (decodes && keccak256(meaning) == keccak256(before)) return (false, "same");
            if (decodes) evidence = shown;
        }
        bytes32 hash = one.committed == 0 ? keccak256(evidence) : one.committed;
        bytes32 own = court.commitmentOf(hash, one.claim.beneficiary, one.claim.salt);
        if (one.claim.beneficiary != address(0) && !one.again) court.commit(own);
        uint256 revealAt = block.number + one.wait;
        if (one.rival != 0) _rival(one);
        vm.roll(revealAt);
        vm.warp(block.timestamp + one.secs);
        if (one.deployment != 0) {
            vm.mockCall(address(rootChain), abi.encodeCall(rootChain.deployment, ()), abi.encode(one.deployment));
        }
        bytes memory answer;
        (taken, answer) = address(court).call{gas: 5_000_000}(data);
        vm.clearMockedCalls();
        if (!taken) check = _check(one, answer);
    }

    /// @notice The evidence alone, and the call that shows it.
    function _encoded(Report memory one) internal view returns (bytes memory evidence, bytes memory data) {
        if (one.kind == Kind.Votes) {
            return (abi.encode(one.votes), abi.encodeCall(court.revealVotes, (one.votes, one.accused, one.claim)));
        }
        if (one.kind == Kind.Shares) {
            return (abi.encode(one.shares), abi.encodeCall(court.revealCheckpoints, (one.shares, one.accused, one.claim)));
        }
        return (
            abi.encode(one.certificates),
            abi.encodeCall(court.revealCertificates, (one.certificates, one.accused, one.accepted, one.claim))
        );
    }

    /// @dev The true report of the same offence by somebody else.
    function _rival(Report memory one) private {
        Report memory other = _true(one.kind, one.operator, one.epoch);
        other.claim = _claim(RIVAL, "rival", 0);
        if (one.rival == 2) vm.roll(block.number + 1);
        _taken(other);
    }

    function _decoded(Kind kind, bytes memory data)
        private
        view
        returns (bool decodes, bytes memory meaning, bytes memory evidence)
    {
        bytes4 reader = kind == Kind.Votes
            ? this.readVotes.selector
            : kind == Kind.Shares ? this.readCheckpoints.selector : this.readCertificates.selector;
        bytes memory read = bytes.concat(data);
        for (uint256 i; i < 4; ++i) {
            read[i] = reader[i];
        }
        bytes memory answer;
        (decodes, answer) = address(this).staticcall(read);
        if (decodes) (meaning, evidence) = abi.decode(answer, (bytes, bytes));
    }

    // What a call says, without what is not read in it; and the evidence alone. Both are read as the Court reads them, from calldata: there a list whose
    // place has its highest bit set is an empty one, and no error as in memory.

    /// @notice Two votes: the leader is not read where no report of the offence came before.
    function readVotes(ICourt.DoubleVote calldata votes, ICourt.Accused calldata accused, ICourt.Claim calldata claim)
        external
        pure
        returns (bytes memory meaning, bytes memory evidence)
    {
        evidence = abi.encode(votes);
        meaning = abi.encode(evidence, accused, claim.beneficiary, claim.salt);
    }

    /// @notice Two shares: as of two votes, and the hint of the consensus key is not read.
    function readCheckpoints(
        ICourt.DoubleCheckpoint calldata shares,
        ICourt.Accused calldata accused,
        ICourt.Claim calldata claim
    ) external pure returns (bytes memory meaning, bytes memory evidence) {
        evidence = abi.encode(shares);
        meaning = abi.encode(evidence, _withoutHint(accused), claim.beneficiary, claim.salt);
    }

    /// @notice Two certificates: the accepted one is read only where it stands in a certificate's place. Another leader is refused: it names an overlap that is not the last.
    function readCertificates(
        ICourt.DoubleCertificate calldata both,
        ICourt.Accused calldata accused,
        ICourt.Kept calldata accepted,
        ICourt.Claim calldata claim
    ) external pure returns (bytes memory meaning, bytes memory evidence) {
        evidence = abi.encode(both);
        bytes memory kept = both.firstCertificate.signature.length == 0 ? abi.encode(accepted) : bytes("");
        meaning = abi.encode(evidence, _withoutHint(accused), kept, claim);
    }

    function _withoutHint(ICourt.Accused calldata accused) private pure returns (bytes memory) {
        return abi.encode(accused.set, accused.member, accused.siblings, accused.source, accused.closing);
    }

    // What refused it.

    /// @dev One error stands for several checks: what tells them apart is in its arguments, or in what was called.
    function _check(Report memory one, bytes memory answer) private view returns (string memory name) {
        name = Refusals.name(answer);
        if (answer.length < 36) return name;
        bytes4 reason = bytes4(answer);
        uint256 first = Refusals.word(answer, 0);
        if (reason == ICourt.KeptMismatch.selector) {
            if (first + 2 == one.epoch) return string.concat(name, " of the source");
            if (first + 1 == one.epoch) return string.concat(name, " of the accepted");
            if (first == one.epoch + 1) return string.concat(name, " of the closing one");
            return string.concat(name, " elsewhere");
        }
        if (reason == ICourt.ReportsClosed.selector) {
            bool committed = Refusals.word(answer, 1) == acceptances[uint64(first) + 1].time + EVIDENCE;
            return string.concat(name, committed ? " for commitments" : " for reveals");
        }
        if (reason == ICourt.AlreadyRevealed.selector) {
            return string.concat(name, one.rival == 0 ? " and the contest is over" : " and the commitment is not older");
        }
        if (reason == ICourt.MemberNotInSet.selector) {
            return string.concat(name, one.epoch == LIGHT ? " with more power than the set" : " by its path");
        }
    }
}
