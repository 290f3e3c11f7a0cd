// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Bls} from "../libraries/Bls.sol";
import {DoubleCertificate} from "./DoubleCertificate.sol";
import {DoubleCheckpoint} from "./DoubleCheckpoint.sol";
import {SetProof} from "./SetProof.sol";

/// @title Who signed two checkpoints: the part of the court that reads BLS signatures
/// @notice The Court creates it, because both together are larger than one contract may be. It keeps which sets were shown whole: the keys of all
/// members are registered, so their possession was proven, and their sum is the set's aggregate key. Of any other set, which more than two thirds of
/// the set before it may have made up, a certificate shows nothing about those whom it names.
contract CheckpointJudge {
    /// @param count members that were shown, in their order.
    /// @param sum of their checkpoint keys.
    struct Shown {
        uint16 count;
        bool sound;
        bytes sum;
    }

    IRegistry private immutable REGISTRY;
    mapping(bytes32 => Shown) private _shown;

    constructor(IRegistry registry) {
        REGISTRY = registry;
    }

    /// @notice As `ICourt.showSet`.
    function showSet(
        IRootChain.Set calldata set,
        IRootChain.SetMember[] calldata members,
        bytes32[] calldata siblings
    ) external returns (uint16 next) {
        Shown storage one = _shown[SetProof.commitment(set)];
        next = one.count;
        bytes memory sum = next == 0 ? new bytes(Bls.KEY_BYTES) : one.sum;
        for (uint256 i; i < members.length; ++i) {
            IRootChain.SetMember calldata member = members[i];
            // Others may have shown the first of a batch before it arrived.
            if (member.number < next) continue;
            if (member.number != next) revert ICourt.NotNextMember(next, member.number);
            if (!SetProof.hasKeys(REGISTRY, member)) {
                revert ICourt.KeysMismatch(member.operator, member.registration);
            }
            sum = Bls.add(sum, member.checkpointKey);
            ++next;
        }
        if (next == one.count && members.length != 0) revert ICourt.NotNextMember(next, members[0].number);
        SetProof.requireMembers(set.membersRoot, set.count, members, siblings);
        if (next == set.count) {
            if (keccak256(sum) != keccak256(set.aggregateKey)) revert ICourt.AggregateMismatch();
            one.sound = true;
        }
        (one.count, one.sum) = (next, sum);
    }

    /// @notice How many members of a set were shown, and whether it is sound.
    function shown(bytes32 commitment) external view returns (uint16 count, bool sound) {
        return (_shown[commitment].count, _shown[commitment].sound);
    }

    /// @notice Reverts unless the key signed both.
    function requireShares(bytes20 deployment, bytes calldata key, ICourt.DoubleCheckpoint calldata evidence) external view {
        DoubleCheckpoint.check(deployment, key, evidence);
    }

    /// @notice Who signed both, as bits. Reverts unless both are certified by this set, and it was shown whole.
    function overlap(
        IRootChain rootChain,
        IRootChain.Set calldata set,
        ICourt.Kept calldata accepted,
        ICourt.DoubleCertificate calldata evidence
    ) external view returns (uint256[2] memory) {
        bytes32 commitment = SetProof.commitment(set);
        if (!_shown[commitment].sound) revert ICourt.SetNotShown(commitment);
        return DoubleCertificate.check(rootChain, set, accepted, evidence);
    }
}
