// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Builds} from "./Builds.sol";
import {InboxModel} from "./InboxModel.sol";
import {Test, Vm} from "./Vm.sol";

/// @title An inbox alone; the test stands for its Registry, its Vault, its Court and its RootChain
abstract contract InboxAlone is Test {
    uint64 internal constant DELAY = 1 hours;
    uint64 internal constant INTERVAL = 60_000;
    uint128 internal constant PRICE = 1 gwei;
    uint64 internal constant DOUBLING = 10 minutes;

    address internal constant REGISTRY = address(0x4e9);
    address internal constant COURT = address(0xc047);
    address internal constant ROOT_CHAIN = address(0xc0ffee);

    IInbox internal inbox;
    InboxModel internal model;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        vm.roll(77);
        vm.deal(address(this), 1000 ether);
        vm.recordLogs();
        vm.etch(ROOT_CHAIN, hex"6101005ff3"); // returns a head of eight zeros
        vm.prank(REGISTRY);
        inbox = IInbox(Builds.deploy(Builds.INBOX, abi.encode(_arguments())));
        model = new InboxModel();
    }

    function _arguments() internal view returns (IRegistry.Founding memory founding) {
        founding.contracts = new address[](7);
        (founding.contracts[1], founding.contracts[2], founding.contracts[6]) = (address(this), COURT, ROOT_CHAIN);
        founding.genesis.inbox = IInbox.Parameters(DELAY, INTERVAL, PRICE, DOUBLING);
    }

    function _force() internal {
        inbox.force{value: inbox.price()}("hello");
    }

    function _acceptance() internal {
        vm.prank(ROOT_CHAIN);
        inbox.send(5, "acceptance");
    }

    /// @dev Free ones, so that no price grows.
    function _many(uint256 number) internal {
        for (uint256 i; i < number; ++i) {
            _acceptance();
        }
        _sync();
    }

    /// @dev One each ten minutes, so each has a due time of its own.
    function _spaced(uint256 number) internal {
        for (uint256 i; i < number; ++i) {
            _force();
            vm.warp(block.timestamp + 600);
        }
        _sync();
    }

    /// @dev Paid and free ones, with and without a pause: some share a due time.
    function _send(uint256 seed) internal {
        if (seed % 3 == 0) _acceptance();
        else _force();
        if (seed % 5 < 2) vm.warp(block.timestamp + seed % 1000);
        if (seed % 16 == 0) vm.warp(block.timestamp + 900);
    }

    function _sync() internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            (bytes32 hash, bytes memory message) = abi.decode(logs[i].data, (bytes32, bytes));
            model.push(uint64(uint256(logs[i].topics[1])), hash, message);
        }
    }

    receive() external payable {}
}
