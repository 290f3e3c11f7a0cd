// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Calldata} from "../Calldata.sol";
import {Fees} from "../Fees.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Recipients} from "../Recipients.sol";
import {RuleContext} from "../RuleContext.sol";
import {Verdict} from "../Verdict.sol";
import {Balance} from "./Balance.sol";
import {Withdraw} from "./Withdraw.sol";

/// @title Deposit (message 2): credited as it says, or given back as withdrawals
/// @dev Twin: `ledger::rules::deposit` of the validator.
library Deposit {
    uint256 internal constant WIDTH = 147;
    uint256 private constant MAX_SYMBOL = 32;

    /// @param body token 20 ‖ amount u128 ‖ native u128 ‖ recipient 21 ‖ refund 20 ‖ depositor 20 ‖ decimals u8 ‖ symbol length u8 ‖ symbol 32.
    function apply_(RuleContext memory context, bytes calldata body) internal pure {
        uint256 table = context.table;
        if (_credit(context, body) == Verdict.OK) return LeafTable.keep(table);
        LeafTable.drop(table);
        if (_refund(context, body) == Verdict.OK) return LeafTable.keep(table);
        LeafTable.drop(table);
    }

    function _credit(RuleContext memory context, bytes calldata body) private pure returns (uint8 code) {
        bytes20 token = Calldata.id(body, 0);
        uint256 amount = Calldata.u128(body, 20);
        uint256 native = Calldata.u128(body, 36);
        bytes21 recipient = Calldata.account(body, 52);
        if (amount == 0) return Verdict.ZERO_AMOUNT;
        // Native coin would be there twice.
        if (token == Balance.NATIVE && native != 0) return Verdict.ZERO_AMOUNT;
        if (!Recipients.canReceive(recipient)) return Verdict.BAD_RECIPIENT;
        if (Recipients.isUnusable(context.own, recipient, token)) return Verdict.BAD_RECIPIENT;
        code = _creditOne(context.table, body, token, amount);
        if (code == Verdict.OK && native != 0) code = _creditOne(context.table, body, Balance.NATIVE, native);
        return code == Verdict.OK ? _made(context.table) : code;
    }

    function _creditOne(uint256 table, bytes calldata body, bytes20 token, uint256 amount)
        private
        pure
        returns (uint8)
    {
        (uint256 found, uint256 asset) = _asset(table, body, token);
        uint256 credited = LeafValue.u128(asset, 0) + amount;
        if (credited > Fees.MAX_AMOUNT) return Verdict.OVERFLOW;
        LeafValue.setU128(asset, 0, credited);
        LeafTable.write(table, found, asset);
        return Balance.credit(table, Calldata.account(body, 52), token, amount);
    }

    /// @dev One withdrawal to the refund address for each asset, if somebody can claim them there.
    function _refund(RuleContext memory context, bytes calldata body) private pure returns (uint8 code) {
        bytes20 token = Calldata.id(body, 0);
        uint256 amount = Calldata.u128(body, 20);
        uint256 native = Calldata.u128(body, 36);
        bytes20 refund = Calldata.id(body, 73);
        bytes21 account = bytes21(bytes32(refund) >> 8);
        if (refund == 0 || Recipients.isUnusable(context.own, account, token)) return Verdict.BAD_RECIPIENT;
        if (token == Balance.NATIVE) {
            amount += native;
            native = 0;
            if (amount > Fees.MAX_AMOUNT) return Verdict.OVERFLOW;
        }
        if (amount != 0) code = _refundOne(context.table, body, token, amount);
        if (code == Verdict.OK && native != 0) code = _refundOne(context.table, body, Balance.NATIVE, native);
        return code == Verdict.OK ? _made(context.table) : code;
    }

    function _refundOne(uint256 table, bytes calldata body, bytes20 token, uint256 amount)
        private
        pure
        returns (uint8)
    {
        (uint256 found, uint256 asset) = _asset(table, body, token);
        LeafTable.write(table, found, asset);
        return Withdraw.open(table, Calldata.id(body, 73), token, amount, amount);
    }

    /// @dev The asset's leaf to be changed, or a new one with what the deposit tells about the token. The native coin's is made at genesis.
    function _asset(uint256 table, bytes calldata body, bytes20 token)
        private
        pure
        returns (uint256 found, uint256 asset)
    {
        found = LeafTable.ask(table, Leaves.ASSET, LeafKeys.asset(token));
        uint256 held = LeafTable.valueOf(table, found);
        asset = LeafValue.copy(held, Leaves.ASSET, Leaves.ASSET_WIDTH);
        if (held != 0) return (found, asset);
        if (token == Balance.NATIVE) revert ISegmentJudge.UnsoundState(Leaves.ASSET);
        LeafValue.setU8(asset, 32, Calldata.u8(body, 113));
        uint256 length = Calldata.u8(body, 114);
        uint256 symbol = Calldata.word(body, 115);
        if (length >= MAX_SYMBOL) length = MAX_SYMBOL;
        else symbol &= ~(type(uint256).max >> (8 * length));
        LeafValue.setU8(asset, 33, length);
        LeafValue.setWord(asset, 34, symbol);
        LeafValue.setId(asset, 66, token);
    }

    /// @dev Whether what was made had room.
    function _made(uint256 table) private pure returns (uint8) {
        return Fees.room(true, LeafTable.count(table), LeafTable.made(table));
    }
}
