// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Bls} from "./libraries/Bls.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Messages} from "./libraries/Messages.sol";
import {Possession as Possessions} from "./libraries/Possession.sol";

/// @title The registry
contract Registry is IRegistry {
    /// @dev Registered if `bond` is not 0. A genesis entry that was refunded keeps its keys. Stake and bond are one slot.
    struct Entry {
        uint128 stake;
        uint128 bond;
        bytes32 consensusKey;
        bytes32[3] checkpointKey;
    }

    /// @dev What a genesis operator agreed on, and until when that locks its stake.
    struct Agreement {
        bytes32 hash;
        uint64 lockedUntil;
    }

    /// @dev How many contracts of the manifest stand, and until when the operators are bound by the steps that were taken (0: none was).
    struct Creation {
        uint64 until;
        uint8 made;
    }

    uint256 private constant OPERATOR_LIMIT = 128;
    uint256 private constant SIGMA_LIMIT = 1 << 112;
    /// @dev Below SIGMA_LIMIT, so that a stake fits beside any bond.
    uint256 private constant BOND_LIMIT = 1 << 96;
    /// @dev The shortest lock covers a few root blocks. A lock must end: else a stake would be kept for ever when another operator does
    /// not agree.
    uint256 private constant MIN_LOCK_SECS = 1 minutes;
    uint256 private constant LOCK_LIMIT_SECS = 365 days;

    IEd25519Verifier public immutable verifier;
    address public immutable inbox;
    address public immutable vault;
    address public immutable court;
    address public immutable rootChain;
    uint128 public immutable bond;
    uint64 public immutable lockSecs;
    /// @dev Signatures and the deployment id bind it, so all contracts are made under one.
    uint256 private immutable CHAIN_ID;

    address[] private _operators;
    bytes32[] private _codes;
    Creation private _creation;
    /// @dev What the creation began with; 0 before.
    bytes32 private _agreement;
    /// @dev By operator and number.
    mapping(address => mapping(uint64 => Entry)) private _entries;
    /// @dev The number of an operator's newest entry. The constructor gives the genesis operators theirs, place in the list + 1.
    mapping(address => uint64) private _newest;
    mapping(address => Agreement) private _agreements;
    uint64 private _lastNumber;
    /// @dev Who registered a key, for ever: consensus keys as they are, checkpoint keys by their hash.
    mapping(bytes32 => address) private _consensusKeyOf;
    mapping(bytes32 => address) private _checkpointKeyOf;

    constructor(Arguments memory arguments) {
        LocalOnly.check();
        CHAIN_ID = block.chainid;
        uint256 count = arguments.operators.length;
        if (count == 0 || count > OPERATOR_LIMIT) revert OperatorCount(count);
        for (uint256 i; i < count; ++i) {
            address operator = arguments.operators[i];
            if (operator == address(0)) revert OperatorZero(i);
            if (_newest[operator] != 0) revert OperatorTwice(operator);
            _newest[operator] = uint64(i + 1);
            _operators.push(operator);
        }
        _lastNumber = uint64(count);
        if (address(arguments.verifier).code.length == 0) revert NoVerifier(address(arguments.verifier));
        uint256 steps = arguments.codes.length;
        if (steps < Manifest.MIN_LENGTH || steps > Manifest.MAX_LENGTH) revert CodeCount(steps);
        for (uint256 i; i < steps; ++i) {
            bytes32 code = arguments.codes[i];
            if (code == 0) revert CodeHashZero(i);
            for (uint256 j; j < i; ++j) {
                if (code == arguments.codes[j]) revert CodeTwice(j, i);
            }
        }
        _inRange("bond", arguments.bond, 1, BOND_LIMIT);
        _inRange("lockSecs", arguments.lockSecs, MIN_LOCK_SECS, LOCK_LIMIT_SECS);
        _codes = arguments.codes;
        verifier = arguments.verifier;
        bond = arguments.bond;
        lockSecs = arguments.lockSecs;
        inbox = _created(Manifest.INBOX + 1);
        vault = _created(Manifest.VAULT + 1);
        court = _created(Manifest.COURT + 1);
        rootChain = _created(steps);
    }

    /// @inheritdoc IRegistry
    function register(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession)
        external
        payable
    {
        if (created()) revert RegistrationClosed();
        uint64 number = _newest[msg.sender];
        if (number == 0) revert NotListed(msg.sender);
        Entry storage entry = _entries[msg.sender][number];
        if (entry.bond != 0) revert AlreadyRegistered(msg.sender);
        if (msg.value <= bond) revert StakeMissing(bond, msg.value);
        if (msg.value > SIGMA_LIMIT) revert SigmaTooHigh(msg.value);
        _checkPossession(consensusKey, checkpointKey, possession);
        _take(_consensusKeyOf, consensusKey, "consensus key", msg.sender);
        _take(_checkpointKeyOf, keccak256(checkpointKey), "checkpoint key", msg.sender);
        entry.stake = uint128(msg.value - bond);
        _write(entry, number, consensusKey, checkpointKey, bond);
    }

    /// @inheritdoc IRegistry
    /// @dev All is written before any other contract is called. The Inbox calls nobody, and whoever is called by the excess finds what it
    /// would find in a later transaction.
    function registerKeys(
        bytes32 consensusKey,
        bytes calldata checkpointKey,
        Possession calldata possession,
        uint128 bond_
    ) external payable returns (uint64 registration, uint64 index) {
        if (!created()) revert NotCreated();
        if (bond_ < bond || bond_ > BOND_LIMIT) revert BondOutOfRange(bond, BOND_LIMIT, bond_);
        uint256 price = IInbox(inbox).price();
        uint256 needed = bond_ + price;
        if (msg.value < needed) revert ValueTooLow(needed, msg.value);
        _checkPossession(consensusKey, checkpointKey, possession);
        _replaceKeys(consensusKey, checkpointKey);
        registration = ++_lastNumber;
        _newest[msg.sender] = registration;
        _write(_entries[msg.sender][registration], registration, consensusKey, checkpointKey, bond_);
        index = IInbox(inbox).send{value: price}(
            Messages.REGISTRATION,
            Messages.registration(msg.sender, registration, consensusKey, checkpointKey, bond_)
        );
        uint256 excess = msg.value - needed;
        if (excess != 0) {
            (bool taken,) = msg.sender.call{value: excess}("");
            if (!taken) revert ExcessNotTaken(msg.sender, excess);
        }
    }

    /// @inheritdoc IRegistry
    function topUp(address operator, uint64 registration) external payable {
        if (!created()) revert NotCreated();
        uint64 exitAt = IRootChain(rootChain).head().exitAt;
        if (exitAt != 0) revert Closing(exitAt);
        Entry storage entry = _entries[operator][registration];
        if (entry.bond == 0) revert UnknownRegistration(operator, registration);
        if (msg.value == 0) revert NothingSent();
        uint256 raised = entry.bond + msg.value;
        if (raised > BOND_LIMIT) revert BondOutOfRange(bond, BOND_LIMIT, raised);
        entry.bond = uint128(raised);
        emit BondRaised(operator, registration, msg.sender, msg.value, raised);
    }

    /// @inheritdoc IRegistry
    /// @dev The last wei of a bond stays, because an entry without a bond was never registered. What is burned stays here too, and there is
    /// no way to send it.
    function debit(address operator, uint64 registration, uint256 gas, uint256 reward, address to)
        external
        returns (uint256 paid, uint256 burned)
    {
        if (msg.sender != court) revert NotCourt(msg.sender);
        Entry storage entry = _entries[operator][registration];
        uint256 left = entry.bond - 1;
        paid = gas < left ? gas : left;
        left -= paid;
        if (reward > left) reward = left;
        entry.bond -= uint128(paid + reward);
        burned = reward - reward / 2;
        paid += reward / 2;
        emit BondDebited(operator, registration, to, paid, burned);
        (bool taken,) = to.call{value: paid}("");
        if (!taken) revert RewardNotTaken(to, paid);
    }

    /// @inheritdoc IRegistry
    function refund() external {
        (Entry storage entry, Agreement storage own) = _free();
        uint256 amount = uint256(entry.stake) + entry.bond;
        entry.stake = 0;
        entry.bond = 0;
        own.hash = 0;
        emit Refunded(msg.sender, amount);
        (bool taken,) = msg.sender.call{value: amount}("");
        if (!taken) revert RefundNotTaken(msg.sender, amount);
    }

    /// @inheritdoc IRegistry
    function agree(bytes32 agreement) external {
        if (agreement == 0) revert AgreementZero();
        (, Agreement storage own) = _free();
        if (_agreement != 0 && agreement != _agreement) revert BegunWithAnother(_agreement, agreement);
        own.hash = agreement;
        own.lockedUntil = uint64(block.timestamp) + lockSecs;
        emit Agreed(msg.sender, agreement, own.lockedUntil);
    }

    /// @inheritdoc IRegistry
    function create(uint256 step, Genesis calldata genesis, bytes calldata code) external payable {
        uint256 made = _creation.made;
        uint256 steps = _codes.length;
        if (made == steps) revert AlreadyCreated();
        if (block.chainid != CHAIN_ID) revert OtherChainId(CHAIN_ID, block.chainid);
        if (step != made) revert NotNextStep(made, step);
        bytes32 given = keccak256(code);
        if (given != _codes[step]) revert CodeMismatch(step, _codes[step], given);
        bool last = step + 1 == steps;
        uint256 balances = _balances(genesis.sigma);
        uint256 expected = last ? balances : 0;
        if (msg.value != expected) revert BalancesMismatch(expected, msg.value);
        bytes32 agreement = agreementOf(genesis);
        _bind(agreement);

        _creation.made = uint8(step + 1);
        address contract_ = _created(step + 1);
        _create(step, contract_, bytes.concat(code, abi.encode(Founding(contracts(), genesis))));
        emit Made(step, contract_, agreement);
        if (last) {
            IVault(vault).fund{value: genesis.sigma}();
            emit Created(rootChain, inbox, vault, agreement, genesis.sigma);
        }
    }

    /// @inheritdoc IRegistry
    function creation() external view returns (uint256 made, uint256 steps, bytes32 agreement, uint64 until) {
        return (_creation.made, _codes.length, _agreement, _creation.until);
    }

    /// @inheritdoc IRegistry
    function created() public view returns (bool) {
        return _creation.made == _codes.length;
    }

    /// @inheritdoc IRegistry
    function agreementOf(Genesis calldata genesis) public view returns (bytes32) {
        return keccak256(abi.encodePacked("PAGR", registrationsHash(), keccak256(abi.encode(genesis))));
    }

    /// @inheritdoc IRegistry
    function registrationsHash() public view returns (bytes32 hash) {
        for (uint256 i; i < _operators.length; ++i) {
            Entry storage entry = _genesisEntry(i);
            bytes memory keys = abi.encodePacked(entry.consensusKey, entry.checkpointKey);
            uint128 bond_ = entry.bond == 0 ? 0 : bond;
            hash = keccak256(abi.encodePacked("PREG", hash, _operators[i], uint64(i + 1), keys, entry.stake, bond_));
        }
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
        address operator = _operators[index];
        member = registrationOf(operator, uint64(index + 1));
        member.operator = operator;
        if (member.bond != 0) member.bond = bond;
    }

    /// @inheritdoc IRegistry
    function registrationOf(address operator, uint64 number) public view returns (Member memory member) {
        Entry storage entry = _entries[operator][number];
        if (entry.bond == 0) return member;
        member.operator = operator;
        member.registration = number;
        member.consensusKey = entry.consensusKey;
        member.checkpointKey = abi.encodePacked(entry.checkpointKey);
        member.stake = entry.stake;
        member.bond = entry.bond;
    }

    /// @inheritdoc IRegistry
    function hasKeys(address operator, uint64 number, bytes32 consensusKey, bytes calldata checkpointKey)
        external
        view
        returns (bool)
    {
        Entry storage entry = _entries[operator][number];
        if (consensusKey == 0 || entry.consensusKey != consensusKey || checkpointKey.length != Bls.KEY_BYTES) {
            return false;
        }
        for (uint256 i; i < 3; ++i) {
            if (entry.checkpointKey[i] != bytes32(checkpointKey[32 * i:32 * i + 32])) return false;
        }
        return true;
    }

    /// @inheritdoc IRegistry
    function newestOf(address operator) external view returns (uint64) {
        uint64 number = _newest[operator];
        return _entries[operator][number].bond == 0 ? 0 : number;
    }

    /// @inheritdoc IRegistry
    function lastNumber() external view returns (uint64) {
        return _lastNumber;
    }

    /// @inheritdoc IRegistry
    function agreementBy(address operator) external view returns (bytes32 agreement, uint64 lockedUntil) {
        Agreement storage own = _agreements[operator];
        return (own.hash, own.lockedUntil);
    }

    /// @inheritdoc IRegistry
    function totalStake() public view returns (uint256 sum) {
        for (uint256 i; i < _operators.length; ++i) {
            sum += _genesisEntry(i).stake;
        }
    }

    /// @inheritdoc IRegistry
    function codeHashes() external view returns (bytes32[] memory) {
        return _codes;
    }

    /// @inheritdoc IRegistry
    function contracts() public view returns (address[] memory list) {
        list = new address[](_codes.length);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _created(i + 1);
        }
    }

    /// @dev The caller's genesis entry, registered and not locked, before RootChain exists.
    function _free() private view returns (Entry storage entry, Agreement storage own) {
        if (created()) revert AlreadyCreated();
        entry = _entries[msg.sender][_newest[msg.sender]];
        if (entry.bond == 0) revert NotRegistered(msg.sender);
        own = _agreements[msg.sender];
        uint64 until = own.lockedUntil > _creation.until ? own.lockedUntil : _creation.until;
        if (block.timestamp < until) revert Locked(until, block.timestamp);
    }

    function _genesisEntry(uint256 index) private view returns (Entry storage) {
        return _entries[_operators[index]][uint64(index + 1)];
    }

    function _write(
        Entry storage entry,
        uint64 number,
        bytes32 consensusKey,
        bytes calldata checkpointKey,
        uint128 bond_
    ) private {
        entry.bond = bond_;
        entry.consensusKey = consensusKey;
        for (uint256 i; i < 3; ++i) {
            entry.checkpointKey[i] = bytes32(checkpointKey[32 * i:32 * i + 32]);
        }
        emit Registered(msg.sender, number, consensusKey, checkpointKey, entry.stake, bond_);
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

    /// @dev Of the keys of the caller's newest entry it may keep one, and replace the other; every other key is one that nobody registered
    /// before. A kept key leads to nobody else, and serves without a break: each of its votes and shares names a height or an epoch, and the
    /// set of that epoch names the one registration under which it was given. A key that was replaced never returns. Possession of a kept
    /// key is proven again, because the proof binds both keys. Who keeps both changes nothing and would pay a bond for it.
    function _replaceKeys(bytes32 consensusKey, bytes calldata checkpointKey) private {
        Entry storage newest = _entries[msg.sender][_newest[msg.sender]];
        bool keepsConsensusKey = newest.consensusKey == consensusKey;
        bytes32 hash = keccak256(checkpointKey);
        bool keepsCheckpointKey = keccak256(abi.encodePacked(newest.checkpointKey)) == hash;
        if (keepsConsensusKey && keepsCheckpointKey) revert KeysUnchanged(msg.sender, _newest[msg.sender]);
        if (!keepsConsensusKey) _take(_consensusKeyOf, consensusKey, "consensus key", address(0));
        if (!keepsCheckpointKey) _take(_checkpointKeyOf, hash, "checkpoint key", address(0));
    }

    /// @param again who may come back with a key that it registered before; nobody if zero.
    function _take(mapping(bytes32 => address) storage holders, bytes32 key, string memory name, address again)
        private
    {
        address holder = holders[key];
        if (holder != address(0) && holder != again) revert KeyTaken(name, holder);
        holders[key] = msg.sender;
    }

    /// @dev What is left of Σ beside the stakes of all operators.
    function _balances(uint256 sigma) private view returns (uint256) {
        uint256 stakes;
        for (uint256 i; i < _operators.length; ++i) {
            uint256 stake = _genesisEntry(i).stake;
            if (stake == 0) revert NotRegistered(_operators[i]);
            stakes += stake;
        }
        if (sigma > SIGMA_LIMIT) revert SigmaTooHigh(sigma);
        if (sigma < stakes) revert SigmaTooLow(stakes, sigma);
        return sigma - stakes;
    }

    /// @dev The first step binds all operators to what they agreed on, for as long as an agreement locks; so nobody can change or take
    /// back anything between two steps. When that time runs out they are free, and may agree on the same again, but on nothing else.
    function _bind(bytes32 agreement) private {
        if (_agreement != 0) {
            if (agreement != _agreement) revert BegunWithAnother(_agreement, agreement);
            if (block.timestamp < _creation.until) return;
        }
        _checkAgreed(agreement);
        _agreement = agreement;
        _creation.until = uint64(block.timestamp) + lockSecs;
    }

    /// @dev An agreement counts as long as its lock holds. So at every moment a stake can either be used or be taken back, and never both.
    function _checkAgreed(bytes32 agreement) private view {
        for (uint256 i; i < _operators.length; ++i) {
            address operator = _operators[i];
            Agreement storage own = _agreements[operator];
            if (own.hash != agreement) revert NotAgreed(operator, agreement, own.hash);
            uint64 until = own.lockedUntil;
            if (block.timestamp >= until) revert AgreementLapsed(operator, until, block.timestamp);
        }
    }

    function _create(uint256 step, address expected, bytes memory initCode) private {
        address made;
        assembly ("memory-safe") {
            made := create(0, add(initCode, 0x20), mload(initCode))
            if and(iszero(made), gt(returndatasize(), 0)) {
                // The constructor's own reason.
                let reason := mload(0x40)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
        }
        // Address 0 without a reason means that the gas ran out or that the code gives no reason; any other address, that this function was
        // called again from within the constructor.
        if (made != expected) revert CreationFailed(step);
    }

    function _inRange(string memory name, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert ParameterOutOfRange(name, value);
    }

    /// @dev Address of this contract's creation number `nonce` (1 to 127): keccak of the RLP list (address, nonce).
    function _created(uint256 nonce) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), uint8(nonce))))));
    }
}
