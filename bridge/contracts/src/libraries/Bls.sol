// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title BLS signatures on BLS12-381 (min-pk: keys in G1, signatures in G2) with the precompiles of EIP-2537
/// @notice Points are uncompressed and packed: a field element is 48 bytes big-endian, a key 96 bytes (x, y), a signature
/// 192 bytes (x.c1, x.c0, y.c1, y.c0, as blst writes it). The precompiles take each element padded to 64 bytes, and c0
/// before c1: only this file sees that form.
/// @dev What each step guarantees:
/// - `verify` pairs key and signature, and the pairing checks that both are on the curve and in the subgroup of prime order.
///   It refuses the identity, which would otherwise verify every message under the identity key.
/// - `add` and `subtract` check the curve but not the subgroup (EIP-2537, "ABI for G1 addition"): give them only keys
///   that passed `verifyPossession` once, or sums of such keys.
/// A precompile that fails burns all gas it was given, so each call is given a fixed amount: four times its price of today,
/// so that a repricing does not stop a contract that cannot be changed. Twin: `bridge::proof::bls` (Rust, blst).
library Bls {
    /// @notice A key or signature is not of its fixed length.
    error WrongLength(uint256 expected, uint256 given);
    /// @notice The point at infinity stands where a key or signature is wanted.
    error IdentityPoint();
    /// @notice A precompile refused its input: a coordinate not below the field's modulus, a point off the curve or out
    /// of the subgroup; or the caller brought too little gas.
    error PrecompileFailed(uint256 precompile);

    uint256 internal constant KEY_BYTES = 96;
    uint256 internal constant SIGNATURE_BYTES = 192;

    /// @notice Domain tags, PROTOCOL section 7. The suffix names the ciphersuite (RFC 9380, section 8.10).
    bytes internal constant CHECKPOINT_TAG = "PLASMID_CHECKPOINT_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";
    bytes internal constant POSSESSION_TAG = "PLASMID_POSSESSION_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

    uint256 private constant SHA256 = 0x02;
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant G2_ADD = 0x0d;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_FP2_TO_G2 = 0x11;

    uint256 private constant MODEXP_GAS = 2000; // priced 500 (EIP-7883)
    uint256 private constant G1_ADD_GAS = 1500; // priced 375
    uint256 private constant G2_ADD_GAS = 2400; // priced 600
    uint256 private constant MAP_FP2_TO_G2_GAS = 95_200; // priced 23,800
    uint256 private constant PAIRING_GAS = 411_600; // two pairs priced 102,900

    /// @dev The field's modulus p, as the upper 16 and the lower 32 of its 48 bytes.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev −G, the negated generator of G1, padded: with it the check e(key, H) = e(G, signature) is one product.
    bytes private constant NEGATED_GENERATOR = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @notice Whether `signature` is the checkpoint signature of `key` (one key or a sum of keys) over `digest`.
    function verifyCheckpoint(bytes memory signature, bytes32 digest, bytes memory key) internal view returns (bool) {
        return verify(signature, abi.encodePacked(digest), key, CHECKPOINT_TAG);
    }

    /// @notice Whether `signature` proves possession of `key`; `digest` is PROTOCOL section 8's p.
    function verifyPossession(bytes memory signature, bytes32 digest, bytes memory key) internal view returns (bool) {
        return verify(signature, abi.encodePacked(digest), key, POSSESSION_TAG);
    }

    /// @notice Whether e(key, H(message)) = e(G, signature), with both points in their subgroups.
    /// @dev False means well-formed but wrong. What is not a point reverts with the reason.
    function verify(bytes memory signature, bytes memory message, bytes memory key, bytes memory tag)
        internal
        view
        returns (bool valid)
    {
        _refuse(key, KEY_BYTES);
        _refuse(signature, SIGNATURE_BYTES);
        bytes memory pairs =
            abi.encodePacked(_padKey(key), hashToG2(message, tag), NEGATED_GENERATOR, _padSignature(signature));
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(PAIRING_GAS, PAIRING, add(pairs, 0x20), mload(pairs), 0x00, 0x20)
            ok := and(ok, eq(returndatasize(), 0x20))
            valid := eq(mload(0x00), 1)
        }
        if (!ok) revert PrecompileFailed(PAIRING);
    }

    /// @notice `sum` + `key`. The sum may be the identity (96 zero bytes), a key may not.
    function add(bytes memory sum, bytes memory key) internal view returns (bytes memory) {
        _refuse(key, KEY_BYTES);
        return _addPadded(sum, _padKey(key));
    }

    /// @notice `sum` − `key`: how an absent signer leaves the aggregate. The difference may be the identity; `verify`
    /// refuses it as a key.
    function subtract(bytes memory sum, bytes memory key) internal view returns (bytes memory) {
        _refuse(key, KEY_BYTES);
        bytes memory negated = _padKey(key);
        assembly ("memory-safe") {
            // y of a point of odd order is never 0, so p − y is its canonical negation. If y ≥ p the difference wraps
            // past 48 bytes, or is 0 at y = p, and the precompile refuses either (no point of E has y = 0).
            let high := add(negated, 0x60)
            let low := add(negated, 0x80)
            let borrow := lt(P_LOW, mload(low))
            mstore(low, sub(P_LOW, mload(low)))
            mstore(high, sub(sub(P_HIGH, mload(high)), borrow))
        }
        return _addPadded(sum, negated);
    }

    /// @notice The point of G2 that `message` hashes to under `tag`, padded (256 bytes).
    /// @dev RFC 9380, hash_to_curve of BLS12381G2_XMD:SHA-256_SSWU_RO_: four field elements of 64 uniform bytes each,
    /// reduced by MODEXP, two mapped points added. MAP_FP2_TO_G2 clears the cofactor, and so the sum's is clear too.
    function hashToG2(bytes memory message, bytes memory tag) internal view returns (bytes memory point) {
        bytes memory uniform = _expand(message, tag);
        _reduce(uniform);
        point = new bytes(256);
        bool ok;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let input := add(uniform, 0x20)
            ok := staticcall(MAP_FP2_TO_G2_GAS, MAP_FP2_TO_G2, input, 0x80, scratch, 0x100)
            ok := and(
                ok,
                staticcall(MAP_FP2_TO_G2_GAS, MAP_FP2_TO_G2, add(input, 0x80), 0x80, add(scratch, 0x100), 0x100)
            )
            ok := and(ok, staticcall(G2_ADD_GAS, G2_ADD, scratch, 0x200, add(point, 0x20), 0x100))
            ok := and(ok, eq(returndatasize(), 0x100))
        }
        if (!ok) revert PrecompileFailed(MAP_FP2_TO_G2);
    }

    /// @dev expand_message_xmd (RFC 9380, 5.3.1) with SHA-256 to 256 bytes. `tag` is at most 255 bytes.
    function _expand(bytes memory message, bytes memory tag) private view returns (bytes memory uniform) {
        bytes memory suffix = abi.encodePacked(tag, uint8(tag.length));
        // b_0 = H(64 zeros ‖ message ‖ 256 as u16 ‖ 0 ‖ tag ‖ its length)
        bytes32 first = sha256(abi.encodePacked(bytes32(0), bytes32(0), message, uint16(256), uint8(0), suffix));
        uniform = new bytes(256);
        bool ok = true;
        assembly ("memory-safe") {
            // b_i = H((b_0 xor b_(i−1)) ‖ i ‖ tag ‖ its length), b_0 xor b_0 standing for b_0 itself at i = 1
            let scratch := mload(0x40)
            mcopy(add(scratch, 0x21), add(suffix, 0x20), mload(suffix))
            let length := add(0x21, mload(suffix))
            let previous := 0
            for { let i := 1 } lt(i, 9) { i := add(i, 1) } {
                let target := add(uniform, shl(5, i))
                mstore(scratch, xor(first, previous))
                mstore8(add(scratch, 0x20), i)
                ok := and(ok, staticcall(gas(), SHA256, scratch, length, target, 0x20))
                previous := mload(target)
            }
        }
        if (!ok) revert PrecompileFailed(SHA256);
    }

    /// @dev Reduces four 64-byte integers modulo p in place: x^1 mod p by MODEXP, whose answer is a padded field element.
    function _reduce(bytes memory elements) private view {
        bool ok = true;
        assembly ("memory-safe") {
            // base length 64 ‖ exponent length 1 ‖ modulus length 64 ‖ base ‖ 1 ‖ p
            let scratch := mload(0x40)
            mstore(scratch, 0x40)
            mstore(add(scratch, 0x20), 0x01)
            mstore(add(scratch, 0x40), 0x40)
            mstore8(add(scratch, 0xa0), 0x01)
            mstore(add(scratch, 0xa1), P_HIGH)
            mstore(add(scratch, 0xc1), P_LOW)
            let element := add(elements, 0x20)
            for { let end := add(element, 0x100) } lt(element, end) { element := add(element, 0x40) } {
                mcopy(add(scratch, 0x60), element, 0x40)
                ok := and(ok, staticcall(MODEXP_GAS, MODEXP, scratch, 0xe1, element, 0x40))
            }
        }
        if (!ok) revert PrecompileFailed(MODEXP);
    }

    function _addPadded(bytes memory sum, bytes memory padded) private view returns (bytes memory packed) {
        if (sum.length != KEY_BYTES) revert WrongLength(KEY_BYTES, sum.length);
        bytes memory points = abi.encodePacked(_padKey(sum), padded);
        packed = new bytes(KEY_BYTES);
        bool ok;
        assembly ("memory-safe") {
            let result := add(points, 0x20)
            ok := staticcall(G1_ADD_GAS, G1_ADD, result, 0x100, result, 0x80)
            ok := and(ok, eq(returndatasize(), 0x80))
            mcopy(add(packed, 0x20), add(result, 0x10), 0x30)
            mcopy(add(packed, 0x50), add(result, 0x50), 0x30)
        }
        if (!ok) revert PrecompileFailed(G1_ADD);
    }

    /// @dev x ‖ y, each padded in front from 48 to 64 bytes.
    function _padKey(bytes memory key) private pure returns (bytes memory padded) {
        padded = new bytes(128);
        assembly ("memory-safe") {
            mcopy(add(padded, 0x30), add(key, 0x20), 0x30)
            mcopy(add(padded, 0x70), add(key, 0x50), 0x30)
        }
    }

    /// @dev x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0 to x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1, each padded in front from 48 to 64 bytes.
    function _padSignature(bytes memory signature) private pure returns (bytes memory padded) {
        padded = new bytes(256);
        assembly ("memory-safe") {
            mcopy(add(padded, 0x30), add(signature, 0x50), 0x30)
            mcopy(add(padded, 0x70), add(signature, 0x20), 0x30)
            mcopy(add(padded, 0xb0), add(signature, 0xb0), 0x30)
            mcopy(add(padded, 0xf0), add(signature, 0x80), 0x30)
        }
    }

    /// @dev Refuses a point of another length (a multiple of 32), and the identity, which is written as zeros.
    function _refuse(bytes memory point, uint256 length) private pure {
        if (point.length != length) revert WrongLength(length, point.length);
        uint256 bits;
        assembly ("memory-safe") {
            let word := add(point, 0x20)
            for { let end := add(word, length) } lt(word, end) { word := add(word, 0x20) } {
                bits := or(bits, mload(word))
            }
        }
        if (bits == 0) revert IdentityPoint();
    }
}
