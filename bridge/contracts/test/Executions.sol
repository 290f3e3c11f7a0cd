// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Ed25519Point} from "./Ed25519Point.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";
import {SegmentModel} from "./SegmentModel.sol";
import {Signatures} from "./Signatures.sol";

/// @title Segments of native transactions on states that touch as many leaves as far apart as they may, in an accepted epoch, with their proof
/// @dev Written from PROTOCOL and not from the judge. What rules do in each case is in the vectors of Rust.
abstract contract Executions is Signatures {
    uint256 internal constant NUMBER = 32;
    uint128 internal constant BALANCE = 1 << 70;
    uint128 internal constant FEE = 1_000_003;
    uint128 internal constant AMOUNT = 77;
    /// @dev The height of block `BLOCK` in epoch 1.
    uint64 internal constant HEIGHT = 64 + 1 + uint64(BLOCK);

    /// @notice A segment with its state.
    /// @param leaves before it, those that it asks for.
    /// @param behind the same ones after it, and those that it makes.
    /// @param leafCount of the state before.
    struct Made {
        uint8 kind;
        bytes[] transactions;
        SegmentModel.Leaf[] leaves;
        SegmentModel.Leaf[] behind;
        uint256 leafCount;
        uint256 appends;
        uint256[] hints;
    }

    function _id(uint256 i) internal pure returns (bytes20) {
        return bytes20(keccak256(abi.encode("account", i)));
    }

    function _account(bytes20 id, uint128 balance, uint64 sequence) internal pure returns (SegmentModel.Leaf memory) {
        bytes memory value = bytes.concat(bytes16(balance), bytes8(sequence), new bytes(40));
        return SegmentModel.Leaf(0, bytes.concat(hex"0201", id), value, false);
    }

    function _pool(uint128 amount, uint64 epoch, uint128 fees) internal pure returns (SegmentModel.Leaf memory) {
        return SegmentModel.Leaf(0, hex"05", bytes.concat(bytes16(amount), bytes8(epoch), bytes16(fees)), false);
    }

    function _parametersLeaf() internal view returns (SegmentModel.Leaf memory) {
        bytes memory value = new bytes(417);
        _write(value, 12, abi.encodePacked(K, SEATS));
        _write(value, 20, abi.encodePacked(RING));
        _write(value, 88, abi.encodePacked(uint32(1000)));
        _write(value, 397, abi.encodePacked(address(registry)));
        return SegmentModel.Leaf(0, hex"01", value, false);
    }

    /// @dev What the sender signs is not looked at by this judge.
    function _userBytes(bytes1 kind, bytes20 from, bytes memory body) internal pure returns (bytes memory) {
        bytes memory header = bytes.concat(kind, hex"0101", from, bytes2(0), bytes8(0), bytes16(FEE), new bytes(21));
        header = bytes.concat(header, bytes8(uint64(500)), keccak256("memo"));
        bytes32 filler = keccak256("signature");
        return bytes.concat(header, body, filler, filler, filler);
    }

    /// @dev As far apart as they fit.
    function _spread(SegmentModel.Leaf[] memory leaves, uint256 leafCount) internal pure {
        for (uint256 i; i < leaves.length; ++i) {
            leaves[i].index = uint32(leafCount * i / leaves.length + leafCount / leaves.length / 2);
        }
    }

    function _copied(SegmentModel.Leaf[] memory leaves) internal pure returns (SegmentModel.Leaf[] memory made) {
        made = new SegmentModel.Leaf[](leaves.length);
        for (uint256 i; i < made.length; ++i) {
            made[i] = SegmentModel.Leaf(leaves[i].index, leaves[i].fields, leaves[i].value, false);
        }
    }

    /// @notice Transfers of native coin, each between two other accounts.
    function _transfers(uint256 leafCount) internal view returns (Made memory made) {
        made.kind = 4;
        made.leafCount = leafCount;
        made.transactions = new bytes[](NUMBER);
        made.leaves = new SegmentModel.Leaf[](2 + 2 * NUMBER);
        (made.leaves[0], made.leaves[1]) = (_parametersLeaf(), _pool(5, 0, 5));
        for (uint256 i; i < NUMBER; ++i) {
            (bytes20 from, bytes20 to) = (_id(i), _id(NUMBER + i));
            bytes memory body = bytes.concat(hex"01", to, bytes20(0), bytes16(AMOUNT));
            made.transactions[i] = _userBytes(0x01, from, body);
            made.leaves[2 + 2 * i] = _account(from, BALANCE, 0);
            made.leaves[3 + 2 * i] = _account(to, BALANCE, 9);
        }
        _spread(made.leaves, leafCount);
        made.behind = _copied(made.leaves);
        uint128 fees = uint128(NUMBER) * FEE;
        made.behind[1].value = _pool(5 + fees, 1, fees).value;
        for (uint256 i; i < NUMBER; ++i) {
            made.behind[2 + 2 * i].value = _account(0, BALANCE - FEE - AMOUNT, 1).value;
            made.behind[3 + 2 * i].value = _account(0, BALANCE + AMOUNT, 9).value;
        }
    }

    /// @notice As many bytes of records as a segment may have.
    function _records(uint256 leafCount) internal view returns (Made memory made) {
        made.kind = 4;
        made.leafCount = leafCount;
        made.transactions = new bytes[](NUMBER);
        made.leaves = new SegmentModel.Leaf[](2 + 2 * NUMBER);
        (made.leaves[0], made.leaves[1]) = (_parametersLeaf(), _pool(5, 0, 5));
        bytes memory data = new bytes(1024 - 4 - 110 - 34 - 96);
        for (uint256 i; i < data.length; ++i) {
            data[i] = 0x5a;
        }
        bytes memory old = bytes.concat(keccak256("old"), bytes8(uint64(7)));
        for (uint256 i; i < NUMBER; ++i) {
            bytes32 topic = keccak256(abi.encode("topic", i));
            bytes memory body = bytes.concat(topic, bytes2(uint16(data.length)), data);
            made.transactions[i] = _userBytes(0x04, _id(i), body);
            made.leaves[2 + 2 * i] = _account(_id(i), BALANCE, 0);
            made.leaves[3 + 2 * i] = SegmentModel.Leaf(0, bytes.concat(hex"0801", _id(i), topic), old, false);
        }
        _spread(made.leaves, leafCount);
        made.behind = _copied(made.leaves);
        uint128 fees = uint128(NUMBER) * FEE;
        made.behind[1].value = _pool(5 + fees, 1, fees).value;
        for (uint256 i; i < NUMBER; ++i) {
            made.behind[2 + 2 * i].value = _account(0, BALANCE - FEE, 1).value;
            made.behind[3 + 2 * i].value = bytes.concat(keccak256(data), bytes8(HEIGHT));
        }
    }

    /// @notice Messages with forced transfers, each signed by another Ed25519 key.
    function _forced(uint256 leafCount) internal view returns (Made memory made) {
        made.kind = 2;
        made.leafCount = leafCount;
        made.transactions = new bytes[](NUMBER);
        made.hints = new uint256[](2 * NUMBER);
        made.leaves = new SegmentModel.Leaf[](4 + 2 * NUMBER);
        made.leaves[0] = _parametersLeaf();
        bytes32 link = keccak256("link");
        made.leaves[1] = SegmentModel.Leaf(0, hex"09", bytes.concat(bytes8(uint64(40)), link), false);
        made.leaves[2] = SegmentModel.Leaf(0, hex"15", new bytes(26), false);
        // Of an epoch that is not accepted yet.
        made.leaves[3] = SegmentModel.Leaf(0, hex"1200000001", bytes.concat(bytes8(uint64(1)), new bytes(53)), false);
        for (uint256 i; i < NUMBER; ++i) {
            bytes20 to = _id(NUMBER + i);
            bytes20 from;
            (made.transactions[i], from) = _forcedMessage(made, i, to);
            made.leaves[4 + 2 * i] = _account(from, BALANCE, 0);
            made.leaves[5 + 2 * i] = _account(to, BALANCE, 9);
            bytes32 hash = keccak256(bytes.concat("PMSG", keccak256(_behindFirst(made.transactions[i]))));
            link = keccak256(bytes.concat("PINB", bytes8(uint64(41 + i)), link, hash));
        }
        _spread(made.leaves, leafCount);
        made.behind = _copied(made.leaves);
        made.behind[1].value = bytes.concat(bytes8(uint64(40 + NUMBER)), link);
        for (uint256 i; i < NUMBER; ++i) {
            made.behind[4 + 2 * i].value = _account(0, BALANCE - AMOUNT, 1).value;
            made.behind[5 + 2 * i].value = _account(0, BALANCE + AMOUNT, 9).value;
        }
    }

    function _behindFirst(bytes memory from) private pure returns (bytes memory rest) {
        rest = new bytes(from.length - 1);
        for (uint256 i; i < rest.length; ++i) {
            rest[i] = from[i + 1];
        }
    }

    function _forcedMessage(Made memory made, uint256 i, bytes20 to)
        private
        view
        returns (bytes memory message, bytes20 from)
    {
        uint256 secret = 0x9900 + i;
        (bytes32 key,) = Ed25519Signer.key(secret);
        from = bytes20(sha256(bytes.concat(key)));
        bytes memory header = bytes.concat(hex"010101", from, bytes2(0), bytes8(0), bytes16(0), new bytes(21));
        header = bytes.concat(header, bytes8(type(uint64).max), keccak256("memo"));
        bytes memory body = bytes.concat(hex"01", to, bytes20(0), bytes16(AMOUNT));
        Nonced memory nonced = Nonced(0, 0, type(uint64).max);
        Ed25519Signer.Signature memory signature = Ed25519Signer.sign(
            secret, bytes.concat(_digestOf(Transfer(1, 1, from, AMOUNT, rootChain.deployment()), nonced, to))
        );
        (made.hints[2 * i], made.hints[2 * i + 1]) = Ed25519Point.hints(key, signature.r, signature.s);
        bytes memory transaction = bytes.concat(header, body, key, signature.r, signature.s);
        message = bytes.concat(hex"f1", bytes8(uint64(41 + i)), bytes8(uint64(1000)), bytes8(uint64(9)), bytes8(0));
        message =
            bytes.concat(message, hex"07", bytes20(address(0x55)), bytes2(uint16(transaction.length)), transaction);
    }

    /// @notice The epoch with that segment in its block `BLOCK`, accepted behind a sound one.
    /// @param right whether its record has the state that it leads to.
    function _execution(Made memory made, bool right) internal returns (bytes memory data) {
        bytes memory witness;
        (witness, usersBefore) = SegmentModel.witness(made.leaves, made.leafCount, made.appends);
        usersAfter = SegmentModel.rootAfter(made.behind, made.leafCount, made.appends);
        if (!right) usersAfter ^= bytes32(uint256(1));
        return _executed(made, witness);
    }

    /// @notice The epoch with that segment, with whatever roots are set.
    function _executed(Made memory made, bytes memory witness) internal returns (bytes memory) {
        usersKind = made.kind;
        _setUsers(made.transactions);
        _sound();
        before = checkpoints[0];
        _epoch(Wrong(6, BLOCK, 0, 0, 0));
        return _provingExecution(witness, made.hints);
    }

    function _provingExecution(bytes memory witness, uint256[] memory hints) internal view returns (bytes memory) {
        IRootChain.Checkpoint memory one = content;
        return abi.encodeCall(
            IFraudCourt.proveExecution,
            (
                _accusedOf(one.epoch),
                _block(one, BLOCK),
                _segments(one, BLOCK),
                _segmentWithPath(one, BLOCK, 2),
                IFraudCourt.Executed(users, witness, hints)
            )
        );
    }
}
