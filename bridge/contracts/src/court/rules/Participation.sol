// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Calldata} from "../Calldata.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Parameters} from "../Parameters.sol";
import {RuleContext} from "../RuleContext.sol";

/// @title The record of a block: it counts whose vote stands in the last commit, and adds the checkpoint shares that the block brings
/// @dev Twin: `chain::epoch::participation` of the validator.
library Participation {
    uint256 private constant VOTES = 37;
    uint256 private constant SHARES = 101;
    uint256 private constant SEATS = 512;

    /// @param record 0xf0 ‖ executing part.
    function apply_(RuleContext memory context, bytes calldata record) internal pure {
        uint256 table = context.table;
        uint256 blocks = Parameters.epochBlocks(context.parameters);
        bool first = (context.height - 1) % blocks == 0;
        uint256 place = context.epoch % Parameters.ring(context.parameters);
        uint8 kind = Leaves.PARTICIPATION;
        uint256 found = LeafTable.ask(table, kind, Leaves.inRing(kind, place));
        uint256 held = first ? 0 : LeafTable.valueOf(table, found);
        uint256 counts = LeafValue.copy(held, kind, Leaves.PARTICIPATION_WIDTH);
        if (!first) _count(counts, record);
        LeafTable.put(table, found, counts);
        _share(context, record, blocks);
    }

    /// @dev One more for every seat whose bit is set, as far as two bytes count.
    function _count(uint256 counts, bytes calldata record) private pure {
        for (uint256 seat; seat < SEATS; ++seat) {
            uint256 bit = Calldata.u8(record, VOTES + seat / 8) >> (seat % 8) & 1;
            uint256 votes = LeafValue.u16(counts, 2 * seat);
            if (bit == 1 && votes != type(uint16).max) LeafValue.setU16(counts, 2 * seat, votes + 1);
        }
    }

    function _share(RuleContext memory context, bytes calldata record, uint256 blocks) private pure {
        uint256 table = context.table;
        uint8 kind = Leaves.SHARE_BITS;
        uint256 found = LeafTable.ask(table, kind, Leaves.single(kind));
        uint256 held = LeafTable.valueOf(table, found);
        if (held == 0) revert ISegmentJudge.UnsoundState(kind);
        uint256 bits = LeafValue.copy(held, kind, Leaves.SHARE_BITS_WIDTH);
        // The votes are of the block before; block 1 carries none.
        if (context.height > 1) {
            uint256 epoch = (context.height - 2) / blocks;
            if (epoch != LeafValue.u64(held, 0)) {
                bits = LeafValue.fresh(kind, Leaves.SHARE_BITS_WIDTH);
                LeafValue.setU64(bits, 0, epoch);
            }
        }
        LeafValue.setWord(bits, 8, LeafValue.word(bits, 8) | Calldata.word(record, SHARES));
        LeafValue.setWord(bits, 40, LeafValue.word(bits, 40) | Calldata.word(record, SHARES + 32));
        LeafTable.put(table, found, bits);
    }
}
