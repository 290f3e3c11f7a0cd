//! `plasmid exit`: how everybody leaves when the validators are gone, with root alone (DESIGN section 10).
//!
//! ```text
//! begin ──(grace)──▶ open ──▶ leave (accounts, or ranges of leaves for others) and refund (what was never consumed)
//! name: where an account is paid, at any time
//! ```
//! What is paid follows from the base, which root keeps, and from a state file whose leaves lead to it: nobody's word is used.

mod begin;
pub(super) mod carrier;
mod leave;
mod name;
mod pay;
mod refund;
mod state;
mod status;

use std::sync::Arc;

use alloy_primitives::Address;
use clap::Subcommand;
use plasmid_bridge::{
    abi::IRootChain,
    client::{
        date,
        endpoints::Endpoints,
        exits::{self, Contracts, Ending},
        follower::view_call,
        rpc::{At, Rpc},
        wallet::Wallet,
    },
};

use carrier::Carrier;

use super::{
    CliError,
    bridge::on_final_root,
    connect::{Connection, Deployment},
    init::{SecondRoot, second_endpoint},
    keys::KeyOptions,
    output::Output,
};

/// Shows how far the end of a deployment has come, brings it about when it may come, and pays what the last final state gives. No validator is needed.
#[derive(Subcommand)]
pub enum ExitCommand {
    /// Shows whether the deployment goes on, is closing or is over, when each comes, and what an account would get on root.
    Status(status::StatusCommand),
    /// Closes the deployment when root has accepted no checkpoint for T, or with `--overdue` when the message that the child has to consume next was due T ago. Nothing enters it any more then; checkpoints are taken for the grace, and after it exit mode is there for ever. Anybody may send it.
    Begin(begin::BeginCommand),
    /// Fixes the base on which everybody leaves, the last checkpoint that stands on root, once exit mode has begun and that checkpoint can be final. Anybody may send it, once.
    Open(begin::OpenCommand),
    /// Pays what the base gives to an account, or with `--range` what the leaves of a range give to whomever they belong to. Anybody may carry it, and pays the gas; what is paid already is left out, so the same command goes on where it was stopped. Stakes and their rewards are not paid yet.
    Leave(leave::LeaveCommand),
    /// Says where an account is paid on root: of an Ed25519 account, whose key root cannot pay, or of a contract that does not take coin. It may be said at any time and again, and the last word counts.
    Name(name::NameCommand),
    /// Gives back what deposits and gifts brought that the base had not consumed, to their refund address or to the giver. Anybody may carry it.
    Refund(refund::RefundCommand),
}

/// Runs `plasmid exit …`.
///
/// # Errors
/// What root refused, or what is wrong in the file.
pub async fn run(
    command: ExitCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        ExitCommand::Status(command) => status::run(&command, connection, keys, output).await,
        ExitCommand::Begin(command) => begin::run(&command, connection, keys, output).await,
        ExitCommand::Open(command) => begin::open(&command, connection, keys, output).await,
        ExitCommand::Leave(command) => leave::run(&command, connection, keys, output).await,
        ExitCommand::Name(command) => name::run(&command, connection, keys, output).await,
        ExitCommand::Refund(command) => refund::run(&command, connection, keys, output).await,
    }
}

/// Where a command acts: root, and the contracts that the Registry made there.
pub(super) struct ExitDesk {
    /// Its domain and contracts.
    pub deployment: Deployment,
    /// The contracts that pay, and that say what is final.
    pub contracts: Contracts,
    /// The endpoint of root that is asked for what decides nothing.
    pub rpc: Arc<Rpc>,
    second: Option<Rpc>,
}

/// What one endpoint that lies can do.
const RISK: &str = "if it lies, money stays where it is, a naming may be kept and carried until its deadline, this and the end of an offer may lie 15 minutes later than is said, and a withdrawal that you buy may be worth nothing";

impl ExitDesk {
    /// For a command that reads.
    pub async fn reading(connection: &Connection, second: &SecondRoot) -> Result<Self, CliError> {
        let deployment = connection.deployment_alone().await?;
        Self::beside(connection, deployment, connection.root()?, second).await
    }

    /// With a second endpoint, whose word is asked for where one is named.
    async fn beside(
        connection: &Connection,
        deployment: Deployment,
        rpc: Arc<Rpc>,
        second: &SecondRoot,
    ) -> Result<Self, CliError> {
        let second = second_endpoint(&rpc, second.second_root.as_deref(), RISK)?;
        let place = Self {
            deployment,
            contracts: Contracts::of(connection.registry()?),
            rpc,
            second,
        };
        if place.second.is_some() {
            place.endpoints().chain_id().await?;
            let contracts = [
                place.contracts.exits,
                place.contracts.vault,
                place.root_chain(),
            ];
            place.endpoints().require_code(&contracts).await?;
        }
        Ok(place)
    }

    /// For a command that sends with this key.
    pub async fn sending(
        connection: &Connection,
        keys: &KeyOptions,
        carrier: &Carrier,
    ) -> Result<(Self, Wallet), CliError> {
        let (deployment, wallet) = on_final_root(connection, keys, &carrier.from).await?;
        let rpc = Arc::clone(wallet.rpc());
        let place = Self::beside(connection, deployment, rpc, &carrier.second).await?;
        Ok((place, wallet))
    }

    /// The root endpoints that are asked for whatever decides.
    pub fn endpoints(&self) -> Endpoints<'_> {
        Endpoints::new(&self.rpc, self.second.as_ref())
    }

    /// The time of root's clock, `secs` seconds after `now`, until which a person's word holds: a naming, or an offer. An endpoint elsewhere that
    /// is far ahead of this machine's date names none; one on this machine is the person's own, and its clock may have been moved.
    pub fn until(&self, now: u64, secs: u64) -> Result<u64, CliError> {
        match self.rpc.is_on_loopback() {
            true => Ok(now.saturating_add(secs)),
            false => until(date::secs(), now, secs),
        }
    }

    pub async fn look(&self) -> Result<Ending, CliError> {
        Ok(exits::look(self.endpoints(), &self.contracts).await?)
    }

    /// How far the end has come, once the base is fixed.
    async fn base(&self) -> Result<Ending, CliError> {
        let seen = self.look().await?;
        match seen.base.opened {
            true => Ok(seen),
            false => Err(CliError::new(format!(
                "{}, so there is no base yet and nothing is paid; `plasmid exit status` says when it comes",
                status::sentence(&seen)
            ))),
        }
    }

    /// The blocks in which the deployment's events can stand.
    async fn blocks(&self, seen: &Ending) -> Result<(u64, u64), CliError> {
        let call = IRootChain::genesisBlockCall {};
        let first = view_call(&self.rpc, self.root_chain(), call, At::Latest).await?;
        Ok((first, seen.number))
    }

    fn root_chain(&self) -> Address {
        self.contracts.root_chain
    }
}

fn until(date: u64, now: u64, secs: u64) -> Result<u64, CliError> {
    date::until(date, now, secs).ok_or_else(|| {
        CliError::new(format!(
            "the newest block of root has time {now} ({}), and the date of this machine is {}: more than {} s lie between them, and what you say would hold as much longer. \
             One of the two is wrong: set the date, or ask another endpoint with --root; nothing was sent",
            date::words(now),
            date::words(date),
            date::MAX_AHEAD
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_far_ahead_of_the_date_names_no_time_until_which_a_word_holds() {
        let date = 1_796_079_909;
        let held = until(date, date + date::MAX_AHEAD, 60).expect("clocks may differ");
        assert_eq!(held, date + date::MAX_AHEAD + 60);
        let refused = until(date, date + date::MAX_AHEAD + 1, 60).expect_err("far ahead");
        let said = refused.to_string();
        for words in [
            "time 1796080810 (2026-11-30 23:20:10 UTC)",
            "date of this machine is 2026-11-30 23:05:09 UTC",
            "nothing was sent",
        ] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
    }
}
