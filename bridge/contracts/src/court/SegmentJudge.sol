// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../interfaces/ISegmentJudge.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {Calldata} from "./Calldata.sol";
import {LeafTable} from "./LeafTable.sol";
import {NativeRules} from "./NativeRules.sol";
import {Parameters} from "./Parameters.sol";
import {Recipients} from "./Recipients.sol";
import {RuleContext} from "./RuleContext.sol";
import {SegmentForm} from "./SegmentForm.sol";
import {Transactions} from "./Transactions.sol";
import {Verdict} from "./Verdict.sol";
import {Participation} from "./rules/Participation.sol";

/// @title Judges segments of records, messages and users' transactions of native kinds
/// @dev Numbers are of 128 bits at most and are added and compared in 256, so that no rule panics; where one did, that would decide nothing.
/// Twin: `chain::transitions` of the validator.
contract SegmentJudge is ISegmentJudge {
    /// @inheritdoc ISegmentJudge
    function judge(Claim calldata claim, bytes calldata segment, bytes calldata witness, uint256[] calldata hints)
        external
        view
        returns (uint16)
    {
        if (claim.height == 0) revert HeightZero();
        uint8 kind = claim.kind;
        if (kind == 0 || kind > SegmentForm.BOUNDARY) revert NoSuchKind(kind);
        bool hasMany = kind != SegmentForm.RECORD && kind != SegmentForm.BOUNDARY;
        if (hasMany && claim.count == 0) revert CountZero();
        if (!SegmentForm.splits(segment, kind, claim.count)) return Verdict.FRAMES;
        if (kind == SegmentForm.EVIDENCE || kind == SegmentForm.BOUNDARY) revert NotJudged(kind);
        if (!SegmentForm.belongs(claim, segment)) return Verdict.FORM;
        RuleContext memory context = _context(claim, witness, hints);
        uint256 at;
        while (at < segment.length) {
            bytes calldata transaction;
            (transaction, at) = SegmentForm.next(segment, at);
            if (kind == SegmentForm.USERS) _user(context, transaction);
            else if (kind == SegmentForm.RECORD) Participation.apply_(context, transaction);
            else NativeRules.message(context, Calldata.slice(transaction, 1, transaction.length - 1));
        }
        if (context.hintsUsed != hints.length) revert OtherHints(context.hintsUsed, hints.length);
        return LeafTable.stateAfter(context.table) == claim.stateAfter ? Verdict.SOUND : Verdict.AFTER;
    }

    function _user(RuleContext memory context, bytes calldata transaction) private pure {
        uint256 kind = Transactions.kind(transaction);
        if (Transactions.isOfStake(kind)) revert NotJudged(uint8(kind));
        uint8 code = NativeRules.user(context, transaction);
        if (code != Verdict.OK) LeafTable.end(context.table, Verdict.REFUSED | code);
    }

    function _context(Claim calldata claim, bytes calldata witness, uint256[] calldata hints)
        private
        pure
        returns (RuleContext memory context)
    {
        uint256 table = LeafTable.open(witness, claim.stateBefore);
        uint256 found = LeafTable.ask(table, Leaves.PARAMETERS, Leaves.single(Leaves.PARAMETERS));
        uint256 parameters = LeafTable.valueOf(table, found);
        if (parameters == 0) revert UnsoundState(Leaves.PARAMETERS);
        uint256 blocks = Parameters.epochBlocks(parameters);
        if (blocks == 0 || Parameters.ring(parameters) == 0) revert UnsoundState(Leaves.PARAMETERS);
        (context.table, context.parameters, context.height) = (table, parameters, claim.height);
        context.epoch = (claim.height - 1) / blocks;
        context.own = Recipients.own(Parameters.registry(parameters), address(claim.verifier));
        (context.domain, context.verifier) = (claim.domain, claim.verifier);
        uint256 from;
        assembly ("memory-safe") {
            from := hints.offset
        }
        (context.hints, context.hintCount) = (from, hints.length);
    }
}
