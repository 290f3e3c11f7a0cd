// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../src/interfaces/IVault.sol";
import {TokenCalls} from "../src/libraries/TokenCalls.sol";
import {Claims} from "./Claims.sol";
import {SwitchToken} from "./tokens/SwitchToken.sol";

/// @title A token with every switch, in both directions: what moved is the proof, and never what the token answered
contract VaultTokensTest is Claims {
    address private constant ALICE = address(0xa11ce);
    address private constant REFUND = address(0x4ef);
    uint128 private constant AMOUNT = 10_000;

    SwitchToken private token;

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 1_000_000 ether);
        token = new SwitchToken();
    }

    function test_whatMovedIsDepositedAndClaimedWhateverTheTokenAnswers() external {
        for (uint256 answer; answer <= uint256(type(SwitchToken.Answer).max); ++answer) {
            token = new SwitchToken();
            _answers(answer);
            vm.assertEq(_deposit(), AMOUNT);
            _claimsAll(answer);
            vm.assertEq(token.balanceOf(ALICE), AMOUNT);
            vm.assertEq(vault.escrow(address(token)), 0);
            vm.assertEq(token.balanceOf(address(vault)), 0);
        }
    }

    function test_theAnswerMayChangeBetweenDepositAndClaim() external {
        for (uint256 answer; answer <= uint256(type(SwitchToken.Answer).max); ++answer) {
            token = new SwitchToken();
            _deposit();
            _answers(answer);
            _claimsAll(answer);
            vm.assertEq(token.balanceOf(ALICE), AMOUNT);
        }
    }

    function test_aTokenThatMovesNothingDepositsAndClaimsNothingWhateverItAnswers() external {
        for (uint256 answer; answer <= uint256(type(SwitchToken.Answer).max); ++answer) {
            token = new SwitchToken();
            _deposit();
            _withdraw(ALICE, address(token), AMOUNT);
            IVault.Base memory base = _final();
            token.set(SwitchToken.Switches(SwitchToken.Answer(answer), 0, 0, false, true));
            token.mint(address(this), AMOUNT);
            token.approve(address(vault), AMOUNT);
            vm.expectRevert(abi.encodeWithSelector(IVault.NothingArrived.selector, address(token), AMOUNT));
            vault.depositToken{value: 1 ether}(address(token), AMOUNT, 0, _alice(), REFUND);
            _refuses(base, abi.encodeWithSelector(IVault.PaidOtherThan.selector, address(token), AMOUNT, 0));
            vm.assertEq(vault.escrow(address(token)), AMOUNT);
        }
    }

    function test_aFeeIsTheDepositorsAndTheRecipientsOwn() external {
        token.set(SwitchToken.Switches(SwitchToken.Answer.True, 100, 0, false, false));
        vm.assertEq(_deposit(), AMOUNT - AMOUNT / 100);
        vm.assertEq(vault.escrow(address(token)), AMOUNT - AMOUNT / 100);
        _withdraw(ALICE, address(token), AMOUNT - AMOUNT / 100);
        IVault.Base memory base = _final();
        vault.claim(base, withdrawals[0], _path(0));
        vm.assertEq(token.balanceOf(ALICE), 9_900 - 99);
        vm.assertEq(vault.escrow(address(token)), 0);
    }

    /// A fee of all is a transfer that brings nothing; of nothing in a claim, the vault's balance falls and it is paid.
    function test_aFeeOfEverythingIsNoDeposit() external {
        token.set(SwitchToken.Switches(SwitchToken.Answer.True, 10_000, 0, false, false));
        token.mint(address(this), AMOUNT);
        token.approve(address(vault), AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IVault.NothingArrived.selector, address(token), AMOUNT));
        vault.depositToken{value: 1 ether}(address(token), AMOUNT, 0, _alice(), REFUND);
    }

    function test_aSurchargeIsNeverPaidFromTheEscrowOfOthers() external {
        _deposit();
        _deposit();
        _withdraw(ALICE, address(token), AMOUNT);
        IVault.Base memory base = _final();
        token.set(SwitchToken.Switches(SwitchToken.Answer.False, 0, 1, false, false));
        _refuses(
            base, abi.encodeWithSelector(IVault.PaidOtherThan.selector, address(token), AMOUNT, AMOUNT + AMOUNT / 10_000)
        );
        vm.assertEq(vault.escrow(address(token)), 2 * AMOUNT);
    }

    function test_aBlockedAccountKeepsItsClaimUntilItIsFree() external {
        _deposit();
        _withdraw(ALICE, address(token), AMOUNT);
        IVault.Base memory base = _final();
        token.setBlocked(ALICE, true);
        _refuses(base, abi.encodeWithSelector(TokenCalls.TokenCallFailed.selector, address(token)));
        token.setBlocked(ALICE, false);
        token.setBlocked(address(vault), true);
        _refuses(base, abi.encodeWithSelector(TokenCalls.TokenCallFailed.selector, address(token)));
        token.mint(address(this), AMOUNT);
        token.approve(address(vault), AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(TokenCalls.TokenCallFailed.selector, address(token)));
        vault.depositToken{value: 1 ether}(address(token), AMOUNT, 0, _alice(), REFUND);
        token.setBlocked(address(vault), false);
        vault.claim(base, withdrawals[0], _path(0));
        vm.assertEq(token.balanceOf(ALICE), AMOUNT);
    }

    /// Any switches at any time: what the vault says that it holds is never more than what it holds.
    function testFuzz_theEscrowIsNeverAboveTheBalance(uint256 one, uint256 two) external {
        token.set(_switches(one));
        token.mint(address(this), 4 * AMOUNT);
        token.approve(address(vault), 2 * AMOUNT);
        for (uint256 i; i < 2; ++i) {
            try vault.depositToken{value: 1 ether}(address(token), AMOUNT, 0, _alice(), REFUND) {} catch {}
            _covered();
        }
        _withdraw(ALICE, address(token), AMOUNT / 2);
        IVault.Base memory base = _final();
        token.set(_switches(two));
        uint256 before = vault.escrow(address(token));
        try vault.claim(base, withdrawals[0], _path(0)) {
            vm.assertEq(vault.escrow(address(token)), before - AMOUNT / 2);
        } catch {
            vm.assertEq(vault.escrow(address(token)), before);
        }
        _covered();
    }

    /// @dev Every second one keeps or takes nothing, so that most of them move something.
    function _switches(uint256 seed) private pure returns (SwitchToken.Switches memory) {
        return SwitchToken.Switches({
            answer: SwitchToken.Answer(seed % 6),
            feeBps: seed >> 8 & 1 == 0 ? 0 : (seed >> 16) % 10_001,
            surchargeBps: seed >> 9 & 1 == 0 ? 0 : (seed >> 48) % 10_001,
            noZeroApprove: seed >> 10 & 1 == 0,
            movesNothing: seed >> 11 & 7 == 0
        });
    }

    function _covered() private view {
        vm.assertGe(token.balanceOf(address(vault)), vault.escrow(address(token)));
    }

    function _answers(uint256 answer) private {
        token.set(SwitchToken.Switches(SwitchToken.Answer(answer), 0, 0, true, false));
    }

    function _deposit() private returns (uint128 received) {
        token.mint(address(this), AMOUNT);
        token.approve(address(vault), AMOUNT);
        (, received) = vault.depositToken{value: 1 ether}(address(token), AMOUNT, 0, _alice(), REFUND);
    }

    function _claimsAll(uint256 place) private {
        _withdraw(ALICE, address(token), AMOUNT);
        IVault.Base memory base = _final();
        vault.claim(base, withdrawals[place], _path(place));
    }

    function _refuses(IVault.Base memory base, bytes memory reason) private {
        uint256 last = withdrawals.length - 1;
        bytes32[] memory path = _path(last);
        vm.expectRevert(reason);
        vault.claim(base, withdrawals[last], path);
    }

    function _alice() private pure returns (IVault.Account memory) {
        return IVault.Account(0, bytes20(ALICE));
    }
}
