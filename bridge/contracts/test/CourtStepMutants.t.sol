// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {FalseReports} from "./FalseReports.sol";
import {Refusals} from "./Refusals.sol";

/// @title The other steps of a report, true but for one thing: sets that are shown, members that are frozen, what is counted, collected and settled
/// @dev As CourtMutants, which has what is shown with a reveal, and run by the same command. The right calls are taken between the wrong ones.
contract CourtMutantsOfStepsTest is FalseReports {
    uint256 private constant WAYS = 22;
    uint64 private constant NEWEST = 19;

    string[] private _checks;
    mapping(string => uint256) private _counts;

    function test_mutantsOfTheOtherStepsAreRefused() external {
        uint256 number = vm.envOr("PLASMID_MUTANTS", uint256(600));
        uint256 first = vm.envOr("PLASMID_SEED", uint256(1));
        for (uint256 i; i < number; ++i) {
            uint256 before = vm.snapshotState();
            (bool taken, string memory check) =
                this.mutant(i % WAYS, i / WAYS, uint256(keccak256(abi.encode(first, "steps", i))));
            vm.revertToStateAndDelete(before);
            if (taken) revert(string.concat("a mutant was taken: seed ", vm.toString(first), ", number ", vm.toString(i)));
            if (_counts[check]++ == 0) _checks.push(check);
        }
        for (uint256 i; i < _checks.length; ++i) {
            emit log_named_uint(_checks[i], _counts[_checks[i]]);
        }
        string[24] memory all = [
            "CommitmentStands", "CommitmentRevealed", "NotNextMember", "KeysMismatch", "MembersRootMismatch", "WrongSiblings",
            "NoLeaves", "IndexBeyondCount", "AggregateMismatch", "WrongLength 96", "UnknownOverlap", "NotPending",
            "NotAscending", "UnknownOffence", "AlreadyCounted", "UnknownCommitment", "ContestOpen", "KeptMismatch",
            "ReportsOpen", "OffencesUncounted", "AlreadySettled", "CheckpointNotAccepted", "NotCourt", Refusals.NO_DECODING
        ];
        for (uint256 i; i < all.length; ++i) {
            _occurred(all[i], number);
        }
        for (uint256 i; i < _checks.length; ++i) {
            _occurred(_checks[i], number);
        }
    }

    /// @dev Every check refuses a hundred of a hundred thousand, and at least one of a short run.
    function _occurred(string memory check, uint256 number) private view {
        if (_counts[check] < (number < 1000 ? 1 : number / 1000)) {
            revert(string.concat("too few mutants were refused by ", check, ": ", vm.toString(_counts[check])));
        }
    }

    /// What the mutants are made of is taken as it is.
    function test_theStepsThatMutantsAreMadeOfAreTaken() external {
        court.commit("anything");
        _in(EPOCH + 1);
        _showSet();
        (, bool sound) = court.shown(_commitment(_set()));
        vm.assertTrue(sound);
        _in(OVERLAPPED);
        _freeze(_list(1, 2));
        _freeze(_one(3));
        _settleable(true);
        court.collect(operators[3].owner, JUDGED, _own());
        court.settle(operators[3].owner, JUDGED, _kept(JUDGED + 2));
    }

    function _freeze(uint16[] memory numbers) private {
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(numbers);
        court.freeze(1, members, siblings);
    }

    /// @dev The commitment by which operator 3 was reported.
    function _own() private view returns (bytes32) {
        Report memory one = _true(Kind.Votes, 3, JUDGED);
        (bytes memory evidence,) = _encoded(one);
        return court.commitmentOf(keccak256(evidence), REPORTER, bytes32(uint256(1)));
    }

    function _settleable(bool counted) private {
        court.count(operators[3].owner, JUDGED);
        if (counted) court.count(operators[2].owner, JUDGED);
        vm.warp(block.timestamp + EVIDENCE + REVEAL_SECS + 1);
    }

    function mutant(uint256 way, uint256 turn, uint256 seed) external returns (bool taken, string memory check) {
        address callee = address(court);
        bytes memory data;
        if (way < 2) data = _commitCall(way, seed);
        else if (way < 9) data = _showCall(way, turn, seed);
        else if (way < 14) data = _freezeCall(way, turn, seed);
        else if (way < 17) data = _collectCall(way, turn, seed);
        else if (way < 20) data = _settleCall(way, turn, seed);
        else if (way == 20) data = _cut(turn, seed);
        else (callee, data) = (address(registry), abi.encodeCall(registry.debit, (operators[1].owner, 2, 0, seed % 1 ether, REPORTER)));
        bytes memory answer;
        (taken, answer) = callee.call{gas: 5_000_000}(data);
        if (!taken) check = Refusals.name(answer);
    }

    function _commitCall(uint256 way, uint256 seed) private returns (bytes memory) {
        bytes32 own = way == 0 ? bytes32(seed) : _own();
        if (way == 0) {
            court.commit(own);
            vm.roll(block.number + seed % (REVEAL + 1));
        }
        return abi.encodeCall(court.commit, (own));
    }

    /// @dev Of the set of the next epoch, which nobody has shown: all of it, or the first two.
    function _showCall(uint256 way, uint256 turn, uint256 seed) private returns (bytes memory) {
        _in(EPOCH + 1);
        IRootChain.Set memory set = _set();
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_list(0, 1));
        IRootChain.SetMember memory one = members[seed % 2];
        seed >>= 8;
        if (way == 2) {
            if (turn % 2 == 0) one.number = uint16(2 + seed % 600);
            else (members[0], members[1]) = (members[1], members[0]);
        } else if (way == 3) {
            if (turn % 4 == 0) one.registration ^= uint64(1 << seed % 64);
            if (turn % 4 == 1) one.operator = address(uint160(seed));
            if (turn % 4 == 2) one.consensusKey ^= bytes32(1 << seed % 256);
            if (turn % 4 == 3) one.checkpointKey[seed % 96] ^= 0x01;
        } else if (way == 4) {
            if (turn % 3 == 0) one.power ^= uint64(1 << seed % 64);
            if (turn % 3 == 1) one.seat ^= uint16(1 << seed % 16);
            if (turn % 3 == 2) siblings[0] ^= bytes32(1 << seed % 256);
        } else if (way == 5) {
            siblings = new bytes32[](seed % 2 * 2);
        } else if (way == 6) {
            members = new IRootChain.SetMember[](0);
        } else if (way == 7) {
            _showSet();
            members = new IRootChain.SetMember[](1);
            members[0] = _absent(uint16(seed % 4));
            members[0].number = 4;
        } else {
            uint16[] memory all = new uint16[](4);
            (all[1], all[2], all[3]) = (1, 2, 3);
            (members, siblings) = _shown(all);
            if (turn % 2 == 0) set.aggregateKey[seed % 96] ^= bytes1(uint8(1 << (seed >> 8) % 8));
            if (turn % 2 == 1) set.aggregateKey = new bytes(seed % 96);
        }
        return abi.encodeCall(court.showSet, (set, members, siblings));
    }

    function _freezeCall(uint256 way, uint256 turn, uint256 seed) private returns (bytes memory) {
        _in(OVERLAPPED);
        uint64 number = 1;
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_list(1, 2));
        IRootChain.SetMember memory one = members[seed % 2];
        seed >>= 8;
        if (way == 9) {
            number = turn % 2 == 0 ? 0 : uint64(2 + seed % 1000);
        } else if (way == 10) {
            if (turn % 3 == 0) one.number = uint16(4 + seed % 1000);
            if (turn % 3 == 1) (members, siblings) = _shown(_one(0));
            if (turn % 3 == 2) members[1] = members[0];
        } else if (way == 11) {
            if (turn % 6 == 0) one.power ^= uint64(1 << seed % 64);
            if (turn % 6 == 1) one.seat ^= uint16(1 << seed % 16);
            if (turn % 6 == 2) one.operator = operators[0].owner;
            if (turn % 6 == 3) one.registration += 1;
            if (turn % 6 == 4) siblings[seed % siblings.length] ^= bytes32(1 << (seed >> 8) % 256);
            if (turn % 6 == 5) one.checkpointKey = new bytes(seed % 96);
        } else if (way == 12) {
            if (turn % 2 == 0) siblings = new bytes32[](seed % 2 * 3);
            if (turn % 2 == 1) members = new IRootChain.SetMember[](0);
        } else {
            (members[0], members[1]) = (members[1], members[0]);
        }
        return abi.encodeCall(court.freeze, (number, members, siblings));
    }

    /// @dev Counting and collecting.
    function _collectCall(uint256 way, uint256 turn, uint256 seed) private returns (bytes memory) {
        address operator = operators[3].owner;
        if (way == 14) {
            if (turn % 2 == 0) court.count(operator, JUDGED);
            else operator = operators[seed % 2].owner;
            return abi.encodeCall(court.count, (operator, JUDGED));
        }
        if (way == 15) {
            _in(NEWEST);
            bytes32 own = _report(1, NEWEST);
            vm.roll(block.number + seed % REVEAL);
            return abi.encodeCall(court.collect, (operators[1].owner, NEWEST, own));
        }
        bytes32 commitment = _own();
        uint64 epoch = JUDGED;
        if (turn % 3 == 0) commitment ^= bytes32(1 << seed % 256);
        if (turn % 3 == 1) epoch ^= uint64(1 << seed % 64);
        // The evidence of another's offence.
        if (turn % 3 == 2) operator = operators[2].owner;
        return abi.encodeCall(court.collect, (operator, epoch, commitment));
    }

    function _settleCall(uint256 way, uint256 turn, uint256 seed) private returns (bytes memory) {
        address operator = operators[3].owner;
        uint64 epoch = JUDGED;
        ICourt.Kept memory closing = _kept(JUDGED + 2);
        if (way == 17) {
            _settleable(true);
            if (turn % 4 == 0) closing = _kept(JUDGED + 1);
            if (turn % 4 == 1) closing.acceptance.time -= uint64(1 + seed % 1 days);
            if (turn % 4 == 2) closing.digest ^= bytes32(1 << seed % 256);
            if (turn % 4 == 3) operator = operators[1].owner;
        } else if (way == 18) {
            if (turn % 2 == 1) _settleable(false);
        } else if (turn % 2 == 0) {
            _settleable(true);
            court.settle(operator, JUDGED, closing);
        } else {
            _in(NEWEST);
            _report(1, NEWEST);
            (operator, epoch) = (operators[1].owner, NEWEST);
        }
        return abi.encodeCall(court.settle, (operator, epoch, closing));
    }

    /// @dev A call that ends early.
    function _cut(uint256 turn, uint256 seed) private returns (bytes memory data) {
        data = turn % 2 == 0 ? _showCall(8, 2, seed) : _freezeCall(10, 2, seed);
        uint256 length = 4 + seed % (data.length - 36);
        assembly ("memory-safe") {
            mstore(data, length)
        }
    }
}
