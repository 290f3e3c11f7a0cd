// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../../interfaces/ISegmentJudge.sol";
import {Calldata} from "../Calldata.sol";
import {Fees} from "../Fees.sol";
import {LeafTable} from "../LeafTable.sol";
import {NativeRules} from "../NativeRules.sol";
import {RuleContext} from "../RuleContext.sol";
import {SignatureJudge} from "../SignatureJudge.sol";
import {Transactions} from "../Transactions.sol";
import {Verdict} from "../Verdict.sol";
import {Sequence} from "./Sequence.sol";

/// @title Forced transaction (message 7): what an account does through the inbox, with no validator's help
/// @dev What fails up to the signature has no effect. Twins: `ledger::rules::forced` and `ledger::check::forced` of the validator.
library Forced {
    uint256 private constant HEADER = 22;
    uint256 private constant MAX_BYTES = 512;

    /// @notice Whether it carries a transaction of stake that might have an effect. What its body and its signature say is not judged yet.
    function isOfStake(bytes calldata body) internal pure returns (bool) {
        bytes calldata transaction = _transaction(body);
        return _hasForm(transaction) && Transactions.isOfStake(Transactions.kind(transaction));
    }

    /// @param body sender 20 ‖ length u16 ‖ bytes of a transaction; none that `isOfStake`.
    function apply_(RuleContext memory context, bytes calldata body) internal view {
        bytes calldata transaction = _transaction(body);
        if (!_hasForm(transaction) || !Transactions.decodes(transaction)) return;
        if (Transactions.scheme(transaction) == Transactions.ROOT_SENDER) {
            if (Transactions.sender(transaction) != bytes21(bytes32(Calldata.id(body, 0)) >> 8)) return;
        } else {
            if (!_isSigned(context, transaction)) return;
            if (!_consume(context.table, transaction)) return;
        }
        if (_carryOut(context, transaction) == Verdict.OK) LeafTable.keep(context.table);
        else LeafTable.drop(context.table);
    }

    /// @dev Empty where the body is none of this kind.
    function _transaction(bytes calldata body) private pure returns (bytes calldata) {
        uint256 length = body.length < HEADER ? 0 : Calldata.u16(body, 20);
        bool fits = length <= MAX_BYTES && body.length == HEADER + length;
        return Calldata.slice(body, HEADER, fits ? length : 0);
    }

    /// @dev No transaction that was signed for the mempool has this form.
    function _hasForm(bytes calldata transaction) private pure returns (bool) {
        if (!Transactions.hasHeader(transaction, Transactions.ROOT_SENDER)) return false;
        if (Transactions.fee(transaction) != 0) return false;
        if (Transactions.validUntil(transaction) != type(uint64).max) return false;
        return Transactions.scheme(transaction) != Transactions.ROOT_SENDER || Transactions.sequence(transaction) == 0;
    }

    /// @dev Hints are there for those signatures alone that the verifier is asked about.
    function _isSigned(RuleContext memory context, bytes calldata transaction) private view returns (bool) {
        uint256 ofKey;
        uint256 ofR;
        if (Transactions.scheme(transaction) == Transactions.ED25519) {
            bytes calldata key = Calldata.slice(transaction, transaction.length - 96, 32);
            bytes21 signer = bytes21(bytes32(uint256(1) << 248) | bytes32(bytes20(sha256(key))) >> 8);
            if (signer != Transactions.sender(transaction)) return false;
            uint256 used = context.hintsUsed + 2;
            if (used > context.hintCount) revert ISegmentJudge.OtherHints(used, context.hintCount);
            uint256 from = context.hints + 32 * context.hintsUsed;
            assembly ("memory-safe") {
                ofKey := calldataload(from)
                ofR := calldataload(add(from, 0x20))
            }
            context.hintsUsed = used;
        }
        return SignatureJudge.judge(transaction, context.domain, context.verifier, ofKey, ofR) == Verdict.OK;
    }

    /// @dev Whether the sequence is the next one and is consumed.
    function _consume(uint256 table, bytes calldata transaction) private pure returns (bool) {
        (uint8 code, uint256 found, uint256 account) =
            Sequence.take(table, Transactions.sender(transaction), Transactions.sequence(transaction));
        if (code != Verdict.OK) return false;
        uint256 made = LeafTable.valueOf(table, found) == 0 ? 1 : 0;
        bool reserved = NativeRules.isReserved(transaction);
        if (Fees.room(reserved, LeafTable.count(table), made) != Verdict.OK) return false;
        LeafTable.put(table, found, account);
        return true;
    }

    function _carryOut(RuleContext memory context, bytes calldata transaction) private pure returns (uint8 code) {
        code = NativeRules.check(transaction);
        if (code != Verdict.OK) return code;
        uint256 table = context.table;
        bytes21 sender = Transactions.sender(transaction);
        (uint256 other, uint256 made) = NativeRules.needs(table, sender, transaction);
        if (other != 0 && LeafTable.valueOf(table, other) == 0) ++made;
        code = Fees.room(NativeRules.isReserved(transaction), LeafTable.count(table), made);
        return code == Verdict.OK ? NativeRules.apply_(context, sender, transaction) : code;
    }
}
