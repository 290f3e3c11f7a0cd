// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {DoubleCertificate} from "./DoubleCertificate.sol";
import {DoubleCheckpoint} from "./DoubleCheckpoint.sol";

/// @title Who signed two checkpoints: the part of the court that reads BLS signatures
/// @notice Keeps nothing. The Court creates it, because both together are larger than one contract may be.
contract CheckpointJudge {
    /// @notice Reverts unless the key signed both.
    function requireShares(bytes20 deployment, bytes calldata key, ICourt.DoubleCheckpoint calldata evidence) external view {
        DoubleCheckpoint.check(deployment, key, evidence);
    }

    /// @notice Who signed both, as bits. Reverts unless both are certified by this set.
    function overlap(
        IRootChain rootChain,
        IRootChain.Set calldata set,
        ICourt.Kept calldata accepted,
        ICourt.DoubleCertificate calldata evidence
    ) external view returns (uint256[2] memory) {
        return DoubleCertificate.check(rootChain, set, accepted, evidence);
    }
}
