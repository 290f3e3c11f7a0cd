// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Sha512} from "../src/libraries/Sha512.sol";
import {Ed25519Point} from "./Ed25519Point.sol";

/// @title The signing half of Ed25519, for tests only: keys, signatures and the verifier's hints from secret scalars
/// @dev Points in extended coordinates (Hisil et al. 2008, unified addition), one bit at a time. Nothing is clamped: a
/// signature verifies for any scalar.
library Ed25519Signer {
    uint256 internal constant P = Ed25519Point.P;
    uint256 internal constant ORDER = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed;
    uint256 private constant BASE_X = 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a;
    uint256 private constant BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658;

    struct Signature {
        bytes32 r;
        bytes32 s;
        uint256 xKey;
        uint256 xR;
    }

    /// @notice Public key of a scalar, as on the wire, with its x-coordinate.
    function key(uint256 secret) internal view returns (bytes32 encoded, uint256 x) {
        return _encode(_multiplyBase(secret));
    }

    function sign(uint256 secret, bytes memory message) internal view returns (Signature memory signature) {
        bytes32 encoded;
        (encoded, signature.xKey) = key(secret);
        uint256 nonce = uint256(keccak256(abi.encode(secret, message))) % ORDER;
        (signature.r, signature.xR) = key(nonce);
        (bytes32 high, bytes32 low) = Sha512.hash(abi.encodePacked(signature.r, encoded, message));
        // The hash is a little-endian number of 64 bytes; 2^256 mod ORDER carries its upper half.
        uint256 challenge =
            addmod(mulmod(_reverse(low), addmod(type(uint256).max, 1, ORDER), ORDER), _reverse(high), ORDER);
        signature.s = bytes32(_reverse(bytes32(addmod(nonce, mulmod(challenge, secret, ORDER), ORDER))));
    }

    function _encode(uint256[4] memory point) private view returns (bytes32 encoded, uint256 x) {
        uint256 inverse = Ed25519Point.power(point[2], P - 2);
        x = mulmod(point[0], inverse, P);
        encoded = bytes32(_reverse(bytes32(mulmod(point[1], inverse, P) | (x & 1) << 255)));
    }

    function _multiplyBase(uint256 scalar) private pure returns (uint256[4] memory sum) {
        sum = [uint256(0), 1, 1, 0];
        uint256[4] memory power = [BASE_X, BASE_Y, 1, mulmod(BASE_X, BASE_Y, P)];
        for (; scalar != 0; scalar >>= 1) {
            if (scalar & 1 == 1) sum = _add(sum, power);
            power = _add(power, power);
        }
    }

    function _add(uint256[4] memory p, uint256[4] memory q) private pure returns (uint256[4] memory) {
        uint256 a = mulmod(P + p[1] - p[0], P + q[1] - q[0], P);
        uint256 b = mulmod(p[1] + p[0], q[1] + q[0], P);
        uint256 c = mulmod(mulmod(p[3], q[3], P), 2 * Ed25519Point.D, P);
        uint256 d = mulmod(2 * p[2], q[2], P);
        uint256 e = P + b - a;
        uint256 f = P + d - c;
        uint256 g = d + c;
        uint256 h = b + a;
        return [mulmod(e, f, P), mulmod(g, h, P), mulmod(f, g, P), mulmod(e, h, P)];
    }

    function _reverse(bytes32 value) private pure returns (uint256 reversed) {
        for (uint256 i; i < 32; ++i) {
            reversed |= uint256(uint8(value[i])) << (8 * i);
        }
    }
}
