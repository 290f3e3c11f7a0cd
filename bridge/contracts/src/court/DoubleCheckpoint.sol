// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Bls} from "../libraries/Bls.sol";
import {Checkpoints} from "../libraries/Checkpoints.sol";

/// @title Two shares of one key over two checkpoints of one epoch
library DoubleCheckpoint {
    /// @notice The epoch of the offence: checkpoint c is signed in epoch c + 1, by its set.
    function epochOf(IRootChain.Checkpoint calldata first, IRootChain.Checkpoint calldata second)
        internal
        pure
        returns (uint64)
    {
        if (first.epoch != second.epoch) revert ICourt.DifferentEpochs(first.epoch, second.epoch);
        return first.epoch + 1;
    }

    /// @notice Reverts unless the key signed both. That they are of one epoch is checked before, by `epochOf`.
    /// @param deployment that both checkpoints are of.
    /// @param key 96 bytes.
    function check(bytes20 deployment, bytes calldata key, ICourt.DoubleCheckpoint calldata evidence) internal view {
        bytes32 first = Checkpoints.digest(evidence.first, deployment);
        bytes32 second = Checkpoints.digest(evidence.second, deployment);
        if (first == second) revert ICourt.SameCheckpoint(first);
        if (!Bls.verifyCheckpoint(evidence.firstShare, first, key)) revert ICourt.BadSignature(1);
        if (!Bls.verifyCheckpoint(evidence.secondShare, second, key)) revert ICourt.BadSignature(2);
    }
}
