//! What is done with stake: one command a kind of transaction, and `bond`, which is a delegation to oneself.

pub(in crate::cli) mod action;
mod disclosure;
mod does;
mod told;

use clap::{Args, Subcommand};

pub use self::disclosure::Disclosure;
use super::behind::{Behind, OfLine};
use crate::{
    cli::{
        CliError, amount,
        connect::{Connection, Deployment},
        keys::KeyOptions,
        query,
    },
    ledger::{
        Account,
        leaf::NATIVE,
        transaction::{Profile, StakeBody, Text},
    },
};

/// Decimals of the native coin.
const NATIVE_DECIMALS: u32 = 18;

/// A transaction of stake, and who acts (`S`).
#[derive(Debug, Subcommand)]
pub enum StakeAction<S: Args> {
    /// Puts money of an operator behind its own line, as a new position.
    Bond {
        /// Decimal number of coins (1.5), or base units (1500base).
        #[arg(long)]
        amount: String,
        #[command(flatten)]
        line: OfLine,
        #[command(flatten)]
        authority: S,
    },
    /// Puts money behind an operator, as a new position. It backs the operator from the epoch after next on.
    Delegate {
        #[command(flatten)]
        to: Behind,
        /// Decimal number of coins (1.5), or base units (1500base).
        #[arg(long)]
        amount: String,
        #[command(flatten)]
        authority: S,
    },
    /// Ends a position, or a part of it, which then becomes a position of its own. `claim` pays it out when it has matured.
    Undelegate {
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        authority: S,
    },
    /// Takes the end of a position back, so that it backs its operator again.
    CancelUnbonding {
        /// Number of the position.
        position: u64,
        #[command(flatten)]
        authority: S,
    },
    /// Moves a position, or a part of it, to another operator.
    Redelegate {
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        to: Behind,
        #[command(flatten)]
        authority: S,
    },
    /// Pays out an ended position that has matured, with its rewards.
    Claim {
        /// Number of the position.
        position: u64,
        #[command(flatten)]
        payee: Payee,
        #[command(flatten)]
        authority: S,
    },
    /// Pays the rewards of up to seven positions.
    ClaimRewards {
        /// Numbers of the positions.
        #[arg(required = true, num_args = 1..=7, value_name = "POSITION")]
        positions: Vec<u64>,
        #[command(flatten)]
        payee: Payee,
        #[command(flatten)]
        authority: S,
    },
    /// Pays an operator the commission of one of its lines.
    ClaimCommission {
        /// Number of the line, which is that of the registration that opened it.
        line: u64,
        #[command(flatten)]
        payee: Payee,
        #[command(flatten)]
        authority: S,
    },
    /// Makes a new position of the rewards of a position.
    Restake {
        /// Number of the position.
        position: u64,
        #[command(flatten)]
        authority: S,
    },
    /// Lets anybody restake the rewards of a position.
    AllowRestake {
        /// Number of the position.
        position: u64,
        /// Lets nobody but the owner do it any more.
        #[arg(long)]
        deny: bool,
        #[command(flatten)]
        authority: S,
    },
    /// Takes from a position what the court cut. Anybody may do it, and nothing else can be done with the position before.
    ApplyCut {
        /// Number of the position.
        position: u64,
        #[command(flatten)]
        authority: S,
    },
    /// Merges a position into another of the same owner, behind the same operator.
    Merge {
        /// Number of the position that stays.
        first: u64,
        /// Number of the position that goes.
        second: u64,
        #[command(flatten)]
        authority: S,
    },
    /// Takes the weakest seat for the operator's line, which needs more stake than the seat counts.
    TakeSeat {
        #[command(flatten)]
        authority: S,
    },
    /// Gives the operator's seat back. Its line stays open, and may take another from the epoch after next on.
    Leave {
        #[command(flatten)]
        authority: S,
    },
    /// Closes the operator's line for ever. Another registration on root opens a new one, without stake.
    Retire {
        #[command(flatten)]
        authority: S,
    },
    /// Lets the operator's seat count again after its time in jail.
    Unjail {
        #[command(flatten)]
        authority: S,
    },
    /// Changes what the operator's line promises. What is not named stays.
    Edit {
        #[command(flatten)]
        promise: Promise,
        #[command(flatten)]
        authority: S,
    },
    /// Says who the operator is, in place of all that was said before.
    Describe {
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        authority: S,
    },
}

/// A position, and how much of it.
#[derive(Clone, Debug, Args)]
pub struct Part {
    /// Number of the position.
    position: u64,
    /// Decimal number of coins (1.5), or base units (1500base) [default: the whole position, as the node knows it].
    #[arg(long)]
    amount: Option<String>,
}

/// Who is paid.
#[derive(Clone, Debug, Args)]
pub struct Payee {
    /// Who is paid on the child: an account (0x… or plasmid1…) or the name of one of your keys [default: the sender].
    #[arg(long)]
    to: Option<String>,
}

/// What an operator promises.
#[derive(Clone, Debug, Args)]
pub struct Promise {
    /// Share of the operator in the rewards, in 1/10,000.
    #[arg(long, value_parser = clap::value_parser!(u16).range(..=10_000))]
    commission: Option<u16>,
    /// The most that the share may become, in 1/10,000. It can only fall.
    #[arg(long, value_parser = clap::value_parser!(u16).range(..=10_000))]
    max_commission: Option<u16>,
    /// The most by which one change may raise or lower the share, in 1/10,000. It can only fall.
    #[arg(long, value_parser = clap::value_parser!(u16).range(..=10_000))]
    commission_step: Option<u16>,
    /// The least stake of its own with which the seat is kept, as coins (1.5) or base units (1500base). It can only rise.
    #[arg(long)]
    min_self_stake: Option<String>,
}

/// What an operator says of itself.
#[derive(Clone, Debug, Args)]
pub struct Texts {
    /// What it is called, at most 32 bytes.
    #[arg(long)]
    name: String,
    /// Where its page is, at most 64 bytes.
    #[arg(long, default_value = "")]
    website: String,
    /// How it is reached, at most 64 bytes.
    #[arg(long, default_value = "")]
    contact: String,
    /// Whatever else it says, at most 96 bytes.
    #[arg(long, default_value = "")]
    details: String,
}

impl<S: Args> StakeAction<S> {
    /// Who acts.
    pub const fn authority(&self) -> &S {
        match self {
            Self::Bond { authority, .. }
            | Self::Delegate { authority, .. }
            | Self::Undelegate { authority, .. }
            | Self::CancelUnbonding { authority, .. }
            | Self::Redelegate { authority, .. }
            | Self::Claim { authority, .. }
            | Self::ClaimRewards { authority, .. }
            | Self::ClaimCommission { authority, .. }
            | Self::Restake { authority, .. }
            | Self::AllowRestake { authority, .. }
            | Self::ApplyCut { authority, .. }
            | Self::Merge { authority, .. }
            | Self::TakeSeat { authority }
            | Self::Leave { authority }
            | Self::Retire { authority }
            | Self::Unjail { authority }
            | Self::Edit { authority, .. }
            | Self::Describe { authority, .. } => authority,
        }
    }

    /// What `sender` does by it.
    pub async fn body(
        &self,
        connection: &Connection,
        keys: &KeyOptions,
        deployment: &Deployment,
        sender: Account,
    ) -> Result<StakeBody, CliError> {
        let payee = |payee: &Payee| payee.account(keys, deployment, sender);
        Ok(match self {
            Self::Bond { amount, line, .. } => {
                let amount = coins(amount)?;
                line.own(connection, sender).await?.delegation(amount)
            }
            Self::Delegate { to, amount, .. } => {
                let amount = coins(amount)?;
                to.accepted(connection, keys).await?.delegation(amount)
            }
            Self::Undelegate { part, .. } => StakeBody::Undelegate {
                position: part.position,
                amount: part.amount(connection).await?,
            },
            Self::Redelegate { part, to, .. } => {
                let amount = part.amount(connection).await?;
                let to = to.accepted(connection, keys).await?;
                to.redelegation(part.position, amount)
            }
            Self::Claim {
                position,
                payee: who,
                ..
            } => StakeBody::ClaimStake {
                position: *position,
                to: payee(who)?,
            },
            Self::ClaimRewards {
                positions,
                payee: who,
                ..
            } => StakeBody::ClaimRewards {
                to: payee(who)?,
                positions: positions.clone(),
            },
            Self::ClaimCommission {
                line, payee: who, ..
            } => StakeBody::ClaimCommission {
                line: *line,
                to: payee(who)?,
            },
            other => other.plain()?,
        })
    }

    /// What follows from the words alone.
    fn plain(&self) -> Result<StakeBody, CliError> {
        Ok(match self {
            Self::CancelUnbonding { position, .. } => StakeBody::CancelUnbonding {
                position: *position,
            },
            Self::Restake { position, .. } => StakeBody::Restake {
                position: *position,
            },
            Self::AllowRestake { position, deny, .. } => StakeBody::AllowRestake {
                position: *position,
                allowed: !deny,
            },
            Self::ApplyCut { position, .. } => StakeBody::ApplyCut {
                position: *position,
            },
            Self::Merge { first, second, .. } => StakeBody::Merge {
                first: *first,
                second: *second,
            },
            Self::TakeSeat { .. } => StakeBody::TakeSeat,
            Self::Leave { .. } => StakeBody::Leave,
            Self::Retire { .. } => StakeBody::Retire,
            Self::Unjail { .. } => StakeBody::Unjail,
            Self::Edit { promise, .. } => promise.body()?,
            Self::Describe { texts, .. } => StakeBody::Describe(Box::new(texts.profile()?)),
            _ => return Err(CliError::new("this command needs a node")),
        })
    }
}

impl Part {
    /// The amount that was named, or the whole of the position.
    async fn amount(&self, connection: &Connection) -> Result<u128, CliError> {
        match &self.amount {
            Some(text) => coins(text),
            None => query::stake::base_of(connection, self.position).await,
        }
    }
}

impl Payee {
    fn account(
        &self,
        keys: &KeyOptions,
        deployment: &Deployment,
        sender: Account,
    ) -> Result<Account, CliError> {
        let Some(named) = &self.to else {
            return Ok(sender);
        };
        let to = keys.account(named)?;
        if to.kind == Account::ETHEREUM {
            deployment.refuse_lost("the recipient", to.id, NATIVE)?;
        }
        Ok(to)
    }
}

impl Promise {
    fn body(&self) -> Result<StakeBody, CliError> {
        let Self {
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        } = self;
        Ok(StakeBody::Edit {
            commission: *commission,
            max_commission: *max_commission,
            commission_step: *commission_step,
            min_self_stake: min_self_stake.as_deref().map(coins).transpose()?,
        })
    }
}

impl Texts {
    fn profile(&self) -> Result<Profile, CliError> {
        Ok(Profile {
            name: Text::new("the name", &self.name)?,
            website: Text::new("the website", &self.website)?,
            contact: Text::new("the contact", &self.contact)?,
            details: Text::new("the details", &self.details)?,
        })
    }
}

fn coins(text: &str) -> Result<u128, CliError> {
    amount::parse(text, NATIVE_DECIMALS)
}
