//! Result codes: a frozen table, because codes are hashed into the next header (PROTOCOL section 4).

#[cfg(test)]
mod tests;

/// What became of a transaction. Numbers never change and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Code {
    /// It had its effect.
    Ok = 0,
    /// The bytes are no transaction.
    Malformed = 1,
    /// Decoded, but this version does not carry it out.
    Unsupported = 2,
    /// The signature does not verify.
    BadSignature = 3,
    /// The signature is of another account.
    WrongSender = 4,
    /// The sequence was used before.
    NonceUsed = 5,
    /// Earlier transactions of the sender are missing.
    NonceAhead = 6,
    /// The height is past the last valid one.
    Expired = 7,
    /// The fee is below the minimum.
    FeeTooLow = 8,
    /// The sender has less than it would pay.
    InsufficientBalance = 9,
    /// No asset of that address was ever deposited.
    UnknownToken = 10,
    /// An amount of zero.
    ZeroAmount = 11,
    /// Nobody can receive there.
    BadRecipient = 12,
    /// A sum beyond 128 bits, or a counter at its end.
    Overflow = 13,
    /// The state takes no more leaves of this kind.
    StateFull = 14,
    /// Longer than allowed.
    TooLarge = 15,
    /// This transaction is already in the pool.
    Known = 16,
    /// The pool has no room.
    PoolFull = 17,
    /// A pending transaction of the same sequence pays too much to be replaced by this one.
    ReplacementUnderpriced = 18,
    /// It may stand in another place only.
    NotAllowedHere = 19,
    /// A message whose value became a withdrawal.
    Refunded = 20,
    /// A message or misbehavior without effect.
    Recorded = 21,
    /// Staking refuses it: the log says why.
    Stake = 22,
}

impl Code {
    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 23] = [
        Self::Ok,
        Self::Malformed,
        Self::Unsupported,
        Self::BadSignature,
        Self::WrongSender,
        Self::NonceUsed,
        Self::NonceAhead,
        Self::Expired,
        Self::FeeTooLow,
        Self::InsufficientBalance,
        Self::UnknownToken,
        Self::ZeroAmount,
        Self::BadRecipient,
        Self::Overflow,
        Self::StateFull,
        Self::TooLarge,
        Self::Known,
        Self::PoolFull,
        Self::ReplacementUnderpriced,
        Self::NotAllowedHere,
        Self::Refunded,
        Self::Recorded,
        Self::Stake,
    ];

    /// The codespace of every result.
    pub const SPACE: &'static str = "plasmid";

    /// The number in ABCI results.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The code of a number.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The name in the protocol's table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::BadSignature => "bad_signature",
            Self::WrongSender => "wrong_sender",
            Self::NonceUsed => "nonce_used",
            Self::NonceAhead => "nonce_ahead",
            Self::Expired => "expired",
            Self::FeeTooLow => "fee_too_low",
            Self::InsufficientBalance => "insufficient_balance",
            Self::UnknownToken => "unknown_token",
            Self::ZeroAmount => "zero_amount",
            Self::BadRecipient => "bad_recipient",
            Self::Overflow => "overflow",
            Self::StateFull => "state_full",
            Self::TooLarge => "too_large",
            Self::Known => "known",
            Self::PoolFull => "pool_full",
            Self::ReplacementUnderpriced => "replacement_underpriced",
            Self::NotAllowedHere => "not_allowed_here",
            Self::Refunded => "refunded",
            Self::Recorded => "recorded",
            Self::Stake => "stake",
        }
    }
}
