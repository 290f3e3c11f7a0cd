// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {LocalOnly} from "../src/libraries/LocalOnly.sol";
import {Possession} from "../src/libraries/Possession.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Builds} from "./Builds.sol";
import {Deployed} from "./Deployed.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";

/// @title The ceremony up to the agreement: who may register with what, and take it back
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
            arguments.codes[i] = 0;
            reason = abi.encodeWithSelector(IRegistry.CodeHashZero.selector, i);
            vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
        }
    }

    function test_itNamesTheAddressesOfTheRestBeforehand() external view {
        vm.assertEq(registry.inbox(), vm.computeCreateAddress(address(registry), 1));
        vm.assertEq(registry.vault(), vm.computeCreateAddress(address(registry), 2));
        vm.assertEq(registry.court(), vm.computeCreateAddress(address(registry), 3));
        vm.assertEq(registry.rootChain(), vm.computeCreateAddress(address(registry), STEPS));
        vm.assertFalse(registry.created());
        address[] memory contracts = registry.contracts();
        bytes32[] memory codes = registry.codeHashes();
        vm.assertEq(contracts.length, STEPS);
        for (uint256 step; step < STEPS; ++step) {
            vm.assertEq(contracts[step], vm.computeCreateAddress(address(registry), step + 1));
            vm.assertEq(codes[step], keccak256(_code(step)));
        }
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
        bytes memory taken = abi.encodeWithSelector(IRegistry.KeyTaken.selector, "consensus key", operators[0].owner);
        _refuses(twin, _possession(twin), 10 ether, taken);
        twin = operators[1];
        (twin.checkpointKey, twin.blsSecret) = (operators[0].checkpointKey, operators[0].blsSecret);
        taken = abi.encodeWithSelector(IRegistry.KeyTaken.selector, "checkpoint key", operators[0].owner);
        _refuses(twin, _possession(twin), 10 ether, taken);
        // Not even after a refund.
        vm.prank(operators[0].owner);
        registry.refund();
        _refuses(twin, _possession(twin), 10 ether, taken);
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
