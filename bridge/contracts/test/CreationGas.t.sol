// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deployed} from "./Deployed.sol";

/// @title Each step of the creation fits one transaction of the root chain, with as many operators as a Registry lists
contract CreationGasTest is Deployed {
    function operatorNumber() internal pure override returns (uint256) {
        return 128;
    }

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < operators.length; ++i) {
            _register(i);
        }
        bytes32 agreement = _agreement();
        for (uint256 i; i < operators.length; ++i) {
            vm.prank(operators[i].owner);
            registry.agree(agreement);
        }
    }

    function test_gasOfTheStepsWithAllOperators() external {
        string[7] memory names = ["Inbox", "Vault", "Court", "Exits", "FraudCourt", "DataChallenges", "RootChain"];
        for (uint256 step; step < STEPS; ++step) {
            bytes memory data = abi.encodeCall(registry.create, (step, _genesis(), _code(step)));
            uint256 value = step + 1 == STEPS ? BALANCES : 0;
            vm.deal(address(this), value);
            // Where others of this test read before, slots are warm: a transaction of its own pays 2,000 more for each of seven.
            uint256 gas = _gasOf(address(registry), value, data) + 21_000 + 16 * data.length + 128 * 7 * 2000;
            vm.assertLt(gas, 1 << 24);
            vm.snapshotValue("operations", string.concat("create, ", names[step], ", 128 operators (tx, at most)"), gas);
        }
        vm.assertTrue(registry.created());
    }
}
