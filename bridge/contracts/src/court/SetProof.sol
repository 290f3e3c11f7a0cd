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
        if (!isAtRisk(member)) revert ICourt.NothingAtRisk(epoch, member.number);
        requireSet(rootChain, epoch, set, accused.source);
        if (!ListTree.verify(set.membersRoot, leaf(member), member.number, set.count, accused.siblings)) {
            revert ICourt.MemberNotInSet(member.number);
        }
        if (member.power > set.totalPower) revert ICourt.MemberNotInSet(member.number);
        if (!hasKeys(registry, member)) revert ICourt.KeysMismatch(member.operator, member.registration);
        return shareOf(member.power, set.totalPower);
    }

    /// @notice Reverts unless this is the set that root committed to for that epoch.
    function requireSet(IRootChain rootChain, uint64 epoch, IRootChain.Set calldata set, ICourt.Kept calldata source)
        internal
        view
    {
        bytes32 expected = _committed(rootChain, epoch, source);
        bytes32 computed = commitment(set);
        if (computed != expected) revert ICourt.SetMismatch(epoch, expected, computed);
    }

    /// @notice The commitment of a set that is shown.
    function commitment(IRootChain.Set calldata set) internal pure returns (bytes32) {
        return Members.commitment(set.membersRoot, set.count, set.aggregateKey, set.totalPower);
    }

    /// @notice Reverts unless these members, in ascending order, are of the set of `count` members under this root.
    function requireMembers(
        bytes32 membersRoot,
        uint256 count,
        IRootChain.SetMember[] calldata members,
        bytes32[] calldata siblings
    ) internal pure {
        uint32[] memory numbers = new uint32[](members.length);
        bytes32[] memory leaves = new bytes32[](members.length);
        for (uint256 i; i < members.length; ++i) {
            numbers[i] = members[i].number;
            leaves[i] = leaf(members[i]);
        }
        bytes32 computed = ListTree.multiproofRoot(numbers, leaves, count, siblings);
        if (computed != membersRoot) revert Members.MembersRootMismatch(membersRoot, computed);
    }

    /// @notice Whether stake stands behind a member's power: its set is not a copy of the one before.
    function isAtRisk(IRootChain.SetMember calldata member) internal pure returns (bool) {
        return member.seat >> 15 == 0;
    }

    /// @notice Whether the Registry knows the member's registration with exactly these keys.
    function hasKeys(IRegistry registry, IRootChain.SetMember calldata member) internal view returns (bool) {
        return registry.hasKeys(member.operator, member.registration, member.consensusKey, member.checkpointKey);
    }

    /// @notice A member's leaf in the tree of its set.
    function leaf(IRootChain.SetMember calldata member) internal pure returns (bytes32) {
        return Members.leaf(
            member.seat, member.operator, member.registration, member.consensusKey, member.checkpointKey, member.power
        );
    }

    /// @notice A share of power, in parts of 10^9, rounded up; of a forged set too at most the whole.
    function shareOf(uint64 power, uint64 totalPower) internal pure returns (uint32) {
        if (power >= totalPower) return uint32(WHOLE);
        return uint32((uint256(power) * WHOLE + totalPower - 1) / totalPower);
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
