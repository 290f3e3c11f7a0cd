// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";

/// @title The inbox as a node knows it: every message of the events, hashed again
contract InboxModel {
    bytes[] private _messages;
    bytes32[] private _links;

    constructor() {
        _messages.push("");
        _links.push(0);
    }

    /// @notice Takes one event. Refuses a gap, or a link that is not that of the messages so far.
    function push(uint64 index, bytes32 link_, bytes calldata sent) external {
        require(index == _links.length, "InboxModel: a gap");
        require(uint64(bytes8(sent[:8])) == index, "InboxModel: another index in the message");
        bytes32 computed = next(index, _links[index - 1], hashOf(sent));
        require(computed == link_, "InboxModel: another link");
        _messages.push(sent);
        _links.push(computed);
    }

    function count() public view returns (uint64) {
        return uint64(_links.length - 1);
    }

    function link(uint64 index) external view returns (bytes32) {
        return _links[index];
    }

    function message(uint64 index) external view returns (bytes memory) {
        return _messages[index];
    }

    function dueMs(uint64 index) public view returns (uint64 due) {
        bytes memory bytes_ = _messages[index];
        for (uint256 i = 24; i < 32; ++i) {
            due = due << 8 | uint8(bytes_[i]);
        }
    }

    function hashOf(bytes memory message_) public pure returns (bytes32) {
        return keccak256(bytes.concat("PMSG", keccak256(message_)));
    }

    function next(uint64 index, bytes32 previous, bytes32 messageHash) public pure returns (bytes32) {
        return keccak256(bytes.concat("PINB", bytes8(index), previous, messageHash));
    }

    /// @notice What a relayer shows for a cursor, and for the due count at a time (seconds). It leaves due times to root's ring while
    /// half of that is behind them.
    function witness(uint64 cursor, uint64 time) external view returns (uint64 due, IInbox.Witness memory shown) {
        due = dueAt(time);
        bool near = count() < 1024 - 512 + (due == 0 ? 1 : due);
        shown = near ? witnessOfRing(cursor) : witnessOf(cursor, due);
    }

    function dueAt(uint64 time) public view returns (uint64 due) {
        while (due < count() && dueMs(due + 1) <= uint256(time) * 1000) ++due;
    }

    /// @notice The due count is left to root's ring.
    function witnessOfRing(uint64 cursor) public view returns (IInbox.Witness memory shown) {
        shown.afterCursor = _toKept(cursor);
    }

    /// @notice A due count, whether or not it is right, is shown by its neighbours.
    function witnessOf(uint64 cursor, uint64 due) public view returns (IInbox.Witness memory shown) {
        shown.afterCursor = _toKept(cursor);
        if (due >= count()) return shown;
        uint64 first = due == 0 ? 1 : due;
        shown.beforeDue = _links[first - 1];
        shown.around = new bytes[](due + 2 - first);
        for (uint64 i = first; i <= due + 1; ++i) {
            shown.around[i - first] = _messages[i];
        }
        shown.afterDue = _toKept(due + 1);
    }

    /// @dev Message hashes after `index`, up to the next link that root keeps for ever. The newest messages have none behind them, and
    /// are in root's ring.
    function _toKept(uint64 index) private view returns (bytes32[] memory hashes) {
        uint64 end = (index + 31) / 32 * 32;
        if (end > count()) end = index;
        hashes = new bytes32[](end - index);
        for (uint64 i; i < hashes.length; ++i) {
            hashes[i] = hashOf(_messages[index + 1 + i]);
        }
    }
}
