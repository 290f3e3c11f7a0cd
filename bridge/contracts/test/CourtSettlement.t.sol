// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {Settlement} from "../src/court/Settlement.sol";
import {Accusing} from "./Accusing.sol";
import {Test} from "./Vm.sol";

/// @title When an offence settles, and what the child is told
contract CourtSettlementTest is Accusing {
    function test_anOffenceSettlesWhenReportsOfTheNextEpochAreClosed() external {
        _counted(1, 0);
        address operator = operators[1].owner;
        ICourt.Kept memory none;
        for (uint256 accepted; accepted < 3; ++accepted) {
            vm.expectRevert(abi.encodeWithSelector(ICourt.CheckpointNotAccepted.selector, 2));
            court.settle(operator, 0, none);
            _accept(1, 10);
        }
        uint256 closes = acceptances[2].time + EVIDENCE + REVEAL_SECS;
        ICourt.Kept memory closing = _kept(2);
        vm.warp(closes);
        vm.expectRevert(abi.encodeWithSelector(ICourt.ReportsOpen.selector, closes, closes));
        court.settle(operator, 0, closing);
        vm.warp(closes + 1);
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        court.settle(operator, 0, none);
        ICourt.Kept memory other = _kept(1);
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        court.settle(operator, 0, other);
        closing.acceptance.time -= 1;
        vm.expectPartialRevert(ICourt.KeptMismatch.selector);
        court.settle(operator, 0, closing);
        closing.acceptance.time += 1;
        uint64 cut = court.fraction(0);
        vm.expectEmit(address(court));
        emit ICourt.Settled(operator, 0, 2, cut);
        court.settle(operator, 0, closing);
        (uint8 kind, bytes memory body) = _lastMessage();
        vm.assertEq(kind, 4);
        vm.assertEq(body, bytes.concat(bytes20(operator), bytes8(uint64(2)), bytes8(0), bytes8(cut)));
        vm.assertTrue(court.offence(operator, 0).settled);
        vm.expectRevert(abi.encodeWithSelector(ICourt.AlreadySettled.selector, operator, 0));
        court.settle(operator, 0, closing);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownOffence.selector, operator, 1));
        court.settle(operator, 1, closing);
    }

    /// Reports and settlements do not wait for checkpoints that never come: they close as if one had been accepted when exit mode began.
    function test_anOffenceSettlesWhenNoCheckpointComesAnyMore() external {
        _accept(2, 10);
        _counted(1, 0);
        _counted(2, 1); // its next checkpoint never comes
        ICourt.Kept memory none;
        _pass(TIMEOUT);
        vm.expectRevert(abi.encodeWithSelector(ICourt.CheckpointNotAccepted.selector, 2));
        court.settle(operators[1].owner, 0, none);
        rootChain.beginExit();
        uint256 closedAt = rootChain.head().exitAt + EVIDENCE;
        vm.warp(closedAt + 1);
        ICourt.DoubleVote memory evidence = _doubleVote(3, 1);
        ICourt.Claim memory late = _claim(REPORTER, "late", 0);
        _commit(abi.encode(evidence), late);
        _blocks(2);
        ICourt.Accused memory accused = _accused(3, 1);
        vm.expectRevert(abi.encodeWithSelector(ICourt.ReportsClosed.selector, 1, closedAt, closedAt + 1));
        court.revealVotes(evidence, accused, late);
        uint256 closes = closedAt + REVEAL_SECS;
        for (uint64 epoch; epoch < 2; ++epoch) {
            address operator = operators[epoch + 1].owner;
            vm.warp(closes);
            vm.expectRevert(abi.encodeWithSelector(ICourt.ReportsOpen.selector, closes, closes));
            court.settle(operator, epoch, none);
            vm.warp(closes + 1);
            court.settle(operator, epoch, none);
            vm.assertTrue(court.offence(operator, epoch).settled);
        }
    }

    /// Whoever waits until root's ring has dropped the checkpoint needs to show nothing.
    function test_anOffenceThatNobodySettledForLongSettlesAllTheSame() external {
        _counted(1, 0);
        _accept(3, 10);
        for (uint256 i; i < SLOTS; ++i) {
            _pass(UNBONDING);
            _submit(_honest());
        }
        ICourt.Kept memory none;
        court.settle(operators[1].owner, 0, none);
        vm.assertTrue(court.offence(operators[1].owner, 0).settled);
    }

    /// Every report that counts is in before the first of three neighbours settles, so any order of settlement gives the same cuts.
    function test_neighboursSettleInAnyOrderWithOneResult() external {
        _accept(4, 10);
        _counted(0, 2);
        _counted(1, 3);
        _counted(2, 4);
        _accept(3, 10);
        _pass(EVIDENCE + REVEAL_SECS + 1);
        uint64[3] memory cuts = [court.fraction(2), court.fraction(3), court.fraction(4)];
        vm.assertEq(cuts[1], 1e9, "three of four, in neighbouring epochs");
        vm.assertEq(cuts[0], 1e9, "two of four");
        vm.assertEq(cuts[2], 1e9);
        uint8[3][6] memory orders =
            [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for (uint256 order; order < 6; ++order) {
            uint256 before = vm.snapshotState();
            for (uint256 place; place < 3; ++place) {
                uint8 i = orders[order][place];
                vm.expectEmit(address(court));
                emit ICourt.Settled(operators[i].owner, i + 2, i + 1, cuts[i]);
                _settle(i, i + 2);
            }
            vm.revertToState(before);
        }
    }

    /// The share of one of four is just below and just above a quarter: 9/16 of the stake. Two of four lose all.
    function test_theCutGrowsWithTheSquareOfTheShare() external {
        _counted(3, 0);
        uint256 share = court.offence(operators[3].owner, 0).share;
        vm.assertEq(court.fraction(0), (9 * share * share + 1e9 - 1) / 1e9);
        vm.assertEq(court.fraction(1), court.fraction(0));
        vm.assertEq(court.fraction(2), 1_000_000, "the least, for whom no neighbour is known");
        _counted(2, 0);
        vm.assertEq(court.fraction(0), 1e9);
    }

    function test_theSameOperatorCountsOnceAmongNeighbours() external {
        _accept(3, 10);
        _counted(3, 0);
        uint64 alone = court.fraction(0);
        _counted(3, 1);
        vm.assertEq(court.fraction(0), alone);
        vm.assertEq(court.fraction(1), alone);
        _counted(3, 2);
        vm.assertEq(court.fraction(1), alone);
        vm.assertEq(court.fraction(3), alone);
        vm.assertEq(court.fraction(4), 1_000_000);
    }

    /// One that is revealed and not counted holds the settlements of its epoch and of both neighbours back, and anyone counts it.
    function test_nothingSettlesBeforeItsNeighboursAreCounted() external {
        _report(1, 0);
        _report(2, 0);
        address operator = operators[1].owner;
        vm.assertEq(court.uncounted(0), 2);
        vm.assertEq(court.fraction(0), 1_000_000);
        court.count(operator, 0);
        vm.expectRevert(abi.encodeWithSelector(ICourt.AlreadyCounted.selector, operator, 0));
        court.count(operator, 0);
        vm.expectRevert(abi.encodeWithSelector(ICourt.UnknownOffence.selector, operator, 1));
        court.count(operator, 1);
        _accept(3, 10);
        _pass(EVIDENCE + REVEAL_SECS + 1);
        ICourt.Kept memory closing = _kept(2);
        vm.expectRevert(abi.encodeWithSelector(ICourt.OffencesUncounted.selector, 1));
        court.settle(operator, 0, closing);
        vm.prank(address(0x57a));
        court.count(operators[2].owner, 0);
        vm.assertEq(court.uncounted(0), 0);
        vm.assertEq(court.fraction(0), 1e9);
        court.settle(operator, 0, closing);
    }

    /// Whoever reveals one offence after the other keeps no settlement waiting but those of three epochs, whose reports are closed then.
    function test_whatIsRevealedFurtherAwayKeepsNoSettlementWaiting() external {
        _counted(1, 0);
        _accept(4, 10);
        _pass(EVIDENCE + REVEAL_SECS + 1);
        _report(2, 4);
        uint8[7] memory waits = [0, 0, 0, 1, 1, 1, 0];
        for (uint64 epoch; epoch < 7; ++epoch) {
            vm.assertEq(court.uncounted(epoch), waits[epoch]);
        }
        _settle(1, 0);
        vm.assertTrue(court.offence(operators[1].owner, 0).settled);
    }

    /// Offences of later epochs settle later, and change nothing of what is settled.
    function test_whatComesBehindTheNeighboursChangesNothing() external {
        _counted(3, 0);
        _accept(3, 10);
        _pass(EVIDENCE + REVEAL_SECS + 1);
        _settle(3, 0);
        uint64 cut = court.fraction(0);
        _counted(2, 2);
        vm.assertEq(court.fraction(0), cut);
        ICourt.DoubleVote memory evidence = _doubleVote(2, 1);
        ICourt.Claim memory claim = _claim(REPORTER, 0, 0);
        ICourt.Accused memory accused = _accused(2, 1);
        _commit(abi.encode(evidence), claim);
        _blocks(2);
        vm.expectPartialRevert(ICourt.ReportsClosed.selector);
        court.revealVotes(evidence, accused, claim);
    }
}

/// @title The sums of shares against their definition, with random offences in random order
contract SettlementModelTest is Test {
    using Settlement for Settlement.State;

    uint256 private constant OPERATORS = 6;
    uint256 private constant EPOCHS = 12;

    Settlement.State private _state;
    /// @dev By epoch and operator; 0 none.
    uint256[OPERATORS][EPOCHS] private _shares;
    /// @dev By epoch: revealed and not counted.
    uint256[EPOCHS] private _waiting;

    function testFuzz_eachCutIsTheOneOfTheDefinition(uint256 seed, uint256 base, uint64 least) external {
        base = bound(base, 0, 5);
        least = uint64(bound(least, 1, 1e9));
        uint256 number = bound(seed, 0, 40);
        for (uint256 i; i < number; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            (uint256 operator, uint256 epoch) = (seed % OPERATORS, (seed >> 64) % EPOCHS);
            if (_shares[epoch][operator] != 0) continue;
            uint256 share = 1 + (seed >> 128) % (seed % 3 == 0 ? 1e9 : 5e7);
            _shares[epoch][operator] = share;
            // All are revealed before the first is counted, or each is counted at once.
            _state.offences[address(uint160(operator))][uint64(base + epoch)].share = uint32(share);
            _state.reveal(uint64(base + epoch));
            ++_waiting[epoch];
            _agree(base);
            if (number % 2 == 0) _count(operator, base, epoch);
        }
        for (uint256 i; number % 2 == 1 && i < EPOCHS * OPERATORS; ++i) {
            (uint256 operator, uint256 epoch) = (i % OPERATORS, (i / OPERATORS + seed % EPOCHS) % EPOCHS);
            if (_shares[epoch][operator] != 0) _count(operator, base, epoch);
        }
        for (uint256 epoch; epoch < EPOCHS; ++epoch) {
            vm.assertEq(_state.fraction(uint64(base + epoch), least), _defined(epoch, least));
        }
    }

    function _count(uint256 operator, uint256 base, uint256 epoch) private {
        _state.count(address(uint160(operator)), uint64(base + epoch));
        --_waiting[epoch];
        _agree(base);
    }

    /// @dev What waits for an epoch is what was not counted in it and in its neighbours, also where an epoch is convicted.
    function _agree(uint256 base) private {
        uint256 before = vm.snapshotState();
        for (uint256 convicted; convicted < 2; ++convicted) {
            for (uint256 epoch; epoch < EPOCHS; ++epoch) {
                uint256 waits = _waiting[epoch];
                if (epoch != 0) waits += _waiting[epoch - 1];
                if (epoch + 1 != EPOCHS) waits += _waiting[epoch + 1];
                vm.assertEq(_state.uncounted(uint64(base + epoch)), waits);
            }
            for (uint256 epoch; epoch < EPOCHS; ++epoch) {
                _state.convict(uint64(base + epoch));
            }
        }
        vm.revertToStateAndDelete(before);
    }

    /// @dev By the words of the rule: distinct operators, each at its largest share in the three epochs.
    function _defined(uint256 epoch, uint256 least) private view returns (uint256) {
        uint256 sum;
        for (uint256 operator; operator < OPERATORS; ++operator) {
            uint256 largest;
            for (uint256 around = epoch == 0 ? 0 : epoch - 1; around <= epoch + 1 && around < EPOCHS; ++around) {
                if (_shares[around][operator] > largest) largest = _shares[around][operator];
            }
            sum += largest;
        }
        // 9·sum² of 10^18, as parts of 10^9, rounded up.
        uint256 cut = (9 * sum * sum + 1e9 - 1) / 1e9;
        if (cut < least) cut = least;
        return cut > 1e9 ? 1e9 : cut;
    }
}
