// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Ed25519 verification with exactly the acceptance of ZIP-215, which CometBFT votes by
/// @notice A stricter contract would let a validator sign votes that its peers accept and the contract refuses.
/// ZIP-215 (https://zips.z.cash/zip-0215): key and R may be any encoding of any point of the curve, also non-canonical
/// (y not below p, or x = 0 with its sign set) and of small order; s must be below the group's order; the equation is
/// multiplied by the cofactor, [8]sB = [8]R + [8]kA with k = SHA-512(R ‖ A ‖ message) over the bytes as given.
interface IEd25519Verifier {
    /// @notice A hint that shows nothing about its 32 bytes, or one that is not needed and is not 0.
    error BadHint(uint256 hint);

    /// @notice Whether (r, s) is a signature by `key` over `message`.
    /// @param key The 32 bytes of the public key A, as they stand on the wire (little-endian).
    /// @param r First 32 bytes of the signature.
    /// @param s Last 32 bytes of the signature.
    /// @param message What was signed, of any length.
    /// @param xKey The x-coordinate of A, which `key` determines: a hint that saves a square root and is checked. A wrong
    /// one gives false, so a caller who must show that a signature is *not* valid cannot rely on a hint of another's.
    /// @param xR The x-coordinate of R, which is a hint too.
    /// @return valid False for a wrong signature, for bytes that decode to no point, and for a wrong hint. Never reverts,
    /// unless gas runs out (about 162,000 for a vote).
    function verify(bytes32 key, bytes32 r, bytes32 s, bytes calldata message, uint256 xKey, uint256 xR)
        external
        pure
        returns (bool valid);

    /// @notice The same verdict as `verify`, for a caller who must show that a signature is *not* valid: both answers are proven, and what
    /// proves neither reverts.
    /// @param ofKey Of the key's 32 bytes: where they are a point, its x-coordinate. Where they are none, the even w below p with
    /// w² (d y² + 1) = 2 (y² − 1), y being theirs: 2 is no square modulo p, so there is such a w exactly where there is no x. Where s is not
    /// below the order, 0.
    /// @param ofR Of the 32 bytes of R the same; where the key is no point, 0.
    /// @return valid Whether (r, s) is a signature by `key` over `message`.
    function decide(bytes32 key, bytes32 r, bytes32 s, bytes calldata message, uint256 ofKey, uint256 ofR)
        external
        pure
        returns (bool valid);
}
