//! `plasmid tx`: makes, signs and submits transactions, and waits for them.

pub(super) mod behind;
mod leaving;
mod make;
mod order;
pub(in crate::cli) mod stake;
pub mod tip;
mod token;

use std::borrow::Borrow;

use clap::{Args, Subcommand};
use plasmid_proto::ledger::v1::{
    GetAccountRequest, GetAccountResponse, GetTransactionResponse, QuoteFeeRequest,
    SimulateRequest, Stage, Status,
};
use serde_json::{Value, json};

use self::leaving::Leaving;
pub use self::make::{Make, WithdrawalOptions, topic_bytes};
use self::order::Order;
pub use self::order::{behind, next_of, on_its_way};
use self::stake::Disclosure;
use self::tip::RootView;
pub use self::token::decimals;
use super::{
    CliError,
    connect::Connection,
    keys::KeyOptions,
    output::{self, Output},
};
use crate::{
    client::{Terms, sign_for_mempool, signer::Signer},
    ledger::{
        Account, Code,
        transaction::{Authentication, Body, Header, Scheme, Transaction},
    },
    plain,
};

/// The largest fee that a node may suggest unless the user allows another one: a hundredth of a coin.
const MAX_FEE: u128 = 10_000_000_000_000_000;

/// Transactions on the child chain.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "what several commands share says what it is where it stands"
)]
pub enum TxCommand {
    #[command(flatten)]
    Make(Box<Make<Signing, Asked>>),
    /// Submits canonical bytes that were signed elsewhere.
    Submit {
        /// The bytes in hex.
        bytes: String,
        /// Takes the place of the transaction that waits at the same sequence; it pays a tenth more than that one.
        #[arg(long)]
        replace: bool,
    },
}

/// Who signs, and with which header.
#[derive(Clone, Debug, Args)]
pub struct Signing {
    /// Name of the key that signs.
    #[arg(long)]
    pub from: String,
    /// Fee in base units [default: the minimum and a tenth].
    #[arg(long)]
    pub fee: Option<u128>,
    /// The largest fee that the node may suggest, in base units; a larger one is refused and nothing is signed.
    #[arg(long, default_value_t = MAX_FEE)]
    pub max_fee: u128,
    /// Sequence of the transaction in its sender's order [default: the account's next one at which no transaction waits in the node, and
    /// behind what this key signed last here and may still wait in another node].
    #[arg(long)]
    pub sequence: Option<u64>,
    /// Takes the place of the transaction that waits at --sequence; --fee has to be a tenth above that one's.
    #[arg(long, requires = "sequence", requires = "fee")]
    pub replace: bool,
    /// Last height at which it may stand in a block [default: the node's newest block + 5,000; a node that names a higher block than the
    /// checkpoints that root accepted allow is refused, and with this option it is not].
    #[arg(long)]
    pub valid_until: Option<u64>,
    /// Memo of at most 32 bytes of text.
    #[arg(long, default_value = "")]
    pub memo: String,
    /// Prints the signed bytes instead of submitting them.
    #[arg(long)]
    pub dry_run: bool,
    /// Does not wait for the block.
    #[arg(long)]
    pub no_wait: bool,
    /// Waits for the block, which is so without this option too.
    #[arg(long, conflicts_with = "no_wait")]
    pub wait: bool,
}

/// Who signs, when what is signed was shown.
#[derive(Clone, Debug, Args)]
pub struct Asked {
    #[command(flatten)]
    signing: Signing,
    /// Signs it without asking.
    #[arg(long)]
    yes: bool,
}

impl Borrow<Signing> for Asked {
    fn borrow(&self) -> &Signing {
        &self.signing
    }
}

/// Runs `plasmid tx …`.
///
/// # Errors
/// What the node refused, with its code, or why it could not be reached.
pub async fn run(
    command: TxCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        TxCommand::Submit { bytes, replace } => {
            let transaction = Transaction::decode(&signed_bytes(&bytes)?).map_err(|reject| {
                CliError::new(format!("the bytes are no transaction: {reject}"))
            })?;
            let leaving = Leaving::new(&transaction, None);
            leaving.hand_in(connection, replace).await?;
            output.object(&leaving.follow(connection, false, output).await?);
            Ok(())
        }
        TxCommand::Make(make) => send(&make, connection, keys, output).await,
    }
}

/// Bytes that were signed elsewhere.
pub fn signed_bytes(text: &str) -> Result<Vec<u8>, CliError> {
    hex::decode(text.trim_start_matches("0x"))
        .map_err(|error| CliError::new(format!("bytes: {text:?} is not hex: {error}")))
}

/// What the node knows of an account.
pub async fn get_account(
    connection: &Connection,
    account: Account,
) -> Result<GetAccountResponse, CliError> {
    let request = GetAccountRequest {
        account: account.to_string(),
    };
    let mut client = connection.accounts().await?;
    let answer = client.get_account(request).await?.into_inner();
    match answer.account.parse::<Account>() {
        Ok(told) if told == account => Ok(answer),
        _ => Err(CliError::other_than_asked(
            "account",
            account,
            &answer.account,
        )),
    }
}

/// Makes and signs a transaction and, unless it is a dry run, submits it and waits. One of stake is shown before, and signed when a person or
/// `--yes` says so.
pub async fn send(
    make: &Make<Signing, Asked>,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let signing = make.authority();
    let signer = keys.signer(&signing.from)?;
    let status = connection.status().await?;
    let deployment = connection.deployment(&status).await?;
    let domain = deployment.domain;
    let body = make
        .body(connection, keys, &deployment, signer.account())
        .await?;
    // One sequence is signed for one command, whatever the node says of it: each refused transaction is valid bytes in the node's hands.
    // A dry run takes none that is signed already either, though it keeps nothing.
    let turn = keys.turn(&signing.from).await?;
    let root = RootView::read(connection, &deployment).await;
    // A node that names a height which the chain has not come to does not have what was signed last forgotten.
    let passed = root.as_ref().map(|root| root.passed(status.height));
    let passed = passed.unwrap_or_default();
    let max_tip = match signing.valid_until {
        Some(_) => u64::MAX,
        None => root
            .and_then(|root| root.highest())
            .map_err(tip::not_told)?,
    };
    let terms = Terms {
        valid_until: signing.valid_until,
        max_tip,
        ..Terms::default()
    };
    let valid_until = terms.valid_until(status.height).map_err(tip::or_name_one)?;
    let held = turn.held(&domain);
    let order = Order::of(connection, signing, signer.account(), held, passed).await?;
    let header = header(signing, &signer, order.sequence(), valid_until)?;
    let fee = fee(connection, signing, signer.scheme(), header, &body).await?;
    let header = Header { fee, ..header };
    let shown = match (make, &body) {
        (Make::Stake(stake), Body::Stake(body)) => {
            let signs = (signer.scheme(), header, body);
            let disclosure = Disclosure::of(stake, connection, signs, &domain).await;
            Some((disclosure, stake.authority().yes))
        }
        _ => None,
    };
    if !signing.dry_run {
        if let Some(gap) = order.gap() {
            output::note(&gap);
        }
        if let Some((disclosure, yes)) = &shown {
            disclosure.confirm(*yes, output)?;
        }
    }
    let transaction = sign_for_mempool(&signer, header, body, &domain)?;
    let leaving = Leaving::new(&transaction, Some(&domain));
    if signing.dry_run {
        let mut object = json!({
            "bytes": hex::encode(leaving.bytes()), "digest": transaction.digest(&domain).to_string(), "fee": fee.to_string(),
            "valid_until": valid_until,
        });
        if let Some((disclosure, _)) = &shown {
            disclosure.add_to(&mut object);
        }
        output.object(&object);
        return Ok(());
    }
    order.keep(valid_until)?;
    let taken = leaving.hand_in(connection, signing.replace).await;
    taken.map_err(|not_taken| order.after(not_taken))?;
    drop(turn);
    let followed = leaving.follow(connection, !signing.no_wait, output).await;
    let answer = followed.map_err(|error| order.with_gap(error))?;
    output.object(&answer);
    let from = &signing.from;
    match (make, answer["withdrawal"].as_u64()) {
        (Make::Withdraw { .. }, Some(number)) => {
            output.next(&format!("plasmid bridge claim {number} --from {from}"));
        }
        (Make::Withdraw { .. }, None) => {}
        (Make::Stake(_), _) => match answer["position"].as_u64() {
            Some(number) => output.next(&format!("plasmid query stake position {number}")),
            None => output.next(&format!("plasmid query account {from}")),
        },
        (Make::Transfer { .. }, _) => output.next(&format!(
            "plasmid tx withdraw --from {from} --amount AMOUNT"
        )),
        _ => output.next(&format!("plasmid query account {from}")),
    }
    Ok(())
}

fn header(
    signing: &Signing,
    signer: &Signer,
    sequence: u64,
    valid_until: u64,
) -> Result<Header, CliError> {
    let sender = signer.account();
    let memo_bytes = signing.memo.as_bytes();
    let mut memo = [0u8; 32];
    memo.get_mut(..memo_bytes.len())
        .ok_or_else(|| {
            CliError::new(format!(
                "the memo has {} bytes; at most 32 fit",
                memo_bytes.len()
            ))
        })?
        .copy_from_slice(memo_bytes);
    Ok(Header {
        sender,
        lane: 0,
        sequence,
        fee: 0,
        fee_payer: Account::from_bytes(&[0; 21]),
        valid_until,
        memo,
    })
}

/// The fee that was named, or what the node suggests, within the limit.
async fn fee(
    connection: &Connection,
    signing: &Signing,
    scheme: Scheme,
    header: Header,
    body: &Body,
) -> Result<u128, CliError> {
    if let Some(fee) = signing.fee {
        return Ok(fee);
    }
    let fee = suggested_fee(connection, scheme, header, body).await?;
    match fee <= signing.max_fee {
        true => Ok(fee),
        false => Err(CliError::new(format!(
            "the node suggests a fee of {fee} base units, and --max-fee is {}: nothing was signed",
            signing.max_fee
        ))),
    }
}

/// Asks the node what these bytes would cost: a simulation tells how many leaves they make.
async fn suggested_fee(
    connection: &Connection,
    scheme: Scheme,
    header: Header,
    body: &Body,
) -> Result<u128, CliError> {
    let authentication = match scheme {
        Scheme::Ed25519 => Authentication::Ed25519 {
            key: [0; 32],
            signature: [0; 64],
        },
        _ => Authentication::Secp256k1 {
            r: [0; 32],
            s: [0; 32],
            v: 27,
        },
    };
    let unsigned = Transaction {
        header,
        body: body.clone(),
        authentication,
        fee_payer_authentication: None,
    }
    .encode();
    let length = u32::try_from(unsigned.len()).unwrap_or(u32::MAX);
    let mut client = connection.transactions().await?;
    let request = SimulateRequest {
        transaction: unsigned,
        skip_authentication: true,
    };
    let simulated = client.simulate(request).await?.into_inner();
    // One that waits behind others is ahead of the state's sequence; what it costs is known all the same.
    let known = [Code::Ok, Code::FeeTooLow, Code::NonceAhead].map(Code::number);
    if !known.contains(&simulated.code) {
        return Err(CliError::new(format!(
            "the transaction would be refused: {} (code {})",
            plain::words(&simulated.log),
            simulated.code
        )));
    }
    let quote = client
        .quote_fee(QuoteFeeRequest {
            length,
            leaves_made: simulated.leaves_made,
        })
        .await?
        .into_inner();
    quote.suggested_fee.parse().map_err(|error| {
        CliError::new(format!(
            "the node's fee {text:?}: {error}",
            text = quote.suggested_fee
        ))
    })
}

/// What a node's answer says of the transaction.
pub fn status_of(answer: GetTransactionResponse) -> Result<Status, CliError> {
    let status = answer.status;
    status.ok_or_else(|| CliError::new("the node answered without a status"))
}

/// A transaction's status as it is printed.
pub fn shown(status: &Status) -> Value {
    let stage = Stage::try_from(status.stage)
        .unwrap_or(Stage::Unspecified)
        .as_str_name();
    let mut object = json!({
        "hash": hex::encode(&status.hash),
        "digest": hex::encode(&status.digest),
        "stage": stage.trim_start_matches("STAGE_").to_lowercase(),
        "height": status.height,
        "index": status.index,
        "code": status.code,
        "log": status.log,
    });
    let (what, made) = made(status);
    match made.as_slice() {
        [] => {}
        [number] => object[what] = (*number).into(),
        numbers => object[format!("{what}s")] = json!(numbers),
    }
    if let Some(seconds) = status.seconds_to_final {
        object["seconds_to_final"] = seconds.into();
    }
    object
}

/// The numbers in a result's data, and of what they are: positions of stake, whose making is an event, or withdrawals.
fn made(status: &Status) -> (&'static str, Vec<u64>) {
    let (numbers, _) = status.data.as_chunks::<8>();
    let numbers = numbers.iter().copied().map(u64::from_be_bytes).collect();
    match status.events.iter().any(|event| event.name == "opened") {
        true => ("position", numbers),
        false => ("withdrawal", numbers),
    }
}

/// The numbers of the withdrawals that a transaction or message made.
pub fn withdrawals(status: &Status) -> Vec<u64> {
    match made(status) {
        ("withdrawal", numbers) => numbers,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use plasmid_proto::ledger::v1::Event;

    use super::*;

    #[test]
    fn where_a_transaction_stands_is_shown_under_its_names() {
        let status = Status {
            stage: Stage::Included.into(),
            hash: vec![1; 2],
            digest: vec![2; 2],
            height: 3,
            index: 4,
            code: 5,
            log: "why".into(),
            ..Default::default()
        };
        let expected = json!({
            "hash": "0101", "digest": "0202", "stage": "included", "height": 3, "index": 4, "code": 5, "log": "why",
        });
        assert_eq!(shown(&status), expected);
        let with = |data: &[u64], seconds_to_final| {
            shown(&Status {
                data: data
                    .iter()
                    .flat_map(|number| number.to_be_bytes())
                    .collect(),
                seconds_to_final,
                ..status.clone()
            })
        };
        assert_eq!(with(&[7], None)["withdrawal"], 7);
        assert_eq!(with(&[7, 8], None)["withdrawals"], json!([7, 8]));
        assert_eq!(with(&[], Some(9))["seconds_to_final"], 9);
        let opened = Status {
            data: 7u64.to_be_bytes().to_vec(),
            events: vec![Event {
                name: "opened".into(),
                attributes: Vec::new(),
            }],
            ..status
        };
        let told = shown(&opened);
        assert_eq!(
            (&told["position"], &told["withdrawal"]),
            (&json!(7), &Value::Null)
        );
        assert!(
            withdrawals(&opened).is_empty(),
            "a position is no withdrawal"
        );
    }
}
