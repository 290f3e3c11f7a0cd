// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {ISegmentJudge} from "../src/interfaces/ISegmentJudge.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Builds} from "./Builds.sol";
import {Test} from "./Vm.sol";

/// @title The verdicts of Rust over segments, sound, fraudulent and undecided, are the judge's
/// @notice The tests of `chain::transitions` of the validator write the cases.
contract CourtVectorsTest is Test {
    address private constant VERIFIER = 0xdF5A64cc123c6f7615B6303188f1f6d270b56caB;
    uint256 private constant UNDECIDED = type(uint256).max;

    ISegmentJudge private _judge;
    string private _json;
    bytes32 private _domain;

    function setUp() external {
        _judge = ISegmentJudge(Builds.deploy(Builds.SEGMENT_JUDGE));
        vm.etch(VERIFIER, Builds.deploy(Builds.VERIFIER).code);
    }

    function test_blockRecord() external {
        _run("block_record", 1);
    }

    function test_deep() external {
        _run("deep", 1);
    }

    function test_form() external {
        _run("form", 1);
    }

    function test_frames() external {
        _run("frames", 1);
    }

    function test_hints() external {
        _run("hints", 1);
    }

    function test_inbox() external {
        _run("inbox", 1);
    }

    function test_limits() external {
        _run("limits", 1);
    }

    function test_notJudged() external {
        _run("not_judged", 1);
    }

    function test_ruleAcceptance() external {
        _run("rule_acceptance", 1);
    }

    function test_ruleBalance() external {
        _run("rule_balance", 1);
    }

    function test_ruleDeposit() external {
        _run("rule_deposit", 1);
    }

    function test_ruleForced() external {
        _run("rule_forced", 1);
    }

    function test_ruleFunding() external {
        _run("rule_funding", 1);
    }

    function test_ruleGeneric() external {
        _run("rule_generic", 1);
    }

    function test_ruleMaturity() external {
        _run("rule_maturity", 1);
    }

    function test_rulePayout() external {
        _run("rule_payout", 1);
    }

    function test_ruleRecord() external {
        _run("rule_record", 1);
    }

    function test_ruleRecorded() external {
        _run("rule_recorded", 1);
    }

    function test_ruleSequence() external {
        _run("rule_sequence", 1);
    }

    function test_ruleTransfer() external {
        _run("rule_transfer", 1);
    }

    function test_ruleWithdraw() external {
        _run("rule_withdraw", 1);
    }

    function test_users() external {
        _run("users", 1);
    }

    function test_witness() external {
        _run("witness", 1);
    }

    function _run(string memory name, uint256 least) private {
        _json = vm.readFile(string.concat("../../validator/vectors/court/", name, ".json"));
        _domain = vm.parseJsonBytes32(_json, ".deployment.domain_separator");
        uint256 cases;
        for (string memory place = ".cases[0]"; vm.keyExistsJson(_json, place);) {
            _case(place);
            place = string.concat(".cases[", vm.toString(++cases), "]");
        }
        vm.assertGe(cases, least);
    }

    function _case(string memory place) private {
        ISegmentJudge.Claim memory claim;
        claim.kind = uint8(vm.parseJsonUint(_json, string.concat(place, ".kind")));
        claim.count = uint32(vm.parseJsonUint(_json, string.concat(place, ".count")));
        claim.height = uint64(vm.parseJsonUint(_json, string.concat(place, ".height")));
        claim.time = uint64(vm.parseUint(vm.parseJsonString(_json, string.concat(place, ".time"))));
        claim.stateBefore = vm.parseJsonBytes32(_json, string.concat(place, ".before"));
        claim.stateAfter = vm.parseJsonBytes32(_json, string.concat(place, ".after"));
        claim.domain = _domain;
        claim.verifier = IEd25519Verifier(VERIFIER);
        bytes memory segment = vm.parseJsonBytes(_json, string.concat(place, ".segment"));
        bytes memory witness = vm.parseJsonBytes(_json, string.concat(place, ".witness"));
        bytes32[] memory words = vm.parseJsonBytes32Array(_json, string.concat(place, ".hints"));
        uint256[] memory hints = new uint256[](words.length);
        for (uint256 i; i < words.length; ++i) {
            hints[i] = uint256(words[i]);
        }
        string memory name = vm.parseJsonString(_json, string.concat(place, ".name"));
        uint256 expected = UNDECIDED;
        if (bytes1(bytes(vm.parseJsonString(_json, string.concat(place, ".verdict")))) != "-") {
            expected = vm.parseJsonUint(_json, string.concat(place, ".verdict"));
        }
        uint256 verdict = UNDECIDED;
        try _judge.judge(claim, segment, witness, hints) returns (uint16 answer) {
            verdict = answer;
        } catch (bytes memory reason) {
            // What panics decides nothing, and would hide a fraud.
            bytes32 class = keccak256(bytes(vm.parseJsonString(_json, string.concat(place, ".why"))));
            // Before a transaction that is not judged nothing asks for a witness in Rust; here it is opened first.
            bool unopened = class == keccak256("not_judged") && witness.length == 0 && claim.kind % 2 == 0;
            if (unopened) class = keccak256("witness");
            if (expected == UNDECIDED) vm.assertEq(_classOf(bytes4(reason)), class, name);
        }
        vm.assertEq(verdict, expected, name);
    }

    /// @dev The name by which PROTOCOL section 12 has what reverts.
    function _classOf(bytes4 why) private pure returns (bytes32) {
        if (why == ISegmentJudge.NotJudged.selector) return keccak256("not_judged");
        if (why == ISegmentJudge.HeightZero.selector) return keccak256("height_zero");
        if (why == ISegmentJudge.NoSuchKind.selector || why == ISegmentJudge.CountZero.selector) {
            return keccak256("kind");
        }
        if (why == ISegmentJudge.Undecided.selector) return keccak256("undecided");
        if (why == ISegmentJudge.OnlyTheHash.selector) return keccak256("hash_only");
        if (why == ISegmentJudge.OtherAppends.selector) return keccak256("appends");
        if (why == ISegmentJudge.OtherHints.selector || why == IEd25519Verifier.BadHint.selector) {
            return keccak256("hints");
        }
        if (why == ISegmentJudge.UnsoundState.selector || why == ISegmentJudge.OtherKind.selector) {
            return keccak256("unsound");
        }
        bool ofWitness = why == ISegmentJudge.BadWitness.selector || why == ISegmentJudge.NotTheStateBefore.selector
            || why == StateTree.NotAscending.selector || why == StateTree.WrongSiblings.selector
            || why == StateTree.NoLeaves.selector;
        return ofWitness ? keccak256("witness") : bytes32(0);
    }
}
