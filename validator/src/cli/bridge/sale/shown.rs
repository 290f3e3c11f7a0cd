//! What is known of a withdrawal before it changes hands, and how a person is told.

mod standing;

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::{IExits, IRootChain, IVault},
    client::{date, exits},
    relay::seen::Finality,
};
use serde_json::{Value, json};

use self::standing::{VoidRisk, open_until, waiting};
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

/// For how many seconds an offer stands at most where nobody says.
const DAY: u64 = 86_400;

/// A withdrawal with what root says of it.
pub(super) struct SaleShown {
    proven: ProvenWithdrawal,
    acceptance: IRootChain::Acceptance,
    /// Whose it is, and for how much.
    pub owned: exits::Owned,
    /// What the Vault has of its token; `None` of coins.
    backing: Option<exits::TokenBacking>,
    /// What can still become of its checkpoint.
    standing: VoidRisk,
    /// Until when it is not final in any case; `None` where that is over.
    open_until: Option<u64>,
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
        let backing = match withdrawal.token.is_zero() {
            true => None,
            false => {
                let (endpoints, token) = (place.endpoints(), withdrawal.token);
                Some(exits::backing(endpoints, &place.contracts, token).await?)
            }
        };
        let acceptance = IRootChain::Acceptance::from(&accepted);
        let times = (seen.now, seen.parameters.challengeSecs);
        let (standing, open_until) = match epoch < finalized {
            true => (VoidRisk::Final, None),
            false => {
                let call = IRootChain::isFinalCall {
                    checkpoint: (&accepted.checkpoint).into(),
                    acceptance: acceptance.clone(),
                };
                let is_ripe = place.endpoints().view(root_chain, call).await?;
                let until = open_until(&accepted, times);
                (waiting((epoch, seen.held), until, is_ripe), until)
            }
        };
        Ok(Self {
            proven,
            acceptance,
            owned,
            backing,
            standing,
            open_until,
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
            _ if self.now > owned.deadline => {
                format!("was for sale until {}, which is over", at(owned.deadline))
            }
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
        let held_from = match self.standing {
            VoidRisk::Held(asked) => asked,
            _ => None,
        };
        let (owes, holds) = match &self.backing {
            Some(backing) => (Some(backing.owes), backing.holds),
            None => (None, None),
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
            "open_until": self.open_until,
            "held_from": held_from,
            "vault_owes": owes.map(|owes| owes.to_string()),
            "vault_holds": holds.map(|holds| holds.to_string()),
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

    /// What a claim does once the checkpoint is final: of coins the Vault is sure, and of a token its contract says what moves.
    const fn claimed(&self) -> &'static str {
        match self.backing {
            None => "`plasmid bridge claim` pays all of it now",
            Some(_) => {
                "`plasmid bridge claim` pays it now if the token's contract lets the Vault send it"
            }
        }
    }

    /// What stands behind a token's withdrawal, behind another sentence; nothing of coins.
    fn backed(&self) -> String {
        let Some(exits::TokenBacking { owes, holds }) = &self.backing else {
            return String::new();
        };
        match holds {
            None => format!(
                ". The Vault owes {owes} of the smallest unit of that token, and the token does not say what the Vault holds of it"
            ),
            Some(holds) if holds < owes => format!(
                ". The Vault owes {owes} of the smallest unit of that token, and the token says that it holds {holds}: whoever claims last is not paid"
            ),
            Some(holds) => format!(
                ". The Vault owes {owes} of the smallest unit of that token, and the token says that it holds {holds}"
            ),
        }
    }

    /// What can still become of it.
    pub fn risk(&self) -> String {
        self.void_risk() + &self.backed()
    }

    fn void_risk(&self) -> String {
        let epoch = self.proven.checkpoint.epoch;
        let lost =
            "Then the withdrawal is worth nothing to whoever has it, and no price is given back";
        match self.standing {
            VoidRisk::Final => format!(
                "Its checkpoint, of epoch {epoch}, is final: nothing makes it void any more, and {}",
                self.claimed()
            ),
            VoidRisk::Ripe => format!(
                "The time of its checkpoint, of epoch {epoch}, is over: the next claim makes it final. Until that claim is mined a proof of fraud can still make it void. {lost}"
            ),
            VoidRisk::Open => format!(
                "Its checkpoint, of epoch {epoch}, is accepted and not final: until {} at least, {} s from now, a proof that it or one before it breaks a rule, or data of one that nobody shows, \
                 makes it void. {lost}. Only a node that checked all blocks, or `plasmid watch`, knows whether it is sound",
                at(self.open_until.unwrap_or(self.now)),
                self.left()
            ),
            VoidRisk::Held(Some(asked)) => format!(
                "Data of epoch {asked} is asked for on root now, or was answered and is still judged (`plasmid challenge list`): if nobody shows it, or what was shown is false, \
                 the checkpoint of epoch {asked} is void and all behind it are, so that of epoch {epoch}, under which this stands, too, and what you bought pays nothing. {lost}"
            ),
            VoidRisk::Held(None) => format!(
                "The time of its checkpoint, of epoch {epoch}, is over, and it is not final: one before it is not, or the child skips a message. Until it is final it can become void. {lost}"
            ),
        }
    }

    /// For how many seconds more it is not final in any case.
    fn left(&self) -> u64 {
        self.open_until
            .map_or(0, |until| until.saturating_sub(self.now))
    }

    /// For how many seconds an offer stands where nobody says: a day, or until the checkpoint can be final, if that comes sooner. Who buys it then
    /// waits for nothing.
    pub fn usual_secs(&self) -> u64 {
        match self.open_until {
            Some(_) => self.left().min(DAY),
            None => DAY,
        }
    }

    /// What somebody gives away who keeps it for sale until then.
    pub fn sold_until(&self, deadline: u64) -> String {
        if self.standing == VoidRisk::Final {
            return format!("It is final, so {}.", self.claimed());
        }
        let ends = self.open_until.unwrap_or(self.now);
        let late = match deadline.saturating_sub(ends) {
            0 => String::new(),
            late => format!(
                " It can be final from {} on, and stays for sale for {late} s in which it can be: whoever buys it then waits for nothing.",
                at(ends)
            ),
        };
        format!("When its checkpoint becomes void, the buyer bears that and not you.{late}")
    }

    /// All of it, for a person who only looks.
    pub fn sentence(&self) -> String {
        let owned = &self.owned;
        let sale = match owned.price {
            _ if owned.is_paid => "it was paid".to_owned(),
            0 => "it is not for sale".to_owned(),
            price => format!(
                "it is for sale for {} coins until {}",
                amount::show(price, NATIVE_DECIMALS),
                at(owned.deadline)
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

/// A time of root's clock, as a person reads it.
pub(super) fn at(secs: u64) -> String {
    format!("root time {secs} ({})", date::words(secs))
}

#[cfg(test)]
mod tests;
