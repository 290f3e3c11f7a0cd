// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IExits} from "../src/interfaces/IExits.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Builds} from "./Builds.sol";
import {Ed25519Signer} from "./Ed25519Signer.sol";
import {InboxModel} from "./InboxModel.sol";
import {Test, Vm} from "./Vm.sol";

/// @title A whole deployment with real keys, made by the real ceremony, and the validators' and relayer's side of it
abstract contract Deployed is Test {
    struct Operator {
        address owner;
        uint256 blsSecret;
        uint256 edSecret;
        bytes32 consensusKey;
        bytes checkpointKey;
    }

    uint128 internal constant UNIT = 1 ether;
    uint128 internal constant BOND = 3 ether;
    uint64 internal constant LOCK = 1 days;
    uint64 internal constant CHALLENGE = 1 hours;
    /// @dev C is half of it.
    uint64 internal constant ANSWER = 20 minutes;
    uint64 internal constant PROVE = 10 minutes;
    uint64 internal constant SLOT = 1 minutes;
    uint128 internal constant FLOOR = 0.01 ether;
    uint64 internal constant UNBONDING = 2 days;
    /// @dev As long as the ring allows: most tests let days pass without a checkpoint.
    uint64 internal constant TIMEOUT = 3 days;
    uint64 internal constant GRACE = 20 hours;
    uint32 internal constant SLOTS = 16;
    uint64 internal constant DELAY = 1 hours;
    uint256 internal constant STEPS = 7;
    uint256 internal constant BALANCES = 500 ether;
    /// @dev What a call to it takes, beside what the callee does.
    uint256 internal constant WARM_ACCOUNT = 100;

    Operator[] internal operators;
    /// @dev For an operator that registered again, the registration that the set has.
    mapping(uint256 => uint64) internal _later;
    /// @dev In the seat of every member leaf.
    uint16 internal _mark;
    IRegistry internal registry;
    IInbox internal inbox;
    IVault internal vault;
    ICourt internal court;
    IExits internal exits;
    IFraudCourt internal fraudCourt;
    IDataChallenges internal dataChallenges;
    IRootChain internal rootChain;
    InboxModel internal model;
    bytes32 internal stateRoot = keccak256("genesis state");

    mapping(uint64 => IRootChain.Checkpoint) internal checkpoints;
    mapping(uint64 => IRootChain.Acceptance) internal acceptances;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        vm.roll(1000);
        vm.setBlockhash(999, keccak256("parent"));
        vm.fee(1 gwei);
        vm.recordLogs();
        model = new InboxModel();
        for (uint256 i; i < operatorNumber(); ++i) {
            operators.push(_operator(i));
        }
        registry = _registry(0);
    }

    function operatorNumber() internal pure virtual returns (uint256) {
        return 4;
    }

    /// @notice Stakes differ, so that power and number of signers cannot be mixed up.
    function stakeOf(uint256 i) internal view virtual returns (uint256) {
        return (100 + i) * UNIT;
    }

    // The ceremony.

    function _operator(uint256 i) internal returns (Operator memory operator) {
        (operator.owner,) = account(string.concat("operator ", vm.toString(i)));
        operator.blsSecret = uint256(keccak256(abi.encode("checkpoint key", i))) % BlsSigner.ORDER;
        operator.edSecret = uint256(keccak256(abi.encode("consensus key", i))) % Ed25519Signer.ORDER;
        operator.checkpointKey = BlsSigner.key(operator.blsSecret);
        (operator.consensusKey,) = Ed25519Signer.key(operator.edSecret);
        vm.deal(operator.owner, 100_000 ether);
    }

    function _registryArguments() internal returns (IRegistry.Arguments memory arguments) {
        arguments.operators = new address[](operators.length);
        for (uint256 i; i < operators.length; ++i) {
            arguments.operators[i] = operators[i].owner;
        }
        arguments.verifier = IEd25519Verifier(Builds.deploy(Builds.VERIFIER));
        arguments.codes = new bytes32[](_steps());
        for (uint256 step; step < _steps(); ++step) {
            arguments.codes[step] = keccak256(_code(step));
        }
        arguments.bond = BOND;
        arguments.lockSecs = LOCK;
    }

    function _registry(bytes32 salt) internal returns (IRegistry) {
        return IRegistry(Builds.deploy(Builds.REGISTRY, abi.encode(_registryArguments()), salt));
    }

    function _possession(Operator memory operator) internal view returns (IRegistry.Possession memory) {
        bytes32 p = registry.possessionOf(operator.owner, operator.consensusKey, operator.checkpointKey);
        Ed25519Signer.Signature memory signature = Ed25519Signer.sign(operator.edSecret, registry.possessionVote(p));
        return IRegistry.Possession({
            checkpointProof: BlsSigner.signPossession(operator.blsSecret, p),
            r: signature.r,
            s: signature.s,
            xKey: signature.xKey,
            xR: signature.xR
        });
    }

    function _register(uint256 i) internal {
        Operator memory operator = operators[i];
        IRegistry.Possession memory possession = _possession(operator);
        vm.prank(operator.owner);
        registry.register{value: BOND + stakeOf(i)}(operator.consensusKey, operator.checkpointKey, possession);
    }

    /// @notice A registration once RootChain exists: of an operator that needs not be one of the genesis.
    function _registerKeys(Operator memory operator, uint128 bond, uint256 value)
        internal
        returns (uint64 registration, uint64 index)
    {
        IRegistry.Possession memory possession = _possession(operator);
        vm.prank(operator.owner);
        return registry.registerKeys{value: value}(operator.consensusKey, operator.checkpointKey, possession, bond);
    }

    function _genesis() internal view virtual returns (IRegistry.Genesis memory genesis) {
        genesis.stateRoot = stateRoot;
        genesis.sigma = _sigma();
        genesis.rootChain = IRootChain.Parameters({
            setCommitment: _commitment(_set()),
            unit: UNIT,
            challengeSecs: CHALLENGE,
            evidenceSecs: 1 days,
            unbondingSecs: UNBONDING,
            exitTimeoutSecs: TIMEOUT,
            graceSecs: GRACE,
            rootBlockSecs: 12,
            epochMaxSecs: 1 days,
            epochMinSecs: 12 hours,
            revealBlocks: 8,
            epochBlocks: 64,
            recordSlots: SLOTS
        });
        genesis.inbox =
            IInbox.Parameters({delaySecs: DELAY, intervalMs: 1000, price: 0.001 ether, doublingSecs: 12 hours});
        genesis.court = ICourt.Parameters({minCut: 1_000_000, reward: 1 ether});
        genesis.challenges =
            IDataChallenges.Parameters({answerSecs: ANSWER, proveSecs: PROVE, slotSecs: SLOT, floor: FLOOR});
    }

    /// @notice How many steps the creation has.
    function _steps() internal view virtual returns (uint256) {
        return STEPS;
    }

    /// @notice The code of a step of the creation.
    function _code(uint256 step) internal view virtual returns (bytes memory) {
        string[7] memory builds = [
            Builds.INBOX,
            Builds.VAULT,
            Builds.COURT,
            Builds.EXITS,
            Builds.FRAUD_COURT,
            Builds.DATA_CHALLENGES,
            Builds.ROOT_CHAIN
        ];
        return Builds.code(builds[step]);
    }

    function _sigma() internal view returns (uint256 sum) {
        sum = BALANCES;
        for (uint256 i; i < operators.length; ++i) {
            sum += stakeOf(i);
        }
    }

    /// @notice As an operator computes it, from what it expects the others to have registered.
    function _agreement(IRegistry.Genesis memory genesis) internal view returns (bytes32) {
        bytes32 registrations;
        for (uint256 i; i < operators.length; ++i) {
            Operator storage operator = operators[i];
            registrations = keccak256(
                bytes.concat(
                    bytes.concat("PREG", registrations, bytes20(operator.owner), bytes8(uint64(i + 1))),
                    bytes.concat(operator.consensusKey, operator.checkpointKey),
                    bytes.concat(bytes16(uint128(stakeOf(i))), bytes16(BOND))
                )
            );
        }
        return keccak256(bytes.concat("PAGR", registrations, keccak256(abi.encode(genesis))));
    }

    function _agreement() internal view returns (bytes32) {
        return _agreement(_genesis());
    }

    function _agree(uint256 i) internal {
        bytes32 agreement = _agreement();
        vm.prank(operators[i].owner);
        registry.agree(agreement);
    }

    function _create() internal {
        for (uint256 step; step < _steps(); ++step) {
            _step(step);
        }
        _read();
    }

    function _step(uint256 step) internal {
        IRegistry.Genesis memory genesis = _genesis();
        bytes memory code = _code(step);
        uint256 value = step + 1 == _steps() ? BALANCES : 0;
        vm.deal(address(this), value);
        registry.create{value: value}(step, genesis, code);
    }

    function _read() internal {
        inbox = IInbox(registry.inbox());
        vault = IVault(registry.vault());
        court = ICourt(registry.court());
        exits = IExits(registry.contracts()[3]);
        fraudCourt = IFraudCourt(registry.contracts()[4]);
        dataChallenges = IDataChallenges(registry.contracts()[5]);
        rootChain = IRootChain(registry.rootChain());
    }

    function _deploy() internal {
        for (uint256 i; i < operators.length; ++i) {
            _register(i);
        }
        for (uint256 i; i < operators.length; ++i) {
            _agree(i);
        }
        _create();
    }

    // The validators.

    function _leaf(uint256 i) internal view returns (bytes32) {
        Operator storage operator = operators[i];
        return keccak256(
            bytes.concat(
                "PMEM",
                bytes2(uint16(i) | _mark),
                bytes20(operator.owner),
                bytes8(_registrationOf(i)),
                operator.consensusKey,
                operator.checkpointKey,
                bytes8(uint64(stakeOf(i) / UNIT))
            )
        );
    }

    function _registrationOf(uint256 i) internal view returns (uint64) {
        return _later[i] == 0 ? uint64(i + 1) : _later[i];
    }

    function _leaves() internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](operators.length);
        for (uint256 i; i < leaves.length; ++i) {
            leaves[i] = _leaf(i);
        }
    }

    function _set() internal view virtual returns (IRootChain.Set memory set) {
        set.membersRoot = ListTree.root(_leaves());
        set.count = uint16(operators.length);
        set.aggregateKey = new bytes(96);
        for (uint256 i; i < operators.length; ++i) {
            set.aggregateKey = Bls.add(set.aggregateKey, operators[i].checkpointKey);
            set.totalPower += uint64(stakeOf(i) / UNIT);
        }
    }

    function _commitment(IRootChain.Set memory set) internal pure returns (bytes32) {
        return
            keccak256(
                bytes.concat("PSET", set.membersRoot, bytes2(set.count), set.aggregateKey, bytes8(set.totalPower))
            );
    }

    function _digest(IRootChain.Checkpoint memory content) internal view returns (bytes32) {
        return keccak256(
            bytes.concat(
                bytes.concat("PCKP", rootChain.deployment(), bytes8(content.epoch), bytes8(content.lastBlockTime)),
                bytes.concat(content.blocksRoot, content.stateRoot, bytes8(content.inboxCursor), content.inboxLink),
                bytes.concat(content.nextSet, bytes20(content.relayer), content.previous)
            )
        );
    }

    /// @notice Next checkpoint as honest validators would make it, having consumed every message.
    function _checkpoint() internal returns (IRootChain.Checkpoint memory content) {
        _sync();
        content.epoch = rootChain.head().accepted;
        content.lastBlockTime = uint64(block.timestamp);
        content.blocksRoot = keccak256(abi.encode("blocks", content.epoch));
        content.stateRoot = keccak256(abi.encode("state", content.epoch));
        content.inboxCursor = model.count();
        content.inboxLink = model.link(content.inboxCursor);
        content.nextSet = _commitment(_set());
        content.relayer = operators[0].owner;
        content.previous =
            content.epoch == 0 ? bytes32(rootChain.deployment()) : _digest(checkpoints[content.epoch - 1]);
    }

    /// @notice Signed by all but the members in `absent` (ascending).
    function _sign(IRootChain.Submission memory submission, uint16[] memory absent) internal view {
        bytes32 signed = _digest(submission.checkpoint);
        bool[512] memory isAbsent;
        submission.absent = new IRootChain.SetMember[](absent.length);
        for (uint256 i; i < absent.length; ++i) {
            isAbsent[absent[i]] = true;
            submission.absent[i] = _absent(absent[i]);
        }
        submission.absentSiblings = _memberSiblings(absent);
        submission.signers = [bytes32(0), bytes32(0)];
        uint256 secret;
        for (uint256 i; i < operators.length; ++i) {
            if (isAbsent[i]) continue;
            secret = addmod(secret, operators[i].blsSecret, BlsSigner.ORDER);
            _setBit(submission.signers, i);
        }
        // The sum of the shares is the share of the sum of the secrets.
        submission.signature = BlsSigner.signCheckpoint(secret, signed);
    }

    function _signature(uint256 secret, IRootChain.Checkpoint memory content) internal view returns (bytes memory) {
        return BlsSigner.signCheckpoint(secret, _digest(content));
    }

    function _absent(uint16 i) internal view returns (IRootChain.SetMember memory) {
        Operator storage operator = operators[i];
        return IRootChain.SetMember({
            number: i,
            seat: i | _mark,
            operator: operator.owner,
            registration: _registrationOf(i),
            consensusKey: operator.consensusKey,
            checkpointKey: operator.checkpointKey,
            power: uint64(stakeOf(i) / UNIT)
        });
    }

    function _setBit(bytes32[2] memory bitmap, uint256 i) internal pure {
        bitmap[i / 256] |= bytes32(uint256(1) << (248 - (i % 256) / 8 * 8 + i % 8));
    }

    /// @notice Siblings of several members in their tree, by definition: level by level, those not computed.
    function _memberSiblings(uint16[] memory absent) internal view returns (bytes32[] memory siblings) {
        if (absent.length == 0) return siblings;
        bytes32[] memory leaves = _leaves();
        uint256 width = 1 << ListTree.depth(leaves.length);
        bytes32[] memory level = new bytes32[](width);
        bool[] memory known = new bool[](width);
        for (uint256 i; i < leaves.length; ++i) {
            level[i] = leaves[i];
        }
        for (uint256 i; i < absent.length; ++i) {
            known[absent[i]] = true;
        }
        siblings = new bytes32[](width);
        uint256 used;
        for (; width > 1; width /= 2) {
            for (uint256 i; i < width / 2; ++i) {
                if (known[2 * i] != known[2 * i + 1]) siblings[used++] = level[known[2 * i] ? 2 * i + 1 : 2 * i];
                known[i] = known[2 * i] || known[2 * i + 1];
                level[i] = keccak256(bytes.concat(level[2 * i], level[2 * i + 1]));
            }
        }
        assembly ("memory-safe") {
            mstore(siblings, used)
        }
    }

    // The relayer.

    function _submission(IRootChain.Checkpoint memory content, uint16[] memory absent)
        internal
        view
        returns (IRootChain.Submission memory submission)
    {
        submission.checkpoint = content;
        if (content.epoch != 0) submission.previous = acceptances[content.epoch - 1];
        submission.set = _set();
        submission.tau = uint64(block.timestamp);
        (submission.dueCount, submission.inbox) = model.witness(content.inboxCursor, submission.tau);
        _sign(submission, absent);
    }

    function _honest() internal returns (IRootChain.Submission memory) {
        return _submission(_checkpoint(), new uint16[](0));
    }

    function _submit(IRootChain.Submission memory submission) internal {
        rootChain.submit(submission);
        uint64 epoch = submission.checkpoint.epoch;
        checkpoints[epoch] = submission.checkpoint;
        acceptances[epoch] = IRootChain.Acceptance({
            signers: submission.signers,
            time: uint64(block.timestamp),
            blockNumber: uint64(block.number),
            dueCount: submission.dueCount
        });
    }

    function _pass(uint256 secs) internal {
        vm.warp(block.timestamp + secs);
        vm.roll(block.number + 1);
    }

    /// @notice The model reads the chain's messages from events, as a node does.
    function _sync() internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IInbox.MessageSent.selector) continue;
            (bytes32 hash, bytes memory message) = abi.decode(logs[i].data, (bytes32, bytes));
            model.push(uint64(uint256(logs[i].topics[1])), hash, message);
        }
    }

    /// @notice Gas of one call, its arguments encoded before.
    function _gasOf(address to, uint256 value, bytes memory data) internal returns (uint256 used) {
        bool ok;
        assembly ("memory-safe") {
            used := gas()
            ok := call(gas(), to, value, add(data, 0x20), mload(data), 0, 0)
            used := sub(used, gas())
        }
        vm.assertTrue(ok);
    }

    /// @notice What a transaction with this call costs, `today` and with calldata at 64 gas a byte. Both are 21,000 gas, what is executed, and 16 gas
    /// for a byte of calldata that is not zero and 4 for one that is; but at least 21,000 gas and a floor for calldata, which is today 40 and 10
    /// (EIP-7623) and in `dear` 64 for every byte (EIP-7976).
    function _priced(address to, bytes memory data) internal returns (uint256 today, uint256 dear) {
        return _priced(to, 0, data);
    }

    function _priced(address to, uint256 value, bytes memory data) internal returns (uint256 today, uint256 dear) {
        vm.assertGt(to.code.length, 0); // and so it is warm, as the callee of a transaction is
        uint256 zeros;
        for (uint256 i; i < data.length; ++i) {
            if (data[i] == 0) ++zeros;
        }
        uint256 tokens = 4 * data.length - 3 * zeros;
        uint256 whole = _gasOf(to, value, data) - WARM_ACCOUNT + 4 * tokens;
        today = 21_000 + (whole > 10 * tokens ? whole : 10 * tokens);
        dear = 21_000 + (whole > 64 * data.length ? whole : 64 * data.length);
    }

    function _none() internal pure returns (uint16[] memory) {
        return new uint16[](0);
    }

    function _one(uint16 number) internal pure returns (uint16[] memory list) {
        list = new uint16[](1);
        list[0] = number;
    }

    receive() external payable {}
}
