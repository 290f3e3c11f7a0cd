// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {Builds} from "./Builds.sol";
import {Ed25519Point} from "./Ed25519Point.sol";
import {Test} from "./Vm.sol";

/// @title Every verdict of ed25519-zebra is the contract's too
/// @notice The cases are written by `bridge/tests/ed25519_vectors.rs`, which draws the file's format and its families:
/// 196 of small order, 200 of mixed torsion, 10,000 random, malformed and non-canonical ones, and the public corpora. Four tests share the work,
/// because forge runs tests side by side.
contract Ed25519VerdictsTest is Test {
    uint256 private constant SHARES = 4;
    uint256 private constant FAMILIES = 13;

    IEd25519Verifier private _verifier;

    struct Record {
        uint256 family;
        bool verdict;
        bytes32 key;
        bytes32 r;
        bytes32 s;
        bytes message;
    }

    struct Tally {
        uint256 checked;
        uint256 accepted;
        uint256 undecodable;
    }

    function setUp() external {
        _verifier = IEd25519Verifier(Builds.deploy(Builds.VERIFIER));
    }

    function test_verdictsEqualZebras_1of4() external view {
        _checkShare(0);
    }

    function test_verdictsEqualZebras_2of4() external view {
        _checkShare(1);
    }

    function test_verdictsEqualZebras_3of4() external view {
        _checkShare(2);
    }

    function test_verdictsEqualZebras_4of4() external view {
        _checkShare(3);
    }

    /// All of families 0 and 1 is accepted: exactly what a stricter verifier would refuse.
    function test_theFileHoldsTheWholeMatrixAllTorsionCasesAndTenThousandMore() external view {
        bytes memory file = vm.readFileBinary("../vectors/ed25519.bin");
        uint256[FAMILIES] memory counts;
        uint256[FAMILIES] memory accepted;
        uint256 place = 4;
        while (place < file.length) {
            (Record memory record, uint256 next) = _read(file, place);
            ++counts[record.family];
            if (record.verdict) ++accepted[record.family];
            place = next;
        }
        vm.assertEq(counts[0], 196);
        vm.assertEq(accepted[0], 196);
        vm.assertEq(counts[1], 200);
        vm.assertEq(accepted[1], 200);
        uint256 others;
        for (uint256 family = 2; family < 11; ++family) {
            others += counts[family];
        }
        vm.assertEq(others, 10_000);
        vm.assertEq(counts[11], 139, "Wycheproof");
        vm.assertEq(accepted[11], 89);
        vm.assertEq(counts[12], 12, "speccheck");
    }

    /// Every `SHARES`th record from `share` on; the file ends with its last record.
    function _checkShare(uint256 share) private view {
        bytes memory file = vm.readFileBinary("../vectors/ed25519.bin");
        uint256 count = uint32(bytes4(_word(file, 0)));
        uint256 place = 4;
        Tally memory tally;
        for (uint256 i; i < count; ++i) {
            uint256 free = _freeMemory();
            (Record memory record, uint256 next) = _read(file, place);
            if (i % SHARES == share) _checkRecord(record, i, tally);
            place = next;
            _release(free);
        }
        vm.assertEq(place, file.length);
        vm.assertEq(tally.checked, count / SHARES + (share < count % SHARES ? 1 : 0));
        // The share is a mixture, or it would show little.
        vm.assertGt(tally.accepted, 500);
        vm.assertGt(tally.checked - tally.accepted, 500);
        vm.assertGt(tally.undecodable, 100);
    }

    function _checkRecord(Record memory record, uint256 number, Tally memory tally) private view {
        (uint256 xKey, bool keyDecodes) = Ed25519Point.xOf(record.key);
        (uint256 xR, bool rDecodes) = Ed25519Point.xOf(record.r);
        bool valid = _verifier.verify(record.key, record.r, record.s, record.message, xKey, xR);
        if (valid != record.verdict) vm.assertEq(valid, record.verdict, vm.toString(number));
        _decide(record, number);
        ++tally.checked;
        if (valid) ++tally.accepted;
        if (keyDecodes && rDecodes) return;
        // Bytes that are no point have no right hint: none helps.
        ++tally.undecodable;
        vm.assertFalse(_verifier.verify(record.key, record.r, record.s, record.message, 0, 0));
        vm.assertFalse(_verifier.verify(record.key, record.r, record.s, record.message, xKey ^ 1, xR ^ 1));
        vm.assertFalse(_verifier.verify(record.key, record.r, record.s, record.message, uint256(record.key), xR));
    }

    /// @dev Both answers of `decide`; and no other hint is taken, so no answer but this one is.
    function _decide(Record memory record, uint256 number) private view {
        (uint256 ofKey, uint256 ofR) = Ed25519Point.hints(record.key, record.r, record.s);
        vm.assertEq(_decided(record, ofKey, ofR), record.verdict ? 1 : 0, vm.toString(number));
        uint256 other = uint256(keccak256(abi.encode(number)));
        uint256[5] memory wrong = [ofKey ^ 1, Ed25519Point.P - ofKey, ofKey ^ (1 << (number % 256)), other, ofR];
        for (uint256 i; i < 5; ++i) {
            // x = 0 has no opposite below P.
            if (wrong[i] != ofKey && number % 5 == i) vm.assertEq(_decided(record, wrong[i], ofR), 2, vm.toString(number));
        }
        wrong = [ofR ^ 1, Ed25519Point.P - ofR, ofR ^ (1 << (number % 256)), other, ofKey];
        for (uint256 i; i < 5; ++i) {
            if (wrong[i] != ofR && number % 5 == i) vm.assertEq(_decided(record, ofKey, wrong[i]), 2, vm.toString(number));
        }
    }

    /// @dev 0 invalid, 1 valid, 2 reverted.
    function _decided(Record memory record, uint256 ofKey, uint256 ofR) private view returns (uint256) {
        try _verifier.decide(record.key, record.r, record.s, record.message, ofKey, ofR) returns (bool valid) {
            return valid ? 1 : 0;
        } catch (bytes memory reason) {
            vm.assertEq(bytes4(reason), IEd25519Verifier.BadHint.selector);
            return 2;
        }
    }

    /// Rust makes the hints of all records the same.
    function test_theHintsAreThoseOfRust() external view {
        bytes memory file = vm.readFileBinary("../vectors/ed25519.bin");
        bytes32 chain;
        uint256 place = 4;
        while (place < file.length) {
            uint256 free = _freeMemory();
            (Record memory record, uint256 next) = _read(file, place);
            (uint256 ofKey, uint256 ofR) = Ed25519Point.hints(record.key, record.r, record.s);
            chain = keccak256(abi.encode(chain, ofKey, ofR));
            place = next;
            _release(free);
        }
        vm.assertEq(chain, vm.parseJsonBytes32(vm.readFile("../vectors/proof.json"), ".ed25519Hints"));
    }

    function _read(bytes memory file, uint256 place) private pure returns (Record memory record, uint256 next) {
        record.family = uint8(file[place]);
        record.verdict = uint8(file[place + 1]) == 1;
        record.key = _word(file, place + 2);
        record.r = _word(file, place + 34);
        record.s = _word(file, place + 66);
        uint256 length = uint16(bytes2(_word(file, place + 98)));
        next = place + 100 + length;
        vm.assertLe(next, file.length);
        bytes memory message = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(message, 0x20), add(add(file, 0x20), add(place, 100)), length)
        }
        record.message = message;
    }

    /// 32 bytes of the file from `place` on (past its end: whatever memory holds).
    function _word(bytes memory file, uint256 place) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(file, 0x20), place))
        }
    }

    function _freeMemory() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// Gives back the memory of one record, so that ten thousand of them do not pay for all of it.
    function _release(uint256 free) private pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
