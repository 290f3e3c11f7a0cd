// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @title What src builds, by name
/// @notice Tests name builds and import interfaces only: a test that imported a contract of src would compile it once more, with
/// the test's own settings, and deploy that.
library Builds {
    string internal constant VERIFIER = "src/Ed25519Verifier.sol:Ed25519Verifier";
    string internal constant COURT = "src/Court.sol:Court";
    string internal constant EXITS = "src/Exits.sol:Exits";
    string internal constant DATA_CHALLENGES = "src/DataChallenges.sol:DataChallenges";
    string internal constant FRAUD_COURT = "src/FraudCourt.sol:FraudCourt";
    string internal constant INBOX = "src/Inbox.sol:Inbox";
    string internal constant REGISTRY = "src/Registry.sol:Registry";
    string internal constant ROOT_CHAIN = "src/RootChain.sol:RootChain";
    string internal constant SEGMENT_JUDGE = "src/court/SegmentJudge.sol:SegmentJudge";
    string internal constant VAULT = "src/Vault.sol:Vault";

    Vm private constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function code(string memory name) internal view returns (bytes memory) {
        return VM.getCode(name);
    }

    function deploy(string memory name) internal returns (address) {
        return VM.deployCode(name);
    }

    function deploy(string memory name, bytes memory arguments) internal returns (address) {
        return VM.deployCode(name, arguments);
    }

    function deploy(string memory name, bytes memory arguments, bytes32 salt) internal returns (address) {
        return VM.deployCode(name, arguments, salt);
    }

    /// @notice What a constructor reverts with. Creates in the test's own name.
    /// @dev `expectRevert` in front of `deploy` would end the test there, and pass: it is the cheatcode that reverts then, and with it
    /// the test.
    function refusal(string memory name, bytes memory arguments) internal returns (bytes memory reason) {
        bytes memory creation = bytes.concat(code(name), arguments);
        address made;
        assembly ("memory-safe") {
            made := create(0, add(creation, 0x20), mload(creation))
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, and(add(add(reason, returndatasize()), 0x3f), not(0x1f)))
        }
        require(made == address(0), string.concat(name, " was created"));
    }
}
