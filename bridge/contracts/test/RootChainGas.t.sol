// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Deployed} from "./Deployed.sol";

/// @title A deployment in steady state: its rings are warm, four messages came since the last checkpoint, none fills a 32nd
/// @dev All that is measured is prepared in setUp, which forge commits: so slots are cold and have their original values, as in
/// a transaction of its own.
abstract contract SteadyState is Deployed {
    uint256 internal constant LIMIT = 275_000;
    uint256 internal constant COLD_ACCOUNT = 2600; // the callee of a transaction is warm, of a call here it is cold

    bytes internal _all;
    bytes internal _three;
    bytes internal _content;
    uint64 internal _count;
    uint64 internal _due;
    uint256 internal _around;
    uint256 internal _afterDue;

    function setUp() public virtual override {
        super.setUp();
        _deploy();
        vm.deal(address(this), 1000 ether);
        // More than 1024 messages, so that the inbox's rings are warm too.
        for (uint256 i; i < 1032; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        for (uint256 i; i < SLOTS; ++i) {
            _submit(_honest());
            _pass(10);
        }
        _deposit();
        _align();
        _pass(UNBONDING);
        _sinceLong();
        _submit(_honest());
        _pass(10);
        for (uint256 i; i < 4; ++i) {
            _deposit();
        }
        _atLast();
        _prepare();
    }

    /// @dev The acceptance that is measured is the sixth message from here. Like one in four it writes a word of due times.
    function _align() internal {
        while ((inbox.count() + 6) % 4 != 3) {
            _deposit();
        }
    }

    /// @notice Messages of before the last checkpoint.
    function _sinceLong() internal virtual {}

    /// @notice Time that passes before the submission.
    function _atLast() internal virtual {}

    function _deposit() internal {
        IVault.Account memory recipient = IVault.Account(0, bytes20(address(1)));
        vault.depositNative{value: vault.quote(1 ether)}(1 ether, recipient, address(this));
    }

    function _prepare() private {
        IRootChain.Checkpoint memory content = _checkpoint();
        IRootChain.Submission memory submission = _submission(content, _none());
        vm.assertEq(content.inboxCursor - checkpoints[content.epoch - 1].inboxCursor, 5); // one is the last acceptance
        _all = abi.encodeCall(rootChain.submit, (submission));
        _three = abi.encodeCall(rootChain.submit, (_submission(content, _one(2))));
        _content = abi.encodeCall(
            inbox.requireContent,
            (content.inboxCursor, content.inboxLink, submission.tau, submission.dueCount, submission.inbox)
        );
        _count = inbox.count(); // read here: what a test reads before it measures is warm
        (_due, _around, _afterDue) =
        (submission.dueCount, submission.inbox.around.length, submission.inbox.afterDue.length);
    }

    /// @notice The gas of a transaction of these bytes.
    function _whole(bytes memory data) internal returns (uint256 whole) {
        whole = 21_000 + _calldataGas(data) + _measure(data);
        vm.assertGe(whole, 21_000 + _floor(data)); // EIP-7623
    }

    function _measure(bytes memory data) internal returns (uint256) {
        return _gasOf(address(rootChain), 0, data) - COLD_ACCOUNT;
    }

    function _calldataGas(bytes memory data) internal pure returns (uint256 gas) {
        for (uint256 i; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
    }

    function _floor(bytes memory data) private pure returns (uint256 gas) {
        for (uint256 i; i < data.length; ++i) {
            gas += data[i] == 0 ? 10 : 40;
        }
    }
}

/// @title Some messages are due: all but those since the last checkpoint
contract RootChainGasTest is SteadyState {
    function test_gasOfACheckpointInSteadyState() external {
        bytes memory all = _all;
        uint256 data = _calldataGas(all);
        uint256 whole = _whole(all);
        vm.assertEq(_due, _count - 5);
        vm.assertEq(_around, 0);
        vm.snapshotValue("operations", "checkpoint, all four sign (tx)", whole);
        vm.snapshotValue("operations", "checkpoint, part: transaction", 21_000);
        vm.snapshotValue("operations", "checkpoint, part: calldata", data);
        vm.snapshotValue("operations", "checkpoint, part: everything else (call)", whole - 21_000 - data);
        vm.assertLe(whole, LIMIT);
    }

    function test_gasOfACheckpointWithOneAbsent() external {
        vm.snapshotValue("operations", "checkpoint, one of four absent (tx)", _whole(_three));
    }

    function test_gasOfTheInboxContent() external {
        uint256 gas = _gasOf(address(inbox), 0, _content);
        vm.snapshotValue("operations", "checkpoint, part: inbox content, due count (call)", gas);
    }
}

/// @title All messages are due
contract RootChainGasAllDueTest is SteadyState {
    function _atLast() internal override {
        _pass(DELAY + 1 hours);
    }

    function test_gasOfACheckpointWhenAllMessagesAreDue() external {
        vm.assertEq(_due, _count);
        uint256 whole = _whole(_all);
        vm.snapshotValue("operations", "checkpoint, all messages due (tx)", whole);
        vm.assertLe(whole, LIMIT);
    }
}

/// @title None of the last 300 messages is due: more than there are links in the ring
contract RootChainGasNoneDueTest is SteadyState {
    function _sinceLong() internal override {
        for (uint256 i; i < 300; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        _align();
    }

    function test_gasOfACheckpointWhenNoRecentMessageIsDue() external {
        vm.assertGt(_count - _due, 300);
        vm.assertEq(_around, 0);
        uint256 whole = _whole(_all);
        vm.snapshotValue("operations", "checkpoint, no recent message due (tx)", whole);
        vm.assertLe(whole, LIMIT);
    }
}

/// @title The due count is older than the ring, so it is shown by messages, and by as many hashes as there can be
contract RootChainGasOldDueTest is SteadyState {
    function _sinceLong() internal override {
        while (inbox.count() % 32 != 0) {
            _deposit();
        }
        _pass(2 * DELAY);
        for (uint256 i; i < 1100; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        _align();
    }

    /// Not the steady state: more than a thousand messages came within the delay.
    function test_gasOfACheckpointWhenTheDueCountLeftTheRing() external {
        vm.assertEq(_due % 32, 0);
        vm.assertEq(_around, 2);
        vm.assertEq(_afterDue, 31);
        uint256 whole = _whole(_all);
        vm.snapshotValue("operations", "checkpoint, due count older than the ring (tx)", whole);
        vm.assertLe(whole, 300_000);
    }
}
