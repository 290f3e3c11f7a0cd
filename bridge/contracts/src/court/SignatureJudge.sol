// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../interfaces/IFraudCourt.sol";

/// @title The signature of a user's transaction (PROTOCOL, sections 4 and 12)
/// @notice Says whether a transaction is signed by its sender. It has no authority; what it cannot read, or what users cannot sign by, reverts:
/// the segment is unsound then too, and `SegmentJudge` is the one to say so.
/// @dev All sums are of narrow numbers, so that none can panic; a precompile or verifier that fails reverts. What is read is at least what nodes
/// read: where this judge takes bytes that they refuse (a text that is no UTF-8), no sound block has them. Twin: `chain::signatures` of the
/// validator.
library SignatureJudge {
    /// @notice The codes of a verdict (PROTOCOL, section 4): 0 is a signature that holds.
    uint8 internal constant BAD_SIGNATURE = 3;
    uint8 internal constant WRONG_SENDER = 4;

    uint256 private constant HEADER = 110;
    uint256 private constant ED25519 = 1;
    uint256 private constant SECP256K1 = 2;
    uint256 private constant ADDRESS = 0;
    uint256 private constant KEY = 1;
    /// @dev Half of the order of secp256k1.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant ACCOUNT = keccak256("Account(uint8 kind,bytes20 id)");
    bytes32 private constant NONCE = keccak256("Nonce(uint16 lane,uint64 sequence)");

    /// @notice Where users' signatures hold.
    function domain(uint256 rootChainId, address rootChain, bytes20 deployment) internal pure returns (bytes32) {
        bytes32 salt = bytes32(deployment);
        return keccak256(abi.encode(DOMAIN, keccak256("Plasmid"), keccak256("1"), rootChainId, rootChain, salt));
    }

    /// @notice Transaction number `place` of a segment's bytes: each stands behind its length.
    function transactionAt(bytes calldata segment, uint256 place) internal pure returns (bytes calldata) {
        uint256 from;
        uint256 end;
        for (uint256 i; i <= place; ++i) {
            from = end + 4;
            if (from > segment.length) revert IFraudCourt.NotATransaction();
            uint256 length = uint32(bytes4(segment[end:from]));
            end = from + length;
            if (end > segment.length) revert IFraudCourt.NotATransaction();
        }
        return segment[from:end];
    }

    /// @notice 0 where the sender signed, else the code of what is wrong.
    /// @param ofKey, ofR hints of `IEd25519Verifier.decide`; where it is not asked, 0.
    function judge(
        bytes calldata transaction,
        bytes32 domain_,
        IEd25519Verifier verifier,
        uint256 ofKey,
        uint256 ofR
    ) internal view returns (uint8) {
        (bytes32 content, uint256 offset) = _content(transaction);
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain_, content));
        bytes calldata authentication = transaction[offset:];
        uint256 scheme = uint8(transaction[1]);
        uint256 kind = uint8(transaction[2]);
        bytes20 id = bytes20(transaction[3:23]);
        if (scheme == ED25519 && authentication.length == 96) {
            bytes32 key = bytes32(authentication[:32]);
            if (kind == KEY && bytes20(sha256(abi.encodePacked(key))) == id) {
                bytes32 r = bytes32(authentication[32:64]);
                bytes32 s = bytes32(authentication[64:96]);
                return verifier.decide(key, r, s, abi.encodePacked(digest), ofKey, ofR) ? 0 : BAD_SIGNATURE;
            }
            _unhinted(ofKey, ofR);
            return WRONG_SENDER;
        }
        if (scheme == SECP256K1 && authentication.length == 65) {
            _unhinted(ofKey, ofR);
            address signer = _recover(digest, authentication);
            if (signer == address(0)) return BAD_SIGNATURE;
            return kind == ADDRESS && bytes20(signer) == id ? 0 : WRONG_SENDER;
        }
        revert IFraudCourt.NotATransaction();
    }

    function _unhinted(uint256 ofKey, uint256 ofR) private pure {
        if (ofKey != 0) revert IEd25519Verifier.BadHint(ofKey);
        if (ofR != 0) revert IEd25519Verifier.BadHint(ofR);
    }

    /// @dev 0 where nobody can have made the signature; a call of the precompile that fails reverts.
    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if ((v != 27 && v != 28) || uint256(s) > HALF_ORDER) return address(0);
        return ecrecover(digest, v, r, s);
    }

    /// @dev Hash of the typed fields, and where the authentication begins.
    function _content(bytes calldata transaction) private pure returns (bytes32, uint256) {
        if (transaction.length < HEADER) revert IFraudCourt.NotATransaction();
        // No lane but 0, and no fee payer.
        if (bytes2(transaction[23:25]) != 0 || bytes21(transaction[49:70]) != 0) revert IFraudCourt.NotATransaction();
        (string memory name, string memory fields, bytes memory widths) = _kind(uint8(transaction[0]));
        bytes memory words = abi.encode(
            _typeHash(name, fields),
            uint8(transaction[1]),
            _account(transaction[2:23]),
            keccak256(abi.encode(NONCE, uint256(0), uint64(bytes8(transaction[25:33])))),
            uint128(bytes16(transaction[33:49])),
            _account(transaction[49:70]),
            uint64(bytes8(transaction[70:78])),
            bytes32(transaction[78:110])
        );
        uint256 offset = HEADER;
        for (uint256 i; i < widths.length; ++i) {
            bytes32 word;
            (word, offset) = _field(transaction, offset, widths[i]);
            words = abi.encodePacked(words, word);
        }
        return (keccak256(words), offset);
    }

    function _typeHash(string memory name, string memory fields) private pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                name,
                "(uint8 scheme,Account sender,Nonce nonce,uint128 fee,Account feePayer,uint64 validUntil,bytes32 memo",
                fields,
                ")Account(uint8 kind,bytes20 id)Nonce(uint16 lane,uint64 sequence)"
            )
        );
    }

    /// @dev The word of a field, and where the next one begins.
    /// `a` account, `l` 20 bytes to the left of their word, `1` `2` `8` `6` a number of 1, 2, 8 and 16 bytes, `w` a whole word, `d` data behind
    /// their length, `p` numbers of positions behind their count, `s` `m` `e` a text of 32, 64 and 96 bytes.
    function _field(bytes calldata transaction, uint256 offset, bytes1 width) private pure returns (bytes32, uint256) {
        if (width == "a") {
            bytes calldata account = _take(transaction, offset, 21);
            return (_account(account), offset + 21);
        }
        if (width == "l") return (bytes32(_take(transaction, offset, 20)), offset + 20);
        if (width == "w") return (bytes32(_take(transaction, offset, 32)), offset + 32);
        if (width == "1") return (_number(transaction, offset, 1), offset + 1);
        if (width == "2") return (_number(transaction, offset, 2), offset + 2);
        if (width == "8") return (_number(transaction, offset, 8), offset + 8);
        if (width == "6") return (_number(transaction, offset, 16), offset + 16);
        if (width == "d") {
            uint256 length = uint256(_number(transaction, offset, 2));
            return (keccak256(_take(transaction, offset + 2, length)), offset + 2 + length);
        }
        if (width == "p") return _positions(transaction, offset);
        uint256 room = width == "s" ? 32 : width == "m" ? 64 : 96;
        return (_text(_take(transaction, offset, room)), offset + room);
    }

    function _take(bytes calldata transaction, uint256 offset, uint256 width) private pure returns (bytes calldata) {
        if (offset + width > transaction.length) revert IFraudCourt.NotATransaction();
        return transaction[offset:offset + width];
    }

    function _number(bytes calldata transaction, uint256 offset, uint256 width) private pure returns (bytes32) {
        return bytes32(_take(transaction, offset, width)) >> (256 - 8 * width);
    }

    function _account(bytes calldata account) private pure returns (bytes32) {
        return keccak256(abi.encode(ACCOUNT, uint8(account[0]), bytes20(account[1:21])));
    }

    function _positions(bytes calldata transaction, uint256 offset) private pure returns (bytes32, uint256) {
        uint256 count = uint256(_number(transaction, offset, 1));
        ++offset;
        bytes memory words;
        for (uint256 i; i < count; ++i) {
            words = abi.encodePacked(words, _number(transaction, offset, 8));
            offset += 8;
        }
        return (keccak256(words), offset);
    }

    /// @dev Without the zeros behind it.
    function _text(bytes calldata padded) private pure returns (bytes32) {
        uint256 length;
        while (length < padded.length && padded[length] != 0) {
            ++length;
        }
        return keccak256(padded[:length]);
    }

    /// @dev Name and own fields of the struct of a kind, and the widths of the fields.
    function _kind(uint8 kind) private pure returns (string memory, string memory, bytes memory) {
        if (kind == 0x01) return ("Transfer", ",Account to,bytes20 token,uint128 amount", "al6");
        if (kind == 0x02) return ("Withdraw", ",bytes20 recipient,bytes20 token,uint128 amount", "ll6");
        if (kind == 0x03) return ("SetPayout", ",bytes20 payout", "l");
        if (kind == 0x04) return ("Record", ",bytes32 topic,bytes data", "wd");
        if (kind == 0x10) {
            return ("Delegate", ",bytes20 operator,uint128 amount,uint64 line,uint16 maxCommission", "l682");
        }
        if (kind == 0x11) return ("Undelegate", ",uint64 position,uint128 amount", "86");
        if (kind == 0x12) return ("CancelUnbonding", ",uint64 position", "8");
        if (kind == 0x13) {
            return
                ("Redelegate", ",uint64 position,uint128 amount,bytes20 to,uint64 line,uint16 maxCommission", "86l82");
        }
        if (kind == 0x14) return ("ClaimStake", ",uint64 position,Account to", "8a");
        if (kind == 0x15) return ("ClaimRewards", ",Account to,uint64[] positions", "ap");
        if (kind == 0x16) return ("ClaimCommission", ",uint64 line,Account to", "8a");
        if (kind == 0x17) return ("Restake", ",uint64 position", "8");
        if (kind == 0x18) return ("AllowRestake", ",uint64 position,bool allowed", "81");
        if (kind == 0x19) return ("ApplyCut", ",uint64 position", "8");
        if (kind == 0x1a) return ("Merge", ",uint64 first,uint64 second", "88");
        if (kind == 0x1b) return ("TakeSeat", "", "");
        if (kind == 0x1c) return ("Leave", "", "");
        if (kind == 0x1d) return ("Retire", "", "");
        if (kind == 0x1e) return ("Unjail", "", "");
        if (kind == 0x1f) {
            return
                ("Edit", ",uint16 commission,uint16 maxCommission,uint16 commissionStep,uint128 minSelfStake", "2226");
        }
        if (kind == 0x20) return ("Describe", ",string name,string website,string contact,string details", "smme");
        revert IFraudCourt.NotATransaction();
    }
}
