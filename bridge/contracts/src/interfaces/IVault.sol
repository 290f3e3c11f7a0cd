// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "./IInbox.sol";
import {IRootChain} from "./IRootChain.sol";

/// @title The vault: the money of the child chain
/// @notice Takes deposits and pays withdrawals that stand as leaves in a final checkpoint's state. Its own counters say what it holds
/// for the child (deposited − paid per token), never `balanceOf`, which a stranger can raise.
///
/// A withdrawal pays its payee (`IExits.payee`) and nobody else, whoever carries the proof: the recipient in its leaf, unless that one, or who had it then, gave it to somebody else. The leaf's index, which the state root
/// authenticates, is its nullifier. A payout that fails stays claimable and hinders no other.
///
/// A hostile token harms its own holders only. A token whose balances shrink by themselves can leave less here than its escrow;
/// then its last claims wait.
interface IVault {
    /// @notice An account of the child chain. Kind 0: an Ethereum address; kind 1: 20 bytes of the hash of an Ed25519 key.
    struct Account {
        uint8 kind;
        bytes20 id;
    }

    /// @notice A withdrawal leaf: value kind 0x07, key keccak(0x07 ‖ number), value recipient ‖ token ‖ amount.
    /// @param next the leaf's next key.
    struct Withdrawal {
        uint32 index;
        uint64 number;
        address recipient;
        address token;
        uint128 amount;
        bytes32 next;
    }

    /// @notice The final checkpoint that a claim is proven under.
    /// @param leafCount number of leaves of its state, hashed into the state root.
    struct Base {
        IRootChain.Checkpoint checkpoint;
        IRootChain.Acceptance acceptance;
        uint32 leafCount;
    }

    /// @notice A deposit of `amount` of `token` (zero: the native coin), and `native` wei of the native coin with a token.
    /// @param index of the message that carries it to the child.
    event Deposited(
        uint64 indexed index, address indexed token, address indexed depositor, uint128 amount, uint128 native, uint8 recipientKind, bytes20 recipientId
    );
    /// @notice Native coin was given to the reward pool of the child.
    /// @param index of the message that carries it to the child.
    event RewardsFunded(uint64 indexed index, address indexed funder, uint128 amount);
    /// @notice A withdrawal was paid to its payee.
    event Claimed(uint32 indexed index, address indexed payee, address indexed token, uint128 amount, uint64 number);
    /// @notice The withdrawal was proven but could not be paid within a batch; it stays claimable.
    /// @param recipient that of the leaf, also where another payee (`IExits.payee`) did not take it.
    event PayoutFailed(uint32 indexed index, address indexed recipient, address indexed token, uint128 amount, uint64 number);

    /// @notice Amounts are 1 to 2^96.
    error AmountOutOfRange(uint256 amount);
    /// @notice At most 2^112 of one token is held.
    error EscrowLimit(address token, uint256 held);
    /// @notice The child knows account kinds 0 and 1.
    error RecipientKind(uint8 kind);
    error RecipientZero();
    error RefundZero();
    /// @notice A recipient or refund address that is a contract of this deployment, its verifier or the token itself: nobody could ever
    /// use or claim what it gets.
    error AccountUnusable(address account);
    /// @notice The value sent does not cover the amount and the inbox price.
    error ValueTooLow(uint256 needed, uint256 value);
    /// @notice The value sent above amount and price could not be given back.
    error ExcessNotTaken(address sender, uint256 excess);
    /// @notice There is no contract at the token's address.
    error NoToken(address token);
    /// @notice The token does not answer `allowance` with one word, as an ERC-20 does. An ERC-721 has balances and a `transferFrom` too, but
    /// no `transfer`: a deposit of one could never be paid out.
    error NoAllowance(address token);
    /// @notice A token's transfer to this contract succeeded, but this contract's balance did not grow.
    error NothingArrived(address token, uint256 amount);
    /// @notice A token's balance of this contract fell by another amount than was paid.
    error PaidOtherThan(address token, uint256 amount, uint256 fell);
    error Reentered();
    error OnlyItself(address sender);
    error OnlyRegistry(address sender);
    error OnlyExits(address sender);
    /// @notice This asset of this message was refunded.
    error AlreadyRefunded(uint64 message);
    error AlreadyClaimed(uint32 index);
    /// @notice The state has no leaf with this index.
    error IndexBeyondCount(uint32 index, uint32 count);
    /// @notice The proof leads to another root than the checkpoint's.
    error StateRootMismatch(bytes32 expected, bytes32 computed);
    /// @notice More than the escrow of that token would be paid.
    error EscrowExceeded(address token, uint256 held, uint256 amount);
    /// @notice The recipient did not take the native coin.
    error NotTaken(address recipient, uint256 amount);
    error NothingToClaim();
    /// @notice A claim, or a batch before its next payout, has less gas left than a payout may need.
    error GasTooLow(uint256 needed, uint256 left);

    /// @notice Takes Σ of genesis. By the Registry, in the transaction that creates RootChain.
    function fund() external payable;

    /// @notice Deposits the native coin. `msg.value` is at least `quote(amount)`; what is over it returns to the caller.
    /// @param refund who can claim the amount on root if the child cannot credit it.
    /// @return index the message's index.
    function depositNative(uint128 amount, Account calldata recipient, address refund) external payable returns (uint64 index);

    /// @notice Deposits a token that the caller approved, and `native` wei of the native coin with it (for fees; may be 0).
    /// @dev What is credited is what arrived, measured, so a token that takes a fee credits less than `amount`.
    /// `msg.value` is at least `quote(native)`; what is over it returns to the caller.
    function depositToken(address token, uint128 amount, uint128 native, Account calldata recipient, address refund)
        external
        payable
        returns (uint64 index, uint128 received);

    /// @notice Gives native coin to the reward pool of the child, which goes to those who validate and delegate, a part of it each epoch.
    /// It is a gift: nobody can take it back, and it is no deposit of anybody's. `msg.value` is at least `quote(amount)`; what is over it
    /// returns to the caller.
    /// @return index the message's index.
    function fundRewards(uint128 amount) external payable returns (uint64 index);

    /// @notice Pays one withdrawal, or reverts with the reason that it could not. The payout may use all gas that the call brings, so
    /// also a token whose transfer takes more than a batch allows can be claimed. It has 500,000 at least: with less the call reverts.
    /// @param siblings the 32 siblings on the path of the leaf, lowest first.
    function claim(Base calldata base, Withdrawal calldata withdrawal, bytes32[] calldata siblings) external;

    /// @notice Pays those of several withdrawals that are unpaid and can be paid with 500,000 gas each; the others are left as they are,
    /// and may still be paid by `claim`.
    /// @dev Every payout that is tried has its 500,000 gas, whoever carries it: with less left the call reverts, so bring about 520,000
    /// more than what is used. So no payout fails because the carrier brought too little gas.
    /// @param withdrawals strictly ascending by leaf index.
    /// @param siblings one multiproof (PROTOCOL, section 1).
    /// @return paid how many were paid by this call.
    function claimBatch(Base calldata base, Withdrawal[] calldata withdrawals, bytes32[] calldata siblings)
        external
        returns (uint256 paid);

    /// @notice One payout, all or nothing. Only called by this contract itself.
    function payOut(Withdrawal calldata withdrawal) external;

    /// @notice Pays what a leaf of the exits' base gives, under the same nullifier as claims, all or nothing. Only called by Exits.
    function payLeaf(uint32 index, address token, address to, uint128 amount) external;

    /// @notice Pays back what a message brought that the exits' base had not consumed, once: the native coin or the token. Only called by
    /// Exits.
    function payMessage(uint64 message, address token, address to, uint128 amount) external;

    /// @notice Reverts where an account on this chain cannot use what it gets: a contract of this deployment, its verifier, or the token.
    function requireUsable(address token, address account) external view;

    /// @notice The value to send with a deposit or a funding of `native` wei: those and the inbox price of this block.
    function quote(uint128 native) external view returns (uint256 value);

    /// @notice All that was ever deposited and given, and paid, of a token. Σ of genesis is the native coin's first deposit.
    function totals(address token) external view returns (uint128 deposited, uint128 paid);

    /// @notice deposited − paid.
    function escrow(address token) external view returns (uint256);

    /// @notice Whether the leaf with this index was paid, as a withdrawal or as an exit.
    function claimed(uint32 index) external view returns (bool);

    /// @notice Whether the native coin or the token that this message brought was paid back.
    function refunded(uint64 message, bool native) external view returns (bool);

    function registry() external view returns (address);
    function inbox() external view returns (IInbox);
    function rootChain() external view returns (IRootChain);
}
