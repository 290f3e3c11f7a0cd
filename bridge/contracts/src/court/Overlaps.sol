// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Members} from "../libraries/Members.sol";

/// @title Who signed two certified checkpoints of one epoch, until each of them is frozen
/// @notice Of one epoch more than one overlap can be shown: a third checkpoint, or more of the signatures of the same two. Each holds only
/// those whom none before it holds, so nobody is spared by a small overlap that was shown first.
library Overlaps {
    /// @param number of the last one.
    /// @param last of an epoch.
    /// @param known by epoch, the bits of all who are in an overlap of it.
    struct State {
        uint64 number;
        mapping(uint64 => ICourt.Overlap) overlaps;
        mapping(uint64 => uint64) last;
        mapping(uint64 => uint256[2]) known;
    }

    /// @notice Keeps who of `both` is not known yet. Gives 0, and keeps nothing, where all are.
    function add(
        State storage state,
        uint64 epoch,
        IRootChain.Set calldata set,
        uint256[2] memory both,
        bytes32 leader,
        uint40 madeAt
    ) internal returns (uint64 number) {
        uint256[2] storage known = state.known[epoch];
        uint256[2] memory fresh = [both[0] & ~known[0], both[1] & ~known[1]];
        if (fresh[0] | fresh[1] == 0) return 0;
        for (uint256 i; i < 2; ++i) {
            if (fresh[i] != 0) known[i] |= fresh[i];
        }
        number = ++state.number;
        state.last[epoch] = number;
        ICourt.Overlap storage one = state.overlaps[number];
        one.epoch = epoch;
        one.revealedAt = uint40(block.number);
        one.madeAt = madeAt;
        one.count = set.count;
        one.totalPower = set.totalPower;
        one.leader = leader;
        one.membersRoot = set.membersRoot;
        one.signers = fresh;
        one.pending = fresh;
    }

    /// @notice An older commitment to evidence against any of the same members takes the lead while the contest is open. Gives the one that
    /// led, or zero where nothing changes.
    function overtake(
        ICourt.Overlap storage one,
        uint256[2] memory both,
        bytes32 leader,
        uint40 madeAt,
        uint256 revealBlocks
    ) internal returns (bytes32 before) {
        if (madeAt >= one.madeAt || block.number > one.revealedAt + revealBlocks) return 0;
        if (both[0] & one.signers[0] | both[1] & one.signers[1] == 0) return 0;
        before = one.leader;
        (one.leader, one.madeAt) = (leader, madeAt);
    }

    /// @notice Reverts where there is no overlap of that number.
    function get(State storage state, uint64 number) internal view returns (ICourt.Overlap storage one) {
        one = state.overlaps[number];
        if (one.revealedAt == 0) revert ICourt.UnknownOverlap(number);
    }

    /// @notice Whether a member is in an overlap of that epoch.
    function knows(State storage state, uint64 epoch, uint16 number) internal view returns (bool) {
        return number < Members.LIMIT && state.known[epoch][number >> 8] & _bit(number) != 0;
    }

    /// @notice Takes a member out of these bits. Gives whether it was in them.
    function take(uint256[2] memory bits, uint16 number) internal pure returns (bool was) {
        was = has(bits, number);
        if (was) bits[number >> 8] ^= _bit(number);
    }

    /// @notice Whether the bit of a member is set.
    function has(uint256[2] memory bits, uint16 number) internal pure returns (bool) {
        return number < Members.LIMIT && bits[number >> 8] & _bit(number) != 0;
    }

    /// @dev As certificates write it: bit (number mod 8) of byte number / 8, bytes from the left.
    function _bit(uint16 number) private pure returns (uint256) {
        return 1 << (248 - (number & 0xf8) + (number & 7));
    }
}
