// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {BrokenLinks} from "./BrokenLinks.sol";

/// @title L1 to L15 both ways: what breaks one is void, what is sound never is, and a changed byte shows nothing
contract LinksTest is BrokenLinks {
    event log_named_uint(string name, uint256 value);

    bytes4[] private _reasons;
    mapping(bytes4 => uint256) private _counts;

    function test_gasOfWhatBreaksARule() external {
        uint256[2] memory most;
        for (uint256 i; i < CASES; ++i) {
            uint256 state = vm.snapshotState();
            Case memory one = _make(i);
            uint64 epoch = content.epoch;
            bytes memory data = _proving(one.shape, one.rule, one.a, one.b);
            vm.expectEmit(address(rootChain));
            emit IRootChain.ExitBegun(uint64(block.timestamp), 0);
            vm.expectEmit(address(rootChain));
            emit IRootChain.Voided(epoch);
            vm.expectEmit(address(fraudCourt));
            emit IFraudCourt.BadLink(epoch, one.rule, address(this));
            (uint256 today, uint256 dear) = _costOf(data);
            if (today > most[0]) most[0] = today;
            if (dear > most[1]) most[1] = dear;
            vm.assertEq(rootChain.head().standing, epoch);
            vm.assertEq(rootChain.head().exitAt, block.timestamp);
            _back(state);
        }
        vm.snapshotValue("operations", "bad link, the dearest (tx)", most[0]);
        vm.snapshotValue("operations", "bad link, the dearest, calldata at 64 (tx)", most[1]);
        vm.assertLt(most[1], 400_000);
    }

    /// In every place, by every proof, with every rule and with numbers that are none.
    function test_aSoundChainIsNeverFraud() external {
        _sound();
        _sound();
        before = checkpoints[0];
        uint8[5] memory places = [0, 1, 31, 62, 63];
        for (uint8 rule; rule < 17; ++rule) {
            for (uint256 i; i < 5; ++i) {
                _refused(_proving(0, rule, places[i], 0));
                if (i < 4) _refused(_proving(1, rule, places[i], 0));
            }
            _refused(_proving(2, rule, 0, 0));
            _refused(_proving(3, rule, 63, 0));
            for (uint256 i; i < SEGMENTS; ++i) {
                _refused(_proving(4, rule, 20, i));
                if (i + 1 < SEGMENTS) _refused(_proving(5, rule, 20, i));
            }
            for (uint256 i = 1; i < 5; ++i) {
                _refused(_proving(6, rule, i, 0));
            }
        }
        vm.assertEq(rootChain.head().standing, 2);
        vm.assertEq(rootChain.head().exitAt, 0);
        // Of the 17 numbers: each shape has its own.
        vm.assertEq(
            _counts[IFraudCourt.NoFraud.selector] + _counts[IFraudCourt.NotShown.selector]
                + _counts[IFraudCourt.WrongLeaf.selector],
            17 * 22
        );
        vm.assertGt(_counts[IFraudCourt.NoFraud.selector], 60);
    }

    /// Of one proof of each shape, each byte. Only padding behind the two values that have no whole words is nobody's.
    function test_everyByteOfAProofCounts() external {
        uint256[7] memory which = [uint256(2), 6, 7, 15, 27, 35, 41];
        uint256[7] memory padding = [uint256(0), 0, 0, 31, 0, 0, 31 + 14];
        for (uint256 i; i < 7; ++i) {
            uint256 state = vm.snapshotState();
            Case memory one = _make(which[i]);
            bytes memory data = _proving(one.shape, one.rule, one.a, one.b);
            uint256 passed;
            for (uint256 at = 4; at < data.length; ++at) {
                if (_passes(data, at, uint8(1 << (at % 8)))) ++passed;
            }
            vm.assertEq(passed, padding[i], vm.toString(i));
            _occurred(one.shape);
            // And the proof itself is one.
            vm.assertTrue(_shows(data));
            _back(state);
        }
    }

    /// Parts that are right by themselves and not of this checkpoint, block or place.
    function test_partsOfAnotherPlaceShowNothing() external {
        Case memory one = _make(8);
        IFraudCourt.Accused memory accused = _accusedOf(1);
        IFraudCourt.Block memory earlier = _block(content, 30);
        IFraudCourt.Block memory later = _block(content, 31);
        vm.expectRevert(abi.encodeWithSelector(IFraudCourt.NotNeighbours.selector, 31, 30));
        fraudCourt.proveBlocks(accused, one.rule, later, earlier);
        vm.expectRevert(abi.encodeWithSelector(IFraudCourt.NotNeighbours.selector, 30, 30));
        fraudCourt.proveBlocks(accused, one.rule, earlier, earlier);
        IFraudCourt.Block memory old = _block(before, 30);
        vm.expectRevert(abi.encodeWithSelector(IFraudCourt.NotInEpoch.selector, 1, 30));
        fraudCourt.proveBlocks(accused, one.rule, old, later);
        vm.expectRevert(abi.encodeWithSelector(IFraudCourt.NotInEpoch.selector, 0, 31));
        fraudCourt.proveBlocks(_accusedOf(0), one.rule, old, later);
        accused.acceptance.time += 1;
        vm.expectPartialRevert(IFraudCourt.NotTheAccepted.selector);
        fraudCourt.proveBlocks(accused, one.rule, earlier, later);
        accused.checkpoint.epoch = 2;
        vm.expectRevert(abi.encodeWithSelector(IRootChain.NotAccepted.selector, 2, 2));
        fraudCourt.proveBlocks(accused, one.rule, earlier, later);
        vm.expectPartialRevert(IFraudCourt.NotThePrevious.selector);
        fraudCourt.proveAcross(_accusedOf(1), 4, content, _block(before, 63), _block(content, 0));
    }

    function _refused(bytes memory data) private {
        (bool ok, bytes memory reason) = address(fraudCourt).call(data);
        vm.assertFalse(ok);
        bytes4 why = bytes4(reason);
        vm.assertTrue(
            why == IFraudCourt.NoFraud.selector || why == IFraudCourt.NotShown.selector
                || why == IFraudCourt.WrongLeaf.selector
        );
        ++_counts[why];
    }

    /// @dev What refused the mutants of a shape: among them every check of its parts.
    function _occurred(uint256 shape) private {
        for (uint256 i; i < _reasons.length; ++i) {
            string memory name = string.concat("shape ", vm.toString(shape), ", refused by ", vm.toString(_reasons[i]));
            emit log_named_uint(name, _counts[_reasons[i]]);
        }
        vm.assertGt(_counts[IFraudCourt.NotTheAccepted.selector], 0);
        vm.assertGt(_counts[IRootChain.NotAccepted.selector], 0);
        if (shape < 6) vm.assertGt(_counts[IFraudCourt.NotInEpoch.selector], 0);
        if (shape == 2) vm.assertGt(_counts[IFraudCourt.NotThePrevious.selector], 0);
        if (shape > 2 && shape < 6) vm.assertGt(_counts[IFraudCourt.NotTheSegments.selector], 0);
        if (shape == 4 || shape == 5) vm.assertGt(_counts[IFraudCourt.NotInBlock.selector], 0);
        if (shape == 3 || shape == 6) vm.assertGt(_counts[IFraudCourt.WrongLeaf.selector], 0);
        if (shape == 3 || shape == 6) vm.assertGt(_counts[IFraudCourt.WrongValue.selector], 0);
        if (shape == 3 || shape == 6) vm.assertGt(_counts[IFraudCourt.NotInState.selector], 0);
    }

    /// @dev Whether the proof shows its fraud with that byte changed.
    function _passes(bytes memory data, uint256 at, uint8 flip) private returns (bool passes) {
        bytes1 kept = data[at];
        data[at] = kept ^ bytes1(flip);
        passes = _shows(data);
        data[at] = kept;
    }

    /// @dev What was shown once is void already.
    function _shows(bytes memory data) private returns (bool) {
        (bool ok, bytes memory reason) = address(fraudCourt).call{gas: 3_000_000}(data);
        if (ok || bytes4(reason) == IRootChain.Void.selector) return true;
        _note(bytes4(reason));
        return false;
    }

    function _note(bytes4 reason) private {
        if (_counts[reason]++ == 0) _reasons.push(reason);
    }
}
