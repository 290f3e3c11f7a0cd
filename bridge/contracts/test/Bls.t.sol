// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bls} from "../src/libraries/Bls.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Test} from "./Vm.sol";

/// @title Bls against RFC 9380's vectors, against its own signing half, and against mutations
contract BlsTest is Test {
    bytes32 private constant DIGEST = keccak256("a checkpoint");
    uint256 private constant SECRET = 0x1234567890abcdef;

    // Calls from outside, so that a revert can be expected.
    function verifyCheckpoint(bytes memory signature, bytes32 digest, bytes memory key) external view returns (bool) {
        return Bls.verifyCheckpoint(signature, digest, key);
    }

    function verifyPossession(bytes memory signature, bytes32 digest, bytes memory key) external view returns (bool) {
        return Bls.verifyPossession(signature, digest, key);
    }

    function add(bytes memory sum, bytes memory key) external view returns (bytes memory) {
        return Bls.add(sum, key);
    }

    function subtract(bytes memory sum, bytes memory key) external view returns (bytes memory) {
        return Bls.subtract(sum, key);
    }

    /// RFC 9380, appendix J.10.1, point P of each message.
    function test_hashingToG2GivesTheVectorsOfRfc9380() external view {
        _hashes(
            "",
            hex"0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a"
            hex"05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d"
            hex"0503921d7f6a12805e72940b963c0cf3471c7b2a524950ca195d11062ee75ec076daf2d4bc358c4b190c0c98064fdd92"
            hex"12424ac32561493f3fe3c260708a12b7c620e7be00099a974e259ddc7d1f6395c3c811cdd19f1e8dbf3e9ecfdcbab8d6"
        );
        _hashes(
            "abc",
            hex"02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6"
            hex"139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8"
            hex"1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba48"
            hex"00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd16"
        );
        _hashes(
            "abcdef0123456789",
            hex"121982811d2491fde9ba7ed31ef9ca474f0e1501297f68c298e9f4c0028add35aea8bb83d53c08cfc007c1e005723cd0"
            hex"190d119345b94fbd15497bcba94ecf7db2cbfd1e1fe7da034d26cbba169fb3968288b3fafb265f9ebd380512a71c3f2c"
            hex"05571a0f8d3c08d094576981f4a3b8eda0a8e771fcdcc8ecceaf1356a6acf17574518acb506e435b639353c2e14827c8"
            hex"0bb5e7572275c567462d91807de765611490205a941a5a6af3b1691bfe596c31225d3aabdf15faff860cb4ef17c7c3be"
        );
        _hashes(
            bytes.concat("q128_", _repeat("q", 128)),
            hex"19a84dd7248a1066f737cc34502ee5555bd3c19f2ecdb3c7d9e24dc65d4e25e50d83f0f77105e955d78f4762d33c17da"
            hex"0934aba516a52d8ae479939a91998299c76d39cc0c035cd18813bec433f587e2d7a4fef038260eef0cef4d02aae3eb91"
            hex"14f81cd421617428bc3b9fe25afbb751d934a00493524bc4e065635b0555084dd54679df1536101b2c979c0152d09192"
            hex"09bcccfa036b4847c9950780733633f13619994394c23ff0b32fa6b795844f4a0673e20282d07bc69641cee04f5e5662"
        );
        _hashes(
            bytes.concat("a512_", _repeat("a", 512)),
            hex"01a6ba2f9a11fa5598b2d8ace0fbe0a0eacb65deceb476fbbcb64fd24557c2f4b18ecfc5663e54ae16a84f5ab7f62534"
            hex"11fca2ff525572795a801eed17eb12785887c7b63fb77a42be46ce4a34131d71f7a73e95fee3f812aea3de78b4d01569"
            hex"0b6798718c8aed24bc19cb27f866f1c9effcdbf92397ad6448b5c9db90d2b9da6cbabf48adc1adf59a1a28344e79d57e"
            hex"03a47f8e6d1763ba0cad63d6114c0accbef65707825a511b251a660a9b3994249ae4e63fac38b23da0c398689ee2ab52"
        );
    }

    function test_aSignatureVerifiesUnderItsKeyDigestAndTagOnly() external view {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        bytes memory possession = BlsSigner.signPossession(SECRET, DIGEST);
        vm.assertTrue(Bls.verifyCheckpoint(share, DIGEST, key));
        vm.assertTrue(Bls.verifyPossession(possession, DIGEST, key));
        vm.assertFalse(Bls.verifyPossession(share, DIGEST, key));
        vm.assertFalse(Bls.verifyCheckpoint(possession, DIGEST, key));
        vm.assertFalse(Bls.verifyCheckpoint(share, keccak256("another"), key));
        vm.assertFalse(Bls.verifyCheckpoint(share, DIGEST, BlsSigner.key(SECRET + 1)));
    }

    function testFuzz_aSumOfSharesVerifiesUnderTheSumOfKeys(uint256 seed, uint256 count, uint256 absent) external view {
        count = bound(count, 1, 6);
        absent = bound(absent, 0, count - 1);
        bytes memory all = new bytes(96);
        bytes memory signature = new bytes(192);
        bytes[] memory keys = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            uint256 secret = _secret(seed, i);
            keys[i] = BlsSigner.key(secret);
            all = Bls.add(all, keys[i]);
            if (i >= absent) signature = BlsSigner.addSignatures(signature, BlsSigner.signCheckpoint(secret, DIGEST));
        }
        bytes memory signers = all;
        for (uint256 i; i < absent; ++i) {
            signers = Bls.subtract(signers, keys[i]);
        }
        vm.assertTrue(Bls.verifyCheckpoint(signature, DIGEST, signers));
        vm.assertEq(Bls.verifyCheckpoint(signature, DIGEST, all), absent == 0);
    }

    function testFuzz_additionAgreesWithAdditionOfSecrets(uint256 seed) external view {
        (uint256 a, uint256 b) = (_secret(seed, 0), _secret(seed, 1));
        bytes memory sum = BlsSigner.key(addmod(a, b, BlsSigner.ORDER));
        vm.assertEq(Bls.add(BlsSigner.key(a), BlsSigner.key(b)), sum);
        vm.assertEq(Bls.subtract(sum, BlsSigner.key(b)), BlsSigner.key(a));
        vm.assertEq(Bls.add(BlsSigner.key(a), BlsSigner.key(a)), BlsSigner.key(mulmod(2, a, BlsSigner.ORDER)));
    }

    function test_aSumMayPassThroughTheIdentity() external view {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory zero = Bls.subtract(key, key);
        vm.assertEq(zero, new bytes(96));
        vm.assertEq(Bls.add(zero, key), key);
    }

    /// Without the check the identity key verifies the identity signature over everything.
    function test_theIdentityIsRefusedAsKeyAndAsSignature() external {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        vm.expectRevert(Bls.IdentityPoint.selector);
        this.verifyCheckpoint(new bytes(192), DIGEST, new bytes(96));
        vm.expectRevert(Bls.IdentityPoint.selector);
        this.verifyCheckpoint(share, DIGEST, new bytes(96));
        vm.expectRevert(Bls.IdentityPoint.selector);
        this.verifyCheckpoint(new bytes(192), DIGEST, key);
        vm.expectRevert(Bls.IdentityPoint.selector);
        this.verifyPossession(new bytes(192), DIGEST, new bytes(96));
        vm.expectRevert(Bls.IdentityPoint.selector);
        this.add(key, new bytes(96));
        vm.expectRevert(Bls.IdentityPoint.selector);
        this.subtract(key, new bytes(96));
    }

    /// ZCash's encoding marks infinity by the second bit: here that is a coordinate out of range.
    function test_theIdentityWithItsFlagBitIsRefused() external {
        bytes memory key = new bytes(96);
        key[0] = 0x40;
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0f));
        this.verifyCheckpoint(share, DIGEST, key);
        bytes memory sum = BlsSigner.key(SECRET);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0b));
        this.add(sum, key);
    }

    /// No input that reaches them makes these precompiles fail; a chain without them, or with dearer ones, would.
    function test_aPrecompileThatFailsIsNamedAndIsNoVerdict() external {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        uint8[6] memory precompile = [0x02, 0x05, 0x0b, 0x0d, 0x0f, 0x11];
        uint8[6] memory named = [0x02, 0x05, 0x0b, 0x11, 0x0f, 0x11];
        for (uint256 i; i < 6; ++i) {
            // Of SHA-256 the second use: the first is Solidity's own, which fails without a reason.
            bytes memory prefix = i == 0 ? abi.encodePacked(_firstBlock(), uint8(1)) : bytes("");
            vm.mockCallRevert(address(uint160(precompile[i])), prefix, "");
            vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, named[i]));
            if (i == 2) this.add(key, key);
            else this.verifyCheckpoint(share, DIGEST, key);
            vm.clearMockedCalls();
        }
        vm.assertTrue(this.verifyCheckpoint(share, DIGEST, key));
    }

    /// @dev b_0 of expand_message_xmd (RFC 9380, 5.3.1) for the digest.
    function _firstBlock() private pure returns (bytes32) {
        bytes memory tag = bytes.concat(Bls.CHECKPOINT_TAG, bytes1(uint8(Bls.CHECKPOINT_TAG.length)));
        return sha256(bytes.concat(new bytes(64), DIGEST, hex"010000", tag));
    }

    function test_pointsOfAnotherLengthAreRefused() external {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 96, 128));
        this.verifyCheckpoint(share, DIGEST, abi.encodePacked(key, bytes32(0)));
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 192, 191));
        this.verifyCheckpoint(_cut(share, 191), DIGEST, key);
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 192, 96));
        this.verifyCheckpoint(key, DIGEST, key);
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 96, 0));
        this.add(key, "");
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 96, 95));
        this.add(_cut(key, 95), key);
        vm.expectRevert(abi.encodeWithSelector(Bls.WrongLength.selector, 96, 97));
        this.subtract(key, abi.encodePacked(key, bytes1(0)));
    }

    /// The modulus added to a coordinate names the same residue: the precompile takes one name only.
    function test_coordinatesNotBelowTheModulusAreRefused() external {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory shifted = _addModulus(key, 48);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0f));
        this.verifyCheckpoint(share, DIGEST, shifted);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0b));
        this.add(key, shifted);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0b));
        this.subtract(key, shifted);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0b));
        this.subtract(key, _addModulus(key, 0));
    }

    /// On the curve and out of the subgroup: addition takes such a point, the pairing does not.
    function test_aKeyOutOfTheSubgroupIsRefusedByVerification() external {
        // x = 4: y² = 68 has a root, and r·(4, y) is not the identity.
        bytes memory key = hex"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004"
            hex"0a989badd40d6212b33cffc3f3763e9bc760f988c9926b26da9dd85e928483446346b8ed00e1de5d5ea93e354abe706c";
        vm.assertTrue(this.add(BlsSigner.key(SECRET), key).length == 96);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileFailed.selector, 0x0f));
        this.verifyCheckpoint(share, DIGEST, key);
    }

    /// Every byte of key, signature and digest, each with one bit flipped.
    function test_noFlippedByteVerifies() external view {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        vm.assertTrue(_accepts(share, DIGEST, key));
        for (uint256 i; i < 96; ++i) {
            vm.assertFalse(_accepts(share, DIGEST, _flip(key, i)));
        }
        for (uint256 i; i < 192; ++i) {
            vm.assertFalse(_accepts(_flip(share, i), DIGEST, key));
        }
        for (uint256 i; i < 32; ++i) {
            vm.assertFalse(_accepts(share, DIGEST ^ bytes32(uint256(1) << (8 * i)), key));
        }
    }

    function test_tooLittleGasRevertsAndNeverAnswers() external view {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        for (uint256 given = 1000; given < 160_000; given += 3000) {
            (bool ok,) =
                address(this).staticcall{gas: given}(abi.encodeCall(this.verifyCheckpoint, (share, DIGEST, key)));
            vm.assertFalse(ok);
        }
    }

    function test_gasOfAVerification() external {
        bytes memory key = BlsSigner.key(SECRET);
        bytes memory share = BlsSigner.signCheckpoint(SECRET, DIGEST);
        uint256 before = gasleft();
        bool valid = Bls.verifyCheckpoint(share, DIGEST, key);
        uint256 verified = before - gasleft();
        before = gasleft();
        Bls.subtract(key, key);
        uint256 subtracted = before - gasleft();
        vm.assertTrue(valid);
        vm.snapshotValue("operations", "checkpoint, part: BLS verification (call)", verified);
        vm.snapshotValue("operations", "bls: one key subtracted", subtracted);
        vm.assertLt(verified, 165_000);
    }

    function _accepts(bytes memory signature, bytes32 digest, bytes memory key) private view returns (bool) {
        try this.verifyCheckpoint(signature, digest, key) returns (bool valid) {
            return valid;
        } catch {
            return false;
        }
    }

    function _hashes(bytes memory message, bytes memory packed) private view {
        bytes memory point = Bls.hashToG2(message, "QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_");
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(BlsSigner.element(point, i), _slice(packed, 48 * i, 48));
        }
    }

    function _secret(uint256 seed, uint256 index) private pure returns (uint256) {
        return bound(uint256(keccak256(abi.encode(seed, index))), 1, BlsSigner.ORDER - 1);
    }

    function _addModulus(bytes memory point, uint256 offset) private pure returns (bytes memory shifted) {
        bytes memory p =
            hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
        shifted = bytes.concat(point);
        uint256 carry;
        for (uint256 i = 48; i > 0; --i) {
            carry += uint256(uint8(p[i - 1])) + uint8(point[offset + i - 1]);
            shifted[offset + i - 1] = bytes1(uint8(carry));
            carry >>= 8;
        }
    }

    function _flip(bytes memory data, uint256 index) private pure returns (bytes memory flipped) {
        flipped = bytes.concat(data);
        flipped[index] ^= 0x01;
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory) {
        return _slice(data, 0, length);
    }

    function _slice(bytes memory data, uint256 offset, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i; i < length; ++i) {
            out[i] = data[offset + i];
        }
    }

    function _repeat(bytes1 letter, uint256 count) private pure returns (bytes memory out) {
        out = new bytes(count);
        for (uint256 i; i < count; ++i) {
            out[i] = letter;
        }
    }
}
