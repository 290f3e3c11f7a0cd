// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {TreeModel} from "./TreeModel.sol";
import {Unsound} from "./Unsound.sol";

/// @title Whole epochs with blocks, segments and a state of the leaves that link rules read, made by definition, sound or with one thing wrong
/// @dev Every block has the same four segments. Each leaf's next key is made up.
abstract contract Frauds is Unsound {
    uint32 internal constant K = 64;
    uint32 internal constant SEGMENTS = 4;
    uint32 internal constant TRANSACTIONS = 35;
    uint32 internal constant MOST = 100;
    uint16 internal constant SEATS = 16;
    uint32 internal constant RING = 3;

    /// @notice What is wrong in an epoch. Nothing: `thing` is 0.
    /// @param thing 1 a block's field, 2 a segment's field, 3 a block's counts, 4 a leaf's byte, 5 the checkpoint's last block time, 6 the bytes of
    /// a block's users' segment, which are `users`.
    /// @param block_ number of the block, or of the leaf in the state.
    /// @param segment number of the segment, or of the leaf's byte.
    /// @param field of block, segment or counts, from 0.
    /// @param value that stands there.
    struct Wrong {
        uint256 thing;
        uint256 block_;
        uint256 segment;
        uint256 field;
        uint256 value;
    }

    Wrong internal wrong;
    bytes internal users;
    uint32 internal usersCount;
    /// @dev Of the segment with these bytes: its kind where it is not users', and the state roots before and after it where they are not made up.
    uint8 internal usersKind;
    bytes32 internal usersBefore;
    bytes32 internal usersAfter;
    bytes32 private _usersRoot;
    bytes[] internal values;
    bytes32[] internal keys;
    bytes internal parameters;
    IRootChain.Checkpoint internal content;
    IRootChain.Checkpoint internal before;

    function setUp() public virtual override {
        bytes memory made = new bytes(417);
        _write(made, 16, abi.encodePacked(SEATS));
        _write(made, 20, abi.encodePacked(RING));
        _write(made, 239, abi.encodePacked(MOST));
        parameters = made;
        stateRoot = keccak256(bytes.concat(TreeModel.root(_genesisLeaves()), bytes4(uint32(2))));
        super.setUp();
        _deploy();
        _pass(120);
        _sync();
    }

    function _write(bytes memory into, uint256 at, bytes memory what) internal pure {
        for (uint256 i; i < what.length; ++i) {
            into[at + i] = what[i];
        }
    }

    // The state.

    function _genesisLeaves() internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](2);
        leaves[0] = keccak256("sentinel");
        leaves[1] = _leafHash(keccak256(hex"01"), keccak256(bytes.concat(hex"01", parameters)));
    }

    function _leafHash(bytes32 key, bytes32 valueHash) internal pure returns (bytes32) {
        return keccak256(bytes.concat(key, keccak256("next"), valueHash));
    }

    /// @dev Leaves 1 to 4: inbox, set, epoch record, boundary; with the wrong byte where one is.
    function _makeState(IRootChain.Checkpoint memory one) private {
        delete values;
        delete keys;
        uint64 e = one.epoch;
        _leaf(hex"", "", hex"");
        _leaf(hex"09", "", bytes.concat(bytes8(one.inboxCursor), one.inboxLink));
        _leaf(
            hex"0d", abi.encodePacked(uint32((e + 2) % RING)), bytes.concat(bytes8(e + 2), new bytes(138), one.nextSet)
        );
        _leaf(
            hex"12",
            abi.encodePacked(uint32(e % RING)),
            bytes.concat(bytes8(e), bytes8(uint64(7)), bytes20(one.relayer), new bytes(25))
        );
        _leaf(hex"11", "", bytes.concat(bytes8(e + 3), new bytes(445)));
        if (wrong.thing == 4) values[wrong.block_][wrong.segment] = bytes1(uint8(wrong.value));
    }

    function _leaf(bytes memory kind, bytes memory fields, bytes memory value) private {
        keys.push(keccak256(bytes.concat(kind, fields)));
        values.push(value);
    }

    function _kind(uint256 index) internal pure returns (bytes1) {
        return [bytes1(0), 0x09, 0x0d, 0x12, 0x11][index];
    }

    function _stateLeaves() internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](values.length);
        for (uint256 i; i < leaves.length; ++i) {
            leaves[i] = _leafHash(keys[i], keccak256(bytes.concat(_kind(i), values[i])));
        }
    }

    function _leafProof(uint256 index) internal view returns (StateTree.Inclusion memory proof) {
        bytes32 valueHash = keccak256(bytes.concat(_kind(index), values[index]));
        return _proof(_stateLeaves(), index, keys[index], valueHash);
    }

    function _parametersProof() internal view returns (StateTree.Inclusion memory) {
        return _proof(_genesisLeaves(), 1, keccak256(hex"01"), keccak256(bytes.concat(hex"01", parameters)));
    }

    function _proof(bytes32[] memory leaves, uint256 index, bytes32 key, bytes32 valueHash)
        private
        pure
        returns (StateTree.Inclusion memory proof)
    {
        proof.index = uint32(index);
        proof.key = key;
        proof.next = keccak256("next");
        proof.valueHash = valueHash;
        proof.count = uint32(leaves.length);
        bytes32[] memory path = TreeModel.path(leaves, index, 32);
        for (uint256 i; i < 32; ++i) {
            proof.siblings[i] = path[i];
        }
    }

    // Blocks.

    function _stateAt(uint64 epoch, uint256 block_, uint256 segment) private pure returns (bytes32) {
        return keccak256(abi.encode("state", epoch, block_, segment));
    }

    /// @dev State root in front of the block, by the epoch that `one` ends.
    function _in(IRootChain.Checkpoint memory one, uint256 number) private view returns (bytes32) {
        if (number == 0) return one.epoch == 0 ? stateRoot : checkpoints[one.epoch - 1].stateRoot;
        if (number == K) return one.stateRoot;
        return _stateAt(one.epoch, number, 0);
    }

    function _segment(IRootChain.Checkpoint memory one, uint256 number, uint256 i)
        internal
        view
        returns (IFraudCourt.Segment memory segment)
    {
        segment.number = uint32(i);
        segment.kind = [1, 2, 4, 5][i];
        segment.first = [0, 1, 3, 35][i];
        segment.count = [1, 2, 32, 0][i];
        segment.length = [uint32(165), 300, 32_768, 0][i];
        segment.chunksRoot = keccak256(abi.encode("chunks", i));
        segment.stateBefore = i == 0 ? _in(one, number) : _stateAt(one.epoch, number, i);
        segment.stateAfter = i == 3 ? _in(one, number + 1) : _stateAt(one.epoch, number, i + 1);
        if (wrong.thing == 6 && wrong.block_ == number && i == 2 && one.epoch == content.epoch) {
            (segment.length, segment.count, segment.chunksRoot) = (uint32(users.length), usersCount, _usersRoot);
            if (usersKind != 0) segment.kind = usersKind;
            if (usersBefore != 0) (segment.stateBefore, segment.stateAfter) = (usersBefore, usersAfter);
        }
        if (wrong.thing == 2 && wrong.block_ == number && wrong.segment == i && one.epoch == content.epoch) {
            if (wrong.field == 0) segment.kind = uint8(wrong.value);
            if (wrong.field == 1) segment.first = uint32(wrong.value);
            if (wrong.field == 2) segment.count = uint32(wrong.value);
            if (wrong.field == 3) segment.length = uint32(wrong.value);
            if (wrong.field == 4) segment.stateBefore = bytes32(wrong.value);
            if (wrong.field == 5) segment.stateAfter = bytes32(wrong.value);
        }
    }

    function _segmentHashes(IRootChain.Checkpoint memory one, uint256 number)
        private
        view
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](SEGMENTS);
        for (uint256 i; i < SEGMENTS; ++i) {
            IFraudCourt.Segment memory s = _segment(one, number, i);
            bytes32 bytesHash = keccak256(bytes.concat("PBYT", bytes4(s.length), s.chunksRoot));
            hashes[i] = keccak256(
                bytes.concat(
                    bytes.concat("PSEG", bytes1(s.kind), bytes4(s.first), bytes4(s.count)),
                    bytes.concat(bytesHash, s.stateBefore, s.stateAfter)
                )
            );
        }
    }

    function _segments(IRootChain.Checkpoint memory one, uint256 number)
        internal
        view
        returns (IFraudCourt.Segments memory segments)
    {
        segments = IFraudCourt.Segments(SEGMENTS, TRANSACTIONS, ListTree.root(_segmentHashes(one, number)));
        if (wrong.thing == 3 && wrong.block_ == number && one.epoch == content.epoch) {
            if (wrong.field == 0) segments.count = uint32(wrong.value);
            if (wrong.field == 1) segments.transactions = uint32(wrong.value);
        }
    }

    function _bare(IRootChain.Checkpoint memory one, uint256 number)
        private
        view
        returns (IFraudCourt.Block memory shown)
    {
        IFraudCourt.Segments memory s = _segments(one, number);
        shown.number = uint32(number);
        shown.rules = 1;
        shown.height = one.epoch * K + 1 + uint64(number);
        shown.time = (one.lastBlockTime - K + 1 + uint64(number)) * 1e9 + 5;
        shown.blockHash = keccak256(abi.encode("block", number));
        shown.witnessHash = keccak256(abi.encode("witness", number));
        shown.stateBefore = _in(one, number);
        shown.stateAfter = _in(one, number + 1);
        shown.segmentsRoot = keccak256(bytes.concat("PSGR", bytes4(s.count), bytes4(s.transactions), s.listRoot));
        if (wrong.thing == 1 && wrong.block_ == number && one.epoch == content.epoch) {
            if (wrong.field == 0) shown.rules = uint32(wrong.value);
            if (wrong.field == 1) shown.height = uint64(wrong.value);
            if (wrong.field == 2) shown.time = uint64(wrong.value);
            if (wrong.field == 3) shown.stateBefore = bytes32(wrong.value);
            if (wrong.field == 4) shown.stateAfter = bytes32(wrong.value);
        }
    }

    function _blockHashes(IRootChain.Checkpoint memory one) private view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](K);
        for (uint256 i; i < K; ++i) {
            hashes[i] = _blockHash(_bare(one, i));
        }
    }

    function _block(IRootChain.Checkpoint memory one, uint256 number)
        internal
        view
        returns (IFraudCourt.Block memory shown)
    {
        shown = _bare(one, number);
        shown.siblings = TreeModel.path(_blockHashes(one), number, 6);
    }

    function _segmentWithPath(IRootChain.Checkpoint memory one, uint256 number, uint256 i)
        internal
        view
        returns (IFraudCourt.Segment memory segment)
    {
        segment = _segment(one, number, i);
        segment.siblings = TreeModel.path(_segmentHashes(one, number), i, 2);
    }

    /// @notice An epoch with that wrong in it, accepted.
    function _epoch(Wrong memory what) internal {
        wrong = what;
        IRootChain.Checkpoint memory one = _checkpoint();
        if (wrong.thing == 5) one.lastBlockTime = uint64(wrong.value);
        _makeState(one);
        one.stateRoot = keccak256(bytes.concat(TreeModel.root(_stateLeaves()), bytes4(uint32(values.length))));
        content = one;
        one.blocksRoot = ListTree.root(_blockHashes(_timed(one)));
        content = one;
        if (one.epoch != 0) before = checkpoints[one.epoch - 1];
        _submit(_submission(one, _none()));
    }

    /// @dev The checkpoint by which blocks are made: with the time that its last block has.
    function _timed(IRootChain.Checkpoint memory one) internal view returns (IRootChain.Checkpoint memory made) {
        made = IRootChain.Checkpoint(
            one.epoch,
            wrong.thing == 5 ? one.lastBlockTime + 1 : one.lastBlockTime,
            one.blocksRoot,
            one.stateRoot,
            one.inboxCursor,
            one.inboxLink,
            one.nextSet,
            one.relayer,
            one.previous
        );
    }

    /// @notice Transactions behind their lengths, as the bytes of a users' segment.
    function _setUsers(bytes[] memory transactions) internal {
        bytes memory all;
        for (uint256 i; i < transactions.length; ++i) {
            all = bytes.concat(all, bytes4(uint32(transactions[i].length)), transactions[i]);
        }
        users = all;
        usersCount = uint32(transactions.length);
        _setBytes();
    }

    /// @dev `users` are whatever bytes.
    function _setBytes() internal {
        bytes memory all = users;
        bytes32[] memory chunks = new bytes32[]((all.length + 1023) / 1024);
        for (uint256 i; i < chunks.length; ++i) {
            bytes memory chunk = new bytes(1024);
            for (uint256 at; at < 1024 && i * 1024 + at < all.length; ++at) {
                chunk[at] = all[i * 1024 + at];
            }
            chunks[i] = keccak256(bytes.concat("PCHK", chunk));
        }
        _usersRoot = ListTree.root(chunks);
    }

    /// @dev Messages of what is undone are none of the chain's.
    function _back(uint256 state) internal {
        vm.getRecordedLogs();
        vm.revertToState(state);
    }

    // Proofs.

    /// @notice Makes the call, and says what it costs as a transaction, today and where a byte of calldata costs 64 at least.
    /// @dev Today the bytes cost 16 (or 4) beside the execution, and 40 (or 10) at least (EIP-7623). Contracts and slots are cold, but the callee.
    function _costOf(bytes memory data) internal returns (uint256 today, uint256 dear) {
        vm.cool(address(rootChain));
        vm.cool(address(registry.verifier()));
        vm.cool(vm.computeCreateAddress(address(fraudCourt), 1));
        return _priced(address(fraudCourt), data);
    }

    /// @notice Calldata of the proof of a shape: 0 block `a`, 1 blocks `a` and `a` + 1, 2 across, 3 counts of block `a`, 4 segment `b` of
    /// block `a`, 5 segments `b` and `b` + 1 of block `a`, 6 leaf `a`.
    function _proving(uint256 shape, uint8 rule, uint256 a, uint256 b) internal view returns (bytes memory) {
        IFraudCourt.Accused memory accused = _accusedOf(content.epoch);
        IRootChain.Checkpoint memory one = _timed(content);
        if (shape == 0) return abi.encodeCall(IFraudCourt.proveBlock, (accused, rule, _block(one, a)));
        if (shape == 1) {
            return abi.encodeCall(IFraudCourt.proveBlocks, (accused, rule, _block(one, a), _block(one, a + 1)));
        }
        if (shape == 2) {
            return
                abi.encodeCall(IFraudCourt.proveAcross, (accused, rule, before, _block(before, K - 1), _block(one, 0)));
        }
        if (shape == 3) {
            return abi.encodeCall(
                IFraudCourt.proveCounts, (accused, _block(one, a), _segments(one, a), parameters, _parametersProof())
            );
        }
        if (shape == 4) {
            return abi.encodeCall(
                IFraudCourt.proveSegment,
                (accused, rule, _block(one, a), _segments(one, a), _segmentWithPath(one, a, b))
            );
        }
        if (shape == 5) return _provingSegments(accused, rule, a, b);
        return abi.encodeCall(
            IFraudCourt.proveLeaf, (accused, rule, values[a], _leafProof(a), parameters, _parametersProof())
        );
    }

    function _provingSegments(IFraudCourt.Accused memory accused, uint8 rule, uint256 a, uint256 b)
        private
        view
        returns (bytes memory)
    {
        IRootChain.Checkpoint memory one = _timed(content);
        IFraudCourt.Segment memory later = _segmentWithPath(one, a, b + 1);
        return abi.encodeCall(
            IFraudCourt.proveSegments,
            (accused, rule, _block(one, a), _segments(one, a), _segmentWithPath(one, a, b), later)
        );
    }
}
