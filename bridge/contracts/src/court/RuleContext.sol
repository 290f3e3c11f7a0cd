// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../interfaces/IEd25519Verifier.sol";

/// @notice What rules read beside leaves, and the table of leaves.
/// @param parameters value of the parameters' leaf.
/// @param own the contracts of the deployment, which can use nothing of what they are paid.
/// @param hints where the words of hints stand in the call, hintCount how many they are, hintsUsed how many were needed so far.
struct RuleContext {
    uint256 table;
    uint256 height;
    uint256 epoch;
    uint256 parameters;
    bytes20[11] own;
    bytes32 domain;
    IEd25519Verifier verifier;
    uint256 hints;
    uint256 hintCount;
    uint256 hintsUsed;
}
