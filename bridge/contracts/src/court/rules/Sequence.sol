// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Leaves} from "../../libraries/Leaves.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Verdict} from "../Verdict.sol";

/// @title The sequence of a signed transaction: the next one of its sender's account, which is consumed
/// @dev Twin: `ledger::rules::sequence` of the validator.
library Sequence {
    /// @notice The sender's account with its sequence consumed, not written yet; or the code by which it is refused.
    function take(uint256 table, bytes21 sender, uint256 sequence)
        internal
        pure
        returns (uint8 code, uint256 found, uint256 account)
    {
        found = LeafTable.ask(table, Leaves.ACCOUNT, LeafKeys.account(sender));
        account = LeafTable.valueOf(table, found);
        uint256 expected = account == 0 ? 0 : LeafValue.u64(account, 16);
        if (sequence < expected) return (Verdict.NONCE_USED, 0, 0);
        if (sequence > expected) return (Verdict.NONCE_AHEAD, 0, 0);
        if (sequence == type(uint64).max) return (Verdict.OVERFLOW, 0, 0);
        account = LeafValue.copy(account, Leaves.ACCOUNT, Leaves.ACCOUNT_WIDTH);
        LeafValue.setU64(account, 16, sequence + 1);
    }
}
