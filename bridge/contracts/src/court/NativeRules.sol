// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../interfaces/ISegmentJudge.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {Messages} from "../libraries/Messages.sol";
import {Calldata} from "./Calldata.sol";
import {Fees} from "./Fees.sol";
import {LeafKeys} from "./LeafKeys.sol";
import {LeafTable} from "./LeafTable.sol";
import {LeafValue} from "./LeafValue.sol";
import {Recipients} from "./Recipients.sol";
import {RuleContext} from "./RuleContext.sol";
import {Transactions} from "./Transactions.sol";
import {Verdict} from "./Verdict.sol";
import {Acceptance} from "./rules/Acceptance.sol";
import {Balance} from "./rules/Balance.sol";
import {Deposit} from "./rules/Deposit.sol";
import {Forced} from "./rules/Forced.sol";
import {Funding} from "./rules/Funding.sol";
import {Payout} from "./rules/Payout.sol";
import {Record} from "./rules/Record.sol";
import {Sequence} from "./rules/Sequence.sol";
import {Transfer} from "./rules/Transfer.sol";
import {Withdraw} from "./rules/Withdraw.sol";
import {Maturity} from "./rules/Maturity.sol";

/// @title What users' transactions of native kinds and messages of the inbox do
/// @notice This file says which rule a body has, and what all of them have in common. One rule, one file; each has the name of its twin.
/// @dev A rule of a transaction answers with a result code (PROTOCOL, section 4); its writes are an attempt that the caller keeps or drops. Twins:
/// `ledger::rules`, `ledger::apply` and `ledger::message` of the validator.
library NativeRules {
    /// @dev Bytes of a message before its body.
    uint256 private constant MESSAGE_HEADER = 33;

    /// @notice What no state can make right of a body.
    function check(bytes calldata transaction) internal pure returns (uint8) {
        uint256 kind = Transactions.kind(transaction);
        if (kind == Transactions.TRANSFER) {
            return Transfer.check(Transactions.to(transaction), Transactions.amount(transaction));
        }
        if (kind == Transactions.WITHDRAW) {
            return Withdraw.check(Transactions.recipient(transaction), Transactions.amount(transaction));
        }
        return kind == Transactions.RECORD ? Record.check(Transactions.dataLength(transaction)) : Verdict.OK;
    }

    /// @notice Carries out a user's transaction that decodes and keeps the static rules; the code by which the state refuses it.
    function user(RuleContext memory context, bytes calldata transaction) internal pure returns (uint8 code) {
        if (context.height > Transactions.validUntil(transaction)) return Verdict.EXPIRED;
        uint256 table = context.table;
        bytes21 sender = Transactions.sender(transaction);
        (uint8 refused, uint256 found, uint256 account) =
            Sequence.take(table, sender, Transactions.sequence(transaction));
        if (refused != Verdict.OK) return refused;
        code = _checkFee(context, transaction, found);
        if (code != Verdict.OK) return code;
        code = _charge(context, transaction, found, account);
        if (code != Verdict.OK) return code;
        code = apply_(context, sender, transaction);
        if (code == Verdict.OK) LeafTable.keep(table);
    }

    function _checkFee(RuleContext memory context, bytes calldata transaction, uint256 own)
        private
        pure
        returns (uint8 code)
    {
        uint256 table = context.table;
        uint256 made = LeafTable.valueOf(table, own) == 0 ? 1 : 0;
        (uint256 other, uint256 fresh) = needs(table, Transactions.sender(transaction), transaction);
        made += fresh;
        if (other != 0 && other != own && LeafTable.valueOf(table, other) == 0) ++made;
        uint256 count = LeafTable.count(table);
        code = Fees.room(isReserved(transaction), count, made);
        if (code != Verdict.OK) return code;
        uint256 minimum = Fees.minimum(context.parameters, transaction.length, made, count);
        return Transactions.fee(transaction) < minimum ? Verdict.FEE_TOO_LOW : Verdict.OK;
    }

    /// @dev Takes the whole fee and writes the consumed sequence.
    function _charge(RuleContext memory context, bytes calldata transaction, uint256 found, uint256 account)
        private
        pure
        returns (uint8)
    {
        uint256 fee = Transactions.fee(transaction);
        uint256 needed = fee + _native(transaction);
        if (needed > Fees.MAX_AMOUNT) return Verdict.OVERFLOW;
        uint256 balance = LeafValue.u128(account, 0);
        if (balance < needed) return Verdict.INSUFFICIENT_BALANCE;
        LeafValue.setU128(account, 0, balance - fee);
        LeafTable.write(context.table, found, account);
        found = LeafTable.ask(context.table, Leaves.FEE_POOL, Leaves.single(Leaves.FEE_POOL));
        uint256 pool = LeafTable.valueOf(context.table, found);
        if (pool == 0) revert ISegmentJudge.UnsoundState(Leaves.FEE_POOL);
        uint256 all = LeafValue.u128(pool, 0) + fee;
        uint256 ofEpoch = LeafValue.u64(pool, 16) == context.epoch ? LeafValue.u128(pool, 24) + fee : fee;
        if (all > Fees.MAX_AMOUNT || ofEpoch > Fees.MAX_AMOUNT) revert ISegmentJudge.UnsoundState(Leaves.FEE_POOL);
        pool = LeafValue.fresh(Leaves.FEE_POOL, Leaves.FEE_POOL_WIDTH);
        LeafValue.setU128(pool, 0, all);
        LeafValue.setU64(pool, 16, context.epoch);
        LeafValue.setU128(pool, 24, ofEpoch);
        LeafTable.write(context.table, found, pool);
        return Verdict.OK;
    }

    /// @dev Native coin that a body takes from its sender beside the fee.
    function _native(bytes calldata transaction) private pure returns (uint256) {
        if (Transactions.kind(transaction) > Transactions.WITHDRAW) return 0;
        return Transactions.token(transaction) == Balance.NATIVE ? Transactions.amount(transaction) : 0;
    }

    /// @notice Whether the leaves that a body makes may come from the reserve.
    function isReserved(bytes calldata transaction) internal pure returns (bool) {
        return Transactions.kind(transaction) == Transactions.WITHDRAW;
    }

    /// @notice The leaf that a body writes, and makes where it does not stand (0: none); and the number of leaves that it makes beside that one.
    function needs(uint256 table, bytes21 sender, bytes calldata transaction)
        internal
        pure
        returns (uint256 other, uint256 fresh)
    {
        uint256 kind = Transactions.kind(transaction);
        if (kind == Transactions.WITHDRAW) return (0, 1);
        uint8 leaf = Leaves.ACCOUNT;
        bytes32 key;
        if (kind == Transactions.TRANSFER) {
            (leaf, key) = Balance.key(Transactions.to(transaction), Transactions.token(transaction));
        } else if (kind == Transactions.PAYOUT) {
            key = LeafKeys.account(sender);
        } else {
            (leaf, key) = (Leaves.RECORD, LeafKeys.record(sender, Transactions.topic(transaction)));
        }
        return (LeafTable.ask(table, leaf, key), 0);
    }

    /// @notice Carries a body out; the code by which the state refuses it.
    function apply_(RuleContext memory context, bytes21 sender, bytes calldata transaction)
        internal
        pure
        returns (uint8)
    {
        uint256 kind = Transactions.kind(transaction);
        if (kind == Transactions.RECORD) {
            uint256 topic = Transactions.topic(transaction);
            Record.apply_(context.table, sender, topic, Transactions.data(transaction), context.height);
            return Verdict.OK;
        }
        bool pays = kind != Transactions.PAYOUT;
        bytes20 token = pays ? Transactions.token(transaction) : Balance.NATIVE;
        bytes20 recipient = Transactions.recipient(transaction);
        bytes21 paid = kind == Transactions.TRANSFER ? Transactions.to(transaction) : bytes21(bytes32(recipient) >> 8);
        if (Recipients.isUnusable(context.own, paid, token)) return Verdict.BAD_RECIPIENT;
        if (!pays) {
            Payout.apply_(context.table, sender, recipient);
            return Verdict.OK;
        }
        uint256 amount = Transactions.amount(transaction);
        return kind == Transactions.TRANSFER
            ? Transfer.apply_(context.table, sender, paid, token, amount)
            : Withdraw.apply_(context.table, sender, recipient, token, amount);
    }

    /// @notice Consumes a message of the inbox. Total, but that it must be the next one.
    function message(RuleContext memory context, bytes calldata message_) internal view {
        uint256 kind = Calldata.u8(message_, MESSAGE_HEADER - 1);
        bytes calldata body = Calldata.slice(message_, MESSAGE_HEADER, message_.length - MESSAGE_HEADER);
        if (_isOfStake(kind, body)) revert ISegmentJudge.NotJudged(uint8(kind));
        _advance(context.table, message_);
        uint256 arrival = Calldata.u64(message_, 8);
        Maturity.mature(context, arrival);
        // With other bytes than its kind has, and of a kind that there is not, it is recorded: nothing happens.
        if (kind == Messages.DEPOSIT) {
            if (body.length == Deposit.WIDTH) Deposit.apply_(context, body);
        } else if (kind == Messages.ACCEPTANCE) {
            if (body.length == Acceptance.WIDTH) Acceptance.apply_(context, body, arrival);
        } else if (kind == Messages.FUNDING) {
            if (body.length == Funding.WIDTH) Funding.apply_(context.table, body);
        } else if (kind == Messages.FORCED) {
            Forced.apply_(context, body);
        }
    }

    /// @dev Whether a message does something with stake, which is not judged yet.
    function _isOfStake(uint256 kind, bytes calldata body) private pure returns (bool) {
        if (kind == Messages.FORCED) return Forced.isOfStake(body);
        if (kind == Messages.REGISTRATION) return body.length == 172;
        if (kind == Messages.FREEZE) return body.length == 36;
        if (kind == Messages.SETTLEMENT) return body.length == 44;
        return (kind == Messages.EPOCH_FREEZE || kind == Messages.EPOCH_RELEASE) && body.length == 8;
    }

    /// @dev The inbox leaf goes on to the message.
    function _advance(uint256 table, bytes calldata message_) private pure {
        uint256 found = LeafTable.ask(table, Leaves.INBOX, Leaves.single(Leaves.INBOX));
        uint256 inbox = LeafTable.valueOf(table, found);
        if (inbox == 0) revert ISegmentJudge.UnsoundState(Leaves.INBOX);
        uint256 index = Calldata.u64(message_, 0);
        if (LeafValue.u64(inbox, 0) + 1 != index) LeafTable.end(table, Verdict.ORDER);
        bytes32 link = Messages.link(uint64(index), bytes32(LeafValue.word(inbox, 8)), Messages.hash(message_));
        inbox = LeafValue.fresh(Leaves.INBOX, Leaves.INBOX_WIDTH);
        LeafValue.setU64(inbox, 0, index);
        LeafValue.setWord(inbox, 8, uint256(link));
        LeafTable.put(table, found, inbox);
    }
}
