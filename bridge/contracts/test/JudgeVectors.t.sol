// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Builds} from "./Builds.sol";
import {Judging} from "./Judging.sol";
import {Test} from "./Vm.sol";

/// @title The verdicts of Rust over links and signatures are the judges'
/// @notice `validator/src/chain/links/tests/vectors.rs` and `validator/src/chain/signatures/tests.rs` write the cases.
contract JudgeVectorsTest is Test {
    string private constant LINKS = "../../validator/vectors/links.json";
    string private constant PROOFS = "../../validator/vectors/proofs.json";
    string private constant SIGNATURES = "../../validator/vectors/signatures.json";

    Judging private _judging;
    /// @notice As the Registry has it, which this test stands for.
    IEd25519Verifier public verifier;
    mapping(bytes32 => uint256) private _counts;

    function setUp() external {
        _judging = new Judging();
        verifier = IEd25519Verifier(Builds.deploy(Builds.VERIFIER));
    }

    function test_verdictsOverSignaturesAreThoseOfRust() external {
        string memory json = vm.readFile(SIGNATURES);
        string[] memory names = vm.parseJsonStringArray(json, ".names");
        bytes[] memory transactions = vm.parseJsonBytesArray(json, ".transactions");
        string[] memory verdicts = vm.parseJsonStringArray(json, ".verdicts");
        bytes32[] memory ofKey = vm.parseJsonBytes32Array(json, ".of_key");
        bytes32[] memory ofR = vm.parseJsonBytes32Array(json, ".of_r");
        bytes32 domain = _judging.domain(
            vm.parseJsonUint(json, ".root_chain_id"),
            vm.parseJsonAddress(json, ".root_chain"),
            bytes20(vm.parseJsonBytes(json, ".deployment"))
        );
        vm.assertEq(domain, vm.parseJsonBytes32(json, ".separator"));
        for (uint256 i; i < names.length; ++i) {
            string memory verdict = _verdict(transactions[i], domain, uint256(ofKey[i]), uint256(ofR[i]));
            vm.assertEq(verdict, verdicts[i], names[i]);
            ++_counts[keccak256(bytes(verdict))];
            // With other hints it decides nothing, or the same.
            string memory other = _verdict(transactions[i], domain, uint256(ofKey[i]) ^ 2, uint256(ofR[i]) ^ 2);
            vm.assertEq(other, "undecided", names[i]);
        }
        vm.assertGt(_counts[keccak256("holds")], 40);
        vm.assertGt(_counts[keccak256("bad_signature")], 60);
        vm.assertGt(_counts[keccak256("wrong_sender")], 100);
        vm.assertGt(_counts[keccak256("undecided")], 30);
    }

    function _verdict(bytes memory transaction, bytes32 domain, uint256 ofKey, uint256 ofR)
        private
        view
        returns (string memory)
    {
        try _judging.signature(transaction, domain, verifier, ofKey, ofR) returns (uint8 code) {
            if (code == 0) return "holds";
            if (code == 3) return "bad_signature";
            if (code == 4) return "wrong_sender";
            return "another code";
        } catch (bytes memory reason) {
            bytes4 why = bytes4(reason);
            bool known = why == IFraudCourt.NotATransaction.selector || why == IEd25519Verifier.BadHint.selector;
            return known ? "undecided" : "another error";
        }
    }

    /// @notice A block with what is beside it.
    struct Links {
        IRootChain.Checkpoint checkpoint;
        IFraudCourt.Block before;
        IFraudCourt.Block shown;
        IFraudCourt.Segments counts;
        IFraudCourt.Segment[] segments;
    }

    /// Where Rust finds a rule broken, the judge does; where it finds none, the judge finds none, by any proof.
    function test_verdictsOverLinksAreThoseOfRust() external {
        string memory json = vm.readFile(LINKS);
        uint256 rules;
        uint256 cases;
        for (string memory place = ".links.cases[0]"; vm.keyExistsJson(json, place);) {
            Links memory one;
            one.checkpoint = abi.decode(_bytes(json, place, ".checkpoint"), (IRootChain.Checkpoint));
            one.before = abi.decode(_bytes(json, place, ".before"), (IFraudCourt.Block));
            one.shown = abi.decode(_bytes(json, place, ".block"), (IFraudCourt.Block));
            one.counts = abi.decode(_bytes(json, place, ".counts"), (IFraudCourt.Segments));
            one.segments = abi.decode(_bytes(json, place, ".segments"), (IFraudCourt.Segment[]));
            uint256 rule = vm.parseJsonUint(json, string.concat(place, ".rule"));
            uint256 broken = _broken(one, vm.parseJsonUint(json, ".links.epoch_blocks"));
            if (
                _judging.counts(
                    one.counts,
                    vm.parseJsonUint(json, ".links.max_block_transactions"),
                    vm.parseJsonUint(json, ".links.seats")
                )
            ) broken |= 1 << 6;
            vm.assertEq(rule == 0 ? broken == 0 : broken >> rule & 1 == 1, true, place);
            rules |= 1 << rule;
            place = string.concat(".links.cases[", vm.toString(++cases), "]");
        }
        // None, L1 to L4 and L6 to L11.
        vm.assertEq(rules, 0xfdf);
        vm.assertEq(cases, 25);
    }

    function _broken(Links memory one, uint256 epochBlocks) private view returns (uint256 broken) {
        for (uint8 rule = 1; rule <= 11; ++rule) {
            bool shows = _is(abi.encodeCall(_judging.block_, (rule, one.checkpoint, one.shown, epochBlocks)))
                || _is(abi.encodeCall(_judging.blocks, (rule, one.before, one.shown)));
            for (uint256 i; i < one.segments.length; ++i) {
                shows = shows
                    || _is(abi.encodeCall(_judging.segment, (rule, one.shown, one.counts, one.segments[i])));
                if (i != 0) {
                    shows = shows
                        || _is(abi.encodeCall(_judging.neighbours, (rule, one.segments[i - 1], one.segments[i])));
                }
            }
            if (shows) broken |= 1 << rule;
        }
    }

    /// The verdicts over a checkpoint beside its last block and its state are those of Rust too.
    function test_verdictsOverCheckpointsAreThoseOfRust() external {
        string memory json = vm.readFile(LINKS);
        uint256 ring = vm.parseJsonUint(json, ".ends.ring");
        uint256 epochBlocks = vm.parseJsonUint(json, ".links.epoch_blocks");
        uint256 rules;
        uint256 cases;
        for (string memory place = ".ends.cases[0]"; vm.keyExistsJson(json, place);) {
            IRootChain.Checkpoint memory checkpoint =
                abi.decode(_bytes(json, place, ".checkpoint"), (IRootChain.Checkpoint));
            uint256 rule = vm.parseJsonUint(json, string.concat(place, ".rule"));
            IFraudCourt.Block memory last = abi.decode(_bytes(json, place, ".block"), (IFraudCourt.Block));
            uint256 broken = _brokenLeaves(json, place, checkpoint, ring);
            for (uint8 one = 1; one < 6; ++one) {
                if (_is(abi.encodeCall(_judging.block_, (one, checkpoint, last, epochBlocks)))) broken |= 1 << one;
            }
            vm.assertEq(broken, rule == 0 ? 0 : 1 << rule, place);
            rules |= 1 << rule;
            place = string.concat(".ends.cases[", vm.toString(++cases), "]");
        }
        // None, L4, L5 and L12 to L15.
        vm.assertEq(rules, 0xf031);
        vm.assertEq(cases, 19);
    }

    function _brokenLeaves(
        string memory json,
        string memory place,
        IRootChain.Checkpoint memory checkpoint,
        uint256 ring
    ) private view returns (uint256 broken) {
        bytes32[] memory keys = vm.parseJsonBytes32Array(json, string.concat(place, ".keys"));
        bytes[] memory values = vm.parseJsonBytesArray(json, string.concat(place, ".values"));
        for (uint8 i; i < 4; ++i) {
            (, bytes32 key, uint256 width) = _judging.leaf(12 + i, checkpoint.epoch, ring);
            vm.assertEq(key, keys[i], place);
            vm.assertEq(width, values[i].length, place);
            if (_judging.value(12 + i, checkpoint, values[i])) broken |= 1 << (12 + i);
        }
    }

    /// @dev What says nothing about the rule is no answer.
    function _is(bytes memory call_) private view returns (bool) {
        (bool ok, bytes memory answer) = address(_judging).staticcall(call_);
        if (!ok) vm.assertEq(bytes4(answer), IFraudCourt.NotShown.selector);
        return ok && abi.decode(answer, (bool));
    }

    function _bytes(string memory json, string memory place, string memory field) private pure returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(place, field));
    }

    /// Proofs that Rust made of blocks that a chain made, as they would be sent: with one signature changed a fraud, and else none.
    function test_proofsOfRustShowWhatTheySay() external {
        string memory json = vm.readFile(PROOFS);
        IRegistry.Founding memory founding;
        founding.contracts = new address[](7);
        address rootChain = vm.parseJsonAddress(json, ".root_chain");
        founding.contracts[6] = rootChain;
        founding.genesis.rootChain.epochBlocks = uint32(vm.parseJsonUint(json, ".epoch_blocks"));
        vm.chainId(vm.parseJsonUint(json, ".root_chain_id"));
        address court = Builds.deploy(Builds.FRAUD_COURT, abi.encode(founding));
        vm.etch(rootChain, hex"00");
        bytes20 deployment = bytes20(vm.parseJsonBytes(json, ".deployment"));
        vm.mockCall(rootChain, abi.encodeCall(IRootChain.deployment, ()), abi.encode(deployment));
        vm.mockCall(rootChain, abi.encodeCall(IRootChain.void, (0)), "");
        uint256 cases;
        for (string memory place = ".cases[0]"; vm.keyExistsJson(json, place);) {
            bytes32 record = vm.parseJsonBytes32(json, string.concat(place, ".record"));
            vm.mockCall(rootChain, abi.encodeCall(IRootChain.record, (0)), abi.encode(record));
            uint8 code = uint8(vm.parseJsonUint(json, string.concat(place, ".code")));
            uint32 number = uint32(vm.parseJsonUint(json, string.concat(place, ".place")));
            if (code != 0) {
                vm.expectCall(rootChain, abi.encodeCall(IRootChain.void, (0)));
                vm.expectEmit(court);
                emit IFraudCourt.BadSignature(0, code, address(this));
            }
            (bool ok, bytes memory reason) = court.call(_bytes(json, place, ".call"));
            vm.assertEq(ok, code != 0, place);
            if (!ok) vm.assertEq(reason, abi.encodeWithSelector(IFraudCourt.SignatureHolds.selector, number), place);
            place = string.concat(".cases[", vm.toString(++cases), "]");
        }
        vm.assertEq(cases, 10);
    }
}
