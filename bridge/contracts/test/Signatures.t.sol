// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Signatures} from "./Signatures.sol";

/// @title Users' signatures both ways: what does not verify is void, what does never is, whatever is shown and with whatever gas
contract SignaturesTest is Signatures {
    function test_whatItsSenderDidNotSignIsVoid() external {
        for (uint256 i; i < BAD; ++i) {
            uint256 state = vm.snapshotState();
            (bytes memory transaction, uint8 code) = _bad(i);
            _accused(transaction);
            bytes memory data = _provingSignature(1, transaction);
            vm.expectEmit(address(rootChain));
            emit IRootChain.ExitBegun(uint64(block.timestamp), 0);
            vm.expectEmit(address(rootChain));
            emit IRootChain.Voided(1);
            vm.expectEmit(address(fraudCourt));
            emit IFraudCourt.BadSignature(1, code, address(this));
            _gasOf(address(fraudCourt), 0, data);
            vm.assertEq(rootChain.head().standing, 1, vm.toString(i));
            _back(state);
        }
    }

    /// Also when root has another chain id by now: what was signed for this deployment stays signed.
    function test_whatItsSenderSignedIsNeverFraud() external {
        (bytes memory bad,) = _bad(0);
        _accused(bad);
        bytes[2] memory sound = [_edSigned(_edTransfer()), _ecdsaSigned(_ecdsaTransfer())];
        uint64[2] memory ids = [uint64(block.chainid), 1];
        for (uint256 i; i < 2; ++i) {
            for (uint32 place; place < 3; place += 2) {
                bytes memory data = _provingSignature(place, sound[place / 2]);
                vm.chainId(ids[i]);
                _isRefused(data, abi.encodeWithSelector(IFraudCourt.SignatureHolds.selector, place));
                vm.chainId(ids[0]);
            }
        }
        vm.assertEq(rootChain.head().standing, 2);
    }

    /// Whatever hints are given for a signature that holds: none shows that it does not.
    function test_noHintMakesASignatureBad() external {
        bytes[] memory one = new bytes[](1);
        one[0] = _edSigned(_edTransfer());
        _setUsers(one);
        _sound();
        _epoch(Wrong(6, BLOCK, 0, 0, 0));
        (uint256 rightKey, uint256 rightR) = _hints(one[0]);
        IFraudCourt.Accused memory accused = _accusedOf(1);
        IFraudCourt.Block memory shown = _block(content, BLOCK);
        IFraudCourt.Segments memory segments = _segments(content, BLOCK);
        IFraudCourt.Segment memory segment = _segmentWithPath(content, BLOCK, 2);
        for (uint256 i; i < 300; ++i) {
            IFraudCourt.Signed memory signed = IFraudCourt.Signed(users, 0, rightKey, rightR);
            uint256 wrong_ = uint256(keccak256(abi.encode(i))) >> (i % 7) * 36;
            if (i % 3 != 0) signed.ofKey = wrong_;
            if (i % 3 != 1) signed.ofR = wrong_;
            vm.expectPartialRevert(IEd25519Verifier.BadHint.selector);
            fraudCourt.proveSignature(accused, shown, segments, segment, signed);
        }
    }

    /// Each byte, under Ed25519 with points and without. Only padding behind the segment's bytes is nobody's.
    function test_everyByteOfAProofCounts() external {
        for (uint256 i; i < 3; ++i) {
            uint256 state = vm.snapshotState();
            (bytes memory bad,) = _bad(i);
            _accused(bad);
            bytes memory data = _provingSignature(1, bad);
            uint256 passed;
            for (uint256 place = 4; place < data.length; ++place) {
                bytes1 kept = data[place];
                data[place] = kept ^ bytes1(uint8(1 << (place % 8)));
                if (_shows(data)) ++passed;
                data[place] = kept;
            }
            vm.assertEq(passed, (32 - users.length % 32) % 32, vm.toString(i));
            vm.assertTrue(_shows(data));
            _back(state);
        }
    }

    /// @dev What was shown once is void already.
    function _shows(bytes memory data) private returns (bool) {
        (bool ok, bytes memory reason) = address(fraudCourt).call{gas: 3_000_000}(data);
        return ok || bytes4(reason) == IRootChain.Void.selector;
    }

    /// What runs out of gas reverts, wherever: a sound one is no fraud by it, and a fraud is shown in whole or not at all.
    function test_noAmountOfGasDecidesAnything() external {
        uint256[3] memory which = [uint256(0), 13, 14];
        for (uint256 i; i < 3; ++i) {
            uint256 state = vm.snapshotState();
            bytes memory transaction = _edSigned(_edTransfer());
            if (which[i] != 14) (transaction,) = _bad(which[i]);
            _accused(transaction);
            bytes memory data = _provingSignature(1, transaction);
            uint256 shown;
            for (uint256 gas = 20_000; gas < 600_000; gas += 1_700) {
                uint256 tried = vm.snapshotState();
                (bool ok, bytes memory reason) = address(fraudCourt).call{gas: gas}(data);
                if (ok) {
                    ++shown;
                    vm.assertEq(rootChain.head().standing, 1);
                } else {
                    vm.assertEq(rootChain.head().standing, 2);
                    vm.assertTrue(reason.length == 0 || bytes4(reason) == IFraudCourt.SignatureHolds.selector);
                }
                _back(tried);
            }
            vm.assertEq(shown > 50, which[i] != 14, vm.toString(shown));
            _back(state);
        }
    }

    /// A verifier or a precompile that fails, or answers with what is no answer, decides nothing.
    function test_whatFailsIsNoFraud() external {
        (bytes memory bad,) = _bad(0);
        _accused(bad);
        bytes memory data = _provingSignature(1, bad);
        _isRefusedWithoutVerifier(data);
    }

    /// Bytes that users cannot sign are another proof's: their signature is not asked.
    function test_whatUsersCannotSignIsNotJudged() external {
        bytes memory good = _edSigned(_edTransfer());
        for (uint256 i; i < 12; ++i) {
            uint256 state = vm.snapshotState();
            bytes memory one = bytes.concat(good);
            if (i == 0) one[0] = 0x00;
            if (i == 1) one[0] = 0x05;
            if (i == 2) one[0] = 0x21;
            if (i == 3) one[0] = 0xf1;
            if (i == 4) one[1] = 0x03;
            if (i == 5) one[1] = 0x04;
            if (i == 6) one[1] = 0x02;
            if (i == 7) one[24] = 0x01;
            if (i == 8) one[60] = 0x01;
            if (i == 9) one = bytes.concat(one, hex"00");
            if (i == 10) one = hex"0101";
            if (i == 11) one = "";
            _accused(one);
            bytes memory data = _provingSignature(1, i > 9 ? _ecdsaSigned(_ecdsaTransfer()) : one);
            _isRefused(data, abi.encodeWithSelector(IFraudCourt.NotATransaction.selector));
            _back(state);
        }
    }

    /// Bytes whose lengths reach beyond them, a place behind the count, and a segment of another kind.
    function test_partsThatDoNotFitShowNothing() external {
        (bytes memory bad,) = _bad(8);
        _accused(bad);
        IFraudCourt.Accused memory accused = _accusedOf(1);
        IFraudCourt.Block memory shown = _block(content, BLOCK);
        IFraudCourt.Segments memory segments = _segments(content, BLOCK);
        IFraudCourt.Segment memory segment = _segmentWithPath(content, BLOCK, 2);
        IFraudCourt.Signed memory signed = IFraudCourt.Signed(users, 3, 0, 0);
        vm.expectRevert(IFraudCourt.NotATransaction.selector);
        fraudCourt.proveSignature(accused, shown, segments, segment, signed);
        signed.place = 1;
        signed.ofKey = 4;
        vm.expectRevert(abi.encodeWithSelector(IEd25519Verifier.BadHint.selector, 4));
        fraudCourt.proveSignature(accused, shown, segments, segment, signed);
        (signed.ofKey, signed.ofR) = (0, 5);
        vm.expectRevert(abi.encodeWithSelector(IEd25519Verifier.BadHint.selector, 5));
        fraudCourt.proveSignature(accused, shown, segments, segment, signed);
        signed.ofR = 0;
        signed.segment = bytes.concat(users, hex"00");
        vm.expectRevert(abi.encodeWithSelector(IFraudCourt.NotTheLength.selector, users.length, users.length + 1));
        fraudCourt.proveSignature(accused, shown, segments, segment, signed);
        signed.segment = bytes.concat(users);
        signed.segment[0] = 0x01;
        vm.expectPartialRevert(IFraudCourt.NotTheBytes.selector);
        fraudCourt.proveSignature(accused, shown, segments, segment, signed);
        segment = _segmentWithPath(content, BLOCK, 1);
        vm.expectRevert(abi.encodeWithSelector(IFraudCourt.NotUsers.selector, 2));
        fraudCourt.proveSignature(accused, shown, segments, segment, signed);
    }

    function test_lengthsThatReachBeyondTheBytesAreNotJudged() external {
        bytes[3] memory broken = [bytes(""), hex"000000", hex"ffffffff00"];
        for (uint256 i; i < 3; ++i) {
            uint256 state = vm.snapshotState();
            (users, usersCount) = (broken[i], 1);
            _setBytes();
            _sound();
            _epoch(Wrong(6, BLOCK, 0, 0, 0));
            bytes memory data = _provingSignature(0, _ecdsaSigned(_ecdsaTransfer()));
            _isRefused(data, abi.encodeWithSelector(IFraudCourt.NotATransaction.selector));
            _back(state);
        }
    }

    /// A whole segment of 32 records with 1,000 bytes each, of which the last one's signature is bad: the bytes are what it costs.
    function test_gasOfABadSignature() external {
        bytes[] memory all = new bytes[](32);
        (all[31],) = _bad(0);
        for (uint256 i; i < 31; ++i) {
            all[i] = new bytes(1_044);
            for (uint256 at; at < all[i].length; ++at) {
                all[i][at] = 0x77;
            }
        }
        _setUsers(all);
        vm.assertGt(users.length, 32_600);
        _sound();
        _epoch(Wrong(6, BLOCK, 0, 0, 0));
        bytes memory data = _provingSignature(31, all[31]);
        (uint256 today, uint256 dear) = _costOf(data);
        vm.snapshotValue("operations", "bad signature, of a full segment (tx)", today);
        vm.snapshotValue("operations", "bad signature, of a full segment, calldata at 64 (tx)", dear);
        vm.assertLt(dear, 2_500_000);
        vm.assertEq(rootChain.head().standing, 1);
    }

    function test_gasOfABadSignatureAmongThree() external {
        (bytes memory bad,) = _bad(0);
        _accused(bad);
        (uint256 today, uint256 dear) = _costOf(_provingSignature(1, bad));
        vm.snapshotValue("operations", "bad signature, of three (tx)", today);
        vm.snapshotValue("operations", "bad signature, of three, calldata at 64 (tx)", dear);
    }
}
