// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Builds} from "./Builds.sol";
import {Test} from "./Vm.sol";

/// @title What Rust asks for of an epoch that a chain made, and its answers, are what DataChallenges takes
contract AnswerVectorsTest is Test {
    string private constant ANSWERS = "../../validator/vectors/answers.json";

    function test_answersOfRustAnswerWhatRustAsks() external {
        string memory json = vm.readFile(ANSWERS);
        address challenges = _challenges(json);
        vm.warp(vm.parseJsonUint(json, ".accepted_at") + 1);
        vm.deal(address(this), 1e9 ether);
        uint256 cases;
        for (string memory place = ".cases[0]"; vm.keyExistsJson(json, place);) {
            bytes memory answer = vm.parseJsonBytes(json, string.concat(place, ".answer"));
            _refused(challenges, answer, abi.encodeWithSelector(IDataChallenges.NotChallenged.selector), place);
            bytes memory asking = vm.parseJsonBytes(json, string.concat(place, ".asking"));
            (bool ok,) = challenges.call{value: 1 ether}(asking);
            vm.assertTrue(ok, place);
            // A byte more of what is hashed, or less: everything behind the head counts.
            bytes memory other = bytes.concat(answer);
            other[answer.length - 70] ^= 0x01;
            (ok,) = challenges.call(other);
            vm.assertFalse(ok, place);
            (ok,) = challenges.call(answer);
            vm.assertTrue(ok, place);
            bytes memory closed = abi.encodeWithSelector(IDataChallenges.Closed.selector, address(this));
            _refused(challenges, answer, closed, place);
            place = string.concat(".cases[", vm.toString(++cases), "]");
        }
        vm.assertGt(cases, 20);
    }

    function _refused(address challenges, bytes memory call, bytes memory reason, string memory place) private {
        (bool ok, bytes memory given) = challenges.call(call);
        vm.assertFalse(ok, place);
        vm.assertEq(given, reason, place);
    }

    /// @dev A DataChallenges of a RootChain that accepted that epoch.
    function _challenges(string memory json) private returns (address challenges) {
        IRegistry.Founding memory founding;
        founding.contracts = new address[](7);
        address rootChain = vm.parseJsonAddress(json, ".root_chain");
        founding.contracts[6] = rootChain;
        founding.genesis.rootChain.epochBlocks = uint32(vm.parseJsonUint(json, ".epoch_blocks"));
        founding.genesis.rootChain.challengeSecs = 100;
        founding.genesis.rootChain.unbondingSecs = 220;
        founding.genesis.challenges =
            IDataChallenges.Parameters({answerSecs: 20, proveSecs: 20, slotSecs: 0, floor: 1 gwei});
        vm.chainId(vm.parseJsonUint(json, ".root_chain_id"));
        challenges = Builds.deploy(Builds.DATA_CHALLENGES, abi.encode(founding));
        vm.etch(rootChain, hex"00");
        bytes20 deployment = bytes20(vm.parseJsonBytes(json, ".deployment"));
        bytes32 record = vm.parseJsonBytes32(json, ".record");
        vm.mockCall(rootChain, abi.encodeCall(IRootChain.deployment, ()), abi.encode(deployment));
        vm.mockCall(rootChain, abi.encodeCall(IRootChain.record, (0)), abi.encode(record));
        vm.mockCall(rootChain, abi.encodeCall(IRootChain.voidable, ()), abi.encode(0, 1));
    }

    receive() external payable {}
}
