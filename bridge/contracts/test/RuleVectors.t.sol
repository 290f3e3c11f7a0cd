// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {ISegmentJudge} from "../src/interfaces/ISegmentJudge.sol";
import {Builds} from "./Builds.sol";
import {Ed25519Point} from "./Ed25519Point.sol";
import {SegmentModel} from "./SegmentModel.sol";
import {Test} from "./Vm.sol";

/// @title What each rule does in Rust, the judge does
/// @notice `validator/src/ledger/rules/vectors.rs` writes the cases. Each is made a segment of one transaction on a state of the leaves that the case
/// has, and is judged with the state that Rust leaves, and with another one.
contract RuleVectorsTest is Test {
    address private constant VERIFIER = 0xdF5A64cc123c6f7615B6303188f1f6d270b56caB;

    ISegmentJudge private _judge;
    string private _json;
    uint256 private _sound;
    uint256 private _refused;

    function setUp() external {
        _judge = ISegmentJudge(Builds.deploy(Builds.SEGMENT_JUDGE));
        vm.etch(VERIFIER, Builds.deploy(Builds.VERIFIER).code);
    }

    function test_transfer() external {
        _users("transfer", 8, 4);
    }

    function test_balance() external {
        _users("balance", 4, 5);
    }

    function test_sequence() external {
        _users("sequence", 3, 3);
    }

    function test_withdraw() external {
        _users("withdraw", 3, 2);
    }

    function test_payout() external {
        _users("payout", 2, 0);
    }

    function test_record() external {
        _users("record", 4, 0);
    }

    function test_deposit() external {
        _messages("deposit", 10);
    }

    function test_acceptance() external {
        _messages("acceptance", 5);
    }

    function test_funding() external {
        _messages("funding", 2);
    }

    function test_forced() external {
        _messages("forced", 13);
    }

    function test_generic() external {
        _messages("generic", 1);
    }

    function test_maturity() external {
        _messages("maturity", 5);
    }

    function test_recorded() external {
        _messages("recorded", 1);
    }

    /// @dev At least so many cases that hold, and so many that the state refuses.
    function _users(string memory name, uint256 sound, uint256 refused) private {
        _run(name, 4);
        vm.assertGe(_sound, sound);
        vm.assertGe(_refused, refused);
    }

    function _messages(string memory name, uint256 sound) private {
        _run(name, 2);
        vm.assertGe(_sound, sound);
    }

    function _run(string memory name, uint8 kind) private {
        _json = vm.readFile(string.concat("../../validator/vectors/rules/", name, ".json"));
        uint256 cases;
        for (string memory place = ".cases[0]"; vm.keyExistsJson(_json, place);) {
            _case(place, kind);
            place = string.concat(".cases[", vm.toString(++cases), "]");
        }
    }

    function _case(string memory place, uint8 kind) private {
        bytes memory input = vm.parseJsonBytes(_json, string.concat(place, ".input"));
        bytes memory transaction = kind == 2 ? bytes.concat(hex"f1", input) : input;
        SegmentModel.Leaf[] memory leaves = _before(place);
        uint256 count = vm.parseJsonUint(_json, string.concat(place, ".leaf_count"));
        (SegmentModel.Leaf[] memory behind, uint256 appends) = _behind(place, leaves, count);
        ISegmentJudge.Claim memory claim;
        bytes memory witness;
        (witness, claim.stateBefore) = SegmentModel.witness(leaves, count, appends);
        claim.stateAfter = SegmentModel.rootAfter(behind, count, appends);
        (claim.kind, claim.count) = (kind, 1);
        claim.height = uint64(vm.parseJsonUint(_json, ".height"));
        claim.domain = vm.parseJsonBytes32(_json, ".domain_separator");
        claim.verifier = IEd25519Verifier(VERIFIER);
        bytes memory segment = abi.encodePacked(uint32(transaction.length), transaction);
        uint256[] memory hints = _hints(input, kind);
        string memory name = vm.parseJsonString(_json, string.concat(place, ".name"));
        uint256 code = vm.parseJsonUint(_json, string.concat(place, ".code"));
        if (kind == 4 && (code == 3 || code == 4)) return; // BadSignature's
        if (bytes(name).length > 6 && keccak256(abi.encodePacked(bytes6(bytes(name)))) == keccak256("stake:")) {
            vm.expectPartialRevert(ISegmentJudge.NotJudged.selector);
            _judge.judge(claim, segment, witness, hints);
            return;
        }
        if (kind == 4 && code != 0) {
            // What the state has no part in is form.
            uint256 expected = leaves.length == 2 ? 0x0200 : 0x0400 | code;
            vm.assertEq(_judge.judge(claim, segment, witness, hints), expected, name);
            ++_refused;
            return;
        }
        vm.assertEq(_judge.judge(claim, segment, witness, hints), 0, name);
        claim.stateAfter ^= bytes32(uint256(1));
        vm.assertEq(_judge.judge(claim, segment, witness, hints), 0x0600, name);
        ++_sound;
    }

    /// @dev Of a forced transaction whose signature the verifier is asked about.
    function _hints(bytes memory input, uint8 kind) private view returns (uint256[] memory hints) {
        // index, arrival, height, due, kind, sender, length: 55 bytes.
        uint256 end = input.length;
        bool ed25519 = kind == 2 && end > 261 && input[32] == 0x07 && input[56] == 0x01;
        bytes32 key = ed25519 ? _word(input, end - 96) : bytes32(0);
        if (!ed25519 || input[57] != 0x01 || bytes20(sha256(bytes.concat(key))) != bytes20(_word(input, 58))) return hints;
        bool forced = _word(input, 88) >> 128 == 0 && bytes8(_word(input, 125)) == bytes8(type(uint64).max);
        if (!forced) return hints;
        hints = new uint256[](2);
        (hints[0], hints[1]) = Ed25519Point.hints(key, _word(input, end - 64), _word(input, end - 32));
    }

    function _word(bytes memory from, uint256 at) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(from, 0x20), at))
        }
    }

    /// @dev Sentinel, parameters, and the leaves that the case has.
    function _before(string memory place) private view returns (SegmentModel.Leaf[] memory leaves) {
        uint256 length;
        while (vm.keyExistsJson(_json, _at(place, ".before", length))) {
            ++length;
        }
        leaves = new SegmentModel.Leaf[](2 + length);
        leaves[1].fields = hex"01";
        leaves[1].value = vm.parseJsonBytes(_json, ".parameters");
        for (uint256 i; i < length; ++i) {
            string memory one = _at(place, ".before", i);
            leaves[2 + i].fields = vm.parseJsonBytes(_json, string.concat(one, ".leaf"));
            leaves[2 + i].value = vm.parseJsonBytes(_json, string.concat(one, ".value"));
        }
        for (uint32 i; i < leaves.length; ++i) {
            leaves[i].index = i;
        }
    }

    function _behind(string memory place, SegmentModel.Leaf[] memory leaves, uint256 count)
        private
        view
        returns (SegmentModel.Leaf[] memory behind, uint256 appends)
    {
        uint256 written;
        while (vm.keyExistsJson(_json, _at(place, ".written", written))) {
            ++written;
        }
        SegmentModel.Leaf[] memory room = new SegmentModel.Leaf[](leaves.length + written);
        for (uint256 i; i < leaves.length; ++i) {
            room[i] = SegmentModel.Leaf(leaves[i].index, leaves[i].fields, leaves[i].value, false);
        }
        for (uint256 i; i < written; ++i) {
            string memory one = _at(place, ".written", i);
            bytes memory fields = vm.parseJsonBytes(_json, string.concat(one, ".leaf"));
            bytes memory value = vm.parseJsonBytes(_json, string.concat(one, ".value"));
            uint256 found;
            while (found < leaves.length && keccak256(leaves[found].fields) != keccak256(fields)) {
                ++found;
            }
            if (found < leaves.length) {
                room[found].value = value;
            } else {
                room[leaves.length + appends] = SegmentModel.Leaf(uint32(count + appends), fields, value, false);
                ++appends;
            }
        }
        behind = new SegmentModel.Leaf[](leaves.length + appends);
        for (uint256 i; i < behind.length; ++i) {
            behind[i] = room[i];
        }
    }

    function _at(string memory place, string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(place, list, "[", vm.toString(i), "]");
    }
}
