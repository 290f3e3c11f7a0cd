// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {ISegmentJudge} from "../src/interfaces/ISegmentJudge.sol";
import {Builds} from "./Builds.sol";
import {Test} from "./Vm.sol";

/// @title The verdicts of Rust over segments that a chain made are the judge's
/// @notice `validator/src/chain/reexecute/tests/vectors.rs` writes the cases.
contract SegmentVectorsTest is Test {
    address private constant VERIFIER = 0xdF5A64cc123c6f7615B6303188f1f6d270b56caB;

    ISegmentJudge private _judge;
    string private _json;

    function setUp() external {
        _judge = ISegmentJudge(Builds.deploy(Builds.SEGMENT_JUDGE));
        vm.etch(VERIFIER, Builds.deploy(Builds.VERIFIER).code);
        _json = vm.readFile("../../validator/vectors/segments.json");
    }

    function test_segmentsOfASoundBlockHold() external {
        uint256 held;
        uint256 cases;
        for (string memory place = ".segments[0]"; vm.keyExistsJson(_json, place);) {
            ISegmentJudge.Claim memory claim = _claim(place);
            claim.stateAfter = vm.parseJsonBytes32(_json, string.concat(place, ".after"));
            claim.height = uint64(vm.parseJsonUint(_json, ".height"));
            claim.time = uint64(vm.parseUint(vm.parseJsonString(_json, ".time")));
            claim.domain = vm.parseJsonBytes32(_json, ".domain_separator");
            bytes memory segment = vm.parseJsonBytes(_json, string.concat(place, ".bytes"));
            bytes memory witness = vm.parseJsonBytes(_json, string.concat(place, ".witness"));
            try _judge.judge(claim, segment, witness, new uint256[](0)) returns (uint16 verdict) {
                vm.assertEq(verdict, 0, place);
                ++held;
                claim.stateAfter = claim.stateBefore;
                vm.assertEq(_judge.judge(claim, segment, witness, new uint256[](0)), 0x0600, place);
            } catch (bytes memory reason) {
                vm.assertEq(bytes4(reason), ISegmentJudge.NotJudged.selector, place);
            }
            place = string.concat(".segments[", vm.toString(++cases), "]");
        }
        vm.assertEq(cases, 9);
        vm.assertGe(held, 3);
    }

    function test_tooManyLeavesAreRefused() external view {
        ISegmentJudge.Claim memory claim = _claim(".refused[0]");
        claim.height = uint64(vm.parseJsonUint(_json, ".refused[0].height"));
        claim.time = uint64(vm.parseUint(vm.parseJsonString(_json, ".refused[0].time")));
        bytes memory segment = vm.parseJsonBytes(_json, ".refused[0].bytes");
        bytes memory witness = vm.parseJsonBytes(_json, ".refused[0].witness");
        vm.assertEq(_judge.judge(claim, segment, witness, new uint256[](0)), 0x0500);
    }

    function _claim(string memory place) private view returns (ISegmentJudge.Claim memory claim) {
        claim.kind = uint8(vm.parseJsonUint(_json, string.concat(place, ".kind")));
        claim.count = uint32(vm.parseJsonUint(_json, string.concat(place, ".count")));
        claim.stateBefore = vm.parseJsonBytes32(_json, string.concat(place, ".before"));
        claim.verifier = IEd25519Verifier(VERIFIER);
    }
}
