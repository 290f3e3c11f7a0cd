// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Fees} from "../Fees.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Verdict} from "../Verdict.sol";
import {Balance} from "./Balance.sol";

/// @title Withdraw (kind 0x02): an amount leaves the child, to be claimed on root under a number
/// @dev Twin: `ledger::rules::withdraw` of the validator.
library Withdraw {
    function check(bytes20 recipient, uint256 amount) internal pure returns (uint8) {
        if (amount == 0) return Verdict.ZERO_AMOUNT;
        return recipient == 0 ? Verdict.BAD_RECIPIENT : Verdict.OK;
    }

    function apply_(uint256 table, bytes21 from, bytes20 recipient, bytes20 token, uint256 amount)
        internal
        pure
        returns (uint8 code)
    {
        code = Balance.debit(table, from, token, amount);
        return code == Verdict.OK ? open(table, recipient, token, amount, 0) : code;
    }

    /// @notice Writes a withdrawal under the next number: asset (with `credited` more credited, for a refund), counter, withdrawal.
    function open(uint256 table, bytes20 recipient, bytes20 token, uint256 amount, uint256 credited)
        internal
        pure
        returns (uint8)
    {
        uint256 found = LeafTable.ask(table, Leaves.ASSET, LeafKeys.asset(token));
        uint256 asset = LeafTable.valueOf(table, found);
        if (asset == 0) revert ISegmentJudge.UnsoundState(Leaves.ASSET);
        credited += LeafValue.u128(asset, 0);
        uint256 withdrawn = LeafValue.u128(asset, 16) + amount;
        if (credited > Fees.MAX_AMOUNT || withdrawn > Fees.MAX_AMOUNT) return Verdict.OVERFLOW;
        asset = LeafValue.copy(asset, Leaves.ASSET, Leaves.ASSET_WIDTH);
        LeafValue.setU128(asset, 0, credited);
        LeafValue.setU128(asset, 16, withdrawn);
        LeafTable.write(table, found, asset);
        (uint8 code, uint256 number) = _number(table);
        if (code != Verdict.OK) return code;
        found = LeafTable.ask(table, Leaves.WITHDRAWAL, LeafKeys.withdrawal(number));
        if (LeafTable.valueOf(table, found) != 0) revert ISegmentJudge.UnsoundState(Leaves.WITHDRAWAL);
        uint256 withdrawal = LeafValue.fresh(Leaves.WITHDRAWAL, Leaves.WITHDRAWAL_WIDTH);
        LeafValue.setId(withdrawal, 0, recipient);
        LeafValue.setId(withdrawal, 20, token);
        LeafValue.setU128(withdrawal, 40, amount);
        LeafTable.write(table, found, withdrawal);
        return Verdict.OK;
    }

    function _number(uint256 table) private pure returns (uint8, uint256 number) {
        uint8 kind = Leaves.WITHDRAWAL_COUNTER;
        uint256 found = LeafTable.ask(table, kind, Leaves.single(kind));
        uint256 counter = LeafTable.valueOf(table, found);
        if (counter == 0) revert ISegmentJudge.UnsoundState(kind);
        number = LeafValue.u64(counter, 0);
        if (number == type(uint64).max) return (Verdict.OVERFLOW, number);
        counter = LeafValue.fresh(kind, Leaves.WITHDRAWAL_COUNTER_WIDTH);
        LeafValue.setU64(counter, 0, number + 1);
        LeafTable.write(table, found, counter);
        return (Verdict.OK, number);
    }
}
