// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Leaves} from "../../libraries/Leaves.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Verdict} from "../Verdict.sol";

/// @title Record (kind 0x04): the hash of some data stands under the sender's topic, with the height at which it was written
/// @dev Twin: `ledger::rules::record` of the validator.
library Record {
    uint256 private constant MAX_BYTES = 1024;

    function check(uint256 length) internal pure returns (uint8) {
        return length > MAX_BYTES ? Verdict.TOO_LARGE : Verdict.OK;
    }

    function apply_(uint256 table, bytes21 sender, uint256 topic, bytes calldata data, uint256 height) internal pure {
        uint256 found = LeafTable.ask(table, Leaves.RECORD, LeafKeys.record(sender, topic));
        uint256 record = LeafValue.fresh(Leaves.RECORD, Leaves.RECORD_WIDTH);
        LeafValue.setWord(record, 0, uint256(keccak256(data)));
        LeafValue.setU64(record, 32, height);
        LeafTable.write(table, found, record);
    }
}
