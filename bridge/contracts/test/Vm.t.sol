// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Builds} from "./Builds.sol";
import {Test} from "./Vm.sol";

/// @title The toolchain does what the other tests rely on
contract VmTest is Test {
    error Refused(uint256 value);

    function refuse(uint256 value) external pure {
        revert Refused(value);
    }

    function test_anExpectedRevertIsSeenWithItsValue() external {
        vm.expectRevert(abi.encodeWithSelector(Refused.selector, 7));
        this.refuse(7);
    }

    /// Osaka has CLZ (EIP-7939): an older fork would stop here.
    function test_theCompilerAndTheMachineAreOsaka() external pure {
        uint256 zeros;
        assembly ("memory-safe") {
            zeros := clz(1)
        }
        vm.assertEq(zeros, 255);
    }

    function test_theBlsPrecompilesAreThere() external view {
        // Two points at infinity sum to infinity.
        (bool ok, bytes memory sum) = address(0x0b).staticcall{gas: 400}(new bytes(256));
        vm.assertTrue(ok);
        vm.assertEq(sum, new bytes(128));
    }

    /// If this fails the sources have changed: run node script/build.mjs.
    function test_whatTestsDeployByNameIsWhatIsCommitted() external view {
        string[9] memory names =
            ["Ed25519Verifier", "Court", "DataChallenges", "Exits", "FraudCourt", "Inbox", "Registry", "RootChain", "Vault"];
        string[9] memory builds = [
            Builds.VERIFIER,
            Builds.COURT,
            Builds.DATA_CHALLENGES,
            Builds.EXITS,
            Builds.FRAUD_COURT,
            Builds.INBOX,
            Builds.REGISTRY,
            Builds.ROOT_CHAIN,
            Builds.VAULT
        ];
        for (uint256 i; i < 9; ++i) {
            string memory committed = vm.readFile(string.concat("artifacts/", names[i], ".json"));
            vm.assertEq(Builds.code(builds[i]), vm.parseJsonBytes(committed, ".bytecode"));
        }
    }

    function testFuzz_aBoundValueStaysInside(uint256 value, uint256 low, uint256 high) external pure {
        (low, high) = low < high ? (low, high) : (high, low);
        uint256 bounded = bound(value, low, high);
        vm.assertLe(low, bounded);
        vm.assertLe(bounded, high);
    }
}
