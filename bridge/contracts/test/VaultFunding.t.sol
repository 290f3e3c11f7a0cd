// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Deployed} from "./Deployed.sol";

/// @title Gifts to the reward pool: who pays, what the child is told, and that nobody gets one back
contract VaultFundingTest is Deployed {
    uint128 private constant MAX_AMOUNT = 1 << 96;

    function setUp() public override {
        super.setUp();
        _deploy();
        vm.deal(address(this), type(uint128).max);
    }

    function test_aFundingIsAMessageAndStaysInTheVault() external {
        uint256 price = inbox.price();
        vm.assertEq(vault.quote(5 ether), 5 ether + price);
        vm.expectEmit(address(vault));
        emit IVault.RewardsFunded(1, address(this), 5 ether);
        vm.assertEq(vault.fundRewards{value: 5 ether + price}(5 ether), 1);
        _isFunding(1, 5 ether, address(this));
        (uint128 deposited, uint128 paid) = vault.totals(address(0));
        vm.assertEq(deposited, _sigma() + 5 ether);
        vm.assertEq(paid, 0);
        vm.assertEq(address(vault).balance, _sigma() + 5 ether);
        vm.assertEq(address(inbox).balance, price);
    }

    /// One wei costs a whole price and takes a whole slot, like a deposit; a child never sees an amount of 0.
    function test_dustCostsWhatAMessageCostsAndNothingIsRefused() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.AmountOutOfRange.selector, 0));
        vault.fundRewards{value: 1 ether}(0);
        uint256 price = inbox.price();
        vm.expectRevert(abi.encodeWithSelector(IVault.ValueTooLow.selector, price + 1, 1));
        vault.fundRewards{value: 1}(1);
        uint256 before = address(this).balance;
        vault.fundRewards{value: price + 1}(1);
        uint64 first = inbox.lastDueMs();
        vault.fundRewards{value: price + 1}(1);
        vm.assertEq(before - address(this).balance, 2 * (price + 1));
        vm.assertEq(address(inbox).balance, 2 * price);
        vm.assertEq(inbox.lastDueMs(), first + _genesis().inbox.intervalMs);
    }

    function test_theAmountIsAtMost2To96AndTheValueCoversIt() external {
        uint256 needed = vault.quote(MAX_AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IVault.AmountOutOfRange.selector, MAX_AMOUNT + 1));
        vault.fundRewards{value: needed + 1}(MAX_AMOUNT + 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.ValueTooLow.selector, needed, needed - 1));
        vault.fundRewards{value: needed - 1}(MAX_AMOUNT);
        vault.fundRewards{value: needed}(MAX_AMOUNT);
        _isFunding(1, MAX_AMOUNT, address(this));
    }

    function test_theEscrowHasTheSameLimitAsForDeposits() external {
        uint256 most = uint256(1) << 112;
        vm.store(address(vault), keccak256(abi.encode(address(0), uint256(0))), bytes32(most - 10));
        vm.expectRevert(abi.encodeWithSelector(IVault.EscrowLimit.selector, address(0), most + 1));
        vault.fundRewards{value: 1 ether}(11);
        vault.fundRewards{value: 1 ether}(10);
        vm.assertEq(vault.escrow(address(0)), most);
    }

    function test_whatIsSentOverItReturnsOrNothingHappens() external {
        uint256 before = address(this).balance;
        uint256 price = inbox.price();
        vault.fundRewards{value: 9 ether}(5 ether);
        vm.assertEq(before - address(this).balance, 5 ether + price);
        _isFunding(1, 5 ether, address(this));
        address sender = address(0x5e);
        vm.etch(sender, hex"5f5ffd"); // an account that takes nothing
        vm.deal(sender, 10 ether);
        uint256 value = vault.quote(1 ether) + 1;
        vm.prank(sender);
        vm.expectRevert(abi.encodeWithSelector(IVault.ExcessNotTaken.selector, sender, 1));
        vault.fundRewards{value: value}(1 ether);
        vm.getRecordedLogs(); // the refused one's are among them
        vm.assertEq(inbox.count(), 1);
        vm.assertEq(vault.escrow(address(0)), _sigma() + 5 ether);
        vm.prank(sender);
        vault.fundRewards{value: value - 1}(1 ether);
        _isFunding(2, 1 ether, sender);
    }

    /// Whoever is called by the excess can neither fund nor deposit again with the same value.
    function test_theExcessReentersNothing() external {
        Greedy greedy = new Greedy();
        uint256 value = vault.quote(1 ether) + 2 ether;
        bytes[2] memory again = [
            abi.encodeCall(IVault.fundRewards, (1 ether)),
            abi.encodeCall(
                IVault.depositNative, (1 ether, IVault.Account(0, bytes20(address(greedy))), address(greedy))
            )
        ];
        for (uint64 i; i < 2; ++i) {
            vm.deal(address(greedy), value);
            greedy.fund(vault, 1 ether, value, again[i]);
            vm.assertEq(bytes4(greedy.answer()), IVault.Reentered.selector);
            vm.assertEq(inbox.count(), i + 1);
            vm.assertEq(vault.escrow(address(0)), _sigma() + (i + 1) * 1 ether);
            vm.assertEq(address(vault).balance, _sigma() + (i + 1) * 1 ether);
        }
    }

    /// Coin sent to the Vault by itself funds nothing, and the Registry's own door stays shut.
    function test_nothingElseFundsThePool() external {
        (bool taken,) = address(vault).call{value: 1 ether}("");
        vm.assertFalse(taken);
        vm.deal(address(vault), address(vault).balance + 1 ether); // as a contract that destroys itself does
        vm.assertEq(vault.escrow(address(0)), _sigma());
        vm.expectRevert(abi.encodeWithSelector(IVault.OnlyRegistry.selector, address(this)));
        vault.fund{value: 1 ether}();
        uint256 price = inbox.price();
        vm.expectRevert(abi.encodeWithSelector(IInbox.NotAllowed.selector, address(this), 6));
        inbox.send{value: price}(6, bytes.concat(bytes16(uint128(1 ether)), bytes20(address(this))));
        vm.assertEq(inbox.count(), 0);
    }

    /// The message of a deposit says the recipient; that of a funding says nobody whom the child could pay.
    function test_aFundingHasNoRecipientAndADepositIsNone() external {
        vault.depositNative{value: 2 ether}(1 ether, IVault.Account(0, bytes20(address(this))), address(this));
        vault.fundRewards{value: 2 ether}(1 ether);
        _sync();
        vm.assertEq(uint8(model.message(1)[32]), 2);
        vm.assertEq(uint8(model.message(2)[32]), 6);
        vm.assertEq(model.message(2).length, 33 + 36);
    }

    function testFuzz_everyWeiIsAccounted(uint96 amount, uint64 over, uint8 before) external {
        vm.assume(amount != 0);
        for (uint256 i; i < before % 8; ++i) {
            inbox.force{value: inbox.price()}("in front");
        }
        uint256 price = inbox.price();
        uint256 had = address(this).balance;
        uint64 index = vault.fundRewards{value: uint256(amount) + price + over}(amount);
        vm.assertEq(index, before % 8 + 1);
        vm.assertEq(had - address(this).balance, amount + price);
        vm.assertEq(vault.escrow(address(0)), _sigma() + amount);
        vm.assertEq(address(vault).balance, _sigma() + amount);
        _isFunding(index, amount, address(this));
    }

    function test_gasOfAFunding() external {
        uint256 gas = _gasOf(address(vault), vault.quote(1), abi.encodeCall(vault.fundRewards, (1)));
        vm.snapshotValue("operations", "fund rewards (call, cold inbox ring)", gas);
    }

    function _isFunding(uint64 index, uint128 amount, address funder) private {
        _sync();
        bytes memory message = model.message(index);
        bytes memory body = new bytes(message.length - 33);
        for (uint256 i; i < body.length; ++i) {
            body[i] = message[i + 33];
        }
        vm.assertEq(uint8(message[32]), 6);
        vm.assertEq(body, bytes.concat(bytes16(amount), bytes20(funder)));
    }
}

/// @title Before RootChain exists
contract VaultFundingEarlyTest is Deployed {
    /// The Vault stands two steps before it may take money: what it took then would be in no genesis.
    function test_nothingIsFundedBeforeTheDeploymentIsWhole() external {
        for (uint256 i; i < operators.length; ++i) {
            _register(i);
        }
        for (uint256 i; i < operators.length; ++i) {
            _agree(i);
        }
        for (uint256 step; step + 1 < STEPS; ++step) {
            _step(step);
        }
        address stands = registry.vault();
        vm.deal(address(this), 10 ether);
        vm.expectRevert(IInbox.NotOpen.selector);
        IVault(stands).fundRewards{value: 2 ether}(1 ether);
        vm.assertEq(stands.balance, 0);
        _step(STEPS - 1);
        _read();
        vm.deal(address(this), 2 ether);
        vault.fundRewards{value: 2 ether}(1 ether);
        vm.assertEq(vault.escrow(address(0)), _sigma() + 1 ether);
    }
}

/// @notice Funds, and tries one more call with what comes back.
contract Greedy {
    bytes public answer;
    bytes private _again;
    address private _callee;

    function fund(IVault vault, uint128 amount, uint256 value, bytes calldata again) external {
        (_callee, _again) = (address(vault), again);
        vault.fundRewards{value: value}(amount);
    }

    receive() external payable {
        (, answer) = _callee.call{value: msg.value}(_again);
    }
}
