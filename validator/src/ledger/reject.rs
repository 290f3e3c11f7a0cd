//! Why a transaction is refused: each reason with the numbers that disagree and what to do about it.
//!
//! A reject is about the transaction; that the node is broken is a [`Fault`](super::leaves::LeafFault), another type.

use plasmid_bridge::proof::bytes::DecodeError;

use super::account::Account;
use super::code::Code;

/// A refused transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// Bytes that do not decode.
    #[error(
        "malformed transaction: {0}; send the canonical bytes of one transaction and nothing else"
    )]
    Malformed(#[from] DecodeError),
    /// Bytes that decode to no value.
    #[error("malformed transaction: {field} is {found}; {allowed}")]
    BadField {
        /// Name of the field.
        field: &'static str,
        /// The value that was found.
        found: u64,
        /// The values that are allowed, as a phrase.
        allowed: &'static str,
    },
    /// Bytes that are no text.
    #[error(
        "malformed transaction: {field} {why}; a text is UTF-8 without control characters, and zeros behind it"
    )]
    BadText {
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A kind of transaction that this version does not carry out.
    #[error(
        "transaction kind {kind:#04x} is not supported; this version knows transfer (1), withdraw (2), set payout (3), record (4) and those of stake (16 to 32)"
    )]
    UnsupportedKind {
        /// The kind byte that was found.
        kind: u8,
    },
    /// A scheme that this version does not verify.
    #[error(
        "authentication scheme {scheme} is not supported; sign with ed25519 (1) or secp256k1 (2)"
    )]
    UnsupportedScheme {
        /// The scheme byte that was found.
        scheme: u8,
    },
    /// Lanes above 0 are reserved.
    #[error("nonce lane {lane} is not supported; use lane 0")]
    UnsupportedLane {
        /// The lane that was found.
        lane: u16,
    },
    /// Fee payers are reserved.
    #[error("a fee payer ({payer}) is not supported; leave it empty, the sender pays")]
    UnsupportedFeePayer {
        /// The fee payer that was named.
        payer: Account,
    },
    /// It belongs in another place.
    #[error("not allowed here: {why}")]
    NotAllowedHere {
        /// The reason, as a sentence.
        why: &'static str,
    },
    /// Root takes no checkpoint of this chain any more.
    #[error(
        "not taken any more: {why}, so that no checkpoint with this transaction counts on root and it could not change what anybody is paid; leave with `plasmid exit`"
    )]
    Over {
        /// What happened on root, as the beginning of a sentence.
        why: String,
    },
    /// Stake that nobody could take out again.
    #[error(
        "not taken any more: the deployment is closing, with exit mode from root time {exit_at} on, and nobody leaves with stake yet; withdrawals and transfers are taken until then"
    )]
    ClosingStake {
        /// When exit mode begins, in seconds of root's clock.
        exit_at: u64,
    },
    /// Longer than allowed.
    #[error("{what} has {length} bytes; at most {limit} are allowed")]
    TooLarge {
        /// What is too long.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The largest length in bytes.
        limit: usize,
    },
    /// Nothing to move.
    #[error("the amount is 0; it must be at least 1")]
    ZeroAmount,
    /// An account that cannot be paid.
    #[error("account {account} cannot receive: its kind is {}, and only 0 (Ethereum, not the zero address) and 1 (Ed25519) can", account.kind)]
    BadRecipient {
        /// The account that was named.
        account: Account,
    },
    /// An account for which nobody can act.
    #[error(
        "{account} is a contract of this deployment, or the token itself: nobody could ever use or claim what it receives; name another recipient"
    )]
    UnusableRecipient {
        /// The account that was named.
        account: Account,
    },
    /// What only an operator does, by an account that can be none.
    #[error(
        "{sender} is not an operator: an operator signs with the key of its address on root, an account of kind 0"
    )]
    NotOperator {
        /// The account that signed.
        sender: Account,
    },
    /// A withdrawal to nobody.
    #[error("a withdrawal to the zero address would be lost; name an address on the root chain")]
    ZeroRecipient,
    /// The signature does not verify.
    #[error("bad signature: {why}")]
    BadSignature {
        /// What does not verify.
        why: &'static str,
    },
    /// The signature is another account's.
    #[error(
        "the signature is of {signer}, the sender is {sender}; sign with the sender's key, over this chain's domain and unchanged fields"
    )]
    WrongSender {
        /// The account that the transaction names as its sender.
        sender: Account,
        /// The account whose key signed.
        signer: Account,
    },
    /// Too late.
    #[error(
        "valid until height {valid_until}, the block is {height}; sign again with a later height"
    )]
    Expired {
        /// The last height at which the transaction may apply.
        valid_until: u64,
        /// The height of the block.
        height: u64,
    },
    /// It expires so soon that it may be too late for the next block.
    #[error(
        "valid until height {valid_until}, and the mempool takes only what is valid until {least} at least, because the next block may be made already; sign again with a later height"
    )]
    ExpiresSoon {
        /// The last height at which the transaction may apply.
        valid_until: u64,
        /// The lowest such height that the mempool takes now.
        least: u64,
    },
    /// The sequence was used before.
    #[error("sequence {found} was used, the next one is {expected}; sign again with that")]
    NonceUsed {
        /// The sender's next sequence.
        expected: u64,
        /// The sequence of the transaction.
        found: u64,
    },
    /// Transactions before it are missing.
    #[error("sequence {found} is ahead, the next one is {expected}; send the missing ones first")]
    NonceAhead {
        /// The sender's next sequence.
        expected: u64,
        /// The sequence of the transaction.
        found: u64,
    },
    /// The fee is too low.
    #[error(
        "the fee is {fee}, the least now is {minimum} ({length} bytes, {leaves} new leaves); sign again with at least that"
    )]
    FeeTooLow {
        /// The fee that the transaction offers, in base units of the native asset.
        fee: u128,
        /// The lowest fee that applies now, in base units of the native asset.
        minimum: u128,
        /// Length of the transaction in bytes.
        length: usize,
        /// Number of leaves that the transaction makes.
        leaves: u32,
    },
    /// The balance is too low.
    #[error("{sender} has {balance} of {asset}, the transaction takes {needed}")]
    InsufficientBalance {
        /// The account that pays.
        sender: Account,
        /// The asset that is short.
        asset: Asset,
        /// What the account has, in base units.
        balance: u128,
        /// What the transaction takes, in base units.
        needed: u128,
    },
    /// The balance is too low for what waits.
    #[error(
        "{sender} has {balance} of {asset}; its waiting transactions and this one take {needed}; wait for blocks that hold them, or send less"
    )]
    QueueNotCovered {
        /// The account that pays.
        sender: Account,
        /// The asset that is short.
        asset: Asset,
        /// What the account has, in base units.
        balance: u128,
        /// What the transaction and those that wait before it take together, in base units.
        needed: u128,
    },
    /// Nobody deposited this token.
    #[error("{token} is unknown on this chain; a deposit from the root chain makes it known")]
    UnknownToken {
        /// The token that no deposit has brought yet.
        token: Asset,
    },
    /// Staking refuses it.
    #[error(transparent)]
    Stake(#[from] plasmid_staking::Reject),
    /// A sum that does not fit.
    #[error("{what} would overflow: {left} + {right} is beyond its width")]
    Overflow {
        /// What overflows.
        what: &'static str,
        /// The value that is held.
        left: u128,
        /// The value that was to be added.
        right: u128,
    },
    /// The state takes no more leaves.
    #[error(
        "the state holds {count} leaves, and no transaction of this kind can add one above the limit of {limit}; withdrawals and Inbox credits have the last 2^30 places for themselves"
    )]
    StateFull {
        /// Number of leaves in the state.
        count: u32,
        /// The protocol's limit for this kind of transaction: 2^32 - 2^30, or 2^32 - 1 for withdrawals and Inbox credits.
        limit: u32,
    },
    /// These bytes are pending already.
    #[error("this transaction is already pending; wait for it")]
    Known,
    /// The pool has no room.
    #[error(
        "the pool of waiting transactions has no room for this one: {held} of {limit} places are taken; try again later, or offer a higher fee"
    )]
    PoolFull {
        /// Number of places that are taken.
        held: usize,
        /// The largest number of places.
        limit: usize,
    },
    /// The pending transaction pays too much.
    #[error(
        "a pending transaction with this sequence pays {pending}; to replace it pay at least {minimum}, not {fee}"
    )]
    ReplacementUnderpriced {
        /// The fee of the transaction that waits, in base units of the native asset.
        pending: u128,
        /// The lowest fee with which it can be replaced.
        minimum: u128,
        /// The fee that was offered.
        fee: u128,
    },
    /// A transaction waits at this sequence, and nobody asked to replace it.
    #[error(
        "another transaction with sequence {sequence} waits; sign with the next free one, {next}, or ask to replace it and pay at least {minimum}"
    )]
    SequenceWaits {
        /// The sequence at which a transaction waits already.
        sequence: u64,
        /// The first sequence of the sender at which nothing waits.
        next: u64,
        /// The lowest fee with which the waiting transaction can be replaced by name.
        minimum: u128,
    },
    /// One about the same position or line waits.
    #[error(
        "another transaction about {what} waits, and a node holds one at a time; send this one when that one is in a block"
    )]
    TopicWaits {
        /// What both are about.
        what: &'static str,
    },
    /// Too many replacements.
    #[error(
        "waiting transactions of this sender were replaced {times} times since the last block, which is the limit; try again after the next block"
    )]
    ReplacedOften {
        /// How many times waiting transactions of the sender were replaced since the last block.
        times: u32,
    },
    /// Too much was given up for others.
    #[error(
        "the number of waiting transactions that were replaced or made room for others in the last two blocks has reached its limit for this bid; try again after the next block, or offer a fee that is several times as high"
    )]
    MadeRoomOften,
    /// It waited, and was removed from the mempool.
    #[error(
        "this transaction was removed from the mempool: its sender can no longer pay for it, it did not apply, it made room for others, or it waited too long for the one before it; sign and send it again"
    )]
    GivenUp,
    /// It is not a bundle as nodes make them.
    #[error("this is not a bundle of transactions that this node passes on: {why}")]
    Bundle {
        /// What is wrong with it.
        why: String,
    },
    /// Too little of it still needs a bundle.
    #[error(
        "most of this bundle of transactions is carried by others, stands in a block or is refused; what was new of it was taken"
    )]
    StaleBundle,
}

/// A token in a message: the zero address is the native coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset(pub [u8; 20]);

impl std::fmt::Display for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            token if token == [0; 20] => f.write_str("the native coin"),
            token => write!(f, "token {}", Account::ethereum(token)),
        }
    }
}

impl Reject {
    /// Refuses what is longer than `limit` bytes.
    pub(super) const fn check_length(
        what: &'static str,
        length: usize,
        limit: usize,
    ) -> Result<(), Self> {
        match length <= limit {
            true => Ok(()),
            false => Err(Self::TooLarge {
                what,
                length,
                limit,
            }),
        }
    }

    /// A fee that is less than a tenth above `pending`, so that its transaction does not replace the waiting one.
    pub fn replacement_underpriced(pending: u128, fee: u128) -> Self {
        let minimum = raised(pending);
        Self::ReplacementUnderpriced {
            pending,
            minimum,
            fee,
        }
    }

    /// The code in the frozen table.
    pub const fn code(&self) -> Code {
        match self {
            Self::Stake(_) | Self::NotOperator { .. } => Code::Stake,
            Self::Malformed(_)
            | Self::BadField { .. }
            | Self::BadText { .. }
            | Self::Bundle { .. } => Code::Malformed,
            Self::UnsupportedKind { .. }
            | Self::UnsupportedScheme { .. }
            | Self::UnsupportedLane { .. }
            | Self::UnsupportedFeePayer { .. } => Code::Unsupported,
            Self::NotAllowedHere { .. } | Self::Over { .. } | Self::ClosingStake { .. } => {
                Code::NotAllowedHere
            }
            Self::TooLarge { .. } => Code::TooLarge,
            Self::ZeroAmount => Code::ZeroAmount,
            Self::BadRecipient { .. } | Self::UnusableRecipient { .. } | Self::ZeroRecipient => {
                Code::BadRecipient
            }
            Self::BadSignature { .. } => Code::BadSignature,
            Self::WrongSender { .. } => Code::WrongSender,
            Self::Expired { .. } | Self::ExpiresSoon { .. } => Code::Expired,
            Self::NonceUsed { .. } => Code::NonceUsed,
            Self::NonceAhead { .. } => Code::NonceAhead,
            Self::FeeTooLow { .. } => Code::FeeTooLow,
            Self::InsufficientBalance { .. } | Self::QueueNotCovered { .. } => {
                Code::InsufficientBalance
            }
            Self::UnknownToken { .. } => Code::UnknownToken,
            Self::Overflow { .. } => Code::Overflow,
            Self::StateFull { .. } => Code::StateFull,
            Self::Known | Self::StaleBundle => Code::Known,
            Self::PoolFull { .. }
            | Self::ReplacedOften { .. }
            | Self::MadeRoomOften
            | Self::GivenUp => Code::PoolFull,
            Self::ReplacementUnderpriced { .. }
            | Self::SequenceWaits { .. }
            | Self::TopicWaits { .. } => Code::ReplacementUnderpriced,
        }
    }

    /// Whether the same bytes may succeed later, so that a retry makes sense.
    pub const fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Self::NonceAhead { .. }
                | Self::InsufficientBalance { .. }
                | Self::UnknownToken { .. }
                | Self::QueueNotCovered { .. }
                | Self::PoolFull { .. }
                | Self::ReplacedOften { .. }
                | Self::MadeRoomOften
                | Self::GivenUp
                | Self::ReplacementUnderpriced { .. }
                | Self::SequenceWaits { .. }
                | Self::TopicWaits { .. }
        )
    }
}

/// The least that is a tenth above, rounded up: what it takes to take another's place.
pub fn raised(held: u128) -> u128 {
    held.saturating_add(held.div_ceil(10))
        .max(held.saturating_add(1))
}
