// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Builds} from "./Builds.sol";
import {Deployed} from "./Deployed.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title The creation step by step: who can take, stop or bend a step, and what everybody has when it is not finished
contract CreationTest is Deployed {
    uint256 private constant LAST = STEPS - 1;

    function test_theStepsCreateTheRestWithExactlyTheStakesAndBalances() external {
        _deploy();
        vm.assertTrue(registry.created());
        vm.assertEq(address(vault).balance, _sigma());
        vm.assertEq(vault.escrow(address(0)), _sigma());
        vm.assertEq(address(registry).balance, 4 * BOND);
        vm.assertEq(inbox.count(), 0);
        vm.assertEq(inbox.vault(), address(vault));
        vm.assertEq(inbox.rootChain(), address(rootChain));
        vm.assertEq(keccak256(abi.encode(inbox.parameters())), keccak256(abi.encode(_genesis().inbox)));
        vm.assertEq(address(vault.inbox()), address(inbox));
        vm.assertEq(address(vault.rootChain()), address(rootChain));
        vm.assertEq(vault.registry(), address(registry));
        vm.assertEq(rootChain.vault(), address(vault));
        vm.assertEq(address(rootChain.inbox()), address(inbox));
    }

    function test_whatAnOperatorComputesIsWhatTheRegistryAsksFor() external {
        for (uint256 i; i < 4; ++i) {
            _register(i);
        }
        vm.assertEq(registry.agreementOf(_genesis()), _agreement());
    }

    /// Half made, the deployment takes and sends nothing, and no money has moved.
    function test_beforeTheLastStepNothingHasMovedAndNothingIsOpen() external {
        _ready();
        uint256 held = address(registry).balance;
        for (uint256 step; step < STEPS; ++step) {
            (uint256 made, uint256 steps,,) = registry.creation();
            vm.assertEq(made, step);
            vm.assertEq(steps, STEPS);
            vm.assertFalse(registry.created());
            vm.assertEq(address(registry).balance, held);
            vm.assertEq(registry.vault().balance, 0);
            _closed();
            address next = registry.contracts()[step];
            vm.assertEq(next.code.length, 0);
            vm.expectEmit(address(registry));
            emit IRegistry.Made(step, next, _agreement());
            _step(step);
            vm.assertGt(next.code.length, 0);
        }
        vm.assertTrue(registry.created());
        _read();
        vm.deal(address(this), 10 ether);
        vault.depositNative{value: 2 ether}(1 ether, IVault.Account(0, bytes20(address(1))), address(1));
        inbox.force{value: 1 ether}("open");
        vm.assertEq(inbox.count(), 2);
    }

    function test_stepsAreTakenInOrderAndOnce() external {
        _ready();
        _refuses(1, 0, abi.encodeWithSelector(IRegistry.NotNextStep.selector, 0, 1));
        _refuses(LAST, BALANCES, abi.encodeWithSelector(IRegistry.NotNextStep.selector, 0, LAST));
        _step(0);
        _refuses(0, 0, abi.encodeWithSelector(IRegistry.NotNextStep.selector, 1, 0));
        _refuses(LAST, BALANCES, abi.encodeWithSelector(IRegistry.NotNextStep.selector, 1, LAST));
        _rest(1);
        for (uint256 step; step < STEPS; ++step) {
            _refuses(step, 0, abi.encodeWithSelector(IRegistry.AlreadyCreated.selector));
        }
    }

    /// A root chain that changes its id between two steps: signatures would be judged under another id than the deployment's.
    function test_allStepsAreTakenUnderTheIdOfTheRegistry() external {
        _ready();
        for (uint256 step; step < STEPS; ++step) {
            vm.chainId(1337);
            uint256 value = step == LAST ? BALANCES : 0;
            _refuses(step, value, abi.encodeWithSelector(IRegistry.OtherChainId.selector, 31_337, 1337));
            vm.chainId(31_337);
            _step(step);
        }
        vm.assertTrue(registry.created());
    }

    /// Whoever is first with a step has taken it as anybody would have.
    function test_itDoesNotMatterWhoTakesAStep() external {
        _ready();
        for (uint256 step; step < STEPS; ++step) {
            address stranger = address(uint160(0xbad0 + step));
            uint256 value = step == LAST ? BALANCES : 0;
            vm.deal(stranger, value);
            IRegistry.Genesis memory genesis = _genesis();
            bytes memory code = _code(step);
            vm.prank(stranger);
            registry.create{value: value}(step, genesis, code);
        }
        _read();
        vm.assertEq(vault.escrow(address(0)), _sigma());
        vm.assertEq(address(rootChain.registry()), address(registry));
    }

    function test_otherCodeIsRefusedInEachStep() external {
        _ready();
        for (uint256 step; step < STEPS; ++step) {
            bytes memory code = _code(step);
            bytes32 expected = keccak256(code);
            bytes[3] memory others = [bytes.concat(code, hex"00"), bytes(""), _code((step + 1) % STEPS)];
            for (uint256 i; i < 3; ++i) {
                bytes memory reason =
                    abi.encodeWithSelector(IRegistry.CodeMismatch.selector, step, expected, keccak256(others[i]));
                _refuses(step, _genesis(), others[i], step == LAST ? BALANCES : 0, reason);
            }
            _step(step);
        }
    }

    function test_everyFieldOfTheGenesisIsAgreedOnInEachStep() external {
        _ready();
        for (uint256 step; step < STEPS; ++step) {
            bytes4 reason = step == 0 ? IRegistry.NotAgreed.selector : IRegistry.BegunWithAnother.selector;
            for (uint256 field; field < 21; ++field) {
                if (field == 1) continue; // Σ: the balances say otherwise, below
                // Each word is one field; the last bit of any may change.
                bytes memory words = abi.encode(_genesis());
                words[32 * field + 31] ^= 0x01;
                IRegistry.Genesis memory genesis = abi.decode(words, (IRegistry.Genesis));
                _refusesPartly(step, genesis, step == LAST ? BALANCES : 0, reason);
            }
            IRegistry.Genesis memory richer = _genesis();
            ++richer.sigma;
            _refusesPartly(step, richer, step == LAST ? BALANCES + 1 : 0, reason);
            _step(step);
        }
    }

    function test_theBalancesComeWithTheLastStepExactly() external {
        _ready();
        _refuses(0, 1, abi.encodeWithSelector(IRegistry.BalancesMismatch.selector, 0, 1));
        _step(0);
        _refuses(1, BALANCES, abi.encodeWithSelector(IRegistry.BalancesMismatch.selector, 0, BALANCES));
        for (uint256 step = 1; step < LAST; ++step) {
            _step(step);
        }
        uint256[3] memory wrong = [0, BALANCES - 1, BALANCES + 1];
        for (uint256 i; i < 3; ++i) {
            _refuses(LAST, wrong[i], abi.encodeWithSelector(IRegistry.BalancesMismatch.selector, BALANCES, wrong[i]));
        }
        _step(LAST);
    }

    function test_sigmaCoversTheStakesAndFitsTheEscrow() external {
        _ready();
        IRegistry.Genesis memory genesis = _genesis();
        genesis.sigma = (1 << 112) + 1;
        _refuses(0, genesis, _code(0), 0, abi.encodeWithSelector(IRegistry.SigmaTooHigh.selector, genesis.sigma));
        uint256 stakes = registry.totalStake();
        genesis.sigma = stakes - 1;
        _refuses(0, genesis, _code(0), 0, abi.encodeWithSelector(IRegistry.SigmaTooLow.selector, stakes, stakes - 1));
    }

    function test_nothingBeginsWhileOneHasNotRegisteredOrAgreed() external {
        for (uint256 i; i < 3; ++i) {
            _register(i);
            _agree(i);
        }
        _refuses(0, 0, abi.encodeWithSelector(IRegistry.NotRegistered.selector, operators[3].owner));
        _register(3);
        bytes32 wanted = _agreement();
        _refuses(0, 0, abi.encodeWithSelector(IRegistry.NotAgreed.selector, operators[3].owner, wanted, bytes32(0)));
        _agree(3);
        _create();
    }

    function test_anAgreementThatLapsedBeforeTheFirstStepNoLongerCounts() external {
        _ready();
        uint64 until = uint64(block.timestamp) + LOCK;
        _pass(LOCK);
        _refuses(
            0, 0, abi.encodeWithSelector(IRegistry.AgreementLapsed.selector, operators[0].owner, until, block.timestamp)
        );
        for (uint256 i; i < 4; ++i) {
            _agree(i);
        }
        _create();
    }

    // Between two steps.

    /// The first step binds everybody for as long as an agreement locks, also one whose own lock ends before.
    function test_fromTheFirstStepOnNobodyTakesBackOrChangesAnything() external {
        _ready();
        _pass(LOCK - 1);
        _step(0);
        uint64 until = uint64(block.timestamp) + LOCK;
        (,, bytes32 agreement, uint64 told) = registry.creation();
        vm.assertEq(agreement, _agreement());
        vm.assertEq(told, until);
        _pass(LOCK - 1);
        for (uint256 i; i < 4; ++i) {
            bytes memory locked = abi.encodeWithSelector(IRegistry.Locked.selector, until, block.timestamp);
            vm.startPrank(operators[i].owner);
            vm.expectRevert(locked);
            registry.refund();
            vm.expectRevert(locked);
            registry.agree(agreement);
            vm.stopPrank();
        }
        _rest(1);
        vm.assertTrue(registry.created());
    }

    function test_stepsThatAreNotFinishedInTimeCostNobodyAStake() external {
        for (uint256 taken = 1; taken < STEPS; ++taken) {
            uint256 before = vm.snapshotState();
            _ready();
            for (uint256 step; step < taken; ++step) {
                _step(step);
            }
            _pass(LOCK);
            for (uint256 i; i < 4; ++i) {
                uint256 held = operators[i].owner.balance;
                vm.prank(operators[i].owner);
                registry.refund();
                vm.assertEq(operators[i].owner.balance, held + BOND + stakeOf(i));
            }
            vm.assertEq(address(registry).balance, 0);
            _refuses(
                taken,
                taken == LAST ? BALANCES : 0,
                abi.encodeWithSelector(IRegistry.NotRegistered.selector, operators[0].owner)
            );
            vm.revertToState(before);
        }
    }

    function test_afterThatTimeItGoesOnWhenAllAgreeOnTheSameAgain() external {
        _ready();
        _step(0);
        _pass(LOCK);
        // One even took its stake back and registered the very same again.
        vm.prank(operators[2].owner);
        registry.refund();
        _register(2);
        bytes32 agreement = _agreement();
        bytes32 another = keccak256("another");
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.BegunWithAnother.selector, agreement, another));
            vm.prank(operators[i].owner);
            registry.agree(another);
        }
        _refusesPartly(1, _genesis(), 0, IRegistry.AgreementLapsed.selector);
        for (uint256 i; i < 4; ++i) {
            _agree(i);
        }
        _step(1);
        // The new agreement binds for as long again.
        _pass(LOCK - 1);
        _rest(2);
        vm.assertTrue(registry.created());
    }

    function test_whoComesBackWithAnotherSumStopsItAndCostsNobodyAStake() external {
        _ready();
        _step(0);
        _pass(LOCK);
        bytes32 begun = _agreement();
        _exchange(0, stakeOf(0) + 1, operators[0].edSecret);
        IRegistry.Genesis memory genesis = _genesis();
        ++genesis.sigma;
        bytes32 given = registry.agreementOf(genesis);
        _refuses(1, genesis, _code(1), 0, abi.encodeWithSelector(IRegistry.BegunWithAnother.selector, begun, given));
        for (uint256 i; i < 4; ++i) {
            vm.prank(operators[i].owner);
            registry.refund();
        }
        vm.assertEq(address(registry).balance, 0);
    }

    /// Its registration of now agrees on nothing, so no lock holds it: it takes that back, registers what it had before, and all agree again.
    function test_whoCameBackWithAnotherSumReturnsToTheFirstOneAndItGoesOn() external {
        _ready();
        _step(0);
        bytes32 begun = _agreement();
        _pass(LOCK);
        _exchange(0, stakeOf(0) + 1, operators[0].edSecret);
        IRegistry.Genesis memory genesis = _genesis();
        ++genesis.sigma;
        bytes32 another = registry.agreementOf(genesis);
        // Nobody can agree on what it is now, so nothing binds anybody to a creation that cannot be finished.
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.BegunWithAnother.selector, begun, another));
            vm.prank(operators[i].owner);
            registry.agree(another);
        }
        vm.prank(operators[0].owner);
        registry.refund();
        _register(0);
        vm.assertEq(_agreement(), begun);
        for (uint256 i; i < 4; ++i) {
            _agree(i);
        }
        _rest(1);
        vm.assertTrue(registry.created());
        _read();
        vm.assertEq(vault.escrow(address(0)), _sigma());
        vm.assertEq(address(registry).balance, 4 * BOND);
    }

    // The operator that agrees last.

    /// A stake that differs by one wei gives the same powers, and with one wei less of balances the same sum.
    function test_anExchangedStakeIsFoundThoughSumAndPowersAreRight() external {
        _readyButFirst();
        _exchange(0, stakeOf(0) + 1, operators[0].edSecret);
        bytes32 agreement = _agreement();
        vm.prank(operators[0].owner);
        registry.agree(agreement);
        bytes memory reason = abi.encodeWithSelector(
            IRegistry.NotAgreed.selector, operators[0].owner, registry.agreementOf(_genesis()), agreement
        );
        _refuses(0, 0, reason);
        // It agrees on what stands now; the others have not.
        _pass(LOCK);
        agreement = registry.agreementOf(_genesis());
        vm.prank(operators[0].owner);
        registry.agree(agreement);
        _refusesPartly(0, _genesis(), 0, IRegistry.NotAgreed.selector);
        _allReturns();
    }

    function test_anExchangedKeyIsFound() external {
        _readyButFirst();
        bytes32 agreement = _agreement();
        _exchange(0, stakeOf(0), 12_345);
        vm.prank(operators[0].owner);
        registry.agree(agreement);
        _refusesPartly(0, _genesis(), 0, IRegistry.NotAgreed.selector);
        _allReturns();
        // And the same operators begin again elsewhere.
        registry = _registry(keccak256("again"));
        _deploy();
        vm.assertTrue(registry.created());
    }

    // Hostile code, gas and coin. (The code is agreed on, so this is what no one should rely on.)

    function test_codeThatMakesNoContractAndGivesNoReasonIsNamed() external {
        for (uint256 broken; broken < STEPS; ++broken) {
            uint256 before = vm.snapshotState();
            bytes memory nothing = hex"5f5ffd"; // reverts with nothing
            _ready(broken, nothing);
            for (uint256 step; step < broken; ++step) {
                _step(step);
            }
            bytes memory reason = abi.encodeWithSelector(IRegistry.CreationFailed.selector, broken);
            _refuses(broken, _genesis(), nothing, broken == LAST ? BALANCES : 0, reason);
            vm.assertFalse(registry.created());
            vm.revertToState(before);
        }
    }

    /// A constructor that takes the next step itself changes no address.
    function test_codeThatTakesTheNextStepDoesNotMoveTheAddresses() external {
        address again = address(0xbeef);
        vm.etch(again, address(new Again()).code);
        bytes memory calls = hex"5f5f5f5f5f61beef5af1505f5ff3"; // calls 0xbeef with nothing, returns nothing
        _ready(0, calls);
        IRegistry.Genesis memory genesis = _genesis();
        Again(again).aim(address(registry), abi.encodeCall(registry.create, (0, genesis, calls)));
        uint256 before = vm.snapshotState();
        registry.create(0, genesis, calls);
        vm.assertEq(Again(again).answer(), abi.encodeWithSelector(IRegistry.NotNextStep.selector, 1, 0));
        vm.revertToState(before);
        Again(again).aim(address(registry), abi.encodeCall(registry.create, (1, genesis, _code(1))));
        registry.create(0, genesis, calls);
        vm.assertTrue(Again(again).called());
        (uint256 made,,,) = registry.creation();
        vm.assertEq(made, 2);
        _rest(2);
        vm.assertEq(IVault(registry.vault()).escrow(address(0)), _sigma());
    }

    /// Whoever brings too little gas takes no step, and the next one can.
    function test_tooLittleGasTakesNoStep() external {
        _ready();
        for (uint256 step; step < STEPS; ++step) {
            IRegistry.Genesis memory genesis = _genesis();
            bytes memory code = _code(step);
            uint256 value = step == LAST ? BALANCES : 0;
            for (uint256 gas = 250_000; gas < 5_000_000; gas += 250_000) {
                uint256 before = vm.snapshotState();
                vm.deal(address(this), value);
                try registry.create{gas: gas, value: value}(step, genesis, code) {
                    vm.assertGt(registry.contracts()[step].code.length, 0);
                    vm.assertEq(registry.created(), step == LAST);
                    if (step == LAST) vm.assertEq(registry.vault().balance, _sigma());
                } catch {
                    (uint256 made,,,) = registry.creation();
                    vm.assertEq(made, step);
                    vm.assertEq(address(this).balance, value);
                }
                vm.revertToState(before);
            }
            _step(step);
        }
        vm.assertTrue(registry.created());
    }

    function test_coinForcedIntoTheContractsBeforehandChangesNothing() external {
        _ready();
        vm.deal(registry.vault(), 7 ether);
        vm.deal(registry.inbox(), 7 ether);
        vm.deal(address(registry), address(registry).balance + 7 ether);
        _create();
        vm.assertEq(vault.escrow(address(0)), _sigma());
        vm.assertEq(address(vault).balance, _sigma() + 7 ether);
    }

    function test_thenRegistrationIsClosedAndStakesAreNotRefunded() external {
        _deploy();
        IRegistry.Possession memory possession = _possession(operators[0]);
        Operator memory operator = operators[0];
        vm.warp(block.timestamp + 3 * LOCK);
        vm.startPrank(operator.owner);
        vm.expectRevert(IRegistry.RegistrationClosed.selector);
        registry.register{value: 10 ether}(operator.consensusKey, operator.checkpointKey, possession);
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.refund();
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.agree(keccak256("another"));
        vm.stopPrank();
    }

    // What the constructors of the rest refuse ends the step with their reason. (Every limit: Parameters.t.sol.)

    function test_parametersOutOfRangeAreRefusedHoweverManyAgree() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.graceSecs = 0;
        _refusesAgreed(genesis, LAST, IRootChain.ParameterOutOfRange.selector);
        genesis = _genesis();
        genesis.inbox.intervalMs = 0;
        _refusesAgreed(genesis, 0, IInbox.ParameterOutOfRange.selector);
    }

    /// The Inbox's delay is RootChain's too.
    function test_theEvidenceWindowCoversTheInboxDelay() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.evidenceSecs = CHALLENGE + DELAY - 1;
        _refusesAgreed(genesis, LAST, IRootChain.ParameterOutOfRange.selector);
    }

    function test_aRingThatIsTooSmallIsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.recordSlots = SLOTS - 2;
        _refusesAgreed(genesis, LAST, IRootChain.ParameterOutOfRange.selector);
    }

    function test_aStakeBelowOneUnitIsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.unit = uint128(stakeOf(0)) + 1;
        _refusesAgreed(genesis, LAST, IRootChain.StakeBelowUnit.selector);
    }

    function test_aUnitBelow2To53IsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.unit = (1 << 53) - 1;
        _refusesAgreed(genesis, LAST, IRootChain.ParameterOutOfRange.selector);
    }

    function test_aSetThatIsNotTheRegisteredOneIsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.setCommitment = keccak256("another set");
        _refusesAgreed(genesis, LAST, IRootChain.SetCommitmentMismatch.selector);
    }

    function test_aZeroStateRootIsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.stateRoot = 0;
        _refusesAgreed(genesis, LAST, IRootChain.ZeroRoot.selector);
    }

    function test_gasOfTheSteps() external {
        _ready();
        string[7] memory names = ["Inbox", "Vault", "Court", "Exits", "FraudCourt", "DataChallenges", "RootChain"];
        for (uint256 step; step < STEPS; ++step) {
            bytes memory data = abi.encodeCall(registry.create, (step, _genesis(), _code(step)));
            uint256 value = step == LAST ? BALANCES : 0;
            vm.deal(address(this), value);
            uint256 gas = _gasOf(address(registry), value, data) + _intrinsic(data);
            vm.assertLt(gas, 1 << 24);
            vm.snapshotValue("operations", string.concat("create, ", names[step], ", 4 operators (tx)"), gas);
        }
    }

    function _intrinsic(bytes memory data) private pure returns (uint256 gas) {
        gas = 21_000;
        for (uint256 i; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
    }

    /// @dev While the deployment is half made.
    function _closed() private {
        vm.deal(address(this), 10 ether);
        address target = registry.vault();
        if (target.code.length != 0) {
            vm.expectRevert(IInbox.NotOpen.selector);
            IVault(target).depositNative{value: 2 ether}(1 ether, IVault.Account(0, bytes20(address(1))), address(1));
        }
        target = registry.inbox();
        if (target.code.length != 0) {
            vm.expectRevert(IInbox.NotOpen.selector);
            IInbox(target).force{value: 1 ether}("early");
        }
    }

    /// @dev From this step on.
    function _rest(uint256 step) private {
        for (; step < STEPS; ++step) {
            _step(step);
        }
    }

    function _ready() private {
        _readyButFirst();
        _agree(0);
    }

    /// @dev All are registered, and all but operator 0 have agreed.
    function _readyButFirst() private {
        for (uint256 i; i < 4; ++i) {
            _register(i);
        }
        for (uint256 i = 1; i < 4; ++i) {
            _agree(i);
        }
    }

    /// @dev A Registry whose manifest has this code in one place, with all registered and agreed.
    function _ready(uint256 place, bytes memory code) private {
        IRegistry.Arguments memory arguments = _registryArguments();
        arguments.codes[place] = keccak256(code);
        registry = IRegistry(Builds.deploy(Builds.REGISTRY, abi.encode(arguments)));
        _ready();
    }

    /// @dev Takes the stake back and registers again with another one or with another consensus key.
    function _exchange(uint256 i, uint256 stake, uint256 edSecret) private {
        Operator memory traitor = operators[i];
        traitor.edSecret = edSecret;
        (traitor.consensusKey,) = Ed25519Signer.key(edSecret);
        IRegistry.Possession memory possession = _possession(traitor);
        vm.startPrank(traitor.owner);
        registry.refund();
        registry.register{value: BOND + stake}(traitor.consensusKey, traitor.checkpointKey, possession);
        vm.stopPrank();
    }

    function _allReturns() private {
        _pass(LOCK);
        for (uint256 i; i < 4; ++i) {
            vm.prank(operators[i].owner);
            registry.refund();
        }
        vm.assertEq(address(registry).balance, 0);
    }

    /// @dev All agree on it, and still the contract of this step refuses it.
    function _refusesAgreed(IRegistry.Genesis memory genesis, uint256 refusing, bytes4 reason) private {
        uint256 before = vm.snapshotState();
        bytes32 agreement = _agreement(genesis);
        for (uint256 i; i < 4; ++i) {
            _register(i);
            vm.prank(operators[i].owner);
            registry.agree(agreement);
        }
        for (uint256 step; step < refusing; ++step) {
            registry.create(step, genesis, _code(step));
        }
        _refusesPartly(refusing, genesis, refusing == LAST ? BALANCES : 0, reason);
        vm.revertToState(before);
    }

    function _refusesPartly(uint256 step, IRegistry.Genesis memory genesis, uint256 value, bytes4 reason) private {
        bytes memory code = _code(step);
        vm.deal(address(this), value);
        vm.expectPartialRevert(reason);
        registry.create{value: value}(step, genesis, code);
    }

    function _refuses(uint256 step, uint256 value, bytes memory reason) private {
        _refuses(step, _genesis(), _code(step), value, reason);
    }

    function _refuses(
        uint256 step,
        IRegistry.Genesis memory genesis,
        bytes memory code,
        uint256 value,
        bytes memory reason
    ) private {
        vm.deal(address(this), value);
        vm.expectRevert(reason);
        registry.create{value: value}(step, genesis, code);
    }
}

/// @notice Once, on any call without a meaning here, makes a call of its own.
contract Again {
    address private _target;
    bytes private _data;
    bool public called;
    bytes public answer;

    function aim(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    fallback() external {
        if (called) return;
        called = true;
        (, answer) = _target.call(_data);
    }
}
