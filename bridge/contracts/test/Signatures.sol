// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {BrokenLinks} from "./BrokenLinks.sol";
import {Ed25519Point} from "./Ed25519Point.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title Users' transactions, signed or not, in an epoch, with the proof of what is wrong
/// @dev Written from PROTOCOL section 4 and not from the judge; the other kinds of transaction are in the vectors of Rust.
abstract contract Signatures is BrokenLinks {
    uint256 internal constant BLOCK = 17;
    uint256 internal constant ED_SECRET = 0x5151;
    uint256 internal constant ECDSA_SECRET = 0x5252;
    uint256 internal constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private constant TRANSFER = keccak256(
        "Transfer(uint8 scheme,Account sender,Nonce nonce,uint128 fee,Account feePayer,uint64 validUntil,bytes32 memo,Account to,bytes20 token,uint128 amount)Account(uint8 kind,bytes20 id)Nonce(uint16 lane,uint64 sequence)"
    );

    /// @notice A transfer before it is signed.
    struct Transfer {
        uint8 scheme;
        uint8 kind;
        bytes20 id;
        uint128 amount;
        bytes20 deployment;
    }

    function _accountHash(uint8 kind, bytes20 id) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Account(uint8 kind,bytes20 id)"), kind, id));
    }

    /// @notice What the digest of a transfer has of its header beside the sender.
    struct Nonced {
        uint64 sequence;
        uint128 fee;
        uint64 validUntil;
    }

    function _digest(Transfer memory one) internal view returns (bytes32) {
        return _digestOf(one, Nonced(9, 1000, 500), bytes20(address(0x77)));
    }

    /// @param to whom it pays: a key's account.
    function _digestOf(Transfer memory one, Nonced memory nonced, bytes20 to) internal view returns (bytes32) {
        bytes memory type_ =
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)";
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(type_),
                keccak256("Plasmid"),
                keccak256("1"),
                block.chainid,
                address(rootChain),
                bytes32(one.deployment)
            )
        );
        bytes memory head = abi.encode(
            TRANSFER,
            one.scheme,
            _accountHash(one.kind, one.id),
            keccak256(abi.encode(keccak256("Nonce(uint16 lane,uint64 sequence)"), uint16(0), nonced.sequence)),
            nonced.fee,
            _accountHash(0, 0)
        );
        bytes memory rest = abi.encode(
            nonced.validUntil, keccak256("memo"), _accountHash(1, to), bytes20(0), one.amount
        );
        return keccak256(bytes.concat(hex"1901", domain, keccak256(bytes.concat(head, rest))));
    }

    /// @dev Bytes without the authentication.
    function _unsigned(Transfer memory one) internal pure returns (bytes memory) {
        bytes memory header = bytes.concat(hex"01", bytes1(one.scheme), bytes1(one.kind), one.id, bytes2(0));
        header = bytes.concat(header, bytes8(uint64(9)), bytes16(uint128(1000)), new bytes(21));
        header = bytes.concat(header, bytes8(uint64(500)), keccak256("memo"));
        return bytes.concat(header, hex"01", bytes20(address(0x77)), bytes20(0), bytes16(one.amount));
    }

    function _edTransfer() internal view returns (Transfer memory one) {
        (bytes32 key,) = Ed25519Signer.key(ED_SECRET);
        return Transfer(1, 1, bytes20(sha256(bytes.concat(key))), 7, rootChain.deployment());
    }

    function _ecdsaTransfer() internal view returns (Transfer memory) {
        return Transfer(2, 0, bytes20(vm.addr(ECDSA_SECRET)), 7, rootChain.deployment());
    }

    function _edSigned(Transfer memory one) internal view returns (bytes memory) {
        Ed25519Signer.Signature memory made = Ed25519Signer.sign(ED_SECRET, bytes.concat(_digest(one)));
        (bytes32 key,) = Ed25519Signer.key(ED_SECRET);
        return bytes.concat(_unsigned(one), key, made.r, made.s);
    }

    function _ecdsaSigned(Transfer memory one) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ECDSA_SECRET, _digest(one));
        return bytes.concat(_unsigned(one), r, s, bytes1(v));
    }

    /// @dev 32 bytes that are no point.
    function _noPoint() internal view returns (bytes32 bytes_) {
        bool decodes = true;
        for (uint256 i; decodes; ++i) {
            bytes_ = keccak256(abi.encode("no point", i));
            (, decodes) = Ed25519Point.xOf(bytes_);
        }
    }

    function _put(bytes memory transaction, uint256 behindEnd, bytes32 word) internal pure returns (bytes memory) {
        for (uint256 i; i < 32; ++i) {
            transaction[transaction.length - behindEnd + i] = word[i];
        }
        return transaction;
    }

    uint256 internal constant BAD = 14;

    /// @notice A transaction that its sender did not sign, and the code of that.
    function _bad(uint256 i) internal view returns (bytes memory, uint8) {
        Transfer memory one = i < 8 ? _edTransfer() : _ecdsaTransfer();
        if (i == 0) return (_put(_edSigned(one), 32, bytes32(uint256(1) << 248)), 3);
        if (i == 1) return (_put(_edSigned(one), 64, _noPoint()), 3);
        if (i == 2) {
            one.id = bytes20(sha256(bytes.concat(_noPoint())));
            return (_put(_edSigned(one), 96, _noPoint()), 3);
        }
        if (i == 3) return (_put(_edSigned(one), 32, bytes32(type(uint256).max)), 3);
        if (i == 4) {
            one.deployment = bytes20(address(0xdead));
            return (_edSigned(one), 3);
        }
        if (i == 5) {
            one.id = bytes20(address(0x1234));
            return (_edSigned(one), 4);
        }
        if (i == 6) {
            one.kind = 0;
            return (_edSigned(one), 4);
        }
        if (i == 7) {
            bytes memory changed = _edSigned(one);
            changed[166] = 0x08;
            return (changed, 3);
        }
        bytes memory signed = _ecdsaSigned(one);
        if (i == 8) {
            signed[signed.length - 1] = 0x1d;
            return (signed, 3);
        }
        if (i == 9) {
            (uint8 v,, bytes32 s) = vm.sign(ECDSA_SECRET, _digest(one));
            signed[signed.length - 1] = bytes1(v == 27 ? 28 : 27);
            return (_put(signed, 33, bytes32(N - uint256(s))), 3);
        }
        if (i == 10) return (_put(signed, 65, 0), 3);
        if (i == 11) {
            one.id = bytes20(address(0x1234));
            return (_ecdsaSigned(one), 4);
        }
        if (i == 12) {
            one.kind = 1;
            return (_ecdsaSigned(one), 4);
        }
        signed[166] = 0x08;
        return (signed, 4);
    }

    /// @notice The transaction between two that are signed, in an accepted epoch behind a sound one.
    function _accused(bytes memory transaction) internal {
        bytes[] memory all = new bytes[](3);
        (all[0], all[1], all[2]) = (_edSigned(_edTransfer()), transaction, _ecdsaSigned(_ecdsaTransfer()));
        _setUsers(all);
        _sound();
        before = checkpoints[0];
        _epoch(Wrong(6, BLOCK, 0, 0, 0));
    }

    /// @notice Hints as `decide` wants them, for a transaction that is signed with Ed25519 by the key of its sender; else zeros.
    function _hints(bytes memory transaction) internal view returns (uint256 ofKey, uint256 ofR) {
        if (transaction[1] != 0x01) return (0, 0);
        uint256 end = transaction.length;
        (bytes32 key, bytes32 r, bytes32 s) = (_at(transaction, end - 96), _at(transaction, end - 64), _at(transaction, end - 32));
        bool sent = transaction[2] == 0x01 && bytes20(sha256(bytes.concat(key))) == bytes20(_at(transaction, 3));
        if (!sent) return (0, 0);
        return Ed25519Point.hints(key, r, s);
    }

    function _at(bytes memory from, uint256 at) internal pure returns (bytes32 word) {
        for (uint256 i; i < 32; ++i) {
            word |= bytes32(from[at + i]) >> (8 * i);
        }
    }

    /// @notice The proof about transaction `place` of that segment, with the hints of `transaction`.
    function _provingSignature(uint32 place, bytes memory transaction) internal view returns (bytes memory) {
        IRootChain.Checkpoint memory one = content;
        IFraudCourt.Signed memory signed;
        (signed.segment, signed.place) = (users, place);
        (signed.ofKey, signed.ofR) = _hints(transaction);
        return abi.encodeCall(
            IFraudCourt.proveSignature,
            (
                _accusedOf(one.epoch),
                _block(one, BLOCK),
                _segments(one, BLOCK),
                _segmentWithPath(one, BLOCK, 2),
                signed
            )
        );
    }

    function _isRefused(bytes memory data, bytes memory expected) internal {
        (bool ok, bytes memory reason) = address(fraudCourt).call(data);
        vm.assertFalse(ok);
        vm.assertEq(reason, expected);
    }

    /// @notice A verifier that fails, or answers with what is no answer, decides nothing of this fraud.
    function _isRefusedWithoutVerifier(bytes memory data) internal {
        address verifier = address(registry.verifier());
        bytes memory call_ = abi.encodePacked(IEd25519Verifier.decide.selector);
        vm.mockCallRevert(verifier, call_, "");
        _isRefused(data, "");
        vm.clearMockedCalls();
        vm.mockCall(verifier, call_, "");
        _isRefused(data, "");
        vm.clearMockedCalls();
        vm.mockCall(verifier, call_, abi.encode(uint256(2)));
        _isRefused(data, "");
        vm.clearMockedCalls();
        // And it is a fraud.
        _gasOf(address(fraudCourt), 0, data);
    }
}
