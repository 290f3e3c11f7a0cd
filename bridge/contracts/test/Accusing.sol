// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Deployed} from "./Deployed.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title The reporter's and the culprit's side: keys that sign twice, proofs of it, and the steps of a report
abstract contract Accusing is Deployed {
    uint64 internal constant BLOCKS = 64;
    uint256 internal constant REVEAL = 8;
    uint64 internal constant EVIDENCE = 1 days;
    /// @dev Eight blocks at the slowest rate.
    uint64 internal constant REVEAL_SECS = 96;
    uint256 internal constant REWARD = 1 ether;
    address internal constant REPORTER = address(0x4e907);

    function setUp() public virtual override {
        super.setUp();
        _deploy();
        vm.txGasPrice(2 gwei);
    }

    // Votes.

    /// @notice CometBFT's sign bytes by definition: field by field, from its protobuf.
    function _signBytes(ICourt.DoubleVote memory evidence, ICourt.Vote memory vote) internal view returns (bytes memory) {
        bytes memory body = bytes.concat(hex"08", bytes1(evidence.kind), hex"11", _fixed64(evidence.height));
        if (evidence.round != 0) body = bytes.concat(body, hex"19", _fixed64(evidence.round));
        if (vote.id.total != 0) {
            bytes memory parts = bytes.concat(hex"08", _varint(vote.id.total), hex"1220", vote.id.partsHash);
            body = bytes.concat(body, _field(0x22, bytes.concat(hex"0a20", vote.id.hash, _field(0x12, parts))));
        }
        bytes memory time;
        if (vote.secs != 0) time = bytes.concat(hex"08", _varint(uint64(vote.secs)));
        if (vote.nanos != 0) time = bytes.concat(time, hex"10", _varint(vote.nanos));
        string memory digits = vm.toString(abi.encodePacked(rootChain.deployment()));
        bytes memory chain = bytes.concat("plasmid-", _tail(bytes(digits)));
        body = bytes.concat(body, _field(0x2a, time), _field(0x32, chain));
        return bytes.concat(_varint(body.length), body);
    }

    function _tail(bytes memory digits) private pure returns (bytes memory tail) {
        tail = new bytes(digits.length - 2);
        for (uint256 i; i < tail.length; ++i) {
            tail[i] = digits[i + 2];
        }
    }

    function _field(uint8 tag, bytes memory content) private pure returns (bytes memory) {
        return bytes.concat(bytes1(tag), _varint(content.length), content);
    }

    function _varint(uint256 value) private pure returns (bytes memory encoded) {
        while (value > 127) {
            encoded = bytes.concat(encoded, bytes1(uint8(value % 128 + 128)));
            value /= 128;
        }
        return bytes.concat(encoded, bytes1(uint8(value)));
    }

    function _fixed64(uint64 value) private pure returns (bytes memory encoded) {
        for (uint256 i; i < 8; ++i) {
            encoded = bytes.concat(encoded, bytes1(uint8(value >> 8 * i)));
        }
    }

    function _block(bytes memory name) internal pure returns (ICourt.BlockId memory) {
        return ICourt.BlockId({hash: keccak256(name), total: 1, partsHash: keccak256(bytes.concat("parts of ", name))});
    }

    /// @notice Two precommits of an operator in the first round of a height, unless somebody changes them before they are signed.
    function _votes(uint64 height) internal pure returns (ICourt.DoubleVote memory evidence) {
        evidence.kind = 2;
        evidence.height = height;
        evidence.first.id = _block("one");
        evidence.second.id = _block("another");
        (evidence.first.secs, evidence.first.nanos) = (1_700_000_123, 456_789);
        (evidence.second.secs, evidence.second.nanos) = (1_700_000_125, 0);
    }

    function _signVotes(uint256 i, ICourt.DoubleVote memory evidence) internal view {
        _signVote(i, evidence, evidence.first);
        _signVote(i, evidence, evidence.second);
    }

    function _signVote(uint256 i, ICourt.DoubleVote memory evidence, ICourt.Vote memory vote) internal view {
        Ed25519Signer.Signature memory signature =
            Ed25519Signer.sign(operators[i].edSecret, _signBytes(evidence, vote));
        (vote.r, vote.s, vote.xR) = (signature.r, signature.s, signature.xR);
    }

    /// @notice Two signed precommits of operator i in an epoch.
    function _doubleVote(uint256 i, uint64 epoch) internal view returns (ICourt.DoubleVote memory evidence) {
        evidence = _votes(epoch * BLOCKS + 1 + uint64(i));
        _signVotes(i, evidence);
    }

    // Checkpoints.

    /// @notice Two contents for checkpoint `epoch`, both signed by operator i.
    function _doubleCheckpoint(uint256 i, uint64 epoch) internal view returns (ICourt.DoubleCheckpoint memory evidence) {
        evidence.first.epoch = epoch;
        evidence.first.stateRoot = keccak256("one state");
        evidence.second.epoch = epoch;
        evidence.second.stateRoot = keccak256("another state");
        _signShares(i, evidence);
    }

    function _signShares(uint256 i, ICourt.DoubleCheckpoint memory evidence) internal view {
        evidence.firstShare = BlsSigner.signCheckpoint(operators[i].blsSecret, _digest(evidence.first));
        evidence.secondShare = BlsSigner.signCheckpoint(operators[i].blsSecret, _digest(evidence.second));
    }

    /// @notice Two certified checkpoints of an epoch, each by all but its absent members.
    function _certificates(uint64 epoch, uint16[] memory absent, uint16[] memory others)
        internal
        view
        returns (ICourt.DoubleCertificate memory evidence)
    {
        evidence.first.epoch = epoch;
        evidence.first.stateRoot = keccak256("one state");
        evidence.second.epoch = epoch;
        evidence.second.stateRoot = keccak256("another state");
        evidence.firstCertificate = _certificate(evidence.first, absent);
        evidence.secondCertificate = _certificate(evidence.second, others);
    }

    /// @notice A certificate by all but `absent` beside the checkpoint that root accepted of that epoch, whose own certificate is left out.
    function _againstAccepted(uint64 epoch, uint16[] memory absent)
        internal
        view
        returns (ICourt.DoubleCertificate memory evidence)
    {
        evidence.first = checkpoints[epoch];
        evidence.second.epoch = epoch;
        evidence.second.stateRoot = keccak256("another state");
        evidence.secondCertificate = _certificate(evidence.second, absent);
    }

    function _certificate(IRootChain.Checkpoint memory content, uint16[] memory absent)
        internal
        view
        returns (ICourt.Certificate memory certificate)
    {
        IRootChain.Submission memory signed;
        signed.checkpoint = content;
        _sign(signed, absent);
        certificate = ICourt.Certificate(signed.signers, signed.absent, signed.absentSiblings, signed.signature);
    }

    // Who is accused.

    function _accused(uint256 i, uint64 epoch) internal view returns (ICourt.Accused memory accused) {
        accused.set = _set();
        accused.member = _absent(uint16(i));
        uint16[] memory one = new uint16[](1);
        one[0] = uint16(i);
        accused.siblings = _memberSiblings(one);
        if (epoch > 1) accused.source = _kept(epoch - 2);
        if (rootChain.head().accepted > epoch + 1) accused.closing = _kept(epoch + 1);
        (, accused.xKey) = Ed25519Signer.key(operators[i].edSecret);
    }

    function _shown(uint16[] memory numbers)
        internal
        view
        returns (IRootChain.SetMember[] memory members, bytes32[] memory siblings)
    {
        members = new IRootChain.SetMember[](numbers.length);
        for (uint256 i; i < numbers.length; ++i) {
            members[i] = _absent(numbers[i]);
        }
        siblings = _memberSiblings(numbers);
    }

    function _list(uint16 one, uint16 another) internal pure returns (uint16[] memory list) {
        list = new uint16[](2);
        (list[0], list[1]) = (one, another);
    }

    /// @notice The whole set, or what of it was not shown yet.
    function _showSet() internal {
        (uint16 from,) = court.shown(_commitment(_set()));
        uint16[] memory numbers = new uint16[](operators.length - from);
        for (uint16 i; i < numbers.length; ++i) {
            numbers[i] = from + i;
        }
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(numbers);
        court.showSet(_set(), members, siblings);
    }

    function _kept(uint64 epoch) internal view returns (ICourt.Kept memory kept) {
        if (epoch >= rootChain.head().accepted) return kept;
        kept.digest = _digest(checkpoints[epoch]);
        kept.nextSet = checkpoints[epoch].nextSet;
        kept.acceptance = acceptances[epoch];
    }

    // The steps of a report.

    function _claim(address beneficiary, bytes32 salt, bytes32 leader) internal pure returns (ICourt.Claim memory) {
        return ICourt.Claim(beneficiary, salt, leader);
    }

    function _commit(bytes memory evidence, ICourt.Claim memory claim) internal returns (bytes32 commitment) {
        commitment = court.commitmentOf(keccak256(evidence), claim.beneficiary, claim.salt);
        court.commit(commitment);
    }

    function _blocks(uint256 number) internal {
        vm.roll(block.number + number);
        vm.warp(block.timestamp + number);
    }

    /// @notice A whole report of two votes by REPORTER; returns its commitment.
    function _report(uint256 i, uint64 epoch) internal returns (bytes32 commitment) {
        ICourt.DoubleVote memory evidence = _doubleVote(i, epoch);
        ICourt.Claim memory claim = _claim(REPORTER, bytes32(uint256(1)), 0);
        commitment = _commit(abi.encode(evidence), claim);
        _blocks(2);
        court.revealVotes(evidence, _accused(i, epoch), claim);
    }

    /// @notice A report whose offence is counted.
    function _counted(uint256 i, uint64 epoch) internal {
        _report(i, epoch);
        court.count(operators[i].owner, epoch);
    }

    /// @notice Root accepts the next checkpoints, one after each span.
    function _accept(uint256 number, uint256 secs) internal {
        for (uint256 i; i < number; ++i) {
            _submit(_honest());
            _pass(secs);
        }
    }

    function _settle(uint256 i, uint64 epoch) internal {
        court.settle(operators[i].owner, epoch, _kept(epoch + 2));
    }

    /// @notice The last message of the inbox: its kind and its body.
    function _lastMessage() internal returns (uint8 kind, bytes memory body) {
        _sync();
        bytes memory message = model.message(model.count());
        kind = uint8(message[32]);
        body = new bytes(message.length - 33);
        for (uint256 i; i < body.length; ++i) {
            body[i] = message[33 + i];
        }
    }
}
