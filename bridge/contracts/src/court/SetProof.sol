// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Checkpoints} from "../libraries/Checkpoints.sol";
import {ListTree} from "../libraries/ListTree.sol";
import {Members} from "../libraries/Members.sol";

/// @title That somebody was in the set of an epoch, with keys that it registered
/// @dev Twin: `bridge::proof::set`.
library SetProof {
    /// @dev Parts of the whole: of power, of stake.
    uint256 internal constant WHOLE = 1_000_000_000;

    /// @notice The share of the set's power that the accused had in epoch `epoch`, in parts of 10^9, rounded up. Reverts where it was not in
    /// the set that root committed to, where no stake stood behind its power there, or where the Registry knows its registration with other keys: sets that a majority forged could
    /// name an operator beside keys of their own.
    function share(IRootChain rootChain, IRegistry registry, uint64 epoch, ICourt.Accused calldata accused)
        internal
        view
        returns (uint32)
    {
        IRootChain.Set calldata set = accused.set;
        IRootChain.SetMember calldata member = accused.member;
        if (member.seat >> 15 != 0) revert ICourt.NothingAtRisk(epoch, member.number);
        bytes32 expected = _committed(rootChain, epoch, accused.source);
        bytes32 computed = Members.commitment(set.membersRoot, set.count, set.aggregateKey, set.totalPower);
        if (computed != expected) revert ICourt.SetMismatch(epoch, expected, computed);
        bytes32 leaf = Members.leaf(
            member.seat, member.operator, member.registration, member.consensusKey, member.checkpointKey, member.power
        );
        if (!ListTree.verify(set.membersRoot, leaf, member.number, set.count, accused.siblings)) {
            revert ICourt.MemberNotInSet(member.number);
        }
        // Of a forged set too, a share is at most the whole.
        if (member.power > set.totalPower) revert ICourt.MemberNotInSet(member.number);
        if (!registry.hasKeys(member.operator, member.registration, member.consensusKey, member.checkpointKey)) {
            revert ICourt.KeysMismatch(member.operator, member.registration);
        }
        return uint32((uint256(member.power) * WHOLE + set.totalPower - 1) / set.totalPower);
    }

    /// @notice Reverts unless this is what root kept of that checkpoint.
    function requireKept(IRootChain rootChain, uint64 epoch, ICourt.Kept calldata given) internal view {
        bytes32 kept = rootChain.record(epoch);
        bytes32 computed = Checkpoints.record(given.digest, given.nextSet, given.acceptance);
        if (computed != kept) revert ICourt.KeptMismatch(epoch, kept, computed);
    }

    /// @dev Checkpoint e − 2 commits to the set of e.
    function _committed(IRootChain rootChain, uint64 epoch, ICourt.Kept calldata source) private view returns (bytes32) {
        if (epoch < 2) {
            (bytes32 set0, bytes32 set1) = rootChain.genesisSets();
            return epoch == 0 ? set0 : set1;
        }
        requireKept(rootChain, epoch - 2, source);
        return source.nextSet;
    }
}
