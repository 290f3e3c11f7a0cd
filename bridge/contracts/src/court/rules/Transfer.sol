// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Verdict} from "../Verdict.sol";
import {Recipients} from "../Recipients.sol";
import {Balance} from "./Balance.sol";

/// @title Transfer (kind 0x01): an amount of one asset moves from the sender to another account
/// @dev Twin: `ledger::rules::transfer` of the validator.
library Transfer {
    function check(bytes21 to, uint256 amount) internal pure returns (uint8) {
        if (amount == 0) return Verdict.ZERO_AMOUNT;
        return Recipients.canReceive(to) ? Verdict.OK : Verdict.BAD_RECIPIENT;
    }

    function apply_(uint256 table, bytes21 from, bytes21 to, bytes20 token, uint256 amount)
        internal
        pure
        returns (uint8 code)
    {
        code = Balance.debit(table, from, token, amount);
        return code == Verdict.OK ? Balance.credit(table, to, token, amount) : code;
    }
}
