// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Accusing} from "./Accusing.sol";

/// @title Who reports itself, alone or with accomplices, by any kind of evidence, ends with less than had it not offended (DESIGN, section 9)
/// @dev A validator's wealth here: its coin, its bond, and its own stake less what is cut. Gas costs nothing, so it is not paid back either: what
/// a report of oneself gives back of it comes from the own bond.
abstract contract SelfReporting is Accusing {
    uint64 private constant EPOCH = 2;
    uint256 internal constant CULPRIT = 1;

    /// @dev By accomplice, what its offence was reported by.
    mapping(uint256 => bytes32) private _commitments;

    enum Kind {
        Votes,
        Shares,
        Certificates
    }

    function setUp() public virtual override {
        super.setUp();
        vm.txGasPrice(0);
        _showSet();
        _accept(2, 10);
    }

    /// @dev The culprit is the first of `number` accomplices, and reports all of them. What the others lose to it they lose to whoever has their
    /// statements, so it is compared with one that has these and did not offend itself.
    function _loses(Kind kind, uint256 number) internal returns (uint256 start, uint256 ended, uint256 cut) {
        start = _wealth(CULPRIT);
        uint256 all = _allWealth(number);
        _sync();
        uint256 state = vm.snapshotState();
        // Had it not offended, there would be shares of the others and no second certificate.
        for (uint256 i = CULPRIT + 1; i <= number; ++i) {
            _reportOne(kind == Kind.Certificates ? Kind.Shares : kind, i);
        }
        _close(CULPRIT + 1, number);
        uint256 honest = _wealth(CULPRIT);
        vm.assertEq(honest, start + (number - 1) * (REWARD / 2));
        _back(state);

        if (kind == Kind.Certificates) _reportAll(number);
        else for (uint256 i = CULPRIT; i <= number; ++i) {
            _reportOne(kind, i);
        }
        _close(CULPRIT, number);
        ended = _wealth(CULPRIT);
        cut = stakeOf(CULPRIT) - _ownStake(CULPRIT);
        vm.assertGt(cut, 0);
        vm.assertEq(ended, honest - (REWARD - REWARD / 2) - cut, "its own offence costs half of a reward, and the cut");
        vm.assertLt(ended, honest);
        // Together they lose that half each, whoever of them is paid, and their cuts.
        uint256 cuts;
        for (uint256 i = CULPRIT; i <= number; ++i) {
            cuts += stakeOf(i) - _ownStake(i);
        }
        vm.assertEq(_allWealth(number), all - number * (REWARD - REWARD / 2) - cuts);
        // Of two certificates the culprit has no share in what others lose unless its own stake is less than this.
        uint256 bound = (number - 1) * (REWARD / 2);
        bound = bound < REWARD - REWARD / 2 ? 0 : bound - (REWARD - REWARD / 2);
        vm.assertEq(ended < start, cut > bound || number < 3);
        if (kind == Kind.Certificates) vm.assertLt(ended, start);
        _back(state);
    }

    /// @dev What was logged meanwhile has not happened.
    function _back(uint256 state) private {
        vm.revertToState(state);
        vm.getRecordedLogs();
    }

    function _reportOne(Kind kind, uint256 i) private {
        ICourt.Claim memory claim = _claim(operators[CULPRIT].owner, bytes32(i), 0);
        if (kind == Kind.Votes) {
            ICourt.DoubleVote memory votes = _doubleVote(i, EPOCH);
            _commit(abi.encode(votes), claim);
            _blocks(2);
            court.revealVotes(votes, _accused(i, EPOCH), claim);
        } else {
            ICourt.DoubleCheckpoint memory shares = _doubleCheckpoint(i, EPOCH - 1);
            _commit(abi.encode(shares), claim);
            _blocks(2);
            court.revealCheckpoints(shares, _accused(i, EPOCH), claim);
        }
        _commitments[i] = court.commitmentOf(_evidenceOf(kind, i), claim.beneficiary, claim.salt);
    }

    function _evidenceOf(Kind kind, uint256 i) private view returns (bytes32) {
        return keccak256(kind == Kind.Votes ? abi.encode(_doubleVote(i, EPOCH)) : abi.encode(_doubleCheckpoint(i, EPOCH - 1)));
    }

    /// @dev The accomplices sign both certificates; who else is needed for two thirds signs one of them.
    function _reportAll(uint256 number) private {
        ICourt.DoubleCertificate memory both =
            _certificates(EPOCH - 1, _one(0), number == 3 ? _none() : _one(3));
        ICourt.Claim memory claim = _claim(operators[CULPRIT].owner, "all", 0);
        bytes32 own = _commit(abi.encode(both), claim);
        _blocks(2);
        ICourt.Kept memory none;
        court.revealCertificates(both, _accused(CULPRIT, EPOCH), none, claim);
        for (uint16 i = uint16(CULPRIT); i <= number; ++i) {
            (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_one(i));
            court.freeze(1, members, siblings);
            _commitments[i] = own;
        }
        vm.assertEq(court.overlap(1).pending[0], 0);
    }

    /// @dev Collected, counted and settled.
    function _close(uint256 first, uint256 last) private {
        _blocks(REVEAL + 1);
        for (uint256 i = first; i <= last; ++i) {
            court.collect(operators[i].owner, EPOCH, _commitments[i]);
        }
        _accept(3, 10);
        _pass(EVIDENCE + REVEAL_SECS + 1);
        for (uint256 i = first; i <= last; ++i) {
            _settle(i, EPOCH);
        }
    }

    function _wealth(uint256 i) private view returns (uint256) {
        address owner = operators[i].owner;
        return owner.balance + registry.registrationOf(owner, uint64(i + 1)).bond + _ownStake(i);
    }

    function _allWealth(uint256 number) private view returns (uint256 sum) {
        for (uint256 i = CULPRIT; i <= number; ++i) {
            sum += _wealth(i);
        }
    }

    /// @dev What the settlement leaves of it on the child.
    function _ownStake(uint256 i) private view returns (uint256) {
        if (!court.offence(operators[i].owner, EPOCH).settled) return stakeOf(i);
        return stakeOf(i) * (1e9 - court.fraction(EPOCH)) / 1e9;
    }
}

contract CourtSelfReportTest is SelfReporting {
    function test_aloneByTwoVotes() external {
        _loses(Kind.Votes, 1);
    }

    function test_aloneByTwoShares() external {
        _loses(Kind.Shares, 1);
    }

    function test_withAccomplicesByTwoVotes() external {
        _loses(Kind.Votes, 3);
    }

    function test_withAccomplicesByTwoShares() external {
        _loses(Kind.Shares, 2);
        _loses(Kind.Shares, 3);
    }

    /// More than a third of the power, so at least two.
    function test_withAccomplicesByTwoCertificates() external {
        _loses(Kind.Certificates, 2);
        _loses(Kind.Certificates, 3);
    }
}

/// @title Who betrays its accomplices gains only where what is cut of its own stake is worth less than half a reward for each of them but one
contract CourtBetrayalTest is SelfReporting {
    /// @dev The stake of the one that has no part in it.
    uint256 private _honestStake;

    function setUp() public override {}

    /// The culprit's own stake is 1, its accomplices have 100 each, and the cut is 9 * s^2 of their share s: of 201 in 853 a little less than half, and of
    /// 201 in 852 a little more. Half is worth as much as half a reward.
    function stakeOf(uint256 i) internal view override returns (uint256) {
        if (i == 0) return _honestStake;
        return i == CULPRIT ? UNIT : 100 * UNIT;
    }

    function test_aLittleBelowTheBoundItGains() external {
        _betrays(652 * UNIT);
    }

    function test_aLittleAboveTheBoundItLoses() external {
        _betrays(651 * UNIT);
    }

    function _betrays(uint256 honestStake) private {
        _honestStake = honestStake;
        super.setUp();
        for (uint256 kind; kind < 2; ++kind) {
            (uint256 start, uint256 ended, uint256 cut) = _loses(Kind(kind), 3);
            uint256 bound = (3 - 2) * (REWARD / 2);
            vm.assertEq(ended + cut, start + bound);
            vm.assertEq(ended > start, honestStake == 652 * UNIT);
        }
    }
}
