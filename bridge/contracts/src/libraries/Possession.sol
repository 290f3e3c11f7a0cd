// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hex} from "./Hex.sol";

/// @title Proofs that an operator holds the keys it registers, and which consensus keys are refused (PROTOCOL, section 8)
/// @dev Twin: `bridge::proof::deployment`.
library Possession {
    /// @dev p of the field of Curve25519.
    uint256 private constant FIELD = 2 ** 255 - 19;
    /// @dev The y-coordinates of the points of order 8; −y is the other.
    uint256 private constant ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7;

    /// @notice p: what both keys sign, bound to this Registry and the operator (204 bytes).
    /// @param checkpointKey 96 bytes, checked by the caller.
    function digest(address operator, bytes32 consensusKey, bytes memory checkpointKey) internal view returns (bytes32) {
        return keccak256(
            abi.encodePacked("PPOP", block.chainid, address(this), operator, consensusKey, checkpointKey)
        );
    }

    /// @notice CometBFT's sign bytes of a nil prevote at height 1, round 0, unix time 0, of the chain id `plasmidpop` and 40
    /// hexadecimal digits of p: something that a remote signer signs. 66 bytes.
    function vote(bytes32 p) internal pure returns (bytes memory) {
        // length 65 ‖ type (1): prevote ‖ height (2): 1 as sfixed64 ‖ timestamp (5): empty ‖ chain id (6): 50 bytes;
        // round 0 and the nil block id are omitted
        return abi.encodePacked(hex"4108011101000000000000002a003232", "plasmidpop", Hex.lower(bytes20(p)));
    }

    /// @notice Whether a consensus key is not in canonical form or is one of the eight points of small order.
    /// @dev That it is a point of the curve at all is for the verifier to say.
    function weak(bytes32 consensusKey) internal pure returns (bool) {
        uint256 y;
        for (uint256 i; i < 32; ++i) {
            y |= uint256(uint8(consensusKey[i])) << (8 * i);
        }
        y &= type(uint256).max >> 1; // the top bit is x's sign
        // y ≥ p is another form of y − p. Orders 1, 2, 4 and 8 have these y, for either sign of x.
        return y >= FIELD || y == 1 || y == FIELD - 1 || y == 0 || y == ORDER_8_Y || y == FIELD - ORDER_8_Y;
    }
}
