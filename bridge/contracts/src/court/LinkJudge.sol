// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../interfaces/IFraudCourt.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Leaves} from "../libraries/Leaves.sol";

/// @title The link rules L1 to L15 (PROTOCOL, section 12)
/// @notice Every function says whether authenticated parts break a rule. It has no authority and reads nothing; where the parts say nothing
/// about the rule it reverts.
/// @dev All sums are of narrower numbers in 256 bits, so that none can panic. Twin: `chain::links` of the validator.
library LinkJudge {
    uint8 internal constant RULES = 1;
    uint8 internal constant HEIGHT = 2;
    uint8 internal constant TIME = 3;
    uint8 internal constant STATE = 4;
    uint8 internal constant END = 5;
    uint8 internal constant COUNTS = 6;
    uint8 internal constant FIRST = 7;
    uint8 internal constant KINDS = 8;
    uint8 internal constant SIZES = 9;
    uint8 internal constant NUMBERS = 10;
    uint8 internal constant ROOTS = 11;
    uint8 internal constant INBOX = 12;
    uint8 internal constant SET = 13;
    uint8 internal constant RELAYER = 14;
    uint8 internal constant BOUNDARY = 15;

    uint256 private constant VERSION = 1;
    uint8 private constant RECORD_KIND = 1;
    uint8 private constant BOUNDARY_KIND = 5;
    uint256 private constant MAX_COUNT = 32;
    uint256 private constant MAX_BYTES = 32_768;
    uint256 private constant NANOS = 1_000_000_000;

    /// @dev What the link rules read of the genesis.
    struct Genesis {
        uint256 epochBlocks;
        uint256 time;
        bytes32 stateRoot;
    }

    function block_(
        uint8 rule,
        IRootChain.Checkpoint calldata checkpoint,
        IFraudCourt.Block calldata shown,
        Genesis memory genesis
    ) internal pure returns (bool) {
        uint256 height =
            uint256(checkpoint.epoch) * genesis.epochBlocks + 1 + shown.number;
        bool last = shown.number == genesis.epochBlocks - 1;
        if (rule == RULES) return shown.rules != VERSION;
        if (rule == HEIGHT) return shown.height != height;
        if (rule == TIME && height == 1) return shown.time < genesis.time * NANOS;
        if (rule == STATE && (height == 1 || last)) {
            return (height == 1 && shown.stateBefore != genesis.stateRoot)
                || (last && shown.stateAfter != checkpoint.stateRoot);
        }
        if (rule == END && last) return checkpoint.lastBlockTime != shown.time / NANOS;
        revert IFraudCourt.NotShown(rule);
    }

    function blocks(uint8 rule, IFraudCourt.Block calldata earlier, IFraudCourt.Block calldata later)
        internal
        pure
        returns (bool)
    {
        if (rule == TIME) return later.time < earlier.time;
        if (rule == STATE) return later.stateBefore != earlier.stateAfter;
        revert IFraudCourt.NotShown(rule);
    }

    function across(
        uint8 rule,
        IRootChain.Checkpoint calldata previous,
        IFraudCourt.Block calldata last,
        IFraudCourt.Block calldata first
    ) internal pure returns (bool) {
        if (rule == TIME) return first.time < last.time;
        if (rule == STATE) return first.stateBefore != previous.stateRoot;
        revert IFraudCourt.NotShown(rule);
    }

    /// @param most transactions of a block.
    /// @param seats N.
    function counts(IFraudCourt.Segments calldata segments, uint256 most, uint256 seats) internal pure returns (bool) {
        uint256 steps = (seats + 7) / 8 + 2 * ((seats + 15) / 16);
        return segments.count == 0 || segments.transactions == 0 || segments.transactions > most
            || segments.count > segments.transactions + steps;
    }

    function segment(
        uint8 rule,
        IFraudCourt.Block calldata shown,
        IFraudCourt.Segments calldata segments,
        IFraudCourt.Segment calldata one
    ) internal pure returns (bool) {
        bool first = one.number == 0;
        bool last = uint256(one.number) + 1 == segments.count;
        if (rule == FIRST && first) return one.kind != RECORD_KIND || one.first != 0 || one.count != 1;
        if (rule == KINDS) {
            return one.kind < RECORD_KIND || one.kind > BOUNDARY_KIND || (!first && one.kind == RECORD_KIND);
        }
        if (rule == SIZES) {
            if (one.kind == BOUNDARY_KIND) return one.count != 0 || one.length != 0;
            return one.count == 0 || one.count > MAX_COUNT || one.length > MAX_BYTES;
        }
        if (rule == NUMBERS && last) return uint256(one.first) + one.count != segments.transactions;
        if (rule == ROOTS && (first || last)) {
            return (first && one.stateBefore != shown.stateBefore) || (last && one.stateAfter != shown.stateAfter);
        }
        revert IFraudCourt.NotShown(rule);
    }

    function neighbours(uint8 rule, IFraudCourt.Segment calldata earlier, IFraudCourt.Segment calldata later)
        internal
        pure
        returns (bool)
    {
        if (rule == KINDS) return later.kind < earlier.kind;
        if (rule == NUMBERS) return later.first != uint256(earlier.first) + earlier.count;
        if (rule == ROOTS) return later.stateBefore != earlier.stateAfter;
        revert IFraudCourt.NotShown(rule);
    }

    /// @notice Kind, key and width of the leaf that the rule is about.
    function leaf(uint8 rule, uint256 epoch, uint256 ring)
        internal
        pure
        returns (uint8 kind, bytes32 key, uint256 width)
    {
        if (rule == INBOX) return (Leaves.INBOX, Leaves.single(Leaves.INBOX), Leaves.INBOX_WIDTH);
        if (rule == SET) return (Leaves.SET, Leaves.inRing(Leaves.SET, (epoch + 2) % ring), Leaves.SET_WIDTH);
        if (rule == RELAYER) {
            return (Leaves.EPOCH_RECORD, Leaves.inRing(Leaves.EPOCH_RECORD, epoch % ring), Leaves.EPOCH_RECORD_WIDTH);
        }
        if (rule == BOUNDARY) return (Leaves.BOUNDARY, Leaves.single(Leaves.BOUNDARY), Leaves.BOUNDARY_WIDTH);
        revert IFraudCourt.NotShown(rule);
    }

    /// @param bytes_ of that leaf, of its width.
    function value(uint8 rule, IRootChain.Checkpoint calldata checkpoint, bytes calldata bytes_)
        internal
        pure
        returns (bool)
    {
        uint256 epoch = checkpoint.epoch;
        uint64 said = uint64(bytes8(bytes_[:8]));
        if (rule == INBOX) return said != checkpoint.inboxCursor || bytes32(bytes_[8:40]) != checkpoint.inboxLink;
        if (rule == SET) return said != epoch + 2 || bytes32(bytes_[146:178]) != checkpoint.nextSet;
        if (rule == RELAYER) return said != epoch || address(bytes20(bytes_[16:36])) != checkpoint.relayer;
        return said != epoch + 3 || keccak256(bytes_[8:]) != keccak256(new bytes(Leaves.BOUNDARY_WIDTH - 8));
    }
}
