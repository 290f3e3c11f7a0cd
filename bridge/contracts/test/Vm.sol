// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The cheatcodes of forge that the tests use
/// @notice Declared here because no release of forge-std is pinned; forge answers at a fixed address.
/// See https://getfoundry.sh/reference/cheatcodes for what each does.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    // Callers, balances, time and storage of the chain under test.
    function prank(address sender) external;
    function prank(address sender, address origin) external;
    function startPrank(address sender) external;
    function startPrank(address sender, address origin) external;
    function stopPrank() external;
    function deal(address account, uint256 balance) external;
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function setBlockhash(uint256 blockNumber, bytes32 blockHash) external;
    function fee(uint256 baseFee) external;
    function txGasPrice(uint256 price) external;
    function chainId(uint256 id) external;
    function coinbase(address account) external;
    function setNonce(address account, uint64 nonce) external;
    function getNonce(address account) external view returns (uint64 nonce);
    function etch(address account, bytes calldata code) external;
    function store(address account, bytes32 slot, bytes32 value) external;
    function load(address account, bytes32 slot) external view returns (bytes32 value);
    function getBlockNumber() external view returns (uint256 number);
    function getBlockTimestamp() external view returns (uint256 timestamp);
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool done);
    function revertToStateAndDelete(uint256 id) external returns (bool done);
    function cool(address account) external;
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address created);
    function record() external;
    function accesses(address account) external view returns (bytes32[] memory reads, bytes32[] memory writes);

    // What the next call must do.
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes calldata data, address reverter) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;
    function expectCall(address callee, bytes calldata data) external;
    function expectCall(address callee, uint256 value, bytes calldata data) external;
    function mockCall(address callee, bytes calldata data, bytes calldata answer) external;
    function mockCallRevert(address callee, bytes calldata data, bytes calldata revertData) external;
    function clearMockedCalls() external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory logs);
    function assume(bool condition) external pure;
    function skip(bool condition) external;

    // Keys.
    function addr(uint256 privateKey) external pure returns (address account);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    // Gas of named operations, written to snapshots/GROUP.json. script/report.mjs runs the tests named `test_gas…` and prints
    // group "operations".
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256 gasUsed);
    function snapshotValue(string calldata group, string calldata name, uint256 value) external;
    function startSnapshotGas(string calldata group, string calldata name) external;
    function stopSnapshotGas() external returns (uint256 gasUsed);
    function pauseGasMetering() external;
    function resumeGasMetering() external;

    // Files: the folders of foundry.toml's fs_permissions only.
    function projectRoot() external view returns (string memory path);
    function readFile(string calldata path) external view returns (string memory text);
    function readFileBinary(string calldata path) external view returns (bytes memory data);

    // Builds by source and name, like `src/Inbox.sol:Inbox`.
    function getCode(string calldata artifact) external view returns (bytes memory creationCode);
    function deployCode(string calldata artifact) external returns (address created);
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address created);
    function deployCode(string calldata artifact, bytes calldata arguments, bytes32 salt)
        external
        returns (address created);

    // JSON: `key` is a path like `.cases[3].name`; values given as 0x-hexadecimal text or as numbers.
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool found);
    function parseJsonKeys(string calldata json, string calldata key) external pure returns (string[] memory keys);
    function parseJson(string calldata json, string calldata key) external pure returns (bytes memory encoded);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
    function parseJsonBool(string calldata json, string calldata key) external pure returns (bool);
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
    function parseJsonStringArray(string calldata json, string calldata key) external pure returns (string[] memory);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonBytesArray(string calldata json, string calldata key) external pure returns (bytes[] memory);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);

    // The environment.
    function envOr(string calldata name, uint256 otherwise) external view returns (uint256 value);

    // Text.
    function toString(uint256 value) external pure returns (string memory text);
    function toString(address value) external pure returns (string memory text);
    function toString(bytes32 value) external pure returns (string memory text);
    function toString(bytes calldata value) external pure returns (string memory text);
    function parseUint(string calldata text) external pure returns (uint256 value);
    function parseBytes(string calldata text) external pure returns (bytes memory value);
    function label(address account, string calldata name) external;

    // Assertions: a failure ends the test and prints both sides.
    function assertTrue(bool condition) external pure;
    function assertTrue(bool condition, string calldata why) external pure;
    function assertFalse(bool condition) external pure;
    function assertFalse(bool condition, string calldata why) external pure;
    function assertEq(bool left, bool right) external pure;
    function assertEq(bool left, bool right, string calldata why) external pure;
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata why) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata why) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(address left, address right, string calldata why) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertEq(bytes calldata left, bytes calldata right, string calldata why) external pure;
    function assertEq(string calldata left, string calldata right) external pure;
    function assertEq(string calldata left, string calldata right, string calldata why) external pure;
    function assertNotEq(uint256 left, uint256 right) external pure;
    function assertNotEq(bytes32 left, bytes32 right) external pure;
    function assertNotEq(address left, address right) external pure;
    function assertLt(uint256 left, uint256 right) external pure;
    function assertLt(uint256 left, uint256 right, string calldata why) external pure;
    function assertLe(uint256 left, uint256 right) external pure;
    function assertLe(uint256 left, uint256 right, string calldata why) external pure;
    function assertGt(uint256 left, uint256 right) external pure;
    function assertGe(uint256 left, uint256 right) external pure;
}

/// @title What every test contract begins with
abstract contract Test {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    /// @notice How forge recognises a test contract.
    bool public constant IS_TEST = true;

    /// @notice `value` folded into `low..=high`, so that a fuzz run is never thrown away.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        if (low == 0 && high == type(uint256).max) return value;
        return low + value % (high - low + 1);
    }

    /// @notice A printable account of that name, with its private key.
    function account(string memory name) internal returns (address owner, uint256 privateKey) {
        privateKey = uint256(keccak256(bytes(name)));
        owner = vm.addr(privateKey);
        vm.label(owner, name);
    }
}

/// @title A test contract with invariants
/// @notice forge asks these getters which contracts, senders and functions to call at random.
abstract contract InvariantTest is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address[] private _targets;
    address[] private _senders;
    FuzzSelector[] private _selectors;

    /// @dev By one sender: forge gives coin to whom it calls as, and chooses contracts too, whose books would not agree then.
    function targetContract(address target) internal {
        _targets.push(target);
        _senders.push(address(0x5e4de4));
    }

    function targetSelectors(address target, bytes4[] memory selectors) internal {
        _selectors.push(FuzzSelector(target, selectors));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function targetSenders() external view returns (address[] memory) {
        return _senders;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _selectors;
    }
}
