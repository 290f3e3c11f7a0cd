// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bls} from "../src/libraries/Bls.sol";

/// @title The signing half of BLS, for tests only: with it a test makes its own keys, signatures and sums
/// @dev A scalar multiplication is a multi-scalar multiplication (EIP-2537) of one pair.
library BlsSigner {
    uint256 internal constant ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    bytes private constant GENERATOR = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";

    /// @notice The key of 96 bytes of a secret scalar.
    function key(uint256 secret) internal view returns (bytes memory) {
        return packKey(_call(0x0c, abi.encodePacked(GENERATOR, secret)));
    }

    /// @notice The signature of 192 bytes of a secret scalar over a message under a tag.
    function sign(uint256 secret, bytes memory message, bytes memory tag) internal view returns (bytes memory) {
        return packSignature(_call(0x0e, abi.encodePacked(Bls.hashToG2(message, tag), secret)));
    }

    /// @notice The checkpoint share of a secret scalar.
    function signCheckpoint(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return sign(secret, abi.encodePacked(digest), Bls.CHECKPOINT_TAG);
    }

    /// @notice The proof of possession of a secret scalar.
    function signPossession(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return sign(secret, abi.encodePacked(digest), Bls.POSSESSION_TAG);
    }

    /// @notice The sum of two signatures.
    function addSignatures(bytes memory left, bytes memory right) internal view returns (bytes memory) {
        return packSignature(_call(0x0d, abi.encodePacked(padSignature(left), padSignature(right))));
    }

    function packKey(bytes memory padded) internal pure returns (bytes memory) {
        return abi.encodePacked(element(padded, 0), element(padded, 1));
    }

    function packSignature(bytes memory padded) internal pure returns (bytes memory) {
        return abi.encodePacked(element(padded, 1), element(padded, 0), element(padded, 3), element(padded, 2));
    }

    function padSignature(bytes memory packed) internal pure returns (bytes memory padded) {
        uint8[4] memory order = [1, 0, 3, 2];
        for (uint256 i; i < 4; ++i) {
            bytes memory part = new bytes(48);
            for (uint256 j; j < 48; ++j) {
                part[j] = packed[order[i] * 48 + j];
            }
            padded = abi.encodePacked(padded, bytes16(0), part);
        }
    }

    /// @notice Field element number `index` of a padded point, as its 48 bytes.
    function element(bytes memory padded, uint256 index) internal pure returns (bytes memory out) {
        out = new bytes(48);
        for (uint256 i; i < 48; ++i) {
            out[i] = padded[index * 64 + 16 + i];
        }
    }

    function _call(uint160 precompile, bytes memory input) private view returns (bytes memory) {
        (bool ok, bytes memory output) = address(precompile).staticcall(input);
        require(ok, "BlsSigner: precompile failed");
        return output;
    }
}
