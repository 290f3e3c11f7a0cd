// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Openings} from "./court/Openings.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IExits} from "./interfaces/IExits.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Leaves} from "./libraries/Leaves.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Messages} from "./libraries/Messages.sol";
import {PayoutGas} from "./libraries/PayoutGas.sol";
import {StateTree} from "./libraries/StateTree.sol";
import {Withdrawals} from "./libraries/Withdrawals.sol";

/// @title The ways out
/// @dev Holds no money and has no key: the Vault pays, by the base that this contract fixed.
contract Exits is IExits {
    /// @dev Payout and nonce of an account, in one slot.
    struct Naming {
        address payout;
        uint64 nonce;
    }

    /// @dev What the owner of a withdrawal wants for it, in one slot.
    struct Offer {
        uint128 price;
        uint64 deadline;
    }

    address private constant NATIVE = address(0);
    uint8 private constant ADDRESS = 0;
    uint8 private constant KEY = 1;
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)");
    bytes32 private constant NAMING =
        keccak256("ExitPayout(bytes20 account,address payout,uint64 nonce,uint64 deadline)");

    IRootChain public immutable rootChain;
    IInbox public immutable inbox;
    IVault public immutable vault;
    IEd25519Verifier private immutable VERIFIER;

    Base private _base;
    /// @dev By kind and id of an account, 21 bytes.
    mapping(bytes21 => Naming) private _named;
    /// @dev By number and recipient of a withdrawal: its owner, where that is not its recipient.
    mapping(bytes32 => address) private _assigned;
    /// @dev By the same. An offer is its owner's, and gone when the owner changes.
    mapping(bytes32 => Offer) private _offers;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        inbox = IInbox(founding.contracts[Manifest.INBOX]);
        vault = IVault(founding.contracts[Manifest.VAULT]);
        rootChain = IRootChain(Manifest.rootChain(founding.contracts));
        VERIFIER = IRegistry(msg.sender).verifier();
    }

    /// @inheritdoc IExits
    function open(IRootChain.Checkpoint calldata checkpoint, IRootChain.Acceptance calldata acceptance) external {
        if (_base.opened) revert AlreadyOpened();
        uint64 standing = rootChain.head().standing;
        if (standing != 0) {
            if (checkpoint.epoch != standing - 1) revert NotBase(standing - 1, checkpoint.epoch);
            rootChain.finalize(checkpoint, acceptance);
        }
        // Of what stands now nothing is final but by exit mode, in which nothing more is accepted.
        uint64 epochs = rootChain.base();
        bytes32 stateRoot = epochs == 0 ? rootChain.genesisStateRoot() : checkpoint.stateRoot;
        uint64 cursor = epochs == 0 ? 0 : checkpoint.inboxCursor;
        _base = Base({stateRoot: stateRoot, inboxCursor: cursor, epochs: epochs, opened: true});
        emit Opened(stateRoot, cursor, epochs);
    }

    /// @inheritdoc IExits
    function exit(uint32 leafCount, Leaf[] calldata leaves, bytes32[] calldata siblings)
        external
        returns (uint256 paid)
    {
        _requireLeaves(leafCount, leaves, siblings);
        for (uint256 i; i < leaves.length; ++i) {
            uint32 index = leaves[i].index;
            if (leaves[i].kind == Leaves.PARAMETERS) continue;
            (address token, address to, uint128 amount) = _owed(leaves, leaves[i]);
            if (amount == 0 || vault.claimed(index)) continue;
            if (to == address(0)) {
                emit ExitWaits(index, token, amount);
                continue;
            }
            // With less gas, a carrier could make a sound payout fail by bringing too little, and so could an estimate of the gas.
            PayoutGas.requireLeft();
            try vault.payLeaf{gas: PayoutGas.EACH}(index, token, to, amount) {
                ++paid;
                emit Exited(index, to, token, amount);
            } catch {
                emit ExitFailed(index, to, token, amount);
            }
        }
    }

    /// @inheritdoc IExits
    function exitAlone(uint32 leafCount, Leaf[] calldata leaves, uint256 place, bytes32[] calldata siblings) external {
        _requireLeaves(leafCount, leaves, siblings);
        if (place >= leaves.length) revert NoSuchPlace(place, leaves.length);
        Leaf calldata one = leaves[place];
        if (one.kind == Leaves.PARAMETERS) revert NotPayable(one.index, one.kind);
        (address token, address to, uint128 amount) = _owed(leaves, one);
        if (amount == 0) revert NothingHeld(one.index);
        if (to == address(0)) revert NoPayout(one.index);
        // With less, a recipient whose own inner call runs out of gas could accept the money and leave its further work undone.
        PayoutGas.requireLeft();
        vault.payLeaf(one.index, token, to, amount);
        emit Exited(one.index, to, token, amount);
    }

    /// @inheritdoc IExits
    function refund(bytes calldata message, bool native, bytes32 before, bytes32[] calldata behind) external {
        if (!_base.opened) revert NotOpened();
        uint64 index = inbox.requireMessage(message, before, behind);
        uint64 cursor = _base.inboxCursor;
        if (index <= cursor) revert Consumed(index, cursor);
        (address token, address to, uint128 amount) = Messages.refund(message, native);
        if (amount == 0) revert NothingToRefund(index, Messages.kindOf(message));
        PayoutGas.requireLeft();
        vault.payMessage(index, token, to, amount);
        emit Refunded(index, to, token, amount);
    }

    /// @inheritdoc IExits
    function name(address payout) external {
        Naming storage own = _named[_account(ADDRESS, bytes20(msg.sender))];
        _setPayout(own, ADDRESS, bytes20(msg.sender), payout);
    }

    /// @inheritdoc IExits
    function nameByKey(bytes32 key, address payout, uint64 deadline, bytes32 r, bytes32 s, uint256 xKey, uint256 xR)
        external
    {
        if (block.timestamp > deadline) revert NamingLate(deadline);
        bytes20 id = bytes20(sha256(abi.encodePacked(key)));
        Naming storage own = _named[_account(KEY, id)];
        bytes memory signed = abi.encodePacked(namingDigest(id, payout, own.nonce, deadline));
        if (!VERIFIER.verify(key, r, s, signed, xKey, xR)) revert BadNaming(key, own.nonce);
        _setPayout(own, KEY, id, payout);
    }

    /// @inheritdoc IExits
    function assign(uint64 number, address recipient, address to) external {
        _requireOwner(number, recipient);
        _assign(number, recipient, NATIVE, to);
    }

    /// @inheritdoc IExits
    function offer(uint64 number, address recipient, uint128 price, uint64 deadline) external {
        _requireOwner(number, recipient);
        _offers[_withdrawal(number, recipient)] = Offer(price, deadline);
        emit Offered(number, recipient, price, deadline);
    }

    /// @inheritdoc IExits
    /// @dev The owner changes before the seller is paid: whatever the seller does then, it is the buyer's.
    function buy(
        IVault.Base calldata shown,
        IVault.Withdrawal calldata withdrawal,
        bytes32[] calldata siblings,
        address to
    ) external payable {
        Openings.requireAccepted(rootChain, shown.checkpoint, shown.acceptance);
        uint64 standing = rootChain.head().standing;
        if (shown.checkpoint.epoch >= standing) revert Void(shown.checkpoint.epoch, standing);
        Withdrawals.requireOne(shown, withdrawal, siblings);
        if (vault.claimed(withdrawal.index)) revert AlreadyClaimed(withdrawal.index);
        (uint64 number, address recipient) = (withdrawal.number, withdrawal.recipient);
        Offer memory wanted = _offers[_withdrawal(number, recipient)];
        if (wanted.price == 0) revert NotOffered(number, recipient);
        if (block.timestamp > wanted.deadline) revert OfferOver(wanted.deadline);
        if (msg.value != wanted.price) revert WrongPrice(wanted.price, msg.value);
        address seller = payee(number, recipient);
        _assign(number, recipient, withdrawal.token, to);
        emit Bought(number, recipient, seller, to, wanted.price);
        (bool taken,) = seller.call{value: wanted.price}("");
        if (!taken) revert PriceNotTaken(seller, wanted.price);
    }

    /// @inheritdoc IExits
    function payee(uint64 number, address recipient) public view returns (address) {
        address given = _assigned[_withdrawal(number, recipient)];
        return given == address(0) ? recipient : given;
    }

    /// @inheritdoc IExits
    function offered(uint64 number, address recipient) external view returns (uint128 price, uint64 deadline) {
        Offer memory wanted = _offers[_withdrawal(number, recipient)];
        return (wanted.price, wanted.deadline);
    }

    /// @inheritdoc IExits
    function named(uint8 kind, bytes20 id) external view returns (address payout, uint64 nonce) {
        Naming memory own = _named[_account(kind, id)];
        return (own.payout, own.nonce);
    }

    /// @inheritdoc IExits
    function namingDigest(bytes20 account, address payout, uint64 nonce, uint64 deadline)
        public
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN,
                keccak256("Plasmid"),
                keccak256("1"),
                block.chainid,
                address(rootChain),
                bytes32(rootChain.deployment())
            )
        );
        bytes32 content = keccak256(abi.encode(NAMING, account, payout, nonce, deadline));
        return keccak256(abi.encodePacked(hex"1901", domain, content));
    }

    /// @inheritdoc IExits
    function base() external view returns (Base memory) {
        return _base;
    }

    /// @dev That every leaf stands at its index under the base.
    function _requireLeaves(uint32 leafCount, Leaf[] calldata leaves, bytes32[] calldata siblings) private view {
        if (!_base.opened) revert NotOpened();
        uint256 count = leaves.length;
        if (count == 0) revert NothingToExit();
        uint32[] memory indices = new uint32[](count);
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            Leaf calldata one = leaves[i];
            if (one.index >= leafCount) revert IndexBeyondCount(one.index, leafCount);
            indices[i] = one.index;
            hashes[i] = Leaves.hash(one);
        }
        bytes32 root = StateTree.stateRoot(StateTree.multiproofRoot(indices, hashes, siblings), leafCount);
        if (root != _base.stateRoot) revert StateRootMismatch(_base.stateRoot, root);
    }

    /// @dev What a proven leaf pays, and whom: nobody (0) where its account has no payout yet.
    function _owed(Leaf[] calldata leaves, Leaf calldata one)
        private
        view
        returns (address token, address to, uint128 amount)
    {
        bytes calldata value = one.value;
        uint8 kind = one.kind;
        if (kind == Leaves.WITHDRAWAL) {
            if (one.account != 0) revert WrongAccount(one.index, one.account);
            (token, amount) = (address(bytes20(value[20:40])), uint128(bytes16(value[40:56])));
            address recipient = address(bytes20(value[:20]));
            return (token, payee(uint64(bytes8(one.fields)), recipient), amount);
        }
        amount = uint128(bytes16(value[:16]));
        if (kind == Leaves.ACCOUNT) {
            if (one.account != 0) revert WrongAccount(one.index, one.account);
            to = _payout(bytes21(one.fields), _leafPayout(one));
        } else if (kind == Leaves.TOKEN) {
            token = address(bytes20(one.fields[21:41]));
            bytes21 account = bytes21(one.fields[:21]);
            address said;
            if (one.account != 0) {
                Leaf calldata owner = _at(leaves, one, Leaves.ACCOUNT);
                if (bytes21(owner.fields) != account) revert WrongAccount(one.index, one.account);
                said = _leafPayout(owner);
            }
            to = _payout(account, said);
            // Nobody could ever use what a token pays to itself.
            if (to == token) to = address(0);
        } else {
            // The fee pool and the rewards: the residue is said by the parameters, which stand beside them.
            to = Leaves.residue(_at(leaves, one, Leaves.PARAMETERS).value);
        }
    }

    function _at(Leaf[] calldata leaves, Leaf calldata one, uint8 kind) private pure returns (Leaf calldata found) {
        uint256 place = one.account;
        if (place == 0 || place > leaves.length) revert WrongAccount(one.index, one.account);
        found = leaves[place - 1];
        if (found.kind != kind) revert WrongAccount(one.index, one.account);
    }

    function _leafPayout(Leaf calldata account) private pure returns (address) {
        return address(bytes20(account.value[24:44]));
    }

    /// @dev What the account named here, else what its leaf says (kind 1), else its own address (kind 0).
    function _payout(bytes21 account, address said) private view returns (address) {
        address chosen = _named[account].payout;
        if (chosen != address(0)) return chosen;
        uint8 kind = uint8(account[0]);
        if (kind == ADDRESS) return address(bytes20(account << 8));
        return kind == KEY ? said : address(0);
    }

    function _setPayout(Naming storage own, uint8 kind, bytes20 id, address payout) private {
        if (payout == address(0)) revert PayoutZero();
        vault.requireUsable(NATIVE, payout);
        emit Named(kind, id, payout, own.nonce);
        own.payout = payout;
        ++own.nonce;
    }

    function _withdrawal(uint64 number, address recipient) private pure returns (bytes32) {
        return keccak256(abi.encode(number, recipient));
    }

    function _requireOwner(uint64 number, address recipient) private view {
        address owner = payee(number, recipient);
        if (msg.sender != owner) revert NotOwner(owner, msg.sender);
    }

    /// @dev An offer ends with its owner.
    function _assign(uint64 number, address recipient, address token, address to) private {
        if (to == address(0)) revert PayoutZero();
        vault.requireUsable(token, to);
        bytes32 key = _withdrawal(number, recipient);
        delete _offers[key];
        _assigned[key] = to;
        emit Assigned(number, recipient, to);
    }

    function _account(uint8 kind, bytes20 id) private pure returns (bytes21) {
        return bytes21(abi.encodePacked(kind, id));
    }
}
