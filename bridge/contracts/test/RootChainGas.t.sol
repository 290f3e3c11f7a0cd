// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Builds} from "./Builds.sol";
import {Deployed} from "./Deployed.sol";

/// @dev By its interface: see Builds.
interface IBlsCost {
    function verifyCheckpoint(bytes calldata signature, bytes32 digest, bytes calldata key)
        external
        view
        returns (bool valid, uint256 gas);
}

/// @title What a checkpoint costs in steady state: the ring is warm, four messages came since the last, none fills a 32nd
/// @dev All that is measured is prepared in setUp, which forge commits: so slots are cold and have their original values, as in
/// a transaction of its own.
contract RootChainGasTest is Deployed {
    uint256 private constant LIMIT = 275_000;
    uint256 private constant COLD_ACCOUNT = 2600; // the callee of a transaction is warm, of a call here it is cold

    bytes private _all;
    bytes private _three;
    bytes private _key;
    bytes private _signature_;
    bytes32 private _signed;
    bytes private _content;

    function setUp() public override {
        super.setUp();
        _deploy();
        vm.deal(address(this), 1000 ether);
        // More than 256 messages, so that the inbox's ring is warm too.
        for (uint256 i; i < 264; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        for (uint256 i; i < SLOTS; ++i) {
            _submit(_honest());
            _pass(10);
        }
        _deposit();
        _pass(UNBONDING);
        _submit(_honest());
        _pass(10);
        for (uint256 i; i < 4; ++i) {
            _deposit();
        }
        _prepare();
    }

    function test_gasOfACheckpointInSteadyState() external {
        bytes memory all = _all;
        uint256 call = _measure(all);
        uint256 data = _calldataGas(all);
        uint256 whole = 21_000 + data + call;
        vm.snapshotValue("operations", "checkpoint, all four sign (tx)", whole);
        vm.snapshotValue("operations", "checkpoint, part: transaction", 21_000);
        vm.snapshotValue("operations", "checkpoint, part: calldata", data);
        vm.snapshotValue("operations", "checkpoint, part: everything else (call)", call);
        vm.assertGe(whole, 21_000 + _floor(all)); // EIP-7623
        vm.assertLe(whole, LIMIT);
    }

    function test_gasOfACheckpointWithOneAbsent() external {
        bytes memory three = _three;
        uint256 whole = 21_000 + _calldataGas(three) + _measure(three);
        vm.snapshotValue("operations", "checkpoint, one of four absent (tx)", whole);
    }

    function test_gasOfItsParts() external {
        IBlsCost cost = IBlsCost(Builds.deploy(Builds.BLS_COST));
        (bool valid, uint256 gas) = cost.verifyCheckpoint(_signature_, _signed, _key);
        vm.assertTrue(valid);
        vm.snapshotValue("operations", "checkpoint, part: BLS verification (call)", gas);
        gas = _gasOf(address(inbox), 0, _content);
        vm.snapshotValue("operations", "checkpoint, part: inbox content, due count (call)", gas);
    }

    function _deposit() private {
        IVault.Account memory recipient = IVault.Account(0, bytes20(address(1)));
        vault.depositNative{value: vault.quote(1 ether)}(1 ether, recipient, address(this));
    }

    function _prepare() private {
        IRootChain.Checkpoint memory content = _checkpoint();
        vm.assertNotEq(uint256(inbox.count() + 1) % 32, 0);
        IRootChain.Submission memory submission = _submission(content, _none());
        vm.assertEq(submission.inbox.around.length, 2);
        vm.assertEq(content.inboxCursor - checkpoints[content.epoch - 1].inboxCursor, 5); // one is the last acceptance
        _all = abi.encodeCall(rootChain.submit, (submission));
        _three = abi.encodeCall(rootChain.submit, (_submission(content, _one(2))));
        (_signature_, _key, _signed) = (submission.signature, submission.set.aggregateKey, _digest(content));
        _content = abi.encodeCall(
            inbox.requireContent,
            (content.inboxCursor, content.inboxHash, submission.tau, submission.dueCount, submission.inbox)
        );
    }

    function _measure(bytes memory data) private returns (uint256) {
        return _gasOf(address(rootChain), 0, data) - COLD_ACCOUNT;
    }

    function _calldataGas(bytes memory data) private pure returns (uint256 gas) {
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
