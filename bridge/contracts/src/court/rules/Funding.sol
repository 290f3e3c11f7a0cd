// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Calldata} from "../Calldata.sol";
import {Fees} from "../Fees.sol";
import {LeafKeys} from "../LeafKeys.sol";
import {LeafTable} from "../LeafTable.sol";
import {LeafValue} from "../LeafValue.sol";
import {Balance} from "./Balance.sol";

/// @title Reward funding (message 6): money that came to the Vault enters the reward pool
/// @dev Twins: `ledger::rules::funding` of the validator, `rules::fund` of staking.
library Funding {
    uint256 internal constant WIDTH = 36;

    /// @param body amount u128 ‖ funder 20.
    function apply_(uint256 table, bytes calldata body) internal pure {
        uint256 amount = Calldata.u128(body, 0);
        uint256 found = LeafTable.ask(table, Leaves.ASSET, LeafKeys.asset(Balance.NATIVE));
        uint256 asset = LeafTable.valueOf(table, found);
        if (asset == 0) revert ISegmentJudge.UnsoundState(Leaves.ASSET);
        uint256 credited = LeafValue.u128(asset, 0) + amount;
        if (credited > Fees.MAX_AMOUNT || amount == 0) return;
        asset = LeafValue.copy(asset, Leaves.ASSET, Leaves.ASSET_WIDTH);
        LeafValue.setU128(asset, 0, credited);
        LeafTable.write(table, found, asset);
        fund(table, amount);
        LeafTable.keep(table);
    }

    /// @notice Adds to the reward pool.
    function fund(uint256 table, uint256 amount) internal pure {
        uint256 found = LeafTable.ask(table, Leaves.REWARDS, Leaves.single(Leaves.REWARDS));
        uint256 rewards = LeafTable.valueOf(table, found);
        if (rewards == 0) revert ISegmentJudge.UnsoundState(Leaves.REWARDS);
        uint256 pool = LeafValue.u128(rewards, 0) + amount;
        if (pool > Fees.MAX_AMOUNT) revert ISegmentJudge.UnsoundState(Leaves.REWARDS);
        rewards = LeafValue.copy(rewards, Leaves.REWARDS, Leaves.REWARDS_WIDTH);
        LeafValue.setU128(rewards, 0, pool);
        LeafTable.write(table, found, rewards);
    }
}
