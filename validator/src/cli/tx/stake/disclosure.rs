//! What is shown of a transaction of stake before it is signed, and the question whether to sign it.

use clap::Args;
use serde_json::Value;

use super::{NATIVE_DECIMALS, StakeAction, told};
use crate::{
    cli::{CliError, amount, connect::Connection, output::Output},
    ledger::{
        Domain,
        transaction::{Header, Scheme, StakeBody},
    },
};

/// What a transaction does and costs, and what the node says of it.
pub struct Disclosure {
    does: String,
    costs: String,
    told: String,
}

impl Disclosure {
    /// The disclosure of a command, with the header and the body that are to be signed for it.
    pub async fn of<S: Args>(
        stake: &StakeAction<S>,
        connection: &Connection,
        signs: (Scheme, Header, &StakeBody),
        domain: &Domain,
    ) -> Self {
        let (_, Header { sender, fee, .. }, body) = signs;
        let coins = amount::show(fee, NATIVE_DECIMALS);
        Self {
            does: stake.words(body, sender),
            costs: format!("{sender} pays a fee of {coins} coins ({fee} base units) for it"),
            told: told::by_node(connection, signs, domain).await,
        }
    }

    /// Shows it, and asks whether to sign; `yes` answers before.
    ///
    /// # Errors
    /// As [`Output::ask`].
    pub fn confirm(&self, yes: bool, output: Output) -> Result<(), CliError> {
        let Self { does, costs, told } = self;
        output.tell(&format!("{does}. {costs}. {told}"));
        output.ask("sign it?", yes)
    }

    /// Adds itself to an object that is printed.
    pub fn add_to(&self, object: &mut Value) {
        let Self { does, costs, told } = self;
        object["effect"] = format!("{does}. {costs}").into();
        object["node_says"] = told.as_str().into();
    }
}
