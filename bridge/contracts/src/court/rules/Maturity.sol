// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Parameters} from "../Parameters.sol";
import {RuleContext} from "../RuleContext.sol";

/// @title Maturity: before a consumed message acts, up to two epochs mature by its time on root
/// @dev Twins: `ledger::rules::maturity` of the validator, `rules::mature` of staking.
library Maturity {
    uint256 private constant MATURING = 2;

    function mature(RuleContext memory context, uint256 arrival) internal pure {
        for (uint256 i; i < MATURING; ++i) {
            if (!_matured(context, arrival)) return;
        }
    }

    function _matured(RuleContext memory context, uint256 arrival) private pure returns (bool) {
        uint256 table = context.table;
        uint256 found = LeafTable.ask(table, Leaves.MATURITY, Leaves.single(Leaves.MATURITY));
        uint256 maturity = LeafTable.valueOf(table, found);
        if (maturity == 0) revert ISegmentJudge.UnsoundState(Leaves.MATURITY);
        uint256 matured = LeafValue.u64(maturity, 0);
        if (matured == type(uint64).max) revert ISegmentJudge.UnsoundState(Leaves.MATURITY);
        uint256 place = (matured + 1) % Parameters.ring(context.parameters);
        bytes32 key = Leaves.inRing(Leaves.EPOCH_RECORD, place);
        uint256 record = LeafTable.valueOf(table, LeafTable.ask(table, Leaves.EPOCH_RECORD, key));
        if (record == 0) return false;
        uint256 accepted = LeafValue.u64(record, 53);
        if (LeafValue.u64(record, 0) <= matured || accepted == 0) return false;
        if (accepted + Parameters.unbondingSecs(context.parameters) > arrival) return false;
        maturity = LeafValue.copy(maturity, Leaves.MATURITY, Leaves.MATURITY_WIDTH);
        LeafValue.setU64(maturity, 0, matured + 1);
        LeafTable.put(table, found, maturity);
        return true;
    }
}
