// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The x-coordinates that Ed25519.verify wants as hints, found with square roots
/// @notice Independent of the verifier: it shares the curve's equation with it and nothing else. For tests.
library Ed25519Point {
    uint256 internal constant P = 2 ** 255 - 19;
    uint256 internal constant D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3;
    /// @dev Order of the base point.
    uint256 internal constant ORDER = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed;
    /// @dev A square root of −1: 2^((P − 1) / 4).
    uint256 internal constant ROOT_OF_MINUS_ONE = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0;

    /// @notice The x-coordinate of `encoded`, and whether there is one. As ZIP-215 has it: y is reduced, and x = 0 may carry
    /// either sign. Where there is none, x is a candidate root, off the curve.
    function xOf(bytes32 encoded) internal view returns (uint256 x, bool decodes) {
        uint256 number;
        for (uint256 i; i < 32; ++i) {
            number |= uint256(uint8(encoded[i])) << (8 * i);
        }
        uint256 y = (number << 1 >> 1) % P;
        uint256 yy = mulmod(y, y, P);
        // x² = (y² − 1) / (D y² + 1); the denominator is never 0, because −1/D is not a square.
        uint256 square = mulmod(yy + P - 1, power(mulmod(D, yy, P) + 1, P - 2), P);
        // P = 5 mod 8: a root is square^((P + 3) / 8), or that times the root of −1.
        x = power(square, (P + 3) / 8);
        if (mulmod(x, x, P) != square) x = mulmod(x, ROOT_OF_MINUS_ONE, P);
        decodes = mulmod(x, x, P) == square;
        if (x != 0 && x & 1 != number >> 255) x = P - x;
    }

    /// @notice The hints of `IEd25519Verifier.decide`: what shows key and R, or that they are no points; 0 where none is needed.
    function hints(bytes32 key, bytes32 r, bytes32 s) internal view returns (uint256 ofKey, uint256 ofR) {
        uint256 scalar;
        for (uint256 i; i < 32; ++i) {
            scalar |= uint256(uint8(s[i])) << (8 * i);
        }
        if (scalar >= ORDER) return (0, 0);
        bool decodes;
        (ofKey, decodes) = xOf(key);
        if (!decodes) return (absence(key), 0);
        (ofR, decodes) = xOf(r);
        if (!decodes) ofR = absence(r);
    }

    /// @notice The even w with w² = 2 (y² − 1) / (D y² + 1), for bytes that are no point.
    function absence(bytes32 encoded) internal view returns (uint256 w) {
        uint256 number;
        for (uint256 i; i < 32; ++i) {
            number |= uint256(uint8(encoded[i])) << (8 * i);
        }
        uint256 y = (number << 1 >> 1) % P;
        uint256 yy = mulmod(y, y, P);
        uint256 square = mulmod(mulmod(2, yy + P - 1, P), power(mulmod(D, yy, P) + 1, P - 2), P);
        w = power(square, (P + 3) / 8);
        if (mulmod(w, w, P) != square) w = mulmod(w, ROOT_OF_MINUS_ONE, P);
        require(mulmod(w, w, P) == square, "Ed25519Point: a point");
        if (w & 1 == 1) w = P - w;
    }

    /// @notice base^exponent modulo P, by the MODEXP precompile.
    function power(uint256 base, uint256 exponent) internal view returns (uint256) {
        (bool ok, bytes memory result) =
            address(0x05).staticcall(abi.encode(uint256(32), uint256(32), uint256(32), base, exponent, P));
        require(ok, "Ed25519Point: MODEXP failed");
        return abi.decode(result, (uint256));
    }
}
