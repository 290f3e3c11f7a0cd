// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Accusing} from "./Accusing.sol";

/// @title An operator keeps a key under a later registration: each statement is judged under the registration that the set of its epoch has
contract CourtRotationTest is Accusing {
    uint256 private constant ROTATED = 1;
    /// @dev The first epoch whose set has the later registration.
    uint64 private constant FIRST = 6;

    Operator private _before;
    Operator private _after;

    function test_theVotesOfAKeptKeyAreOfTheRegistrationInTheSetOfTheirEpoch() external {
        _rotate(true);
        for (uint64 epoch = FIRST - 1; epoch <= FIRST; ++epoch) {
            ICourt.DoubleVote memory evidence = _doubleVote(ROTATED, epoch);
            // The key signed both, whichever registration is named: the set of the epoch decides.
            _seatsAre(epoch < FIRST ? FIRST : FIRST - 1);
            ICourt.Accused memory other = _accused(ROTATED, epoch);
            _seatsAre(epoch);
            _fails(evidence, other, ICourt.SetMismatch.selector);
            ICourt.Accused memory framed = _accused(ROTATED, epoch);
            framed.member.registration = other.member.registration;
            framed.member.checkpointKey = other.member.checkpointKey;
            _fails(evidence, framed, ICourt.MemberNotInSet.selector);
            _takes(evidence, _accused(ROTATED, epoch));
            vm.assertEq(court.offence(operators[ROTATED].owner, epoch).registration, epoch < FIRST ? 2 : 5);
        }
    }

    function test_theSharesOfAKeptKeyAreOfTheRegistrationInTheSetOfTheirEpoch() external {
        _rotate(false);
        // The set of an epoch signs the checkpoint of the one before.
        for (uint64 epoch = FIRST - 1; epoch <= FIRST; ++epoch) {
            ICourt.DoubleCheckpoint memory evidence = _doubleCheckpoint(ROTATED, epoch - 1);
            _seatsAre(epoch);
            ICourt.Accused memory accused = _accused(ROTATED, epoch);
            ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
            _commit(abi.encode(evidence), claim);
            _blocks(2);
            court.revealCheckpoints(evidence, accused, claim);
            vm.assertEq(court.offence(operators[ROTATED].owner, epoch).registration, epoch < FIRST ? 2 : 5);
        }
    }

    /// A key that was replaced accuses nobody of an epoch whose set has the new one, and a new one nobody of an epoch before.
    function test_aKeyIsJudgedInTheEpochsOfItsRegistrationAlone() external {
        _rotate(false);
        for (uint64 epoch = FIRST - 1; epoch <= FIRST; ++epoch) {
            _seatsAre(epoch < FIRST ? FIRST : FIRST - 1);
            ICourt.DoubleVote memory evidence = _doubleVote(ROTATED, epoch);
            _seatsAre(epoch);
            _fails(evidence, _accused(ROTATED, epoch), ICourt.BadSignature.selector);
        }
    }

    /// @dev Registration 5 of operator 2 replaces one key and keeps the other, and set FIRST is the first that has it.
    function _rotate(bool keepsConsensusKey) private {
        _before = operators[ROTATED];
        Operator memory next = _operator(5);
        next.owner = _before.owner;
        if (keepsConsensusKey) (next.consensusKey, next.edSecret) = (_before.consensusKey, _before.edSecret);
        else (next.checkpointKey, next.blsSecret) = (_before.checkpointKey, _before.blsSecret);
        _after = next;
        _registerKeys(next, BOND, BOND + inbox.price());
        _accept(FIRST - 2, 10);
        _seatsAre(FIRST);
        IRootChain.Checkpoint memory content = _checkpoint();
        _seatsAre(FIRST - 1);
        _submit(_submission(content, _none()));
        _pass(10);
        _seatsAre(FIRST);
        _accept(2, 10);
    }

    /// @dev Who sits in the set of an epoch.
    function _seatsAre(uint64 epoch) private {
        operators[ROTATED] = epoch < FIRST ? _before : _after;
        _later[ROTATED] = epoch < FIRST ? 0 : 5;
    }

    function _takes(ICourt.DoubleVote memory evidence, ICourt.Accused memory accused) private {
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        court.revealVotes(evidence, accused, claim);
    }

    function _fails(ICourt.DoubleVote memory evidence, ICourt.Accused memory accused, bytes4 reason) private {
        uint256 before = vm.snapshotState();
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        vm.expectPartialRevert(reason);
        court.revealVotes(evidence, accused, claim);
        vm.revertToState(before);
    }
}
