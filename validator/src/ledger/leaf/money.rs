//! Leaves that count money: accounts, tokens, assets, fees, withdrawals; and records, which only cost it.

use plasmid_bridge::proof::bytes::Reader;

use super::{LeafError, Value, refuse};
use crate::ledger::slot::width;

/// The native coin's address: zero.
pub const NATIVE: [u8; 20] = [0; 20];

/// An account: what a missing leaf means is all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AccountLeaf {
    /// Native coin.
    pub balance: u128,
    /// Next sequence of lane 0.
    pub sequence: u64,
    /// Where exits of this account are paid on root; zero when not named.
    pub payout: [u8; 20],
}

impl Value for AccountLeaf {
    const KIND: u8 = 0x02;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.balance.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.payout);
        bytes.extend([0; 20]);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let value = Self {
            balance: reader.u128()?,
            sequence: reader.u64()?,
            payout: reader.array()?,
        };
        match reader.array::<20>()?.into_iter().find(|byte| *byte != 0) {
            Some(byte) => Err(refuse::<Self>("reserved byte", u64::from(byte))),
            None => Ok(value),
        }
    }
}

/// Balance of a token that is not the native coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TokenBalance {
    /// The token, so that whoever has the leaves can add them up without their keys' preimages.
    pub token: [u8; 20],
    /// In the token's smallest unit.
    pub amount: u128,
}

impl Value for TokenBalance {
    const KIND: u8 = 0x03;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.amount.to_be_bytes());
        bytes.extend(self.token);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            amount: reader.u128()?,
            token: reader.array()?,
        })
    }
}

/// An asset: Σ of everything that claims it is credited − withdrawn, after every block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AssetLeaf {
    /// Its address on root; zero the native coin.
    pub token: [u8; 20],
    /// All that root was ever told to have taken in for it, as the child saw.
    pub credited: u128,
    /// All that ever became a withdrawal.
    pub withdrawn: u128,
    /// For display only.
    pub decimals: u8,
    /// Bytes of the symbol, 0 to 32.
    pub symbol_length: u8,
    /// For display only, zeros behind.
    pub symbol: [u8; 32],
}

impl AssetLeaf {
    /// An asset of which nothing was credited yet. Bytes of the symbol past its length are dropped, and a length above 32 counts as 32.
    pub fn new(token: [u8; 20], decimals: u8, symbol_length: u8, symbol: &[u8; 32]) -> Self {
        let symbol_length = symbol_length.min(32);
        let mut kept = [0; 32];
        for (to, from) in kept.iter_mut().zip(symbol).take(usize::from(symbol_length)) {
            *to = *from;
        }
        Self {
            token,
            decimals,
            symbol_length,
            symbol: kept,
            ..Self::default()
        }
    }

    /// The symbol as text, what is no UTF-8 replaced.
    pub fn symbol_text(&self) -> String {
        let symbol = self
            .symbol
            .get(..usize::from(self.symbol_length))
            .unwrap_or(&self.symbol);
        String::from_utf8_lossy(symbol).into_owned()
    }
}

impl Value for AssetLeaf {
    const KIND: u8 = 0x04;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.credited.to_be_bytes());
        bytes.extend(self.withdrawn.to_be_bytes());
        bytes.push(self.decimals);
        bytes.push(self.symbol_length);
        bytes.extend(self.symbol);
        bytes.extend(self.token);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let value = Self {
            credited: reader.u128()?,
            withdrawn: reader.u128()?,
            decimals: reader.u8()?,
            symbol_length: reader.u8()?,
            symbol: reader.array()?,
            token: reader.array()?,
        };
        if value.symbol_length > 32 {
            return Err(refuse::<Self>(
                "symbol length",
                u64::from(value.symbol_length),
            ));
        }
        match value
            .symbol
            .iter()
            .skip(usize::from(value.symbol_length))
            .find(|byte| **byte != 0)
        {
            Some(byte) => Err(refuse::<Self>("byte behind the symbol", u64::from(*byte))),
            None => Ok(value),
        }
    }
}

/// Fees that were paid and not given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FeePool {
    /// All of them.
    pub amount: u128,
    /// The epoch of the last fee.
    pub epoch: u64,
    /// Fees paid in that epoch.
    pub epoch_fees: u128,
}

impl FeePool {
    /// Fees paid in `epoch`, if none was paid in a later one.
    pub const fn fees_of(&self, epoch: u64) -> u128 {
        if self.epoch == epoch {
            self.epoch_fees
        } else {
            0
        }
    }
}

impl Value for FeePool {
    const KIND: u8 = 0x05;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.amount.to_be_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.epoch_fees.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            amount: reader.u128()?,
            epoch: reader.u64()?,
            epoch_fees: reader.u128()?,
        })
    }
}

/// The number that the next withdrawal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalCounter {
    /// From 1.
    pub next: u64,
}

impl Default for WithdrawalCounter {
    fn default() -> Self {
        Self { next: 1 }
    }
}

impl Value for WithdrawalCounter {
    const KIND: u8 = 0x06;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.next.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        match reader.u64()? {
            0 => Err(refuse::<Self>("next number", 0)),
            next => Ok(Self { next }),
        }
    }
}

/// What root pays to whom, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Address on root.
    pub recipient: [u8; 20],
    /// Token on root, zero the native coin.
    pub token: [u8; 20],
    /// In the token's smallest unit.
    pub amount: u128,
}

impl Value for Withdrawal {
    const KIND: u8 = 0x07;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.recipient);
        bytes.extend(self.token);
        bytes.extend(self.amount.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            recipient: reader.array()?,
            token: reader.array()?,
            amount: reader.u128()?,
        })
    }
}

/// The last data that an account recorded under a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLeaf {
    /// keccak of the data.
    pub data_hash: [u8; 32],
    /// Height of the block that recorded it.
    pub height: u64,
}

impl Value for RecordLeaf {
    const KIND: u8 = 0x08;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.data_hash);
        bytes.extend(self.height.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            data_hash: reader.array()?,
            height: reader.u64()?,
        })
    }
}

/// Stake that was cut; it pays nobody, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Burned {
    /// In the smallest unit of the coin.
    pub amount: u128,
}

impl Value for Burned {
    const KIND: u8 = 0x13;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.amount.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            amount: reader.u128()?,
        })
    }
}
