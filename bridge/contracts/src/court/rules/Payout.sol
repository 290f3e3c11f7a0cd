// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Leaves} from "../../libraries/Leaves.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";

/// @title Set payout (kind 0x03): the sender names the address on root to which its exits are paid; zero names none
/// @dev Twin: `ledger::rules::payout` of the validator.
library Payout {
    function apply_(uint256 table, bytes21 sender, bytes20 payout) internal pure {
        uint256 found = LeafTable.ask(table, Leaves.ACCOUNT, LeafKeys.account(sender));
        uint256 held = LeafTable.valueOf(table, found);
        uint256 account = LeafValue.copy(held, Leaves.ACCOUNT, Leaves.ACCOUNT_WIDTH);
        LeafValue.setId(account, 24, payout);
        LeafTable.write(table, found, account);
    }
}
