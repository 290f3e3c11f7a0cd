// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The inbox: one hash chain of messages from the root chain to the child chain
/// @notice Message i is `index u64 ‖ arrival u64 (s) ‖ root height u64 ‖ due u64 (ms) ‖ kind u8 ‖ body` (PROTOCOL, section 5), its
/// link h(i) = keccak(`PINB` ‖ i ‖ h(i−1) ‖ message hash), h(0) = 32 zero bytes. The child consumes messages in order; what it
/// has not consumed by its due time keeps checkpoints from becoming final.
///
/// Kept in storage: the links of the last 256 messages and the due times of the last 1024 in reused slots, the link of every 32nd
/// for ever. Anything older is shown by hashing forward from it to a link that is kept.
interface IInbox {
    /// @notice Fixed at genesis, part of what the operators agree on.
    /// @param delaySecs D: a message is due this long after its arrival; 1 second to 365 days.
    /// @param intervalMs two paid messages are due at least this many milliseconds apart, 1 to 86,400,000 (a day): one over the rate
    /// of the child.
    /// @param price what a paid message costs when there is no backlog, in wei, 1 to 2^96; burned.
    /// @param doublingSecs the price doubles with each such span of backlog (half a day on networks); 1 second to 365 days.
    struct Parameters {
        uint64 delaySecs;
        uint64 intervalMs;
        uint128 price;
        uint64 doublingSecs;
    }

    /// @notice What shows that a link is that of message `cursor`, and how many messages were due at a time.
    /// @param afterCursor message hashes of cursor + 1, cursor + 2, … up to a kept link; empty if the cursor's own is kept.
    /// @param beforeDue the link before the first of `around`.
    /// @param around empty, like beforeDue and afterDue, if this contract still keeps the due time of the last message that was due (or
    /// of message 1, if none was due): kept due times show the count, also when more messages have arrived. Else the bytes of the last
    /// message that was due (left out if none was due), then those of the first one that was not due (left out if all were due).
    /// @param afterDue message hashes after the last of `around`, up to a kept link.
    struct Witness {
        bytes32[] afterCursor;
        bytes32 beforeDue;
        bytes[] around;
        bytes32[] afterDue;
    }

    /// @notice Every message, whole. Nodes read nothing else.
    /// @param link the link h(index), not the message hash.
    event MessageSent(uint64 indexed index, bytes32 link, bytes message);

    /// @notice Only Registry, Vault, Court and RootChain may call `send`, each with its own kinds of message.
    error NotAllowed(address sender, uint8 kind);
    /// @notice RootChain does not exist yet: the deployment is not complete, so nothing is sent.
    error NotOpen();
    /// @notice The deployment is closing: what enters now might never be consumed.
    error Closed(uint64 exitAt);
    /// @notice The value sent does not cover the price.
    error PriceNotPaid(uint256 price, uint256 value);
    /// @notice A free message came with value.
    error ValueNotTaken(uint256 value);
    /// @notice What was sent over the price could not be given back.
    error ExcessNotTaken(address sender, uint256 excess);
    /// @notice A forced transaction has 1 to 512 bytes.
    error ForcedLength(uint256 length);
    /// @notice There is no such message yet.
    error UnknownMessage(uint256 index, uint64 count);
    /// @notice The link of this message is neither among the last 256 nor that of a 32nd one, or its due time not
    /// among the last 1024.
    error NotKept(uint256 index, uint64 count);
    /// @notice The witness leads to another link than the one kept.
    error LinkMismatch(uint256 index, bytes32 kept, bytes32 computed);
    /// @notice `around` is empty, so beforeDue and afterDue must be empty too.
    error NotShown(bytes32 beforeDue, uint256 afterDue);
    /// @notice `around` must hold this many messages.
    error AroundLength(uint256 expected, uint256 given);
    /// @notice The message was not due at that time, though it was counted.
    error NotDue(uint256 index, uint64 dueMs, uint256 timeMs);
    /// @notice The message was due at that time, though it was not counted.
    error Due(uint256 index, uint64 dueMs, uint256 timeMs);
    /// @notice A parameter is out of its range.
    error ParameterOutOfRange(string name, uint256 value);

    /// @notice Appends a message of a contract of this deployment: kind 1 by Registry, kinds 2 and 6 by Vault (paid, exactly the price),
    /// kinds 3, 4, 9 and 10 by Court and kind 5 by RootChain (free).
    /// @return index the message's index, from 1.
    function send(uint8 kind, bytes calldata body) external payable returns (uint64 index);

    /// @notice Appends a child transaction that validators cannot refuse (kind 7), in the caller's name. The price is burned, what
    /// is sent over it returns to the caller.
    /// @param transaction canonical bytes of PROTOCOL section 4, 1 to 512; not looked into here.
    function force(bytes calldata transaction) external payable returns (uint64 index);

    /// @notice Reverts unless h(cursor) = link_, and exactly `dueCount` messages are due at `time` (seconds).
    function requireContent(uint64 cursor, bytes32 link_, uint64 time, uint64 dueCount, Witness calldata witness)
        external
        view;

    /// @notice Reverts unless these are the bytes of a message that was sent.
    /// @param message its bytes.
    /// @param before the link of the message before it.
    /// @param behind hashes of the messages behind it, up to one whose link is kept.
    /// @return index the message's index.
    function requireMessage(bytes calldata message, bytes32 before, bytes32[] calldata behind)
        external
        view
        returns (uint64 index);

    /// @notice The number of messages, which is the index of the last.
    function count() external view returns (uint64);

    /// @notice When the last message is due, in milliseconds; 0 before the first.
    function lastDueMs() external view returns (uint64);

    /// @notice The link of a message, or zero and false if it is not kept. h(0) is kept and zero.
    function link(uint64 index) external view returns (bytes32 link_, bool kept);

    /// @notice When a message is due, in milliseconds, or zero and false if that is not kept.
    function due(uint64 index) external view returns (uint64 dueMs, bool kept);

    /// @notice What a paid message costs in this block, in wei. It may double before a transaction is included: send some more, the
    /// rest returns.
    function price() external view returns (uint256);

    function parameters() external view returns (Parameters memory);
    function registry() external view returns (address);
    function vault() external view returns (address);
    function court() external view returns (address);
    function rootChain() external view returns (address);
}
