//! What is known of a withdrawal before it changes hands, and how a person is told.

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::{IExits, IRootChain, IVault},
    client::exits,
    relay::{acceptance::Acceptance, seen::Finality},
};
use serde_json::{Value, json};

use super::super::NATIVE_DECIMALS;
use crate::{
    cli::{
        CliError, amount,
        connect::Connection,
        exit::ExitDesk,
        output::Output,
        proof::{ProofOption, ProvenWithdrawal},
    },
    node::accepted::accepted_by,
};

/// How far the checkpoint has come under whose state the withdrawal was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoidRisk {
    /// Nothing can make it void any more.
    Final,
    /// The next claim makes it final. Until then it can be made void.
    Ripe,
    /// It can be made void until this time of root at least.
    Open(u64),
    /// It can be made void, although its time is over: a message is skipped, a question is open, or one before it is not final.
    Held,
}

impl VoidRisk {
    const fn name(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Ripe => "ripe",
            Self::Open(_) => "open",
            Self::Held => "held",
        }
    }
}

/// A withdrawal with what root says of it.
pub(super) struct SaleShown {
    proven: ProvenWithdrawal,
    acceptance: IRootChain::Acceptance,
    /// Whose it is, and for how much.
    pub owned: exits::Owned,
    /// What can still become of its checkpoint.
    pub standing: VoidRisk,
    /// Root's clock.
    pub now: u64,
}

impl SaleShown {
    /// Finds it, and asks root. Of two endpoints both say whatever decides.
    ///
    /// # Errors
    /// What does not hold, that the checkpoint counts no more, or why root could not be asked.
    pub async fn find(
        which: &ProofOption,
        place: &ExitDesk,
        connection: &Connection,
        output: Output,
    ) -> Result<Self, CliError> {
        let progress = output.progress("looking for the withdrawal and its checkpoint");
        let shown = Self::found(which, place, connection).await;
        progress.finish_and_clear();
        shown
    }

    async fn found(
        which: &ProofOption,
        place: &ExitDesk,
        connection: &Connection,
    ) -> Result<Self, CliError> {
        let seen = place.look().await?;
        let (finalized, standing) = (seen.head.finalized, seen.head.standing);
        let proven = which.find(connection, (finalized, standing)).await?;
        let epoch = proven.checkpoint.epoch;
        if epoch >= standing {
            return Err(CliError::new(format!(
                "{standing} checkpoints stand on root, so that of epoch {epoch}, under which the withdrawal was shown, is not accepted or void: nothing was sent"
            )));
        }
        let root_chain = place.contracts.root_chain;
        let accepted = accepted_by(&place.rpc, root_chain, epoch, Finality::Depth(0)).await?;
        let call = IRootChain::recordCall { epoch };
        let kept = place.endpoints().view(root_chain, call).await?;
        if accepted.record() != kept || accepted.digest != proven.checkpoint.digest() {
            return Err(CliError::new(format!(
                "root accepted another checkpoint of epoch {epoch} than the one under which the withdrawal was shown: nothing was sent"
            )));
        }
        let withdrawal = &proven.withdrawal;
        let of = (withdrawal.number, withdrawal.recipient);
        let owned = exits::owned(place.endpoints(), &place.contracts, of, withdrawal.index);
        let owned = owned.await?;
        let acceptance = IRootChain::Acceptance::from(&accepted);
        let standing = match epoch < finalized {
            true => VoidRisk::Final,
            false => {
                let call = IRootChain::isFinalCall {
                    checkpoint: (&accepted.checkpoint).into(),
                    acceptance: acceptance.clone(),
                };
                let is_ripe = place.endpoints().view(root_chain, call).await?;
                let times = (seen.now, seen.parameters.challengeSecs);
                waiting(&accepted, times, is_ripe)
            }
        };
        Ok(Self {
            proven,
            acceptance,
            owned,
            standing,
            now: seen.now,
        })
    }

    /// Its number.
    pub const fn number(&self) -> u64 {
        self.proven.withdrawal.number
    }

    /// Whom its leaf names.
    pub const fn recipient(&self) -> Address {
        self.proven.withdrawal.recipient
    }

    /// Of what it pays.
    pub const fn token(&self) -> Address {
        self.proven.withdrawal.token
    }

    /// The call that buys it.
    pub fn buying(&self, to: Address) -> IExits::buyCall {
        IExits::buyCall {
            shown: IVault::Base {
                checkpoint: (&self.proven.checkpoint).into(),
                acceptance: self.acceptance.clone(),
                leafCount: self.proven.leaf_count,
            },
            withdrawal: self.proven.withdrawal.clone(),
            siblings: self.proven.siblings.clone(),
            to,
        }
    }

    /// Whether somebody can buy it now.
    pub const fn is_for_sale(&self) -> bool {
        self.owned.price != 0 && self.now <= self.owned.deadline && !self.owned.is_paid
    }

    /// That it is this key's and not paid.
    ///
    /// # Errors
    /// Says whose it is.
    pub fn require_owner(&self, from: Address) -> Result<(), CliError> {
        self.require_unpaid()?;
        match self.owned.payee == from {
            true => Ok(()),
            false => Err(CliError::new(format!(
                "withdrawal {} is paid to {}, who alone may give it away or sell it, and --from is {}: nothing was sent",
                self.number(),
                self.owned.payee,
                from
            ))),
        }
    }

    /// That somebody else sells it for this price.
    ///
    /// # Errors
    /// Says why not.
    pub fn require_sale(&self, buyer: Address, agreed: u128) -> Result<(), CliError> {
        self.require_unpaid()?;
        let (number, owned) = (self.number(), &self.owned);
        let coins = |wei| amount::show(wei, NATIVE_DECIMALS);
        let why = match owned.price {
            0 => "is not for sale".to_owned(),
            _ if self.now > owned.deadline => format!(
                "was for sale until root time {}, which is over",
                owned.deadline
            ),
            price if price != agreed => format!(
                "costs {} coins, and --price is {}",
                coins(price),
                coins(agreed)
            ),
            _ if owned.payee == buyer => "is yours already".to_owned(),
            _ => return Ok(()),
        };
        Err(CliError::new(format!(
            "withdrawal {number} {why}: nothing was paid"
        )))
    }

    fn require_unpaid(&self) -> Result<(), CliError> {
        match self.owned.is_paid {
            false => Ok(()),
            true => Err(CliError::new(format!(
                "withdrawal {} was paid already: nothing was sent",
                self.number()
            ))),
        }
    }

    /// As programs read it.
    pub fn object(&self) -> Value {
        let withdrawal = &self.proven.withdrawal;
        let owned = &self.owned;
        let until = match self.standing {
            VoidRisk::Open(until) => Some(until),
            _ => None,
        };
        json!({
            "number": withdrawal.number,
            "recipient": withdrawal.recipient.to_string(),
            "token": withdrawal.token.to_string(),
            "amount": withdrawal.amount.to_string(),
            "leaf_index": withdrawal.index,
            "payee": owned.payee.to_string(),
            "paid": owned.is_paid,
            "price": owned.price.to_string(),
            "deadline": (owned.price != 0).then_some(owned.deadline),
            "for_sale": self.is_for_sale(),
            "epoch": self.proven.checkpoint.epoch,
            "checkpoint": self.standing.name(),
            "open_until": until,
            "root_time": self.now,
        })
    }

    /// The withdrawal in words.
    pub fn what(&self) -> String {
        let withdrawal = &self.proven.withdrawal;
        let what = match withdrawal.token.is_zero() {
            true => format!("{} coins", amount::show(withdrawal.amount, NATIVE_DECIMALS)),
            false => format!(
                "{} of the smallest unit of token {}",
                withdrawal.amount, withdrawal.token
            ),
        };
        format!(
            "withdrawal {} ({what}, made for {})",
            withdrawal.number, withdrawal.recipient
        )
    }

    /// What can still become of it.
    pub fn risk(&self) -> String {
        let epoch = self.proven.checkpoint.epoch;
        let lost =
            "Then the withdrawal is worth nothing to whoever has it, and no price is given back";
        match self.standing {
            VoidRisk::Final => format!(
                "Its checkpoint, of epoch {epoch}, is final: nothing makes it void any more, and `plasmid bridge claim` pays it now"
            ),
            VoidRisk::Ripe => format!(
                "The time of its checkpoint, of epoch {epoch}, is over: the next claim makes it final. Until that claim is mined a proof of fraud can still make it void. {lost}"
            ),
            VoidRisk::Open(until) => format!(
                "Its checkpoint, of epoch {epoch}, is accepted and not final: until root time {until} at least, {} s from now, a proof that it or one before it breaks a rule, or data of one that nobody shows, \
                 makes it void. {lost}. Only a node that checked all blocks, or `plasmid watch`, knows whether it is sound",
                until.saturating_sub(self.now)
            ),
            VoidRisk::Held => format!(
                "The time of its checkpoint, of epoch {epoch}, is over, and it is not final: one before it is not, data is asked for, or the child skips a message. Until it is final it can become void. {lost}"
            ),
        }
    }

    /// All of it, for a person who only looks.
    pub fn sentence(&self) -> String {
        let owned = &self.owned;
        let sale = match owned.price {
            _ if owned.is_paid => "it was paid".to_owned(),
            0 => "it is not for sale".to_owned(),
            price => format!(
                "it is for sale for {} coins until root time {}",
                amount::show(price, NATIVE_DECIMALS),
                owned.deadline
            ),
        };
        format!(
            "{} is paid to {}; {sale}. {}",
            self.what(),
            owned.payee,
            self.risk()
        )
    }
}

/// What is known of a checkpoint that is not final; `now` and the time in which it can be challenged are root's.
fn waiting(accepted: &Acceptance, (now, window): (u64, u64), is_ripe: bool) -> VoidRisk {
    let until = accepted.time.saturating_add(window);
    match is_ripe {
        true => VoidRisk::Ripe,
        false if now < until => VoidRisk::Open(until),
        false => VoidRisk::Held,
    }
}

#[cfg(test)]
mod tests;
