// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Bls} from "./libraries/Bls.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Possession as Possessions} from "./libraries/Possession.sol";

/// @title The registry
contract Registry is IRegistry {
    /// @dev An operator is listed if `number` is not 0 and registered if `stake` is not 0. Stake and bond are one slot, number
    /// and lock another.
    struct Entry {
        uint64 number;
        uint64 lockedUntil;
        uint128 stake;
        uint128 bond;
        bytes32 agreement;
        bytes32 consensusKey;
        bytes32[3] checkpointKey;
    }

    uint256 private constant OPERATOR_LIMIT = 128;
    uint256 private constant SIGMA_LIMIT = 1 << 112;
    /// @dev Below SIGMA_LIMIT, so that a stake fits beside any bond.
    uint256 private constant BOND_LIMIT = 1 << 96;
    /// @dev A lock that does not end would keep a stake for ever when another operator does not agree.
    uint256 private constant LOCK_LIMIT_SECS = 365 days;

    IEd25519Verifier public immutable verifier;
    address public immutable inbox;
    address public immutable vault;
    address public immutable rootChain;
    uint128 public immutable bond;
    uint64 public immutable lockSecs;
    bytes32 private immutable INBOX_CODE;
    bytes32 private immutable VAULT_CODE;
    bytes32 private immutable ROOT_CHAIN_CODE;

    address[] private _operators;
    mapping(address => Entry) private _entries;
    /// @dev Who holds a key, for ever: consensus keys as they are, checkpoint keys by their hash.
    mapping(bytes32 => address) private _consensusKeyOf;
    mapping(bytes32 => address) private _checkpointKeyOf;

    constructor(Arguments memory arguments) {
        LocalOnly.check();
        uint256 count = arguments.operators.length;
        if (count == 0 || count > OPERATOR_LIMIT) revert OperatorCount(count);
        for (uint256 i; i < count; ++i) {
            address operator = arguments.operators[i];
            if (operator == address(0)) revert OperatorZero(i);
            if (_entries[operator].number != 0) revert OperatorTwice(operator);
            _entries[operator].number = uint64(i + 1);
            _operators.push(operator);
        }
        if (address(arguments.verifier).code.length == 0) revert NoVerifier(address(arguments.verifier));
        if (arguments.inboxCode == 0 || arguments.vaultCode == 0 || arguments.rootChainCode == 0) revert CodeHashZero();
        _inRange("bond", arguments.bond, 0, BOND_LIMIT);
        _inRange("lockSecs", arguments.lockSecs, 1, LOCK_LIMIT_SECS);
        verifier = arguments.verifier;
        bond = arguments.bond;
        lockSecs = arguments.lockSecs;
        INBOX_CODE = arguments.inboxCode;
        VAULT_CODE = arguments.vaultCode;
        ROOT_CHAIN_CODE = arguments.rootChainCode;
        inbox = _created(1);
        vault = _created(2);
        rootChain = _created(3);
    }

    /// @inheritdoc IRegistry
    function register(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession)
        external
        payable
    {
        if (created()) revert RegistrationClosed();
        Entry storage entry = _entries[msg.sender];
        if (entry.number == 0) revert NotListed(msg.sender);
        if (entry.stake != 0) revert AlreadyRegistered(msg.sender);
        if (msg.value <= bond) revert StakeMissing(bond, msg.value);
        if (msg.value > SIGMA_LIMIT) revert SigmaTooHigh(msg.value);
        _checkPossession(consensusKey, checkpointKey, possession);
        _take(_consensusKeyOf, consensusKey);
        _take(_checkpointKeyOf, keccak256(checkpointKey));

        entry.stake = uint128(msg.value - bond);
        entry.bond = bond;
        entry.consensusKey = consensusKey;
        for (uint256 i; i < 3; ++i) {
            entry.checkpointKey[i] = bytes32(checkpointKey[32 * i:32 * i + 32]);
        }
        emit Registered(msg.sender, entry.number, consensusKey, checkpointKey, entry.stake, bond);
    }

    /// @inheritdoc IRegistry
    function refund() external {
        Entry storage entry = _free();
        uint256 amount = uint256(entry.stake) + entry.bond;
        entry.stake = 0;
        entry.bond = 0;
        entry.agreement = 0;
        emit Refunded(msg.sender, amount);
        (bool taken,) = msg.sender.call{value: amount}("");
        if (!taken) revert RefundNotTaken(msg.sender, amount);
    }

    /// @inheritdoc IRegistry
    function agree(bytes32 agreement) external {
        if (agreement == 0) revert AgreementZero();
        Entry storage entry = _free();
        entry.agreement = agreement;
        entry.lockedUntil = uint64(block.timestamp) + lockSecs;
        emit Agreed(msg.sender, agreement, entry.lockedUntil);
    }

    /// @inheritdoc IRegistry
    function create(bytes32 stateRoot, Genesis calldata genesis, Code calldata code) external payable {
        if (created()) revert AlreadyCreated();
        _checkCode("inbox", INBOX_CODE, code.inbox);
        _checkCode("vault", VAULT_CODE, code.vault);
        _checkCode("root chain", ROOT_CHAIN_CODE, code.rootChain);
        uint256 sigma = totalStake() + msg.value;
        if (sigma > SIGMA_LIMIT) revert SigmaTooHigh(sigma);
        bytes32 agreement = agreementOf(stateRoot, sigma, genesis);
        _checkAgreed(agreement);

        IInbox.Arguments memory forInbox = IInbox.Arguments(vault, rootChain, genesis.inbox);
        _create("inbox", 0, inbox, code.inbox, abi.encode(forInbox));
        IVault.Arguments memory forVault = IVault.Arguments(IInbox(inbox), IRootChain(rootChain));
        _create("vault", sigma, vault, code.vault, abi.encode(forVault));
        IRootChain.Arguments memory forRootChain =
            IRootChain.Arguments(IInbox(inbox), vault, stateRoot, genesis.inbox.delaySecs, genesis.rootChain);
        _create("root chain", 0, rootChain, code.rootChain, abi.encode(forRootChain));
        emit Created(rootChain, inbox, vault, agreement, sigma);
    }

    /// @inheritdoc IRegistry
    function created() public view returns (bool) {
        return rootChain.code.length != 0;
    }

    /// @inheritdoc IRegistry
    function agreementOf(bytes32 stateRoot, uint256 sigma, Genesis calldata genesis) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("PAGR", stateRoot, sigma, keccak256(abi.encode(genesis))));
    }

    /// @inheritdoc IRegistry
    function possessionOf(address operator, bytes32 consensusKey, bytes calldata checkpointKey)
        public
        view
        returns (bytes32)
    {
        if (checkpointKey.length != Bls.KEY_BYTES) revert Bls.WrongLength(Bls.KEY_BYTES, checkpointKey.length);
        return Possessions.digest(operator, consensusKey, checkpointKey);
    }

    /// @inheritdoc IRegistry
    function possessionVote(bytes32 p) external pure returns (bytes memory) {
        return Possessions.vote(p);
    }

    /// @inheritdoc IRegistry
    function operatorCount() external view returns (uint256) {
        return _operators.length;
    }

    /// @inheritdoc IRegistry
    function memberAt(uint256 index) external view returns (Member memory member) {
        member.operator = _operators[index];
        Entry storage entry = _entries[member.operator];
        if (entry.stake == 0) return member;
        member.registration = entry.number;
        member.consensusKey = entry.consensusKey;
        member.checkpointKey = abi.encodePacked(entry.checkpointKey);
        member.stake = entry.stake;
        member.bond = entry.bond;
    }

    /// @inheritdoc IRegistry
    function agreementBy(address operator) external view returns (bytes32 agreement, uint64 lockedUntil) {
        Entry storage entry = _entries[operator];
        return (entry.agreement, entry.lockedUntil);
    }

    /// @inheritdoc IRegistry
    function totalStake() public view returns (uint256 sum) {
        for (uint256 i; i < _operators.length; ++i) {
            sum += _entries[_operators[i]].stake;
        }
    }

    /// @inheritdoc IRegistry
    function codeHashes() external view returns (bytes32 inboxCode, bytes32 vaultCode, bytes32 rootChainCode) {
        return (INBOX_CODE, VAULT_CODE, ROOT_CHAIN_CODE);
    }

    /// @dev The caller's entry, registered and not locked, before RootChain exists.
    function _free() private view returns (Entry storage entry) {
        if (created()) revert AlreadyCreated();
        entry = _entries[msg.sender];
        if (entry.stake == 0) revert NotRegistered(msg.sender);
        if (block.timestamp < entry.lockedUntil) revert Locked(entry.lockedUntil, block.timestamp);
    }

    function _checkPossession(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession)
        private
        view
    {
        if (Possessions.weak(consensusKey)) revert WeakConsensusKey(consensusKey);
        bytes32 p = possessionOf(msg.sender, consensusKey, checkpointKey);
        if (!Bls.verifyPossession(possession.checkpointProof, p, checkpointKey)) revert BadPossession("checkpoint key");
        bool valid = verifier.verify(
            consensusKey, possession.r, possession.s, Possessions.vote(p), possession.xKey, possession.xR
        );
        if (!valid) revert BadPossession("consensus key");
    }

    function _take(mapping(bytes32 => address) storage holders, bytes32 key) private {
        address holder = holders[key];
        if (holder == msg.sender) return;
        if (holder != address(0)) revert KeyTaken(holder);
        holders[key] = msg.sender;
    }

    /// @dev An agreement counts while it locks: a stake can be used or taken back, never both, never neither.
    function _checkAgreed(bytes32 agreement) private view {
        for (uint256 i; i < _operators.length; ++i) {
            address operator = _operators[i];
            Entry storage entry = _entries[operator];
            if (entry.stake == 0) revert NotRegistered(operator);
            if (entry.agreement != agreement) revert NotAgreed(operator, agreement, entry.agreement);
            uint64 until = entry.lockedUntil;
            if (block.timestamp >= until) revert AgreementLapsed(operator, until, block.timestamp);
        }
    }

    function _checkCode(string memory name, bytes32 expected, bytes calldata code) private pure {
        bytes32 given = keccak256(code);
        if (given != expected) revert CodeMismatch(name, expected, given);
    }

    function _create(string memory name, uint256 value, address expected, bytes calldata code, bytes memory arguments)
        private
    {
        bytes memory initCode = bytes.concat(code, arguments);
        address made;
        assembly ("memory-safe") {
            made := create(value, add(initCode, 0x20), mload(initCode))
            if and(iszero(made), gt(returndatasize(), 0)) {
                // The constructor's own reason.
                let reason := mload(0x40)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
        }
        // No address without a reason: the gas ran out, or the code has none. Another address: the code called create() again.
        if (made != expected) revert CreationFailed(name);
    }

    function _inRange(string memory name, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert ParameterOutOfRange(name, value);
    }

    /// @dev Address of this contract's creation number `nonce` (1 to 127): keccak of the RLP list (address, nonce).
    function _created(uint8 nonce) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), nonce)))));
    }
}
