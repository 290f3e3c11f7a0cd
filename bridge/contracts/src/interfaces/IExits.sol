// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "./IInbox.sol";
import {IRootChain} from "./IRootChain.sol";
import {IVault} from "./IVault.sol";

/// @title The ways out: everybody leaves with what the last final state gives, and no validator is needed
/// @notice Once exit mode has begun on RootChain and its last checkpoint is final, `open` fixes the base: one state root and one inbox
/// cursor, for ever. From then on, without an end, leaves of that state are paid (`exit`), and deposits that it had not consumed go back
/// (`refund`). Whoever carries a proof, the money goes to whom the leaf belongs. A leaf's index is its nullifier, shared with the claims
/// of the Vault: indices never change, so what was claimed under an earlier state is not paid again.
///
/// | leaf of the state | pays | to |
/// |---|---|---|
/// | 0x02 account | the native balance | its owner |
/// | 0x03 token balance | the amount | its owner |
/// | 0x07 withdrawal | the amount | its payee: its recipient, or whom it was assigned to |
/// | 0x05 fee pool, 0x14 rewards | the amount, the pool | the residue address of the parameters; where that is zero they stay |
///
/// The owner of kind 0 is an address on this chain. An account of kind 1 is the hash of a key, and money is never paid to a hash: its
/// payout is what it named here by a signature, or else what its account leaf says. Until one of both is there its leaves wait, for ever
/// if need be. Stakes, unbonding and rewards are not paid here.
interface IExits {
    /// @notice A leaf of the state (PROTOCOL, section 3), opened so far that both its key and its value can be computed.
    /// @param fields what the key hashes behind the kind: an account, an account and a token, a number, or nothing.
    /// @param account for a token balance of an account of kind 1: the place in the same batch of that account's leaf, counted from 1; 0
    /// where the account named its payout here. For the pools: the place of the parameters' leaf. Else 0.
    struct Leaf {
        uint32 index;
        uint8 kind;
        uint16 account;
        bytes32 next;
        bytes fields;
        bytes value;
    }

    /// @notice The base.
    /// @param opened false before `open`; everything else is 0 then.
    /// @param inboxCursor messages above it were not consumed.
    /// @param epochs how many checkpoints stand; 0: the state is that of genesis.
    struct Base {
        bytes32 stateRoot;
        uint64 inboxCursor;
        uint64 epochs;
        bool opened;
    }

    event Opened(bytes32 stateRoot, uint64 inboxCursor, uint64 epochs);
    event Exited(uint32 indexed index, address indexed recipient, address indexed token, uint128 amount);
    /// @notice The leaf is proven and unpaid, and could not be paid within a batch: `exitAlone` may still pay it.
    event ExitFailed(uint32 indexed index, address indexed recipient, address indexed token, uint128 amount);
    /// @notice The leaf's account has no payout yet.
    event ExitWaits(uint32 indexed index, address indexed token, uint128 amount);
    event Refunded(uint64 indexed message, address indexed recipient, address indexed token, uint128 amount);
    /// @notice A withdrawal is paid to `to` from now on, in its recipient's place.
    event Assigned(uint64 indexed number, address indexed recipient, address indexed to);
    /// @notice The owner of a withdrawal sells it. A price of 0 takes the offer back.
    event Offered(uint64 indexed number, address indexed recipient, uint128 price, uint64 deadline);
    event Bought(uint64 indexed number, address indexed recipient, address indexed seller, address to, uint128 price);
    /// @notice An account has said where its leaves are paid.
    event Named(uint8 kind, bytes20 indexed id, address indexed payout, uint64 nonce);

    error NotOpened();
    error AlreadyOpened();
    /// @notice The base is another checkpoint.
    error NotBase(uint64 base, uint64 given);
    error NothingToExit();
    /// @notice No more than `leaves` leaves are given, and `place` is behind all of them.
    error NoSuchPlace(uint256 place, uint256 leaves);
    /// @notice The state has no leaf with this index.
    error IndexBeyondCount(uint32 index, uint32 count);
    /// @notice Leaves of this kind pay nobody.
    error NotPayable(uint32 index, uint8 kind);
    /// @notice Fields or value of a leaf do not have the width of its kind.
    error LeafWidth(uint32 index, uint8 kind);
    /// @notice `account` does not lead to the leaf that says where this one is paid.
    error WrongAccount(uint32 index, uint16 account);
    /// @notice The account of this leaf has neither a payout in its leaf nor named one here.
    error NoPayout(uint32 index);
    /// @notice The leaf has nothing to pay.
    error NothingHeld(uint32 index);
    /// @notice The proof leads to another root than the base's.
    error StateRootMismatch(bytes32 expected, bytes32 computed);
    /// @notice The message was consumed by the base's state.
    error Consumed(uint64 message, uint64 cursor);
    /// @notice The message carried no money that comes back.
    error NothingToRefund(uint64 message, uint8 kind);
    error PayoutZero();
    /// @notice Only whom the withdrawal is paid to now may give it to somebody else or sell it.
    error NotOwner(address owner, address caller);
    error NotOffered(uint64 number, address recipient);
    error OfferOver(uint64 deadline);
    error WrongPrice(uint128 price, uint256 given);
    /// @notice The checkpoint is void: all from `standing` on are, and their withdrawals are paid by nobody.
    error Void(uint64 epoch, uint64 standing);
    /// @notice The withdrawal was paid already.
    error AlreadyClaimed(uint32 index);
    /// @notice The seller does not take the price.
    error PriceNotTaken(address seller, uint128 price);
    /// @notice Not a signature of this key over the naming with this nonce.
    error BadNaming(bytes32 key, uint64 nonce);
    /// @notice Root's time is behind the one until which the naming may be carried.
    error NamingLate(uint64 deadline);
    error GasTooLow(uint256 needed, uint256 left);

    /// @notice Fixes the base, by its content, and makes it final on the way. By anyone, once.
    /// @param checkpoint, acceptance of the last accepted checkpoint; where none was accepted, anything.
    function open(IRootChain.Checkpoint calldata checkpoint, IRootChain.Acceptance calldata acceptance) external;

    /// @notice Pays those of several leaves that are unpaid, have a payout and can be paid with 500,000 gas each; the others are left as
    /// they are.
    /// @param leafCount number of leaves of the base's state.
    /// @param leaves strictly ascending by index. The leaf of the parameters may stand among them, and pays nothing.
    /// @param siblings one multiproof (PROTOCOL, section 1).
    /// @return paid how many were paid by this call.
    function exit(uint32 leafCount, Leaf[] calldata leaves, bytes32[] calldata siblings) external returns (uint256 paid);

    /// @notice Pays one of these leaves, with all gas that the call brings, or reverts with the reason that it could not. The others only
    /// show its payout.
    /// @param place of the leaf that is paid, from 0.
    function exitAlone(uint32 leafCount, Leaf[] calldata leaves, uint256 place, bytes32[] calldata siblings) external;

    /// @notice Gives back what a deposit or a funding brought that the base had not consumed: to the refund address of the deposit, or to
    /// the funder. The payout may use all gas that the call brings, and has 500,000 at least.
    /// @param message its bytes, as in the Inbox's event.
    /// @param native the native coin that it brought, and not the token: of a token with native coin beside it each is paid by its own call.
    /// @param before the link of the message before it.
    /// @param behind hashes of the messages behind it, up to a link that the Inbox keeps.
    function refund(bytes calldata message, bool native, bytes32 before, bytes32[] calldata behind) external;

    /// @notice Says where the leaves of the caller's own account (kind 0) are paid: for contracts that cannot take the native coin. It may
    /// be said at any time, again and before there is a base.
    function name(address payout) external;

    /// @notice Says where the leaves of the account of this key (kind 1) are paid. Anyone may carry it.
    /// @dev The signature is over the EIP-712 digest of `ExitPayout(bytes20 account,address payout,uint64 nonce,uint64 deadline)` in
    /// the deployment's domain (PROTOCOL, section 4), nonce the account's `named(...)` one, so the later of two cannot be undone by the
    /// earlier. Whoever had a key sign a nonce to come, by a lie about the present one, can keep that only until the deadline.
    /// @param key the Ed25519 key, 32 bytes.
    /// @param deadline the last time of a block in which it is taken, in seconds.
    /// @param r, s the signature.
    /// @param xKey, xR x-coordinates of the key's and of r's point: hints that are checked.
    function nameByKey(
        bytes32 key,
        address payout,
        uint64 deadline,
        bytes32 r,
        bytes32 s,
        uint256 xKey,
        uint256 xR
    ) external;

    /// @notice Gives a withdrawal to somebody else, for nothing: whoever claims it, and every exit of it, pays `to`. By its owner: the recipient first, and then whom it was given to or who bought it.
    /// An offer that stands is gone with it. It may be done at any time: what was paid already is paid, and what the child never holds pays nobody.
    /// @param number, recipient of the withdrawal, as its leaf has them. A number is given once, so both name one withdrawal of every state that can be final.
    function assign(uint64 number, address recipient, address to) external;

    /// @notice Offers a withdrawal for a price in the native coin, until a deadline. By its owner. A newer offer takes the place of an older one; a price of 0 takes it back.
    function offer(uint64 number, address recipient, uint128 price, uint64 deadline) external;

    /// @notice Buys a withdrawal that is offered, and pays its owner the price in this call. The withdrawal is shown, in the form of a claim, under a checkpoint that root has accepted, final or not. Where that
    /// checkpoint becomes void and the base does not have the withdrawal, it is worth nothing and the price is not given back: its seller has its balance on the child again, under the base.
    /// `msg.value` is the price, neither less nor more. Whatever changes before the call is mined (the price, the owner, a claim, a void) makes it revert.
    /// @param shown the checkpoint under whose state the withdrawal stands.
    /// @param withdrawal with all that it pays.
    /// @param siblings its proof.
    /// @param to whom the withdrawal is paid to from now on.
    function buy(
        IVault.Base calldata shown,
        IVault.Withdrawal calldata withdrawal,
        bytes32[] calldata siblings,
        address to
    ) external payable;

    /// @notice Whom a withdrawal is paid to.
    function payee(uint64 number, address recipient) external view returns (address);

    /// @notice The price of a withdrawal and the deadline of that offer; 0 where it is not offered.
    function offered(uint64 number, address recipient) external view returns (uint128 price, uint64 deadline);

    /// @notice What an account named: zero, if nothing, and the nonce of the next naming by its key.
    function named(uint8 kind, bytes20 id) external view returns (address payout, uint64 nonce);

    /// @notice The digest that the account of kind 1 signs.
    function namingDigest(bytes20 account, address payout, uint64 nonce, uint64 deadline)
        external
        view
        returns (bytes32);

    function base() external view returns (Base memory);
    function rootChain() external view returns (IRootChain);
    function inbox() external view returns (IInbox);
    function vault() external view returns (IVault);
}
