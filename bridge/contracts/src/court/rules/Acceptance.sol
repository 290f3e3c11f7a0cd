// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Calldata} from "../Calldata.sol";
import {Fees} from "../Fees.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Parameters} from "../Parameters.sol";
import {Recipients} from "../Recipients.sol";
import {RuleContext} from "../RuleContext.sol";
import {Verdict} from "../Verdict.sol";
import {Balance} from "./Balance.sol";
import {Funding} from "./Funding.sol";

/// @title Acceptance (message 5): root's time of the acceptance is kept, and the relayer of the checkpoint is paid once
/// @dev Twin: `ledger::rules::acceptance` of the validator.
library Acceptance {
    uint256 internal constant WIDTH = 46;
    uint256 private constant WHOLE = 10_000;
    uint256 private constant PAID = 52;
    uint256 private constant ACCEPTED = 53;

    /// @param body epoch u64 ‖ relayer 20 ‖ capped gas price u128 ‖ absent signers u16.
    function apply_(RuleContext memory context, bytes calldata body, uint256 arrival) internal pure {
        uint256 table = context.table;
        uint256 epoch = Calldata.u64(body, 0);
        bytes32 key = Leaves.inRing(Leaves.EPOCH_RECORD, epoch % Parameters.ring(context.parameters));
        uint256 found = LeafTable.ask(table, Leaves.EPOCH_RECORD, key);
        uint256 record = LeafTable.valueOf(table, found);
        if (record == 0 || LeafValue.u64(record, 0) != epoch) return;
        bool settled = LeafValue.u8(record, PAID) != 0;
        record = LeafValue.copy(record, Leaves.EPOCH_RECORD, Leaves.EPOCH_RECORD_WIDTH);
        if (LeafValue.u64(record, ACCEPTED) == 0) LeafValue.setU64(record, ACCEPTED, arrival);
        LeafValue.setU8(record, PAID, 1);
        LeafTable.put(table, found, record);
        if (settled) return;
        uint256 last = LeafValue.u64(record, 8);
        uint256 passed = arrival > last ? arrival - last : 0;
        bool alone = passed <= Parameters.relayWindowSecs(context.parameters);
        bytes20 relayer = alone ? LeafValue.id(record, 16) : Calldata.id(body, 8);
        uint256 reserve = _reserve(context.parameters, LeafValue.u128(record, 36));
        uint256 reward = _reward(context.parameters, reserve, Calldata.u128(body, 28), Calldata.u16(body, 44));
        if (reward != 0 && _pay(context, relayer, reward)) reserve -= reward;
        if (reserve == 0) return;
        _take(table, reserve);
        LeafTable.keep(table);
        Funding.fund(table, reserve);
        LeafTable.keep(table);
    }

    /// @dev What of an epoch's fees waits for its relayer.
    function _reserve(uint256 parameters, uint256 fees) private pure returns (uint256) {
        uint256 bps = Parameters.relayShareBps(parameters);
        return fees * (bps > WHOLE ? WHOLE : bps) / WHOLE;
    }

    /// @dev Products beyond 128 bits are beyond any reserve.
    function _reward(uint256 parameters, uint256 reserve, uint256 price, uint256 absent)
        private
        pure
        returns (uint256)
    {
        uint256 gas =
            Parameters.relayFixedGas(parameters) + Parameters.relayAbsentGas(parameters) * absent;
        uint256 cost = Fees.cap(Fees.cap(gas * price) * Parameters.feePerWei(parameters));
        return cost < reserve ? cost : reserve;
    }

    /// @dev Whether the relayer could be paid.
    function _pay(RuleContext memory context, bytes20 relayer, uint256 reward) private pure returns (bool) {
        bytes21 account = bytes21(bytes32(relayer) >> 8);
        if (relayer == 0 || Recipients.isUnusable(context.own, account, Balance.NATIVE)) return false;
        uint256 table = context.table;
        _take(table, reward);
        uint8 code = Balance.credit(table, account, Balance.NATIVE, reward);
        if (code == Verdict.OK) code = Fees.room(true, LeafTable.count(table), LeafTable.made(table));
        if (code == Verdict.OK) LeafTable.keep(table);
        else LeafTable.drop(table);
        return code == Verdict.OK;
    }

    /// @dev The fee pool gets less.
    function _take(uint256 table, uint256 amount) private pure {
        uint256 found = LeafTable.ask(table, Leaves.FEE_POOL, Leaves.single(Leaves.FEE_POOL));
        uint256 pool = LeafTable.valueOf(table, found);
        if (pool == 0 || LeafValue.u128(pool, 0) < amount) revert ISegmentJudge.UnsoundState(Leaves.FEE_POOL);
        uint256 left = LeafValue.u128(pool, 0) - amount;
        pool = LeafValue.copy(pool, Leaves.FEE_POOL, Leaves.FEE_POOL_WIDTH);
        LeafValue.setU128(pool, 0, left);
        LeafTable.write(table, found, pool);
    }
}
