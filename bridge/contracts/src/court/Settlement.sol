// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {SetProof} from "./SetProof.sol";

/// @title Offences, and how much they cut
/// @notice s(e) is the sum of the shares of the distinct operators with offences in the epochs e − 1, e and e + 1, each with its largest
/// share there; the cut of e is min(1, max(least, 9·s(e)²)), rounded up (Namada's cubic slashing). Epochs do not chain: an offence of e + 2 is
/// nothing to e. Where two certificates were shown for an epoch, its sum is the whole: more than a third signed both, so the rule gives 1 for it and
/// both of its neighbours, without counting them.
/// @dev Kept as sums of what was counted in each epoch, and of what such sums hold more than once: counting an offence writes O(1) slots,
/// and the order in which offences are counted is nothing. It is a step of its own, so that a reveal, which is urgent, pays for fewer slots.
/// Twin: `bridge::proof::court`.
library Settlement {
    /// @param shares by epoch / 4, 64 bits an epoch: the sum in parts of 10^9 in the low 48; above it how many offences are not counted yet; and the
    /// highest bit says that two certificates were shown.
    /// @param repeated likewise, the sums alone, for the three epochs around e: what their sums hold beyond the largest share of each operator.
    struct State {
        mapping(address => mapping(uint64 => ICourt.Offence)) offences;
        mapping(uint256 => uint256) shares;
        mapping(uint256 => uint256) repeated;
    }

    uint256 private constant WHOLE = SetProof.WHOLE;
    uint256 private constant UNCOUNTED = 1 << 48;
    uint256 private constant CONVICTED = 1 << 63;

    /// @notice An offence was revealed: what it cuts in its epoch and in both neighbours waits until it is counted.
    function reveal(State storage state, uint64 epoch) internal {
        _add(state.shares, epoch, UNCOUNTED);
    }

    /// @notice Counts an offence that was not counted yet.
    function count(State storage state, address operator, uint64 epoch) internal {
        mapping(uint64 => ICourt.Offence) storage own = state.offences[operator];
        own[epoch].counted = true;
        uint256 share = own[epoch].share;
        // It was counted with the others that are not, so that nothing is taken from a neighbour's bits.
        unchecked {
            state.shares[epoch / 4] += (share - UNCOUNTED) << _place(epoch);
        }
        uint256 before = epoch == 0 ? 0 : _counted(own[epoch - 1]);
        uint256 twoBefore = epoch < 2 ? 0 : _counted(own[epoch - 2]);
        uint256 behind = _counted(own[epoch + 1]);
        uint256 twoBehind = _counted(own[epoch + 2]);
        // Of two shares that one sum holds, the smaller counts too often; of three, all but the largest.
        if (epoch != 0) _add(state.repeated, epoch - 1, _least(share, _most(twoBefore, before)));
        _add(state.repeated, epoch, _least(share, _most(before, behind)));
        _add(state.repeated, epoch + 1, _least(share, _most(behind, twoBehind)));
    }

    /// @notice Two certificates were shown for an epoch.
    function convict(State storage state, uint64 epoch) internal {
        if (_get(state.shares, epoch) < CONVICTED) _add(state.shares, epoch, CONVICTED);
    }

    /// @notice The cut of an epoch by what was counted until now, in parts of 10^9.
    function fraction(State storage state, uint64 epoch, uint256 least) internal view returns (uint64) {
        uint256 around = _around(state, epoch);
        if (around >= CONVICTED) return uint64(WHOLE);
        uint256 sum = around % UNCOUNTED - _get(state.repeated, epoch);
        uint256 cut = _most(least, (9 * sum * sum + WHOLE - 1) / WHOLE);
        return uint64(_least(cut, WHOLE));
    }

    /// @notice How many offences of an epoch and of both neighbours are not counted yet.
    function uncounted(State storage state, uint64 epoch) internal view returns (uint256) {
        return _around(state, epoch) % CONVICTED / UNCOUNTED;
    }

    /// @dev What is kept of three epochs, added. Two of them that are convicted carry beyond the bit of one, which is as well above it.
    function _around(State storage state, uint64 epoch) private view returns (uint256 sum) {
        unchecked {
            sum = _get(state.shares, epoch) + _get(state.shares, epoch + 1);
            if (epoch != 0) sum += _get(state.shares, epoch - 1);
        }
    }

    function _counted(ICourt.Offence storage offence) private view returns (uint256) {
        return offence.counted ? offence.share : 0;
    }

    function _get(mapping(uint256 => uint256) storage sums, uint64 epoch) private view returns (uint256) {
        return uint64(sums[epoch / 4] >> _place(epoch));
    }

    function _add(mapping(uint256 => uint256) storage sums, uint64 epoch, uint256 amount) private {
        unchecked {
            if (amount != 0) sums[epoch / 4] += amount << _place(epoch);
        }
    }

    function _place(uint64 epoch) private pure returns (uint256) {
        return 64 * (epoch % 4);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _most(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
