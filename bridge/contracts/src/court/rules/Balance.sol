// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Leaves} from "../../libraries/Leaves.sol";
import {Fees} from "../Fees.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Verdict} from "../Verdict.sol";

/// @title Balances: what takes an amount of one asset from an account, and what adds it
/// @dev Twin: `ledger::rules::balance` of the validator.
library Balance {
    bytes20 internal constant NATIVE = 0;

    /// @notice Takes an amount from an account.
    /// @return The code by which that is refused: a token that nobody deposited, or a balance that is too low.
    function debit(uint256 table, bytes21 account, bytes20 token, uint256 amount) internal pure returns (uint8) {
        if (token != NATIVE) {
            uint256 asset = LeafTable.ask(table, Leaves.ASSET, LeafKeys.asset(token));
            if (LeafTable.valueOf(table, asset) == 0) return Verdict.UNKNOWN_TOKEN;
        }
        (uint256 found, uint256 held) = _held(table, account, token);
        if (held < amount) return Verdict.INSUFFICIENT_BALANCE;
        _write(table, found, token, held - amount);
        return Verdict.OK;
    }

    /// @notice Adds an amount to an account, making its leaf.
    /// @return The code by which that is refused: a sum beyond 128 bits.
    function credit(uint256 table, bytes21 account, bytes20 token, uint256 amount) internal pure returns (uint8) {
        (uint256 found, uint256 held) = _held(table, account, token);
        if (held + amount > Fees.MAX_AMOUNT) return Verdict.OVERFLOW;
        _write(table, found, token, held + amount);
        return Verdict.OK;
    }

    /// @notice Where an account's amount of an asset stands.
    function key(bytes21 account, bytes20 token) internal pure returns (uint8 kind, bytes32) {
        if (token == NATIVE) return (Leaves.ACCOUNT, LeafKeys.account(account));
        return (Leaves.TOKEN, LeafKeys.token(account, token));
    }

    function _held(uint256 table, bytes21 account, bytes20 token) private pure returns (uint256 found, uint256 held) {
        (uint8 kind, bytes32 key_) = key(account, token);
        found = LeafTable.ask(table, kind, key_);
        uint256 value = LeafTable.valueOf(table, found);
        // The amount is the first field of both kinds.
        if (value != 0) held = LeafValue.u128(value, 0);
    }

    function _write(uint256 table, uint256 found, bytes20 token, uint256 amount) private pure {
        uint256 value = LeafTable.valueOf(table, found);
        if (token == NATIVE) {
            value = LeafValue.copy(value, Leaves.ACCOUNT, Leaves.ACCOUNT_WIDTH);
        } else {
            value = LeafValue.copy(value, Leaves.TOKEN, Leaves.TOKEN_WIDTH);
            LeafValue.setId(value, 16, token);
        }
        LeafValue.setU128(value, 0, amount);
        LeafTable.write(table, found, value);
    }
}
