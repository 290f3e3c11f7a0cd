// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {LocalOnly} from "../src/libraries/LocalOnly.sol";
import {TokenCalls} from "../src/libraries/TokenCalls.sol";
import {Builds} from "./Builds.sol";
import {Claims} from "./Claims.sol";
import {AllowanceToken, Collectible, DisplayToken, FeeToken, MoodyToken, NoReturnToken, ReenteringToken} from "./tokens/OddTokens.sol";
import {SwitchToken} from "./tokens/SwitchToken.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title Deposits: what arrives is credited, and every way not to arrive is refused
contract VaultDepositsTest is Claims {
    uint128 private constant MAX_AMOUNT = 1 << 96;
    IVault.Account private ALICE = IVault.Account(0, bytes20(address(0xa11ce)));
    address private constant REFUND = address(0x4ef);

    TestToken private token;

    function setUp() public override {
        super.setUp();
        token = new TestToken("Test", "TST", 6);
        vm.deal(address(this), type(uint128).max);
    }

    function test_itIsRefusedOnAnyRootChainButLocalOnes() external {
        vm.chainId(8453);
        bytes memory reason = abi.encodeWithSelector(LocalOnly.UnsupportedRootChain.selector, 8453);
        IRegistry.Founding memory founding = IRegistry.Founding(registry.contracts(), _genesis());
        vm.assertEq(Builds.refusal(Builds.VAULT, abi.encode(founding)), reason);
    }

    function test_onlyTheRegistryFundsIt() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.OnlyRegistry.selector, address(this)));
        vault.fund{value: 1}();
        vm.expectRevert(abi.encodeWithSelector(IVault.OnlyRegistry.selector, operators[0].owner));
        vm.prank(operators[0].owner);
        vault.fund();
        vm.assertEq(vault.registry(), address(registry));
    }

    function test_aNativeDepositIsAMessage() external {
        uint256 price = inbox.price();
        vm.assertEq(vault.quote(5 ether), 5 ether + price);
        vm.expectEmit(address(vault));
        emit IVault.Deposited(1, address(0), address(this), 5 ether, 0, 0, ALICE.id);
        vault.depositNative{value: 5 ether + price}(5 ether, ALICE, REFUND);
        _sync();
        vm.assertEq(_body(1), _expected(address(0), 5 ether, 0, ALICE, 18, 3, "ETH"));
        vm.assertEq(vault.escrow(address(0)), _sigma() + 5 ether);
        vm.assertEq(address(vault).balance, _sigma() + 5 ether);
        vm.assertEq(address(inbox).balance, price);
    }

    function test_aTokenDepositMayCarryNativeCoin() external {
        IVault.Account memory key = IVault.Account(1, bytes20(keccak256("an Ed25519 key")));
        _mint(address(token), 7e6);
        (uint64 index, uint128 received) =
            vault.depositToken{value: vault.quote(1 ether)}(address(token), 7e6, 1 ether, key, REFUND);
        vm.assertEq(index, 1);
        vm.assertEq(received, 7e6);
        _sync();
        vm.assertEq(_body(1), _expected(address(token), 7e6, 1 ether, key, 6, 3, "TST"));
        vm.assertEq(vault.escrow(address(token)), 7e6);
        vm.assertEq(vault.escrow(address(0)), _sigma() + 1 ether);
    }

    function test_whatIsSentOverTheQuoteReturns() external {
        uint256 before = address(this).balance;
        uint256 price = inbox.price();
        vault.depositNative{value: 9 ether}(5 ether, ALICE, REFUND);
        vm.assertEq(before - address(this).balance, 5 ether + price);
        _mint(address(token), 1);
        before = address(this).balance;
        price = inbox.price();
        vault.depositToken{value: 9 ether}(address(token), 1, 2 ether, ALICE, REFUND);
        vm.assertEq(before - address(this).balance, 2 ether + price);
    }

    function test_anExcessThatIsNotTakenReverts() external {
        address sender = address(0x5e);
        vm.etch(sender, hex"5f5ffd");
        vm.deal(sender, 10 ether);
        uint256 value = vault.quote(1 ether) + 1;
        vm.prank(sender);
        vm.expectRevert(abi.encodeWithSelector(IVault.ExcessNotTaken.selector, sender, 1));
        vault.depositNative{value: value}(1 ether, ALICE, REFUND);
    }

    function test_theValueCoversAmountAndPrice() external {
        uint256 needed = vault.quote(1 ether);
        vm.expectRevert(abi.encodeWithSelector(IVault.ValueTooLow.selector, needed, needed - 1));
        vault.depositNative{value: needed - 1}(1 ether, ALICE, REFUND);
        _mint(address(token), 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.ValueTooLow.selector, needed, needed - 1));
        vault.depositToken{value: needed - 1}(address(token), 1, 1 ether, ALICE, REFUND);
    }

    function test_amountsAreOneTo2To96() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.AmountOutOfRange.selector, 0));
        vault.depositNative{value: 1 ether}(0, ALICE, REFUND);
        uint256 value = vault.quote(MAX_AMOUNT + 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.AmountOutOfRange.selector, MAX_AMOUNT + 1));
        vault.depositNative{value: value}(MAX_AMOUNT + 1, ALICE, REFUND);
        vault.depositNative{value: vault.quote(MAX_AMOUNT)}(MAX_AMOUNT, ALICE, REFUND);
        _mint(address(token), MAX_AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IVault.AmountOutOfRange.selector, 0));
        vault.depositToken{value: 1 ether}(address(token), 0, 0, ALICE, REFUND);
        vm.expectRevert(abi.encodeWithSelector(IVault.AmountOutOfRange.selector, MAX_AMOUNT + 1));
        vault.depositToken{value: value}(address(token), MAX_AMOUNT, MAX_AMOUNT + 1, ALICE, REFUND);
        vault.depositToken{value: 1 ether}(address(token), MAX_AMOUNT, 0, ALICE, REFUND);
    }

    function test_theEscrowOfATokenHasALimit() external {
        uint256 most = uint256(1) << 112;
        // The slot of the token's totals says that nearly all is there.
        vm.store(address(vault), keccak256(abi.encode(address(token), uint256(0))), bytes32(most - 10));
        vm.assertEq(vault.escrow(address(token)), most - 10);
        _mint(address(token), 11);
        vm.expectRevert(abi.encodeWithSelector(IVault.EscrowLimit.selector, address(token), most + 1));
        vault.depositToken{value: 1 ether}(address(token), 11, 0, ALICE, REFUND);
        vault.depositToken{value: 1 ether}(address(token), 10, 0, ALICE, REFUND);
    }

    function test_recipientAndRefundMustBeAble() external {
        for (uint256 kind = 2; kind < 256; ++kind) {
            vm.expectRevert(abi.encodeWithSelector(IVault.RecipientKind.selector, kind));
            vault.depositNative{value: 2 ether}(1 ether, IVault.Account(uint8(kind), ALICE.id), REFUND);
        }
        vm.expectRevert(IVault.RecipientZero.selector);
        vault.depositNative{value: 2 ether}(1 ether, IVault.Account(0, 0), REFUND);
        vm.expectRevert(IVault.RefundZero.selector);
        vault.depositNative{value: 2 ether}(1 ether, ALICE, address(0));
        _mint(address(token), 3);
        vm.expectRevert(abi.encodeWithSelector(IVault.RecipientKind.selector, 2));
        vault.depositToken{value: 1 ether}(address(token), 1, 0, IVault.Account(2, ALICE.id), REFUND);
        vm.expectRevert(IVault.RecipientZero.selector);
        vault.depositToken{value: 1 ether}(address(token), 1, 0, IVault.Account(1, 0), REFUND);
        vm.expectRevert(IVault.RefundZero.selector);
        vault.depositToken{value: 1 ether}(address(token), 1, 0, ALICE, address(0));
    }

    function test_nobodyDepositsForAnAccountThatNobodyCanUse() external {
        address verifier = address(registry.verifier());
        address[9] memory own = [
            address(registry),
            address(inbox),
            address(vault),
            address(court),
            address(exits),
            address(fraudCourt),
            address(dataChallenges),
            address(rootChain),
            verifier
        ];
        _mint(address(token), 10);
        for (uint256 i; i < own.length; ++i) {
            _refusesTarget(address(0), own[i]);
            _refusesTarget(address(token), own[i]);
            // An account whose id is the hash of a key belongs to somebody, even where its 20 bytes are those of a contract.
            vault.depositNative{value: 2 ether}(1, IVault.Account(1, bytes20(own[i])), REFUND);
        }
        _refusesTarget(address(token), address(token));
        vault.depositNative{value: 2 ether}(1, IVault.Account(0, bytes20(address(token))), address(token));
        vm.assertEq(inbox.count(), 10);
        vm.assertEq(vault.escrow(address(token)), 0);
    }

    function test_aTokenIsAContract() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.NoToken.selector, address(0)));
        vault.depositToken{value: 1 ether}(address(0), 1, 0, ALICE, REFUND);
        vm.expectRevert(abi.encodeWithSelector(IVault.NoToken.selector, address(0xdead)));
        vault.depositToken{value: 1 ether}(address(0xdead), 1, 0, ALICE, REFUND);
        address[5] memory own =
            [address(vault), address(inbox), address(court), address(rootChain), address(registry)];
        for (uint256 i; i < own.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IVault.NoAllowance.selector, own[i]));
            vault.depositToken{value: 1 ether}(own[i], 1, 0, ALICE, REFUND);
        }
    }

    /// Its balances are counts and its amounts are ids, so what arrives of id 1 measures as one unit, and could never be paid out.
    function test_anErc721IsRefusedWhateverItsIds() external {
        Collectible odd = new Collectible();
        for (uint128 id = 1; id < 4; ++id) {
            odd.mint(address(this), id);
            odd.approve(address(vault), id);
            vm.expectRevert(abi.encodeWithSelector(IVault.NoAllowance.selector, address(odd)));
            vault.depositToken{value: 1 ether}(address(odd), id, 0, ALICE, REFUND);
            vm.assertEq(odd.ownerOf(id), address(this));
        }
        vm.assertEq(inbox.count(), 0);
        vm.assertEq(vault.escrow(address(odd)), 0);
    }

    function test_anAllowanceIsExactlyOneWordOfAnyValue() external {
        AllowanceToken odd = new AllowanceToken();
        odd.mint(address(this), 10);
        bytes memory refused = abi.encodeWithSelector(IVault.NoAllowance.selector, address(odd));
        uint256[7] memory lengths = [uint256(0), 1, 31, 33, 64, 20_000, 1_000_000];
        for (uint256 i; i < lengths.length; ++i) {
            odd.answer(AllowanceToken.How.Returns, lengths[i], 1);
            vm.expectRevert(refused);
            vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
            odd.answer(AllowanceToken.How.Reverts, lengths[i], 1);
            vm.expectRevert(refused);
            vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
        }
        odd.answer(AllowanceToken.How.Reverts, 32, 1);
        vm.expectRevert(refused);
        vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
        odd.answer(AllowanceToken.How.Writes, 32, 1);
        vm.expectRevert(refused);
        vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
        vm.assertEq(vault.escrow(address(odd)), 0);
        // What it says is no matter of ours: a token that lets anybody take anything and answers zero is its holders' risk.
        uint256[3] memory words = [uint256(0), 1, type(uint256).max];
        for (uint256 i; i < words.length; ++i) {
            odd.answer(AllowanceToken.How.Returns, 32, words[i]);
            vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
            vm.assertEq(vault.escrow(address(odd)), i + 1);
        }
    }

    function test_anAllowanceThatBurnsGasCostsABoundedAmount() external {
        AllowanceToken odd = new AllowanceToken();
        odd.mint(address(this), 1);
        odd.answer(AllowanceToken.How.BurnsGas, 32, 1);
        bytes memory refused = abi.encodeWithSelector(IVault.NoAllowance.selector, address(odd));
        uint256 before = gasleft();
        vm.expectRevert(refused);
        vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
        vm.assertLt(before - gasleft(), 300_000);
    }

    function test_aTokenWhoseApprovalsAreOfAllOrOfEachIsTaken() external {
        SwitchToken odd = new SwitchToken();
        odd.set(SwitchToken.Switches(SwitchToken.Answer.Nothing, 0, 0, true, false));
        odd.mint(address(this), 100);
        odd.approve(address(vault), type(uint256).max);
        vault.depositToken{value: 1 ether}(address(odd), 60, 0, ALICE, REFUND);
        vault.depositToken{value: 1 ether}(address(odd), 40, 0, ALICE, REFUND);
        vm.assertEq(vault.escrow(address(odd)), 100);
    }

    function test_aTokenThatReturnsNothingIsTaken() external {
        NoReturnToken old = new NoReturnToken();
        _mint(address(old), 100);
        vault.depositToken{value: 1 ether}(address(old), 100, 0, ALICE, REFUND);
        vm.assertEq(vault.escrow(address(old)), 100);
        _sync();
        vm.assertEq(_body(1), _expected(address(old), 100, 0, ALICE, 0, 3, "NRT"));
    }

    function test_ofATokenThatTakesAFeeWhatArrivesIsCredited() external {
        FeeToken fee = new FeeToken();
        _mint(address(fee), 1000);
        (, uint128 received) = vault.depositToken{value: 1 ether}(address(fee), 1000, 0, ALICE, REFUND);
        vm.assertEq(received, 990);
        vm.assertEq(vault.escrow(address(fee)), 990);
        vm.assertEq(fee.balanceOf(address(vault)), 990);
        _sync();
        vm.assertEq(_body(1), _expected(address(fee), 990, 0, ALICE, 6, 3, "FEE"));
    }

    function test_whateverATokenDoesToFailNothingIsCredited() external {
        MoodyToken moody = new MoodyToken();
        _mint(address(moody), 1000);
        for (uint8 mood = 1; mood <= uint8(type(MoodyToken.Mood).max); ++mood) {
            moody.setMood(MoodyToken.Mood(mood));
            if (!moody.reverts()) {
                vm.expectRevert(abi.encodeWithSelector(IVault.NothingArrived.selector, address(moody), 10));
                vault.depositToken{value: 1 ether}(address(moody), 10, 0, ALICE, REFUND);
                continue;
            }
            uint256 gas = mood == uint8(MoodyToken.Mood.BurnsGas) ? 10_000_000 : gasleft();
            vm.expectRevert(abi.encodeWithSelector(TokenCalls.TokenCallFailed.selector, address(moody)));
            vault.depositToken{value: 1 ether, gas: gas}(address(moody), 10, 0, ALICE, REFUND);
        }
        vm.assertEq(vault.escrow(address(moody)), 0);
        vm.assertEq(inbox.count(), 0);
    }

    function test_aTokenCannotReenterTheVault() external {
        ReenteringToken again = new ReenteringToken();
        _mint(address(again), 1000);
        again.mint(address(again), 1000);
        // In the middle of its transfer it tries to deposit itself, which would be measured twice.
        again.aim(
            address(vault), abi.encodeCall(vault.depositToken, (address(again), 10, 0, ALICE, REFUND))
        );
        vault.depositToken{value: 1 ether}(address(again), 100, 0, ALICE, REFUND);
        vm.assertFalse(again.reached());
        vm.assertEq(bytes4(again.answer()), IVault.Reentered.selector);
        vm.assertEq(vault.escrow(address(again)), 100);
        vm.assertEq(inbox.count(), 1);
    }

    // Display data.

    function test_symbolAndDecimalsAreBounded() external {
        _displays(abi.encode("TOKEN"), abi.encode(18), 18, 5, "TOKEN");
        _displays(abi.encode(bytes32("WORD")), abi.encode(8), 8, 4, "WORD");
        _displays(abi.encode(""), abi.encode(0), 0, 0, "");
        _displays(
            abi.encode("exactly thirty-two bytes of name"), abi.encode(255), 255, 32, "exactly thirty-two bytes of name"
        );
        _displays(
            abi.encode("a symbol that is longer than thirty-two bytes"), abi.encode(256), 0, 32,
            "a symbol that is longer than thi"
        );
        _displays(abi.encode(bytes32("thirty-two bytes in a plain word")), "", 0, 32, "thirty-two bytes in a plain word");
        _displays("", new bytes(31), 0, 0, "");
        // A length that claims more than there is, an offset elsewhere, and a megabyte.
        _displays(abi.encodePacked(uint256(32), uint256(1000), bytes8("SHORT")), abi.encode(1), 1, 8, "SHORT");
        _displays(abi.encodePacked(uint256(64), uint256(5), bytes32("OTHER")), abi.encode(1), 1, 0, "");
        _displays(abi.encode(new string(1_000)), abi.encode(type(uint256).max), 0, 32, "");
        _displays(abi.encodePacked(uint256(32), uint256(5)), abi.encode(7), 7, 0, "");
    }

    function test_aTokenThatBurnsGasWhenAskedForItsNameHasNone() external {
        DisplayToken odd = new DisplayToken();
        odd.display(abi.encode("BURN"), abi.encode(9), true);
        odd.mint(address(this), 1);
        uint256 before = gasleft();
        vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
        vm.assertLt(before - gasleft(), 400_000);
        _sync();
        vm.assertEq(_body(1), _expected(address(odd), 1, 0, ALICE, 0, 0, ""));
    }

    /// Whatever gas a depositor brings, either the deposit fails or the token's name and decimals are told.
    function testFuzz_nobodyCanBlankATokensNameWithTooLittleGas(uint256 gas) external {
        _mint(address(token), 1);
        gas = bound(gas, 50_000, 300_000);
        try vault.depositToken{value: 1 ether, gas: gas}(address(token), 1, 0, ALICE, REFUND) {
            _sync();
            vm.assertEq(_body(1), _expected(address(token), 1, 0, ALICE, 6, 3, "TST"));
        } catch {}
    }

    function test_gasOfDeposits() external {
        vault.depositNative{value: 1 ether}(1, ALICE, REFUND);
        uint256 value = vault.quote(1);
        uint256 gas = _gasOf(address(vault), value, abi.encodeCall(vault.depositNative, (1, ALICE, REFUND)));
        vm.snapshotValue("operations", "deposit, native (call, cold inbox ring)", gas);
    }

    function _displays(bytes memory symbol, bytes memory decimals, uint8 places, uint8 length, bytes32 text) private {
        DisplayToken odd = new DisplayToken();
        odd.display(symbol, decimals, false);
        odd.mint(address(this), 1);
        (uint64 index,) = vault.depositToken{value: 1 ether}(address(odd), 1, 0, ALICE, REFUND);
        _sync();
        vm.assertEq(_body(index), _expected(address(odd), 1, 0, ALICE, places, length, text));
    }

    /// @dev Neither as the recipient nor as the one to refund.
    function _refusesTarget(address asset, address account) private {
        bytes memory reason = abi.encodeWithSelector(IVault.AccountUnusable.selector, account);
        IVault.Account memory target = IVault.Account(0, bytes20(account));
        vm.expectRevert(reason);
        asset == address(0)
            ? vault.depositNative{value: 2 ether}(1, target, REFUND)
            : _deposit(asset, target, REFUND);
        vm.expectRevert(reason);
        asset == address(0) ? vault.depositNative{value: 2 ether}(1, ALICE, account) : _deposit(asset, ALICE, account);
    }

    function _deposit(address asset, IVault.Account memory to, address refund) private returns (uint64 index) {
        (index,) = vault.depositToken{value: 2 ether}(asset, 1, 1, to, refund);
    }

    function _mint(address asset, uint256 amount) private {
        TestToken(asset).mint(address(this), amount);
        // Not every token answers approve as TestToken does.
        (bool ok,) = asset.call(abi.encodeWithSignature("approve(address,uint256)", address(vault), amount));
        vm.assertTrue(ok);
    }

    function _body(uint64 index) private view returns (bytes memory body) {
        bytes memory message = model.message(index);
        vm.assertEq(uint8(message[32]), 2);
        body = new bytes(message.length - 33);
        for (uint256 i; i < body.length; ++i) {
            body[i] = message[i + 33];
        }
    }

    function _expected(
        address asset,
        uint128 amount,
        uint128 native,
        IVault.Account memory recipient,
        uint8 decimals,
        uint8 length,
        bytes32 symbol
    ) private view returns (bytes memory) {
        return bytes.concat(
            bytes.concat(bytes20(asset), bytes16(amount), bytes16(native), bytes1(recipient.kind), recipient.id),
            bytes.concat(bytes20(REFUND), bytes20(address(this)), bytes1(decimals), bytes1(length), symbol)
        );
    }
}
