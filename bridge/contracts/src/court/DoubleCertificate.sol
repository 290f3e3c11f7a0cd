// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Bls} from "../libraries/Bls.sol";
import {Checkpoints} from "../libraries/Checkpoints.sol";
import {Members} from "../libraries/Members.sol";
import {SetProof} from "./SetProof.sol";

/// @title Two certificates over two checkpoints of one epoch: more than a third of the power signed both
/// @dev Twin: `bridge::proof::checkpoint::certificate`.
library DoubleCertificate {
    /// @notice Who signed both checkpoints, as bits in the order of a certificate's. Reverts unless both are certified by this set.
    /// @param set of the offence's epoch, checked before against what root committed to.
    /// @param accepted what root kept of `first`, where `firstCertificate` has no signature; not read otherwise.
    function check(
        IRootChain rootChain,
        IRootChain.Set calldata set,
        ICourt.Kept calldata accepted,
        ICourt.DoubleCertificate calldata evidence
    ) internal view returns (uint256[2] memory overlap) {
        bytes20 deployment = rootChain.deployment();
        bytes32 first = Checkpoints.digest(evidence.first, deployment);
        bytes32 second = Checkpoints.digest(evidence.second, deployment);
        if (first == second) revert ICourt.SameCheckpoint(first);
        bytes32[2] calldata signers = evidence.firstCertificate.signers;
        if (evidence.firstCertificate.signature.length == 0) {
            SetProof.requireKept(rootChain, evidence.first.epoch, accepted);
            if (accepted.digest != first) revert ICourt.NotTheAccepted(first, accepted.digest);
            signers = accepted.acceptance.signers;
        } else {
            _requireCertified(set, evidence.firstCertificate, first, 1);
        }
        _requireCertified(set, evidence.secondCertificate, second, 2);
        overlap[0] = uint256(signers[0] & evidence.secondCertificate.signers[0]);
        overlap[1] = uint256(signers[1] & evidence.secondCertificate.signers[1]);
    }

    function _requireCertified(
        IRootChain.Set calldata set,
        ICourt.Certificate calldata given,
        bytes32 digest,
        uint256 which
    ) private view {
        (bytes memory key, uint256 power) = Members.signers(set, given.signers, given.absent, given.absentSiblings);
        if (power * 3 <= uint256(set.totalPower) * 2) revert ICourt.TooLittlePower(which, power, set.totalPower);
        if (!Bls.verifyCheckpoint(given.signature, digest, key)) revert ICourt.BadSignature(which);
    }
}
