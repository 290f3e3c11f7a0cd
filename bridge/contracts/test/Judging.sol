// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {LinkJudge} from "../src/court/LinkJudge.sol";
import {SignatureJudge} from "../src/court/SignatureJudge.sol";
import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";

/// @title The judges, asked about parts that nobody authenticated
contract Judging {
    function domain(uint256 rootChainId, address rootChain, bytes20 deployment) external pure returns (bytes32) {
        return SignatureJudge.domain(rootChainId, rootChain, deployment);
    }

    function signature(bytes calldata transaction, bytes32 domain_, IEd25519Verifier verifier, uint256 ofKey, uint256 ofR)
        external
        view
        returns (uint8)
    {
        return SignatureJudge.judge(transaction, domain_, verifier, ofKey, ofR);
    }

    function block_(
        uint8 rule,
        IRootChain.Checkpoint calldata checkpoint,
        IFraudCourt.Block calldata shown,
        uint256 epochBlocks
    ) external pure returns (bool) {
        return LinkJudge.block_(rule, checkpoint, shown, LinkJudge.Genesis(epochBlocks, 0, 0));
    }

    function blocks(uint8 rule, IFraudCourt.Block calldata earlier, IFraudCourt.Block calldata later)
        external
        pure
        returns (bool)
    {
        return LinkJudge.blocks(rule, earlier, later);
    }

    function counts(IFraudCourt.Segments calldata segments, uint256 most, uint256 seats) external pure returns (bool) {
        return LinkJudge.counts(segments, most, seats);
    }

    function segment(
        uint8 rule,
        IFraudCourt.Block calldata shown,
        IFraudCourt.Segments calldata segments,
        IFraudCourt.Segment calldata one
    ) external pure returns (bool) {
        return LinkJudge.segment(rule, shown, segments, one);
    }

    function neighbours(uint8 rule, IFraudCourt.Segment calldata earlier, IFraudCourt.Segment calldata later)
        external
        pure
        returns (bool)
    {
        return LinkJudge.neighbours(rule, earlier, later);
    }

    function leaf(uint8 rule, uint256 epoch, uint256 ring) external pure returns (uint8, bytes32, uint256) {
        return LinkJudge.leaf(rule, epoch, ring);
    }

    function value(uint8 rule, IRootChain.Checkpoint calldata checkpoint, bytes calldata bytes_)
        external
        pure
        returns (bool)
    {
        return LinkJudge.value(rule, checkpoint, bytes_);
    }
}
