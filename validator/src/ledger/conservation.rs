//! Conservation: the child mints nothing. For every asset, what claims it is what was credited and not withdrawn.
//!
//! ```text
//! native coin   Σ accounts + Σ held by positions + fee pool + reward pool + owed + burned = credited − withdrawn
//! token         Σ balances                                                                = credited − withdrawn
//! ```

use std::collections::BTreeMap;

use plasmid_staking::{Key, Position, Rewards};

use super::leaf::{
    AccountLeaf, AssetLeaf, Burned, FeePool, LeafError, NATIVE, TokenBalance, Value,
};
use super::reject::Asset;
use super::slot::Slot;

/// The books of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sums {
    /// Everything that claims it: balances, stakes, pools.
    pub claims: u128,
    /// What came in.
    pub credited: u128,
    /// What went out.
    pub withdrawn: u128,
}

/// Books that do not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Imbalance {
    /// Claims differ from what is there.
    #[error("{token}: claims are {}, credited − withdrawn is {} − {}", sums.claims, sums.credited, sums.withdrawn)]
    Unequal {
        /// The asset whose sums differ.
        token: Asset,
        /// Both sides of the equation, in base units.
        sums: Sums,
    },
    /// A sum beyond 128 bits.
    #[error("{token}: the claims do not fit 128 bits: {left} + {right}")]
    Overflow {
        /// The asset whose sum is too large.
        token: Asset,
        /// The sum so far, in base units.
        left: u128,
        /// The amount that was to be added, in base units.
        right: u128,
    },
    /// A leaf that does not decode.
    #[error("the leaf of {slot} is corrupt: {why}")]
    Corrupt {
        /// The leaf that was read.
        slot: Slot,
        /// What is wrong with its bytes.
        why: LeafError,
    },
}

/// The books of every asset, read from all leaves.
pub fn sums<'a>(
    leaves: impl IntoIterator<Item = (&'a Slot, &'a [u8])>,
) -> Result<BTreeMap<[u8; 20], Sums>, Imbalance> {
    let mut books: BTreeMap<[u8; 20], Sums> = BTreeMap::new();
    for (slot, value) in leaves {
        let corrupt = |why| Imbalance::Corrupt { slot: *slot, why };
        let (token, claim) = match slot {
            Slot::Account(_) => (NATIVE, AccountLeaf::decode(value).map_err(corrupt)?.balance),
            Slot::Staking(Key::Position(_)) => (
                NATIVE,
                Position::decode(value).map_err(corrupt)?.held_down(),
            ),
            Slot::Staking(Key::Rewards) => {
                let Rewards { pool, owed } = Rewards::decode(value).map_err(corrupt)?;
                (NATIVE, pool.saturating_add(owed))
            }
            Slot::FeePool => (NATIVE, FeePool::decode(value).map_err(corrupt)?.amount),
            Slot::Burned => (NATIVE, Burned::decode(value).map_err(corrupt)?.amount),
            Slot::TokenBalance(_, token) => {
                (*token, TokenBalance::decode(value).map_err(corrupt)?.amount)
            }
            Slot::Asset(token) => {
                let asset = AssetLeaf::decode(value).map_err(corrupt)?;
                let sums = books.entry(*token).or_default();
                (sums.credited, sums.withdrawn) = (asset.credited, asset.withdrawn);
                continue;
            }
            _ => continue,
        };
        let sums = books.entry(token).or_default();
        let (left, right) = (sums.claims, claim);
        sums.claims = left.checked_add(right).ok_or(Imbalance::Overflow {
            token: Asset(token),
            left,
            right,
        })?;
    }
    Ok(books)
}

/// Refuses books that do not add up.
pub fn check_conservation<'a>(
    leaves: impl IntoIterator<Item = (&'a Slot, &'a [u8])>,
) -> Result<(), Imbalance> {
    for (token, sums) in sums(leaves)? {
        if sums.credited.checked_sub(sums.withdrawn) != Some(sums.claims) {
            return Err(Imbalance::Unequal {
                token: Asset(token),
                sums,
            });
        }
    }
    Ok(())
}
