//! `plasmid exit refund`: what deposits and gifts brought that the base had not consumed goes back.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use alloy_sol_types::{SolCall, SolEvent};
use clap::Args;
use plasmid_bridge::{
    abi::IExits,
    client::{
        exits::{Shown, is_refunded, messages},
        rpc::Call,
        wallet::WalletError,
    },
    proof::inbox::Body,
};
use serde_json::{Value, json};

use super::{
    ExitDesk,
    carrier::{Carrier, Priced, behind, mined},
};
use crate::{
    cli::{
        CliError,
        connect::Connection,
        keys::KeyOptions,
        output::{Output, listed},
    },
    ledger::{address, leaf::NATIVE},
};

/// Whose, and who carries it.
#[derive(Args)]
pub struct RefundCommand {
    /// The refund address of the deposits, or the giver. Without it all of them are paid, to whomever they belong.
    #[arg(long, value_parser = address::parse)]
    address: Option<Address>,
    #[command(flatten)]
    carrier: Carrier,
}

/// Tokens and amounts; zero is the native coin.
type Assets = Vec<([u8; 20], u128)>;

/// Gas of one refund that is carried for others, at most: a payout of 500,000, and its proof. With `--address` there is no such bound.
const MAX_EACH: u64 = 1_500_000;

/// What a message brought that comes back.
struct Back {
    shown: Shown,
    to: Address,
    /// What was not paid back yet.
    assets: Assets,
}

/// Runs `plasmid exit refund`.
///
/// # Errors
/// What root refused.
pub async fn run(
    command: &RefundCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let seen = place.base().await?;
    let blocks = place.blocks(&seen).await?;
    let progress = output.progress("reading the messages of the Inbox");
    let cursor = seen.base.inboxCursor;
    let waiting = messages(&place.rpc, &place.contracts, cursor, blocks).await?;
    let mut backs = Vec::new();
    for shown in waiting {
        let Some((to, assets)) = brought(&shown) else {
            continue;
        };
        if command.address.is_some_and(|only| only != to) {
            continue;
        }
        let assets = place.unpaid(shown.message.index, assets).await?;
        if !assets.is_empty() {
            backs.push(Back { shown, to, assets });
        }
    }
    progress.finish_and_clear();
    let mut object = json!({
        "inbox_cursor": cursor,
        "refunds": backs.iter().map(Back::json).collect::<Vec<_>>(),
    });
    if backs.is_empty() {
        output.object(&object);
        output.say(&format!(
            "no message behind {cursor} brought anything that is not paid back already"
        ));
        return Ok(());
    }
    let mut priced = Priced::none();
    let mut refused = Vec::new();
    for (back, token) in backs.iter().flat_map(Back::each) {
        let call = back.call(token == NATIVE);
        let call = Call::to(place.contracts.exits, call.abi_encode());
        match wallet.limits(&call).await {
            // Whoever is to be paid may burn what it is given, and nobody carries that for it unasked.
            Ok((gas, _)) if gas > MAX_EACH && command.address.is_none() => {
                let error = WalletError::GasCap {
                    needed: gas,
                    cap: MAX_EACH,
                };
                refused.push((back, token, error));
            }
            Ok(limits) => priced.push(&wallet, call, limits),
            // Whoever is to be paid does not take it: nobody else waits for that.
            Err(error) if error.is_of_call() => refused.push((back, token, error)),
            Err(error) => return Err(error.into()),
        }
    }
    object["refused"] = refused
        .iter()
        .map(|(back, token, why)| {
            let message = back.shown.message.index;
            json!({ "message": message, "token": Address::from(*token).to_string(), "why": why.to_string() })
        })
        .collect();
    if priced.calls.is_empty() {
        output.object(&object);
        return Err(none_paid(&refused));
    }
    let what = format!(
        "this pays back what {} messages brought that the base had not consumed",
        backs.len()
    );
    if !command.carrier.agree(&what, &priced, &mut object, output)? {
        return Ok(());
    }
    let (mut transactions, mut paid) = (Vec::new(), BTreeSet::new());
    let mut cut_short = None;
    for call in priced.calls {
        let receipt = match command.carrier.send(&wallet, call).await {
            Ok(receipt) => receipt,
            Err(error) => {
                cut_short = Some(behind(transactions.len(), error));
                break;
            }
        };
        transactions.push(mined(&receipt));
        let own = receipt.logs.iter();
        for log in own.filter(|log| log.address == place.contracts.exits) {
            let topics = log.topics.iter().copied();
            if let Ok(event) = IExits::Refunded::decode_raw_log(topics, &log.data) {
                paid.insert(event.message);
            }
        }
    }
    object["transactions"] = transactions.into();
    object["paid"] = json!(paid);
    output.object(&object);
    match cut_short {
        Some(error) => Err(error),
        None if refused.is_empty() => Ok(()),
        None => Err(none_paid(&refused)),
    }
}

/// Why some of it was not paid back.
fn none_paid(refused: &[(&Back, [u8; 20], WalletError)]) -> CliError {
    let all = refused.iter().map(|(back, token, why)| {
        let (index, token) = (back.shown.message.index, Address::from(*token));
        format!("token {token} of message {index} to {}: {why}", back.to)
    });
    CliError::new(format!(
        "not paid back, and it can be paid back later: {}",
        listed(all)
    ))
}

/// To whom a message's money goes back, and what it is.
fn brought(shown: &Shown) -> Option<(Address, Assets)> {
    match &shown.message.body {
        Body::Deposit(deposit) => {
            let both = [(deposit.token, deposit.amount), (NATIVE, deposit.native)];
            let held = both.into_iter().filter(|(_, amount)| *amount != 0);
            Some((deposit.refund.into(), held.collect()))
        }
        Body::RewardFunding { amount, funder } => Some(((*funder).into(), vec![(NATIVE, *amount)])),
        _ => None,
    }
}

impl ExitDesk {
    /// The assets of a message that were not paid back.
    async fn unpaid(&self, message: u64, assets: Assets) -> Result<Assets, CliError> {
        let mut left = Vec::new();
        for (token, amount) in assets {
            let native = token == NATIVE;
            let asset = (message, native);
            if !is_refunded(self.endpoints(), &self.contracts, asset).await? {
                left.push((token, amount));
            }
        }
        Ok(left)
    }
}

impl Back {
    /// Its assets, each of which is paid by a call of its own.
    fn each(&self) -> impl Iterator<Item = (&Self, [u8; 20])> {
        self.assets.iter().map(move |(token, _)| (self, *token))
    }

    fn call(&self, native: bool) -> IExits::refundCall {
        IExits::refundCall {
            message: self.shown.bytes.clone(),
            native,
            before: self.shown.before,
            behind: self.shown.behind.clone(),
        }
    }

    fn json(&self) -> Value {
        let assets = self.assets.iter().map(|(token, amount)| {
            json!({ "token": Address::from(*token).to_string(), "amount": amount.to_string() })
        });
        json!({
            "message": self.shown.message.index,
            "recipient": self.to.to_string(),
            "assets": assets.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;
    use plasmid_bridge::proof::inbox::{Deposit, Message};

    use super::*;

    fn shown(body: Body) -> Shown {
        let message = Message {
            index: 7,
            arrival: 1,
            root_height: 2,
            due: 3,
            body,
        };
        Shown {
            bytes: message.encode().into(),
            message,
            before: B256::repeat_byte(1),
            behind: vec![B256::repeat_byte(2)],
        }
    }

    fn deposit(token: [u8; 20], amount: u128, native: u128) -> Shown {
        shown(Body::Deposit(Deposit {
            token,
            amount,
            native,
            recipient: [4; 21],
            refund: [5; 20],
            depositor: [6; 20],
            decimals: 6,
            symbol_length: 0,
            symbol: [0; 32],
        }))
    }

    #[test]
    fn a_token_that_came_with_native_coins_goes_back_in_two_calls_to_the_refund_address() {
        let shown = deposit([9; 20], 50, 3);
        let (to, assets) = brought(&shown).expect("it brought something");
        assert_eq!(to, Address::repeat_byte(5));
        assert_eq!(assets, [([9; 20], 50), (NATIVE, 3)]);
        let back = Back { shown, to, assets };
        let calls: Vec<IExits::refundCall> = back
            .each()
            .map(|(back, token)| back.call(token == NATIVE))
            .collect();
        assert_eq!(
            calls.iter().map(|call| call.native).collect::<Vec<_>>(),
            [false, true]
        );
        for call in calls {
            assert_eq!(call.message, back.shown.bytes);
            assert_eq!(call.before, B256::repeat_byte(1));
            assert_eq!(call.behind, [B256::repeat_byte(2)]);
        }
    }

    #[test]
    fn what_brought_one_thing_goes_back_once_and_what_brought_nothing_does_not() {
        let assets = |shown: &Shown| brought(shown).map(|(_, assets)| assets);
        assert_eq!(assets(&deposit([9; 20], 50, 0)), Some(vec![([9; 20], 50)]));
        assert_eq!(assets(&deposit(NATIVE, 50, 0)), Some(vec![(NATIVE, 50)]));
        assert_eq!(assets(&deposit([9; 20], 0, 0)), Some(Vec::new()));
        let gift = shown(Body::RewardFunding {
            amount: 8,
            funder: [3; 20],
        });
        assert_eq!(
            brought(&gift),
            Some((Address::repeat_byte(3), vec![(NATIVE, 8)]))
        );
    }
}
