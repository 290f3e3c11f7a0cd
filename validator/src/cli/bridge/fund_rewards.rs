//! `plasmid bridge fund-rewards`: a gift to the reward pool of the child.
//!
//! The amount is the user's own word; root names the price of the message, within `--max-price`. A node is only asked what the pool holds, and
//! with `--wait` what became of the message.

use alloy_primitives::U256;
use clap::Args;
use plasmid_bridge::{abi::IInbox, client::funding, proof::inbox::Body};
use plasmid_proto::stake::v1::{GetRewardsRequest, GetRewardsResponse};
use serde_json::{Value, json};

use super::{LOST, NATIVE_DECIMALS, Price, beside, message::SentMessage, on_final_root, read};
use crate::cli::{
    CliError, amount, connect::Connection, init::SecondRoot, keys::KeyOptions, output::Output,
};

/// How much, and from whom. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct FundRewardsCommand {
    /// Coins that are given: a decimal number (1.5), or base units (1500base).
    amount: String,
    /// Name of the key that pays.
    #[arg(long)]
    from: String,
    #[command(flatten)]
    price: Price,
    #[command(flatten)]
    second: SecondRoot,
    /// Prints what would be given and paid, and sends nothing.
    #[arg(long)]
    dry_run: bool,
    /// Sends it without asking.
    #[arg(long)]
    yes: bool,
    /// Waits until the child has taken it into the pool.
    #[arg(long)]
    wait: bool,
}

/// Runs `plasmid bridge fund-rewards`.
///
/// # Errors
/// What root or the node refused.
pub async fn run(
    command: &FundRewardsCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let units = amount::parse(&command.amount, NATIVE_DECIMALS)?;
    if units == 0 {
        return Err(CliError::new("the amount is 0: nothing was sent"));
    }
    let (deployment, wallet) = on_final_root(connection, keys, &command.from).await?;
    deployment.refuse_closing(wallet.rpc()).await?;
    let contracts = (&deployment, connection.registry()?);
    beside(&command.second, &wallet, contracts, 0, LOST).await?;
    let price = read(&wallet, deployment.inbox, IInbox::priceCall {}).await?;
    let room = command.price.with_room(command.price.check(price)?);
    let gift = Gift {
        funder: wallet.address().to_string(),
        units,
        price,
        value: U256::from(units).saturating_add(room),
        pool: pool(connection).await,
    };
    output.tell(&gift.sentence());
    let mut object = gift.object();
    if command.dry_run {
        output.object(&object);
        output.next("the same command without --dry-run");
        return Ok(());
    }
    output.ask("give it?", command.yes)?;
    let progress = output.progress("giving it on root");
    let done = funding::fund_rewards(&wallet, deployment.vault, units, gift.value).await;
    progress.finish_and_clear();
    let (_, receipt) = done?;
    let after = |error: CliError| error.after_root(&receipt.hash);
    let sent = SentMessage::of(deployment.inbox, &receipt.logs).map_err(after)?;
    let is_this = |body: &Body| {
        let funder = wallet.address().into_array();
        *body
            == Body::RewardFunding {
                amount: units,
                funder,
            }
    };
    sent.require(0, is_this).map_err(after)?;
    object["root_transaction"] = receipt.hash.to_string().into();
    object["root_block"] = receipt.block.into();
    object["message"] = sent.index.into();
    object["hash"] = sent.hash().into();
    if !command.wait {
        output.object(&object);
        output.next(&format!(
            "plasmid query tx {} (what the child made of it, when its inbox cursor in `plasmid status` has come to message {})",
            sent.hash(),
            sent.index
        ));
        return Ok(());
    }
    let progress = output.progress("waiting for the child to take it into the pool");
    let outcome = sent.outcome(connection).await;
    progress.finish_and_clear();
    if let Ok(outcome) = &outcome {
        outcome.add_to(&mut object);
    }
    output.object(&object);
    let outcome = outcome.map_err(after)?;
    if outcome.code != 0 {
        return Err(after(CliError::new(format!(
            "the child did not take it into the pool: {} (code {})",
            outcome.log, outcome.code
        ))));
    }
    output.next("plasmid query stake rewards");
    Ok(())
}

/// What the pool holds, as the node says. A node that does not answer hinders no gift.
async fn pool(connection: &Connection) -> Option<GetRewardsResponse> {
    let mut client = connection.stake().await.ok()?;
    let answer = client.get_rewards(GetRewardsRequest {}).await.ok()?;
    Some(answer.into_inner())
}

/// A gift that is about to be sent.
struct Gift {
    funder: String,
    units: u128,
    price: U256,
    value: U256,
    pool: Option<GetRewardsResponse>,
}

impl Gift {
    fn object(&self) -> Value {
        let pool = self.pool.as_ref();
        json!({
            "funder": self.funder,
            "amount": self.units.to_string(),
            "price": self.price.to_string(),
            "sent": self.value.to_string(),
            "pool": pool.map(|pool| pool.pool.as_str()),
            "drip": pool.map(|pool| pool.drip),
        })
    }

    fn sentence(&self) -> String {
        let goes = match &self.pool {
            None => "a part of the pool at the end of each epoch".to_owned(),
            Some(pool) => format!(
                "{} of 10^9 parts of the pool at the end of each epoch, and this node says that the pool holds {} wei",
                pool.drip, pool.pool
            ),
        };
        format!(
            "this gives {} coins of {} to the reward pool, from which those who validate and those who back them are paid: {goes}. It is a gift: \
             nobody can take it back. It sends {} wei, which is the most that it costs beside root's fee: the gift and the price of the message, now \
             {} wei, which is burned; what is over returns",
            amount::show(self.units, NATIVE_DECIMALS),
            self.funder,
            self.value,
            self.price
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gift_is_shown_with_its_cost_and_where_it_goes() {
        let gift = |pool| Gift {
            funder: "0x1".into(),
            units: 1_500_000_000_000_000_000,
            price: U256::from(7),
            value: U256::from(1_500_000_000_000_000_014_u64),
            pool,
        };
        let told = GetRewardsResponse {
            pool: "41".into(),
            drip: 100_000,
            ..Default::default()
        };
        let known = gift(Some(told));
        assert_eq!(
            known.object(),
            json!({
                "funder": "0x1", "amount": "1500000000000000000", "price": "7", "sent": "1500000000000000014", "pool": "41", "drip": 100_000,
            })
        );
        let said = known.sentence();
        for words in [
            "1.5 coins",
            "100000 of 10^9",
            "41 wei",
            "nobody can take it back",
            "now 7 wei",
        ] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
        let unknown = gift(None);
        assert!(unknown.object()["pool"].is_null());
        assert!(unknown.sentence().contains("a part of the pool"));
    }
}
