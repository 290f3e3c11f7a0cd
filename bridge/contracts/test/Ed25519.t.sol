// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {Sha512} from "../src/libraries/Sha512.sol";
import {Builds} from "./Builds.sol";
import {Ed25519Point} from "./Ed25519Point.sol";
import {Test} from "./Vm.sol";

/// @title The Ed25519 verifier on known signatures, wrong hints and mutations (verdicts in bulk: Ed25519Verdicts.t.sol)
contract Ed25519Test is Test {
    /// The order of the base point, little-endian sums of which make other scalars of the same residue.
    uint256 private constant L = 2 ** 252 + 27_742_317_777_372_353_535_851_937_790_883_648_493;

    struct Case {
        bytes32 key;
        bytes32 r;
        bytes32 s;
        bytes message;
    }

    IEd25519Verifier private _verifier;

    function setUp() external {
        _verifier = IEd25519Verifier(Builds.deploy(Builds.VERIFIER));
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    function test_theSignaturesOfRfc8032Verify() external view {
        for (uint256 i; i < 3; ++i) {
            vm.assertTrue(_verify(_rfc8032(i)));
        }
    }

    function test_aSignatureVerifiesForNoOtherMessageOrKey() external view {
        for (uint256 i; i < 3; ++i) {
            Case memory given = _rfc8032(i);
            given.message = bytes.concat(given.message, hex"00");
            vm.assertFalse(_verify(given));
            given = _rfc8032(i);
            given.key = _rfc8032((i + 1) % 3).key;
            vm.assertFalse(_verify(given));
        }
    }

    /// Every bit of key, r and s, with the right hints for what they became.
    function test_noFlippedBitVerifies() external view {
        for (uint256 bit; bit < 256; ++bit) {
            bytes32 flip = bytes32(uint256(1) << bit);
            Case memory given = _rfc8032(2);
            given.key ^= flip;
            vm.assertFalse(_verify(given));
            given = _rfc8032(2);
            given.r ^= flip;
            vm.assertFalse(_verify(given));
            given = _rfc8032(2);
            given.s ^= flip;
            vm.assertFalse(_verify(given));
        }
    }

    function testFuzz_aWrongHintIsFalse(uint256 wrong) external view {
        Case memory given = _rfc8032(1);
        (uint256 xKey,) = Ed25519Point.xOf(given.key);
        (uint256 xR,) = Ed25519Point.xOf(given.r);
        vm.assertEq(_call(given, wrong, xR), wrong == xKey);
        vm.assertEq(_call(given, xKey, wrong), wrong == xR);
        // The other root, which has the wrong sign; and the right one plus the modulus.
        vm.assertFalse(_call(given, Ed25519Point.P - xKey, xR));
        vm.assertFalse(_call(given, xKey, Ed25519Point.P - xR));
        vm.assertFalse(_call(given, xKey + Ed25519Point.P, xR));
        vm.assertFalse(_call(given, xKey, xR + Ed25519Point.P));
    }

    /// Secret 1, nonce 1: key and R are the base point, so s is known for every choice of their signs. Who may choose the sign
    /// of a hint freely has a second signature for each of three wrong choices.
    function test_theOtherRootIsRefusedEvenWhereTheEquationWouldHold() external view {
        bytes32 base = 0x5866666666666666666666666666666666666666666666666666666666666666;
        (uint256 x,) = Ed25519Point.xOf(base);
        uint256 opposite = Ed25519Point.P - x;
        Case memory given = Case(base, base, 0, "signed with 1");
        uint256 k = _challenge(given);
        given.s = bytes32(_reverse(bytes32(addmod(1, k, L))));
        vm.assertTrue(_call(given, x, x));
        vm.assertFalse(_call(given, opposite, opposite));
        given.s = bytes32(_reverse(bytes32(addmod(1, L - k, L)))); // R − kA
        vm.assertFalse(_call(given, opposite, x));
        vm.assertFalse(_call(given, x, x));
        given.s = bytes32(_reverse(bytes32(addmod(L - 1, k, L)))); // −R + kA
        vm.assertFalse(_call(given, x, opposite));
        vm.assertFalse(_call(given, x, x));
        given.s = bytes32(_reverse(bytes32(addmod(L - 1, L - k, L)))); // −R − kA
        vm.assertFalse(_call(given, opposite, opposite));
        vm.assertFalse(_call(given, x, x));
    }

    /// (0, 0) is off the curve, and makes every coordinate zero, which looks like the identity: as key or as R it would
    /// verify anything. The encoding of y = 0 is a point's, of order 4.
    function testFuzz_aPointOffTheCurveIsRefused(bytes32 s, bytes calldata message) external view {
        s &= 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f; // below L
        bytes32 good = _rfc8032(0).key;
        (uint256 x,) = Ed25519Point.xOf(good);
        vm.assertFalse(_verifier.verify(0, good, s, message, 0, x));
        vm.assertFalse(_verifier.verify(good, 0, s, message, x, 0));
        vm.assertFalse(_verifier.verify(0, 0, s, message, 0, 0));
        vm.assertFalse(_verifier.verify(bytes32(uint256(0x80)), good, s, message, 0, x));
        vm.assertFalse(_verifier.verify(good, bytes32(uint256(0x80)), s, message, x, 0));
    }

    /// A hint has one name: the coordinate below P, and not it plus P.
    function test_aHintNotBelowThePrimeIsRefused() external view {
        bytes32 identity = bytes32(uint256(1) << 248);
        Case memory given = Case(identity, identity, 0, "");
        vm.assertTrue(_call(given, 0, 0));
        vm.assertFalse(_call(given, Ed25519Point.P, 0));
        vm.assertFalse(_call(given, 0, Ed25519Point.P));
        // With the sign of x = 0 set, as P is odd.
        given.key = identity | bytes32(uint256(0x80));
        vm.assertTrue(_call(given, 0, 0));
        vm.assertFalse(_call(given, Ed25519Point.P, 0));
        given = Case(identity, identity | bytes32(uint256(0x80)), 0, "");
        vm.assertTrue(_call(given, 0, 0));
        vm.assertFalse(_call(given, 0, Ed25519Point.P));
        // The opposite root plus P has the right parity.
        given = _rfc8032(0);
        (uint256 xKey,) = Ed25519Point.xOf(given.key);
        (uint256 xR,) = Ed25519Point.xOf(given.r);
        vm.assertTrue(_call(given, xKey, xR));
        vm.assertFalse(_call(given, 2 * Ed25519Point.P - xKey, xR));
        vm.assertFalse(_call(given, xKey, 2 * Ed25519Point.P - xR));
    }

    /// s plus a multiple of L is the same residue: one name only is accepted.
    function test_aScalarNotBelowTheOrderIsFalse() external view {
        Case memory given = _rfc8032(0);
        uint256 scalar = _reverse(given.s);
        vm.assertTrue(_verify(given));
        for (uint256 i = 1; i < 15; ++i) {
            given.s = bytes32(_reverse(bytes32(scalar + i * L)));
            vm.assertFalse(_verify(given));
        }
    }

    /// ZIP-215 takes what CometBFT takes: a key of small order verifies R = sB over any message.
    function test_smallOrderKeysVerifyWhatZip215SaysTheyDo() external view {
        bytes32 identity = bytes32(uint256(1) << 248);
        Case memory given = Case(identity, identity, 0, "any message");
        vm.assertTrue(_verify(given));
        // The identity as y = p + 1, and with the sign of x = 0 set.
        given.key = 0xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff;
        vm.assertTrue(_verify(given));
        given.s = bytes32(uint256(1) << 248);
        vm.assertFalse(_verify(given));
    }

    function testFuzz_bytesThatAreNoPointNeverVerify(bytes32 key, bytes32 r, bytes32 s, uint256 x) external view {
        (, bool keyDecodes) = Ed25519Point.xOf(key);
        (, bool rDecodes) = Ed25519Point.xOf(r);
        Case memory given = Case(key, r, s, "");
        vm.assertFalse(_verify(given));
        if (!keyDecodes) vm.assertFalse(_call(given, x, x));
        if (!rDecodes) vm.assertFalse(_call(given, x, x));
    }

    function testFuzz_longMessagesVerifyOnlyUnchanged(bytes calldata message) external view {
        // A key of small order and R = identity: s = 0 verifies, s = 1 does not, whatever the message.
        bytes32 identity = bytes32(uint256(1) << 248);
        vm.assertTrue(_verifier.verify(identity, identity, 0, message, 0, 0));
        vm.assertFalse(_verifier.verify(identity, identity, bytes32(uint256(1) << 248), message, 0, 0));
    }

    function test_gasOfAVote() external {
        Case memory given = _rfc8032(2);
        (uint256 xKey,) = Ed25519Point.xOf(given.key);
        (uint256 xR,) = Ed25519Point.xOf(given.r);
        given.message = new bytes(122);
        _call(given, xKey, xR);
        vm.snapshotGasLastCall("operations", "ed25519: one verification of 122 bytes (call)");
    }

    function _verify(Case memory given) private view returns (bool) {
        (uint256 xKey,) = Ed25519Point.xOf(given.key);
        (uint256 xR,) = Ed25519Point.xOf(given.r);
        return _call(given, xKey, xR);
    }

    function _call(Case memory given, uint256 xKey, uint256 xR) private view returns (bool) {
        return _verifier.verify(given.key, given.r, given.s, given.message, xKey, xR);
    }

    function _challenge(Case memory given) private pure returns (uint256) {
        (bytes32 first, bytes32 last) = Sha512.hash(bytes.concat(given.r, given.key, given.message));
        return addmod(mulmod(_reverse(last), addmod(type(uint256).max % L, 1, L), L), _reverse(first), L);
    }

    function _reverse(bytes32 value) private pure returns (uint256 reversed) {
        for (uint256 i; i < 32; ++i) {
            reversed |= uint256(uint8(value[i])) << (8 * i);
        }
    }

    function _rfc8032(uint256 index) private pure returns (Case memory) {
        if (index == 0) {
            return Case(
                0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a,
                0xe5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155,
                0x5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b,
                ""
            );
        }
        if (index == 1) {
            return Case(
                0x3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c,
                0x92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da,
                0x085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00,
                hex"72"
            );
        }
        return Case(
            0xfc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025,
            0x6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac,
            0x18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a,
            hex"af82"
        );
    }
}
