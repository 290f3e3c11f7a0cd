// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Messages} from "./libraries/Messages.sol";

/// @title The inbox
/// @dev What is paid stays in this contract, which has no way to send it: that is how it is burned.
contract Inbox is IInbox {
    /// @dev One slot: the count, and when the last three messages are due. Together with the next one they fill a word of the ring of
    /// due times, so the ring is written only once in four messages and is never read before it is written.
    struct Head {
        uint64 count;
        uint64 lastDueMs;
        uint64 secondDueMs;
        uint64 thirdDueMs;
    }

    uint256 private constant RING = 256;
    /// @dev The ring of due times has the same number of slots as the ring of links, with four due times in each slot.
    uint256 private constant DUE_RING = 1024;
    uint256 private constant KEPT_EVERY = 32;
    uint256 private constant FORCED_LIMIT = 512;
    /// @dev A day in milliseconds.
    uint256 private constant INTERVAL_LIMIT_MS = 1 days * 1000;
    /// @dev The price stops doubling here: nobody could pay it, and a further product could overflow.
    uint256 private constant DOUBLINGS_LIMIT = 96;

    address public immutable registry;
    address public immutable vault;
    address public immutable court;
    address public immutable rootChain;
    uint64 private immutable DELAY_SECS;
    uint64 private immutable INTERVAL_MS;
    uint128 private immutable PRICE;
    uint64 private immutable DOUBLING_SECS;

    Head private _head;
    bytes32[RING] private _ring;
    mapping(uint256 => bytes32) private _keptForEver;
    /// @dev Message i is lane i mod 4 of word i / 4 mod 256, once message 4·(i / 4) + 3 has come.
    uint256[DUE_RING / 4] private _dueRing;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        Parameters memory given = founding.genesis.inbox;
        _inRange("delaySecs", given.delaySecs, 1, 365 days);
        _inRange("intervalMs", given.intervalMs, 1, INTERVAL_LIMIT_MS);
        _inRange("price", given.price, 1, 1 << 96);
        _inRange("doublingSecs", given.doublingSecs, 1, 365 days);
        registry = msg.sender;
        vault = founding.contracts[Manifest.VAULT];
        court = founding.contracts[Manifest.COURT];
        rootChain = Manifest.rootChain(founding.contracts);
        DELAY_SECS = given.delaySecs;
        INTERVAL_MS = given.intervalMs;
        PRICE = given.price;
        DOUBLING_SECS = given.doublingSecs;
    }

    /// @inheritdoc IInbox
    function send(uint8 kind, bytes calldata body) external payable returns (uint64 index) {
        Head memory head = _head;
        bool paid = (msg.sender == vault && (kind == Messages.DEPOSIT || kind == Messages.FUNDING))
            || (msg.sender == registry && kind == Messages.REGISTRATION);
        if (paid) {
            _checkOpen(head);
            uint256 price_ = _price(head);
            if (msg.value != price_) revert PriceNotPaid(price_, msg.value);
            return _append(head, _paidDueMs(head), kind, body);
        }
        bool free = (msg.sender == rootChain && kind == Messages.ACCEPTANCE)
            || (msg.sender == court && _isOfCourt(kind));
        if (free) {
            if (msg.value != 0) revert ValueNotTaken(msg.value);
            return _append(head, _freeDueMs(head), kind, body);
        }
        revert NotAllowed(msg.sender, kind);
    }

    /// @inheritdoc IInbox
    function force(bytes calldata transaction) external payable returns (uint64 index) {
        if (transaction.length == 0 || transaction.length > FORCED_LIMIT) revert ForcedLength(transaction.length);
        Head memory head = _head;
        _checkOpen(head);
        uint256 price_ = _price(head);
        if (msg.value < price_) revert PriceNotPaid(price_, msg.value);
        index = _append(
            head,
            _paidDueMs(head),
            Messages.FORCED,
            abi.encodePacked(msg.sender, uint16(transaction.length), transaction)
        );
        uint256 excess = msg.value - price_;
        if (excess != 0) {
            (bool taken,) = msg.sender.call{value: excess}("");
            if (!taken) revert ExcessNotTaken(msg.sender, excess);
        }
    }

    /// @inheritdoc IInbox
    function requireContent(uint64 cursor, bytes32 link_, uint64 time, uint64 dueCount, Witness calldata witness)
        external
        view
    {
        Head memory head = _head;
        if (cursor > head.count) revert UnknownMessage(cursor, head.count);
        _leadsToKept(head.count, cursor, link_, witness.afterCursor);
        _requireDueCount(head, uint256(time) * 1000, dueCount, witness);
    }

    /// @inheritdoc IInbox
    function requireMessage(bytes calldata message, bytes32 before, bytes32[] calldata behind)
        external
        view
        returns (uint64 index)
    {
        index = Messages.indexOf(message);
        if (index == 0) revert UnknownMessage(0, _head.count);
        _leadsToKept(_head.count, index, Messages.link(index, before, Messages.hash(message)), behind);
    }

    /// @inheritdoc IInbox
    function count() external view returns (uint64) {
        return _head.count;
    }

    /// @inheritdoc IInbox
    function lastDueMs() external view returns (uint64) {
        return _head.lastDueMs;
    }

    /// @inheritdoc IInbox
    function link(uint64 index) external view returns (bytes32 link_, bool kept) {
        return _link(_head.count, index);
    }

    /// @inheritdoc IInbox
    function due(uint64 index) external view returns (uint64 dueMs, bool kept) {
        Head memory head = _head;
        if (index == 0 || !_isLast(DUE_RING, head.count, index)) return (0, false);
        return (_dueMs(head, index), true);
    }

    /// @inheritdoc IInbox
    function price() external view returns (uint256) {
        return _price(_head);
    }

    /// @inheritdoc IInbox
    function parameters() external view returns (Parameters memory) {
        return Parameters(DELAY_SECS, INTERVAL_MS, PRICE, DOUBLING_SECS);
    }

    function _isOfCourt(uint8 kind) private pure returns (bool) {
        return kind == Messages.FREEZE || kind == Messages.SETTLEMENT || kind == Messages.EPOCH_FREEZE
            || kind == Messages.EPOCH_RELEASE;
    }

    /// @dev RootChain is created last, so no message can be sent before it exists. After the first message this needs no check.
    function _checkOpen(Head memory head) private view {
        if (head.count == 0 && rootChain.code.length == 0) revert NotOpen();
        uint64 exitAt = IRootChain(rootChain).head().exitAt;
        if (exitAt != 0) revert Closed(exitAt);
    }

    function _append(Head memory head, uint64 dueMs, uint8 kind, bytes memory body) private returns (uint64 index) {
        bytes32 previous = _ring[head.count % RING]; // before the first message slot 0 is untouched: h(0) = 0
        index = head.count + 1;
        bytes memory message = Messages.encode(index, dueMs, kind, body);
        bytes32 link_ = Messages.link(index, previous, Messages.hash(message));
        _ring[index % RING] = link_;
        if (index % KEPT_EVERY == 0) _keptForEver[index] = link_;
        if (index % 4 == 3) {
            _dueRing[index % DUE_RING / 4] = uint256(dueMs) << 192 | uint256(head.lastDueMs) << 128
                | uint256(head.secondDueMs) << 64 | head.thirdDueMs;
        }
        _head = Head(index, dueMs, head.lastDueMs, head.secondDueMs);
        emit MessageSent(index, link_, message);
    }

    /// @dev Due times never decrease, so two neighbouring messages show how many messages are due.
    function _requireDueCount(Head memory head, uint256 timeMs, uint64 dueCount, Witness calldata witness) private view {
        if (dueCount > head.count) revert UnknownMessage(dueCount, head.count);
        (uint64 dueMs, uint64 behindMs) = witness.around.length == 0
            ? _keptNeighbours(head, dueCount, witness)
            : _shownNeighbours(head, dueCount, witness);
        if (dueCount != 0 && dueMs > timeMs) revert NotDue(dueCount, dueMs, timeMs);
        if (dueCount != head.count && behindMs <= timeMs) revert Due(dueCount + 1, behindMs, timeMs);
    }

    /// @dev A message that arrives before this call is mined changes nothing here: it comes after the others and is not due yet.
    function _keptNeighbours(Head memory head, uint64 dueCount, Witness calldata witness)
        private
        view
        returns (uint64 dueMs, uint64 behindMs)
    {
        if (witness.beforeDue != 0 || witness.afterDue.length != 0) {
            revert NotShown(witness.beforeDue, witness.afterDue.length);
        }
        if (dueCount == head.count) return (head.lastDueMs, 0);
        uint64 first = dueCount == 0 ? 1 : dueCount;
        if (!_isLast(DUE_RING, head.count, first)) revert NotKept(first, head.count);
        return (_dueMs(head, first), _dueMs(head, dueCount + 1));
    }

    function _shownNeighbours(Head memory head, uint64 dueCount, Witness calldata witness)
        private
        view
        returns (uint64 dueMs, uint64 behindMs)
    {
        bytes[] calldata around = witness.around;
        if (dueCount == head.count) revert AroundLength(0, around.length);
        uint64 first = dueCount == 0 ? 1 : dueCount;
        uint64 behind = dueCount + 1;
        if (around.length != behind - first + 1) revert AroundLength(behind - first + 1, around.length);
        bytes32 link_ = witness.beforeDue;
        for (uint256 i; i < around.length; ++i) {
            link_ = Messages.link(first + uint64(i), link_, Messages.hash(around[i]));
        }
        _leadsToKept(head.count, behind, link_, witness.afterDue);
        return (Messages.dueMs(around[0]), Messages.dueMs(around[around.length - 1]));
    }

    /// @dev That `link_` is h(index): hashing forward from it gives a link that is kept. (Hashing forward *to* it from a kept
    /// one would show nothing, since a caller may choose the messages; this way they must hit a fixed link.)
    function _leadsToKept(uint64 count_, uint64 index, bytes32 link_, bytes32[] calldata messageHashes) private view {
        for (uint256 i; i < messageHashes.length; ++i) {
            link_ = Messages.link(++index, link_, messageHashes[i]);
        }
        if (index > count_) revert UnknownMessage(index, count_);
        (bytes32 expected, bool kept) = _link(count_, index);
        if (!kept) revert NotKept(index, count_);
        if (link_ != expected) revert LinkMismatch(index, expected, link_);
    }

    function _link(uint64 count_, uint64 index) private view returns (bytes32 link_, bool kept) {
        if (index > count_) return (0, false);
        if (index == 0) return (0, true);
        if (_isLast(RING, count_, index)) return (_ring[index % RING], true);
        if (index % KEPT_EVERY == 0) return (_keptForEver[index], true);
    }

    function _isLast(uint256 number, uint64 count_, uint64 index) private pure returns (bool) {
        return index <= count_ && count_ - index < number;
    }

    /// @dev Only for a message in the ring. Its word is written when three messages have come after it, and is overwritten when the
    /// message 1024 later is written.
    function _dueMs(Head memory head, uint64 index) private view returns (uint64) {
        uint64 behind = head.count - index;
        if (behind == 0) return head.lastDueMs;
        if (behind == 1) return head.secondDueMs;
        if (behind == 2) return head.thirdDueMs;
        return uint64(_dueRing[index % DUE_RING / 4] >> 64 * (index % 4));
    }

    function _freeDueMs(Head memory head) private view returns (uint64) {
        uint64 earliest = (uint64(block.timestamp) + DELAY_SECS) * 1000;
        return head.lastDueMs > earliest ? head.lastDueMs : earliest;
    }

    function _paidDueMs(Head memory head) private view returns (uint64) {
        uint64 earliest = (uint64(block.timestamp) + DELAY_SECS) * 1000;
        uint64 slot = head.lastDueMs + INTERVAL_MS;
        return slot > earliest ? slot : earliest;
    }

    /// @dev The backlog is the time by which a message sent now would be due later than its delay alone requires.
    function _price(Head memory head) private view returns (uint256) {
        uint256 backlogMs = _paidDueMs(head) - (uint64(block.timestamp) + DELAY_SECS) * 1000;
        uint256 doublings = backlogMs / (uint256(DOUBLING_SECS) * 1000);
        return uint256(PRICE) << (doublings < DOUBLINGS_LIMIT ? doublings : DOUBLINGS_LIMIT);
    }

    function _inRange(string memory name, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert ParameterOutOfRange(name, value);
    }
}
