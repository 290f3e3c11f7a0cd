// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {ISegmentJudge} from "../src/interfaces/ISegmentJudge.sol";
import {Executions} from "./Executions.sol";
import {SegmentModel} from "./SegmentModel.sol";

/// @title Segments both ways: what is not what its record says is void, what is never is, whatever is shown and with whatever gas
contract ExecutionsTest is Executions {
    uint256 private constant COUNT = 1 << 20;

    function test_anotherStateAfterIsVoid() external {
        bytes memory data = _execution(_transfers(COUNT), false);
        vm.expectEmit(address(rootChain));
        emit IRootChain.Voided(1);
        vm.expectEmit(address(fraudCourt));
        emit IFraudCourt.BadSegment(1, 0x0600, address(this));
        _gasOf(address(fraudCourt), 0, data);
        vm.assertEq(rootChain.head().standing, 1);
    }

    function test_whatItsRecordSaysIsNeverFraud() external {
        _holds(_transfers(COUNT));
        _holds(_records(COUNT));
        _holds(_forced(COUNT));
    }

    function _holds(Made memory made) private {
        uint256 state = vm.snapshotState();
        bytes memory data = _execution(made, true);
        _isRefused(data, abi.encodeWithSelector(IFraudCourt.SegmentHolds.selector));
        vm.assertEq(rootChain.head().standing, 2);
        _back(state);
    }

    /// One transfer more than its sender has, on the right state and under a record with any state after it.
    function test_whatTheStateRefusesIsVoid() external {
        Made memory made = _transfers(COUNT);
        made.transactions[20] = _userBytes(0x01, _id(20), bytes.concat(hex"01", _id(52), bytes20(0), bytes16(BALANCE)));
        _voids(made, 0x0409);
    }

    function test_bytesThatAreNoSegmentAreVoidWithoutAWitness() external {
        Made memory made = _transfers(COUNT);
        made.transactions[31] = bytes.concat(made.transactions[31], hex"00");
        uint256 state = vm.snapshotState();
        bytes memory data = _executed(made, "");
        _isVoid(data, 0x0200);
        _back(state);
        // Another number of them than the record says.
        made = _transfers(COUNT);
        made.kind = 1;
        data = _executed(made, "");
        _isVoid(data, 0x0100);
    }

    function test_messagesInAnotherOrderAreVoid() external {
        Made memory made = _forced(COUNT);
        (made.transactions[3], made.transactions[4]) = (made.transactions[4], made.transactions[3]);
        _voids(made, 0x0300);
    }

    function _voids(Made memory made, uint16 verdict) private {
        _isVoid(_execution(made, true), verdict);
    }

    function _isVoid(bytes memory data, uint16 verdict) private {
        vm.expectEmit(address(fraudCourt));
        emit IFraudCourt.BadSegment(1, verdict, address(this));
        _gasOf(address(fraudCourt), 0, data);
        vm.assertEq(rootChain.head().standing, 1);
    }

    /// What is not judged yet, and what a witness does not carry, decides nothing, though the record has another state.
    function test_whatIsNotDecidedIsNoFraud() external {
        Made memory made = _transfers(COUNT);
        made.transactions[9] = _userBytes(0x1b, _id(9), "");
        _undecided(made, abi.encodeWithSelector(ISegmentJudge.NotJudged.selector, 0x1b));
        for (uint8 kind = 3; kind < 7; kind += 2) {
            made = _transfers(COUNT);
            made.kind = kind;
            if (kind == 5) made.transactions = new bytes[](0);
            bytes4 why = ISegmentJudge.NotJudged.selector;
            _undecided(made, abi.encodeWithSelector(why, kind));
        }
        made = _transfers(COUNT);
        made.leaves[7].hidden = true;
        _undecided(made, abi.encodeWithSelector(ISegmentJudge.OnlyTheHash.selector, SegmentModel.keyOf(made.leaves[7])));
        made = _transfers(COUNT);
        made.leaves[7].fields = bytes.concat(hex"0201", _id(999));
        bytes32 missing = keccak256(bytes.concat(hex"0201", _id(NUMBER + 2)));
        uint256 state = vm.snapshotState();
        bytes memory data = _execution(made, false);
        (bool ok, bytes memory reason) = address(fraudCourt).call(data);
        // It may stand between two leaves that are there: then it is made, and there is no place for it.
        vm.assertFalse(ok);
        bool decided = keccak256(reason) != keccak256(abi.encodeWithSelector(ISegmentJudge.Undecided.selector, missing));
        vm.assertTrue(!decided || bytes4(reason) == ISegmentJudge.OtherAppends.selector);
        _back(state);
        made = _transfers(COUNT);
        made.appends = 1;
        _undecided(made, abi.encodeWithSelector(ISegmentJudge.OtherAppends.selector, 1, 0));
        made = _transfers(COUNT);
        made.hints = new uint256[](1);
        _undecided(made, abi.encodeWithSelector(ISegmentJudge.OtherHints.selector, 0, 1));
        made = _forced(COUNT);
        made.hints = new uint256[](2 * NUMBER - 2);
        _undecided(made, abi.encodeWithSelector(IEd25519Verifier.BadHint.selector, 0));
    }

    function _undecided(Made memory made, bytes memory reason) private {
        uint256 state = vm.snapshotState();
        bytes memory data = _execution(made, false);
        _isRefused(data, reason);
        _back(state);
    }

    /// What runs out of gas reverts, wherever: a sound one is no fraud by it, and a fraud is shown in whole or not at all.
    function test_noAmountOfGasDecidesAnything() external {
        for (uint256 i; i < 2; ++i) {
            uint256 state = vm.snapshotState();
            bytes memory data = _execution(_forced(COUNT), i == 0);
            uint256 shown;
            for (uint256 gas = 100_000; gas < 7_000_000; gas += 91_700) {
                uint256 tried = vm.snapshotState();
                (bool ok, bytes memory reason) = address(fraudCourt).call{gas: gas}(data);
                if (ok) ++shown;
                else vm.assertTrue(reason.length == 0 || bytes4(reason) == IFraudCourt.SegmentHolds.selector);
                vm.assertEq(rootChain.head().standing, ok ? 1 : 2);
                _back(tried);
            }
            vm.assertEq(shown > 5, i == 1, vm.toString(shown));
            _back(state);
        }
    }

    /// A verifier or a precompile that fails, or answers with what is no answer, decides nothing.
    function test_whatFailsIsNoFraud() external {
        bytes memory data = _execution(_forced(COUNT), false);
        _isRefusedWithoutVerifier(data);
    }

    function test_gasOfSegments() external {
        uint256[2] memory counts = [COUNT, type(uint32).max];
        for (uint256 i; i < 2; ++i) {
            string memory size = i == 0 ? "2^20" : "2^32";
            _gasOfSegment(
                _transfers(counts[i]),
                string.concat("bad segment, 32 transfers, ", size),
                i == 0 ? 2_600_000 : 4_000_000
            );
            _gasOfSegment(_records(counts[i]), string.concat("bad segment, full records, ", size), 8_000_000);
            _gasOfSegment(_forced(counts[i]), string.concat("bad segment, 32 forced, ", size), 8_000_000);
        }
    }

    function _gasOfSegment(Made memory made, string memory name, uint256 most) private {
        uint256 state = vm.snapshotState();
        bytes memory data = _execution(made, false);
        vm.assertLt(data.length, 128 << 10, name);
        (uint256 today, uint256 dear) = _costOf(data);
        vm.assertEq(rootChain.head().standing, 1);
        vm.snapshotValue("operations", string.concat(name, " (tx)"), today);
        vm.snapshotValue("operations", string.concat(name, ", calldata at 64 (tx)"), dear);
        vm.assertLt(today, most, name);
        vm.assertLt(dear, 8_000_000, name);
        _back(state);
    }
}
