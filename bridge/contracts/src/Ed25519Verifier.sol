// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {Ed25519} from "./libraries/Ed25519.sol";

/// @title Ed25519 as a contract of its own, because its tables and rounds would fill half of its caller
contract Ed25519Verifier is IEd25519Verifier {
    /// @inheritdoc IEd25519Verifier
    function verify(bytes32 key, bytes32 r, bytes32 s, bytes calldata message, uint256 xKey, uint256 xR)
        external
        pure
        returns (bool valid)
    {
        return Ed25519.verify(key, r, s, message, xKey, xR);
    }

    /// @inheritdoc IEd25519Verifier
    function decide(bytes32 key, bytes32 r, bytes32 s, bytes calldata message, uint256 ofKey, uint256 ofR)
        external
        pure
        returns (bool valid)
    {
        return Ed25519.decide(key, r, s, message, ofKey, ofR);
    }
}
