// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {LocalOnly} from "../src/libraries/LocalOnly.sol";
import {Possession} from "../src/libraries/Possession.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Builds} from "./Builds.sol";
import {Deployed} from "./Deployed.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title The ceremony: who may register, what an agreement binds, and what a hostile operator can and cannot do
contract RegistryTest is Deployed {
    // The constructor.

    function test_itIsRefusedOnAnyRootChainButLocalOnes() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        vm.chainId(1);
        bytes memory reason = abi.encodeWithSelector(LocalOnly.UnsupportedRootChain.selector, 1);
        vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
        vm.chainId(1337);
        Builds.deploy(Builds.REGISTRY, abi.encode(arguments));
    }

    function test_theListOfOperatorsIsChecked() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        arguments.operators[2] = arguments.operators[0];
        bytes memory reason = abi.encodeWithSelector(IRegistry.OperatorTwice.selector, arguments.operators[0]);
        vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
        arguments.operators[2] = address(0);
        reason = abi.encodeWithSelector(IRegistry.OperatorZero.selector, 2);
        vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
    }

    function test_theOtherArgumentsAreChecked() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        arguments.verifier = IEd25519Verifier(address(0xdead));
        bytes memory reason = abi.encodeWithSelector(IRegistry.NoVerifier.selector, address(0xdead));
        vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
        for (uint256 i; i < 3; ++i) {
            arguments = _registryArguments();
            if (i == 0) arguments.inboxCode = 0;
            if (i == 1) arguments.vaultCode = 0;
            if (i == 2) arguments.rootChainCode = 0;
            reason = abi.encodeWithSelector(IRegistry.CodeHashZero.selector);
            vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
        }
    }

    function test_itNamesTheAddressesOfTheRestBeforehand() external view {
        vm.assertEq(registry.inbox(), vm.computeCreateAddress(address(registry), 1));
        vm.assertEq(registry.vault(), vm.computeCreateAddress(address(registry), 2));
        vm.assertEq(registry.rootChain(), vm.computeCreateAddress(address(registry), 3));
        vm.assertFalse(registry.created());
        (bytes32 inboxCode,,) = registry.codeHashes();
        vm.assertEq(inboxCode, keccak256(Builds.code(Builds.INBOX)));
        vm.assertEq(registry.operatorCount(), 4);
    }

    // Registration.

    function test_anOperatorRegistersItsKeysBondAndStake() external {
        vm.expectEmit(address(registry));
        emit IRegistry.Registered(
            operators[1].owner, 2, operators[1].consensusKey, operators[1].checkpointKey, stakeOf(1), BOND
        );
        _register(1);
        IRegistry.Member memory member = registry.memberAt(1);
        vm.assertEq(member.operator, operators[1].owner);
        vm.assertEq(member.registration, 2);
        vm.assertEq(member.consensusKey, operators[1].consensusKey);
        vm.assertEq(member.checkpointKey, operators[1].checkpointKey);
        vm.assertEq(member.stake, stakeOf(1));
        vm.assertEq(member.bond, BOND);
        vm.assertEq(registry.totalStake(), stakeOf(1));
        vm.assertEq(address(registry).balance, stakeOf(1) + BOND);
        vm.assertEq(registry.memberAt(0).registration, 0);
    }

    function test_whoIsNotListedCannotRegister() external {
        Operator memory stranger = _operator(9);
        _refuses(stranger, _possession(stranger), 10 ether, abi.encodeWithSelector(IRegistry.NotListed.selector, stranger.owner));
    }

    function test_nobodyRegistersTwice() external {
        _register(0);
        _refuses(
            operators[0],
            _possession(operators[0]),
            10 ether,
            abi.encodeWithSelector(IRegistry.AlreadyRegistered.selector, operators[0].owner)
        );
    }

    function test_theValueMustExceedTheBondAndFitTheEscrow() external {
        IRegistry.Possession memory possession = _possession(operators[0]);
        _refuses(operators[0], possession, BOND, abi.encodeWithSelector(IRegistry.StakeMissing.selector, BOND, BOND));
        vm.deal(operators[0].owner, type(uint128).max);
        uint256 tooMuch = (1 << 112) + 1;
        _refuses(operators[0], possession, tooMuch, abi.encodeWithSelector(IRegistry.SigmaTooHigh.selector, tooMuch));
    }

    function test_aKeyIsProvenToBeHeldByTheOperatorThatRegistersIt() external {
        // Operator 1 brings the keys of operator 0 with operator 0's own proofs.
        Operator memory thief = operators[0];
        thief.owner = operators[1].owner;
        IRegistry.Possession memory stolen = _possession(operators[0]);
        _refuses(thief, stolen, 10 ether, abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
        // With the checkpoint key its own, it is the consensus key's vote that is missing.
        thief.checkpointKey = operators[1].checkpointKey;
        thief.blsSecret = operators[1].blsSecret;
        thief.edSecret = operators[1].edSecret;
        IRegistry.Possession memory half = _possession(thief);
        _refuses(thief, half, 10 ether, abi.encodeWithSelector(IRegistry.BadPossession.selector, "consensus key"));
    }

    function test_everyPartOfAProofCounts() external {
        for (uint256 part; part < 5; ++part) {
            IRegistry.Possession memory possession = _possession(operators[0]);
            if (part == 0) possession.checkpointProof = _possession(operators[1]).checkpointProof;
            if (part == 1) possession.r = bytes32(uint256(possession.r) ^ 1);
            if (part == 2) possession.s = bytes32(uint256(possession.s) ^ 1);
            if (part == 3) possession.xKey = Ed25519Signer.P - possession.xKey;
            if (part == 4) possession.xR = Ed25519Signer.P - possession.xR;
            vm.prank(operators[0].owner);
            vm.expectPartialRevert(IRegistry.BadPossession.selector);
            registry.register{value: 10 ether}(operators[0].consensusKey, operators[0].checkpointKey, possession);
        }
    }

    function test_aCheckpointSignatureIsNoProofOfPossession() external {
        bytes32 p = registry.possessionOf(operators[0].owner, operators[0].consensusKey, operators[0].checkpointKey);
        IRegistry.Possession memory possession = _possession(operators[0]);
        possession.checkpointProof = BlsSigner.signCheckpoint(operators[0].blsSecret, p);
        _refuses(operators[0], possession, 10 ether, abi.encodeWithSelector(IRegistry.BadPossession.selector, "checkpoint key"));
    }

    function test_identityAndMisshapenCheckpointKeysAreRefused() external {
        Operator memory operator = operators[0];
        IRegistry.Possession memory possession = _possession(operator);
        operator.checkpointKey = new bytes(96);
        _refuses(operator, possession, 10 ether, abi.encodeWithSelector(Bls.IdentityPoint.selector));
        operator.checkpointKey = new bytes(95);
        _refuses(operator, possession, 10 ether, abi.encodeWithSelector(Bls.WrongLength.selector, 96, 95));
        operator.checkpointKey = operators[0].checkpointKey;
        possession.checkpointProof = new bytes(192);
        _refuses(operator, possession, 10 ether, abi.encodeWithSelector(Bls.IdentityPoint.selector));
    }

    /// The eight points of small order, and all keys whose y is not below the modulus.
    function test_weakConsensusKeysAreRefused() external {
        uint256 order8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7;
        uint256[5] memory small = [uint256(0), 1, Ed25519Signer.P - 1, order8, Ed25519Signer.P - order8];
        for (uint256 i; i < small.length; ++i) {
            _refusesKey(small[i]);
            _refusesKey(small[i] | 1 << 255);
        }
        for (uint256 y = Ed25519Signer.P; y < 1 << 255; ++y) {
            _refusesKey(y);
            _refusesKey(y | 1 << 255);
        }
        vm.assertFalse(Possession.weak(operators[0].consensusKey));
        vm.assertFalse(Possession.weak(bytes32(_reverse(Ed25519Signer.P - 2))));
    }

    function test_aKeyNeverServesTwoOperators() external {
        _register(0);
        // Operator 1 holds the same secret consensus key, or the same checkpoint key.
        Operator memory twin = operators[1];
        (twin.consensusKey, twin.edSecret) = (operators[0].consensusKey, operators[0].edSecret);
        _refuses(twin, _possession(twin), 10 ether, abi.encodeWithSelector(IRegistry.KeyTaken.selector, operators[0].owner));
        twin = operators[1];
        (twin.checkpointKey, twin.blsSecret) = (operators[0].checkpointKey, operators[0].blsSecret);
        _refuses(twin, _possession(twin), 10 ether, abi.encodeWithSelector(IRegistry.KeyTaken.selector, operators[0].owner));
        // Not even after a refund.
        vm.prank(operators[0].owner);
        registry.refund();
        _refuses(twin, _possession(twin), 10 ether, abi.encodeWithSelector(IRegistry.KeyTaken.selector, operators[0].owner));
        // Its own operator may come back with it: no set has held it yet.
        _register(0);
    }

    // Refund.

    function test_beforeAnAgreementAllReturns() external {
        uint256 before = operators[0].owner.balance;
        _register(0);
        vm.expectEmit(address(registry));
        emit IRegistry.Refunded(operators[0].owner, BOND + stakeOf(0));
        vm.prank(operators[0].owner);
        registry.refund();
        vm.assertEq(operators[0].owner.balance, before);
        vm.assertEq(address(registry).balance, 0);
        vm.assertEq(registry.totalStake(), 0);
        vm.assertEq(registry.memberAt(0).registration, 0);
        vm.prank(operators[0].owner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotRegistered.selector, operators[0].owner));
        registry.refund();
    }

    function test_anAgreementLocksForADay() external {
        _register(0);
        _agree(0);
        uint64 until = uint64(block.timestamp) + LOCK;
        vm.warp(until - 1);
        vm.prank(operators[0].owner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Locked.selector, until, until - 1));
        registry.refund();
        vm.prank(operators[0].owner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Locked.selector, until, until - 1));
        registry.agree(keccak256("another"));
        vm.warp(until);
        vm.prank(operators[0].owner);
        registry.agree(keccak256("another"));
        vm.warp(until + LOCK);
        vm.prank(operators[0].owner);
        registry.refund();
        (bytes32 agreement,) = registry.agreementBy(operators[0].owner);
        vm.assertEq(agreement, bytes32(0));
    }

    /// The largest lock and bond that a Registry takes strand nobody.
    function test_theLongestLockEndsAndTheLargestBondReturns() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        arguments.lockSecs = 365 days;
        arguments.bond = 1 << 96;
        registry = IRegistry(Builds.deploy(Builds.REGISTRY, abi.encode(arguments)));
        IRegistry.Possession memory possession = _possession(operators[0]);
        vm.deal(operators[0].owner, 1 << 97);
        vm.startPrank(operators[0].owner);
        registry.register{value: (1 << 96) + 1}(operators[0].consensusKey, operators[0].checkpointKey, possession);
        vm.assertEq(registry.totalStake(), 1);
        registry.agree(keccak256("anything"));
        vm.warp(block.timestamp + 365 days);
        registry.refund();
        vm.stopPrank();
        vm.assertEq(operators[0].owner.balance, 1 << 97);
    }

    function test_aRefundThatIsNotTakenReverts() external {
        _register(0);
        vm.etch(operators[0].owner, hex"5f5ffd"); // an account that takes nothing
        vm.prank(operators[0].owner);
        vm.expectRevert(
            abi.encodeWithSelector(IRegistry.RefundNotTaken.selector, operators[0].owner, BOND + stakeOf(0))
        );
        registry.refund();
    }

    function test_aRefundCannotBeTakenTwiceByReentering() external {
        _register(0);
        _register(1);
        // On receiving value it calls refund() again, and takes the value only if that call succeeded or not at all.
        Reenterer code = new Reenterer(registry);
        vm.etch(operators[0].owner, address(code).code);
        uint256 before = operators[0].owner.balance;
        vm.prank(operators[0].owner);
        registry.refund();
        vm.assertEq(operators[0].owner.balance, before + BOND + stakeOf(0));
        vm.assertEq(address(registry).balance, BOND + stakeOf(1));
    }

    function test_whoDidNotRegisterHasNothingToAgreeOnOrTakeBack() external {
        vm.startPrank(operators[0].owner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotRegistered.selector, operators[0].owner));
        registry.agree(keccak256("anything"));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotRegistered.selector, operators[0].owner));
        registry.refund();
        vm.stopPrank();
        _register(0);
        vm.prank(operators[0].owner);
        vm.expectRevert(IRegistry.AgreementZero.selector);
        registry.agree(0);
    }

    // Creation.

    function test_itCreatesTheRestWithExactlyTheStakesAndBalances() external {
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
    }

    function test_thenRegistrationIsClosedAndStakesAreNotRefunded() external {
        _deploy();
        IRegistry.Possession memory possession = _possession(operators[0]);
        _refuses(operators[0], possession, 10 ether, abi.encodeWithSelector(IRegistry.RegistrationClosed.selector));
        vm.warp(block.timestamp + LOCK);
        vm.startPrank(operators[0].owner);
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.refund();
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.agree(keccak256("another"));
        vm.stopPrank();
        IRegistry.Code memory code = _code();
        IRegistry.Genesis memory genesis = _genesis();
        vm.expectRevert(IRegistry.AlreadyCreated.selector);
        registry.create(stateRoot, genesis, code);
    }

    function test_otherCodeIsRefused() external {
        _ready();
        for (uint256 i; i < 3; ++i) {
            IRegistry.Code memory code = _code();
            if (i == 0) code.inbox = bytes.concat(code.inbox, hex"00");
            if (i == 1) code.vault = code.inbox;
            if (i == 2) code.rootChain = "";
            _refusesCreation(_genesis(), code, BALANCES, IRegistry.CodeMismatch.selector);
        }
        _create();
    }

    function test_everyOperatorMustHaveAgreedOnExactlyThis() external {
        _ready();
        IRegistry.Genesis memory genesis = _genesis();
        ++genesis.inbox.price;
        _refusesCreation(genesis, _code(), BALANCES, IRegistry.NotAgreed.selector);
        genesis = _genesis();
        --genesis.rootChain.challengeSecs;
        _refusesCreation(genesis, _code(), BALANCES, IRegistry.NotAgreed.selector);
        _refusesCreation(_genesis(), _code(), BALANCES - 1, IRegistry.NotAgreed.selector);
        _refusesCreation(_genesis(), _code(), BALANCES + 1, IRegistry.NotAgreed.selector);
        bytes32 agreed = stateRoot;
        stateRoot = keccak256("another state");
        _refusesCreation(_genesis(), _code(), BALANCES, IRegistry.NotAgreed.selector);
        stateRoot = agreed;
        _create();
    }

    function test_nothingIsCreatedWhileOneHasNotRegisteredOrAgreed() external {
        for (uint256 i; i < 3; ++i) {
            _register(i);
            _agree(i);
        }
        _refusesCreation(_genesis(), _code(), BALANCES + stakeOf(3), IRegistry.NotRegistered.selector);
        _register(3);
        _refusesCreation(_genesis(), _code(), BALANCES, IRegistry.NotAgreed.selector);
        _agree(3);
        _create();
    }

    function test_anAgreementThatLapsedNoLongerCounts() external {
        _ready();
        _pass(LOCK);
        _refusesCreation(_genesis(), _code(), BALANCES, IRegistry.AgreementLapsed.selector);
        for (uint256 i; i < 4; ++i) {
            _agree(i);
        }
        _create();
    }

    function test_codeThatMakesNoContractAndGivesNoReasonIsNamed() external {
        string[3] memory names = ["inbox", "vault", "root chain"];
        for (uint256 i; i < 3; ++i) {
            uint256 before = vm.snapshotState();
            IRegistry.Code memory code = _code();
            bytes memory nothing = hex"5f5ffd"; // reverts with nothing
            if (i == 0) code.inbox = nothing;
            if (i == 1) code.vault = nothing;
            if (i == 2) code.rootChain = nothing;
            _ready(code);
            vm.deal(address(this), BALANCES);
            IRegistry.Genesis memory genesis = _genesis();
            vm.expectRevert(abi.encodeWithSelector(IRegistry.CreationFailed.selector, names[i]));
            registry.create{value: BALANCES}(stateRoot, genesis, code);
            vm.assertFalse(registry.created());
            vm.revertToState(before);
        }
    }

    /// What its own constructor calls back makes no second deployment, and does not hinder the first.
    function test_codeThatCreatesAgainDoesNotMoveTheAddresses() external {
        address again = address(0xbeef);
        vm.etch(again, address(new Again()).code);
        IRegistry.Code memory code = _code();
        code.inbox = hex"5f5f5f5f5f61beef5af1505f5ff3"; // calls 0xbeef with nothing, returns nothing
        _ready(code);
        IRegistry.Genesis memory genesis = _genesis();
        _pass(LOCK);
        bytes32 agreement = registry.agreementOf(stateRoot, _sigma() - BALANCES, genesis);
        for (uint256 i; i < 4; ++i) {
            vm.prank(operators[i].owner);
            registry.agree(agreement);
        }
        Again(again).aim(address(registry), abi.encodeCall(registry.create, (stateRoot, genesis, code)));
        registry.create(stateRoot, genesis, code);
        vm.assertTrue(registry.created());
        vm.assertTrue(Again(again).called());
        vm.assertEq(Again(again).answer(), abi.encodeWithSelector(IRegistry.CreationFailed.selector, "inbox"));
        vm.assertEq(address(registry.vault()).balance, _sigma() - BALANCES);
    }

    /// Whoever creates with too little gas creates nothing, and the next one can.
    function test_tooLittleGasCreatesNothing() external {
        _ready();
        IRegistry.Genesis memory genesis = _genesis();
        IRegistry.Code memory code = _code();
        for (uint256 gas = 500_000; gas < 7_000_000; gas += 500_000) {
            uint256 before = vm.snapshotState();
            vm.deal(address(this), BALANCES);
            try registry.create{gas: gas, value: BALANCES}(stateRoot, genesis, code) {
                vm.assertEq(address(registry.vault()).balance, _sigma());
                vm.assertEq(IRootChain(registry.rootChain()).genesisStateRoot(), stateRoot);
            } catch {
                vm.assertFalse(registry.created());
                vm.assertEq(address(this).balance, BALANCES);
            }
            vm.revertToState(before);
        }
        _create();
    }

    /// An operator exchanges its key after the others agreed: the set that they agreed on stops the creation, and when the lock
    /// has run out everyone has the stake back.
    function test_aKeyExchangedAfterTheOthersAgreedStopsTheCreationAndCostsNobodyAStake() external {
        for (uint256 i; i < 4; ++i) {
            _register(i);
        }
        IRegistry.Genesis memory agreed = _genesis();
        for (uint256 i = 1; i < 4; ++i) {
            _agree(i);
        }
        bytes32 agreement = _agreement();
        bytes32 expected = agreed.rootChain.setCommitment;

        Operator memory traitor = operators[0];
        vm.prank(traitor.owner);
        registry.refund();
        operators[0].edSecret = 12345;
        (operators[0].consensusKey,) = Ed25519Signer.key(12345);
        _register(0);
        vm.prank(traitor.owner);
        registry.agree(agreement);
        vm.deal(address(this), BALANCES);
        vm.expectRevert(
            abi.encodeWithSelector(IRootChain.SetCommitmentMismatch.selector, expected, _commitment(_set()))
        );
        registry.create{value: BALANCES}(stateRoot, agreed, _code());

        _pass(LOCK);
        for (uint256 i; i < 4; ++i) {
            vm.prank(operators[i].owner);
            registry.refund();
        }
        vm.assertEq(address(registry).balance, 0);
        // And the same operators begin again elsewhere.
        registry = _registry(keccak256("again"));
        _deploy();
        vm.assertTrue(registry.created());
    }

    /// An operator changes its stake after the others agreed: Σ is another, so nothing is created.
    function test_aStakeChangedAfterTheOthersAgreedStopsTheCreation() external {
        _ready();
        _pass(LOCK);
        for (uint256 i = 1; i < 4; ++i) {
            _agree(i);
        }
        vm.prank(operators[0].owner);
        registry.refund();
        IRegistry.Possession memory possession = _possession(operators[0]);
        vm.prank(operators[0].owner);
        registry.register{value: BOND + stakeOf(0) + UNIT}(
            operators[0].consensusKey, operators[0].checkpointKey, possession
        );
        _agree(0);
        _refusesCreation(_genesis(), _code(), BALANCES, IRegistry.NotAgreed.selector);
        // With a unit less of balances Σ is right again, but the set is not.
        _refusesCreation(_genesis(), _code(), BALANCES - UNIT, IRootChain.SetCommitmentMismatch.selector);
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

    function test_moreThanTheEscrowLimitIsRefused() external {
        _ready();
        vm.deal(address(this), type(uint128).max);
        IRegistry.Genesis memory genesis = _genesis();
        IRegistry.Code memory code = _code();
        vm.expectPartialRevert(IRegistry.SigmaTooHigh.selector);
        registry.create{value: 1 << 112}(stateRoot, genesis, code);
    }

    // What the constructors of the rest refuse ends the creation with their reason. (Every limit: Parameters.t.sol.)

    function test_parametersOutOfRangeAreRefusedHoweverManyAgree() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.graceSecs = 0;
        _refusesAgreed(genesis, IRootChain.ParameterOutOfRange.selector);
        genesis = _genesis();
        genesis.inbox.intervalMs = 0;
        _refusesAgreed(genesis, IInbox.ParameterOutOfRange.selector);
    }

    /// The Inbox's delay is RootChain's too.
    function test_theEvidenceWindowCoversTheInboxDelay() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.evidenceSecs = CHALLENGE + DELAY - 1;
        _refusesAgreed(genesis, IRootChain.ParameterOutOfRange.selector);
    }

    function test_aStakeBelowOneUnitIsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.unit = uint128(stakeOf(0)) + 1;
        _refusesAgreed(genesis, IRootChain.StakeBelowUnit.selector);
    }

    function test_aTotalPowerOf2To59IsRefused() external {
        IRegistry.Genesis memory genesis = _genesis();
        genesis.rootChain.unit = 100; // 406 ether / 100 wei > 2^59
        _refusesAgreed(genesis, IRootChain.PowerTooHigh.selector);
    }

    function test_aZeroStateRootIsRefused() external {
        stateRoot = 0;
        _refusesAgreed(_genesis(), IRootChain.ZeroRoot.selector);
    }

    /// @dev A Registry of this code, with all registered and agreed.
    function _ready(IRegistry.Code memory code) private {
        IRegistry.Arguments memory arguments = _registryArguments();
        arguments.inboxCode = keccak256(code.inbox);
        arguments.vaultCode = keccak256(code.vault);
        arguments.rootChainCode = keccak256(code.rootChain);
        registry = IRegistry(Builds.deploy(Builds.REGISTRY, abi.encode(arguments)));
        _ready();
    }

    function _ready() private {
        for (uint256 i; i < 4; ++i) {
            _register(i);
        }
        for (uint256 i; i < 4; ++i) {
            _agree(i);
        }
    }

    /// @dev All agree on it, and still its contracts refuse it.
    function _refusesAgreed(IRegistry.Genesis memory genesis, bytes4 reason) private {
        uint256 before = vm.snapshotState();
        bytes32 agreement = registry.agreementOf(stateRoot, _sigma(), genesis);
        for (uint256 i; i < 4; ++i) {
            _register(i);
            vm.prank(operators[i].owner);
            registry.agree(agreement);
        }
        _refusesCreation(genesis, _code(), BALANCES, reason);
        vm.revertToState(before);
    }

    function _refusesCreation(IRegistry.Genesis memory genesis, IRegistry.Code memory code, uint256 value, bytes4 reason)
        private
    {
        vm.deal(address(this), value);
        vm.expectPartialRevert(reason);
        registry.create{value: value}(stateRoot, genesis, code);
    }

    function _refuses(
        Operator memory operator,
        IRegistry.Possession memory possession,
        uint256 value,
        bytes memory reason
    ) private {
        vm.prank(operator.owner);
        vm.expectRevert(reason);
        registry.register{value: value}(operator.consensusKey, operator.checkpointKey, possession);
    }

    function _refusesKey(uint256 littleEndian) private {
        Operator memory operator = operators[0];
        IRegistry.Possession memory none;
        operator.consensusKey = bytes32(_reverse(littleEndian));
        _refuses(
            operator, none, 10 ether, abi.encodeWithSelector(IRegistry.WeakConsensusKey.selector, operator.consensusKey)
        );
    }

    function _reverse(uint256 value) private pure returns (uint256 reversed) {
        for (uint256 i; i < 32; ++i) {
            reversed = reversed << 8 | (value >> (8 * i) & 255);
        }
    }
}

/// @notice An operator's contract that asks for its refund again while it receives it.
contract Reenterer {
    IRegistry private immutable REGISTRY;

    constructor(IRegistry registry) {
        REGISTRY = registry;
    }

    receive() external payable {
        try REGISTRY.refund() {} catch {}
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
