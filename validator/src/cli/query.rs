//! `plasmid query` and `plasmid status`: reads.

pub mod stake;

use std::{sync::Arc, time::Duration};

use alloy_primitives::Address;
use clap::{Args, Subcommand};
use plasmid_bridge::{
    abi::IVault,
    client::{
        exits,
        follower::view_call,
        rpc::{At, Rpc},
    },
    relay::{acceptance::DeploymentEnd, outbox::Missing},
};
use plasmid_proto::{
    bridge::v1::{
        GetCheckpointRequest, GetWithdrawalRequest, ListCheckpointsRequest, ListWithdrawalsRequest,
        Withdrawal, WithdrawalStage,
    },
    chain::v1::{AwaitedCheckpoint, GetBlockRequest, GetParametersRequest, ListValidatorsRequest},
    ledger::v1::{
        GetTransactionRequest, ListBalancesRequest, ListTokensRequest, QuoteFeeRequest,
        get_transaction_request,
    },
};
use serde_json::{Value, json};

use super::{
    CliError,
    connect::{self, Bridge, Connection},
    keys::KeyOptions,
    output::{self, Output},
    relay, tx,
};
use crate::ledger::address;
use crate::wire::address_text;

mod shown;

/// How long a root chain is asked whether the deployment is closing, beside a node's status.
const ROOT_PATIENCE: Duration = Duration::from_secs(3);
/// The longest page token of a node that is shown, in characters.
const MAX_PAGE: usize = 64;

/// Reads of the child chain.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "what several commands share says what it is where it stands"
)]
pub enum QueryCommand {
    /// Balance, sequence and payout address of an account.
    Account {
        /// The account, or the name of one of your keys.
        account: String,
    },
    /// Balances of an account in every token.
    Balances {
        /// The account, or the name of one of your keys.
        account: String,
        #[command(flatten)]
        page: Page,
    },
    /// The token registry.
    Tokens {
        #[command(flatten)]
        page: Page,
    },
    /// A block's commitment.
    Block {
        /// The height of the block. Without it the newest block is shown.
        height: Option<u64>,
    },
    /// Shows how far a transaction has come: waiting in the mempool, included in a block, under a checkpoint that root accepted, or final.
    Tx {
        /// Engine hash or EIP-712 digest, in hex.
        id: String,
    },
    /// The validator set of an epoch.
    Validators {
        /// The epoch. Without it the epoch of the newest block is shown.
        #[arg(long)]
        epoch: Option<u64>,
    },
    /// A checkpoint.
    Checkpoint {
        /// Its epoch.
        epoch: u64,
    },
    /// The newest checkpoints.
    Checkpoints {
        #[command(flatten)]
        page: Page,
    },
    /// A withdrawal.
    Withdrawal {
        /// Its number.
        number: u64,
    },
    /// Withdrawals, newest last.
    Withdrawals {
        /// The recipient on root. Without it the withdrawals of all recipients are listed.
        #[arg(long, value_parser = address::parse)]
        recipient: Option<Address>,
        #[command(flatten)]
        page: Page,
    },
    /// The lowest fee of a transaction of this length that makes this many new leaves.
    Fee {
        /// Length of the transaction in bytes.
        #[arg(long, default_value_t = 264)]
        length: u32,
        /// Number of new leaves that the transaction creates in the state.
        #[arg(long, default_value_t = 0)]
        leaves: u32,
    },
    /// The deployment's parameters.
    Parameters,
    /// Positions, operators, rewards, and how far epochs have matured.
    #[command(subcommand)]
    Stake(stake::StakeQuery),
}

/// Which part of a list.
#[derive(Clone, Debug, Args)]
pub struct Page {
    /// The largest number of rows, up to 1,000.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Page token that the previous page printed.
    #[arg(long, default_value = "")]
    page: String,
}

/// Says that there are more rows; programs see it in `next_page`, and of what block and epoch they are where the list has a height.
fn print_page(
    output: Output,
    name: &str,
    columns: &[&str],
    (rows, next): (&[Value], &str),
    of: &[(&str, u64)],
) {
    if output.is_json() {
        let mut object = json!({ name: rows, "next_page": next });
        for (field, value) in of {
            object[*field] = (*value).into();
        }
        return output.object(&object);
    }
    output.rows(name, columns, rows);
    match next {
        "" => {}
        next if is_page(next) => output.say(&format!("there are more: --page {next}")),
        _ => output.say("there are more, but the node's page token is not one of ours, which have up to 64 letters, digits, '-' and '_'"),
    }
}

/// Whether a node's page token may stand in a command that a person is told to type.
fn is_page(token: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // One that begins with a dash would be an option.
    (1..=MAX_PAGE).contains(&token.len()) && token.chars().all(allowed) && !token.starts_with('-')
}

/// Checks that the answer is about what was asked for.
fn same<T: PartialEq + std::fmt::Display>(what: &str, asked: T, told: T) -> Result<(), CliError> {
    match asked == told {
        true => Ok(()),
        false => Err(CliError::other_than_asked(what, asked, told)),
    }
}

/// What the node says of the withdrawal of this number.
pub(super) async fn withdrawal(
    connection: &Connection,
    number: u64,
) -> Result<Withdrawal, CliError> {
    let client = connection.bridge().await?;
    let request = GetWithdrawalRequest { number };
    let ask = |mut client: Bridge, request| async move { client.get_withdrawal(request).await };
    let answer = connect::patiently(client, request, ask).await?;
    let found = answer
        .withdrawal
        .ok_or_else(|| CliError::new(format!("no withdrawal {number}")))?;
    same("withdrawal", number, found.number)?;
    Ok(found)
}

/// Runs `plasmid query …`.
///
/// # Errors
/// What the node said.
pub async fn run(
    command: QueryCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        QueryCommand::Account { account } => {
            let account = keys.stated_account(&account)?;
            let found = tx::get_account(connection, account).await?;
            output.object(&shown::account(&account, &found));
        }
        QueryCommand::Balances { account, page } => {
            let account = keys.stated_account(&account)?.to_string();
            balances(connection, output, account, page).await?;
        }
        QueryCommand::Tokens { page } => tokens(connection, output, page).await?,
        QueryCommand::Block { height } => block(connection, output, height).await?,
        QueryCommand::Tx { id } => transaction(connection, output, &id).await?,
        QueryCommand::Validators { epoch } => validators(connection, output, epoch).await?,
        QueryCommand::Checkpoint { epoch } => {
            let answer = connection
                .bridge()
                .await?
                .get_checkpoint(GetCheckpointRequest { epoch })
                .await?
                .into_inner();
            let found = answer
                .checkpoint
                .ok_or_else(|| CliError::new(format!("no checkpoint {epoch}")))?;
            same("the checkpoint of epoch", epoch, found.epoch)?;
            output.object(&shown::checkpoint(&found));
        }
        QueryCommand::Checkpoints { page } => checkpoints(connection, output, page).await?,
        QueryCommand::Withdrawal { number } => {
            let found = withdrawal(connection, number).await?;
            let payments = Payments::of(connection).await?;
            output.object(&payments.show(&found).await?);
        }
        QueryCommand::Withdrawals { recipient, page } => {
            withdrawals(connection, output, recipient, page).await?;
        }
        QueryCommand::Fee { length, leaves } => {
            let request = QuoteFeeRequest {
                length,
                leaves_made: leaves,
            };
            let quote = connection
                .transactions()
                .await?
                .quote_fee(request)
                .await?
                .into_inner();
            output.object(&shown::quote(&quote));
        }
        QueryCommand::Parameters => {
            let answer = connection
                .chain()
                .await?
                .get_parameters(GetParametersRequest {})
                .await?
                .into_inner();
            let rows: Vec<Value> = answer.parameters.iter().map(shown::parameter).collect();
            output.rows("parameters", &["name", "value"], &rows);
        }
        QueryCommand::Stake(question) => stake::run(question, connection, keys, output).await?,
    }
    Ok(())
}

/// Runs `plasmid status`.
///
/// # Errors
/// What the node said.
pub async fn status(connection: &Connection, output: Output) -> Result<(), CliError> {
    let status = connection.status().await?;
    let awaited = match &status.awaited {
        Some(awaited) => Some((awaited, missing(awaited)?)),
        None => None,
    };
    let mut object = match output.is_json() {
        true => shown::whole_status(&status, awaited.as_ref()),
        false => shown::status(&status),
    };
    let asked = end(connection).await;
    let told = DeploymentEnd {
        finalized: 0,
        exit_at: status.exit_at,
        void_from: status.void_from,
    };
    let end = asked.unwrap_or(told);
    object["exit_at"] = end.exit_at.into();
    object["void_from"] = end.void_from.into();
    output.object(&object);
    if let Some(sentence) = end_sentence(&end, asked.is_some()) {
        output.say(&sentence);
    }
    if let Some(awaited) = &awaited {
        output.say(&awaited_sentence(awaited));
    }
    output.next("plasmid query checkpoints");
    Ok(())
}

/// What is said of the deployment's end, when there is something to say; `asked`: root said it, and else the node says that it does.
fn end_sentence(end: &DeploymentEnd, asked: bool) -> Option<String> {
    let exit_at = end.exit_at?;
    let who = match asked {
        true => "root says that",
        false => "the node says that root says that",
    };
    Some(match end.void_from {
        Some(from) => format!(
            "{who} checkpoint {from} and all behind it are void, because a proof of fraud stands against it or nobody showed its data, and that exit mode begins, or has begun, at root time {exit_at}: nothing that this chain did since the checkpoint before it counts, and everybody leaves with `plasmid exit`; `plasmid exit status` says with what"
        ),
        None => format!(
            "{who} the deployment is closing: exit mode begins, or has begun, at root time {exit_at}; leave with `plasmid exit` from then on; `plasmid exit status` says how money leaves"
        ),
    })
}

/// How far the deployment has come to its end, as root says: `None` where it is not asked, or does not answer.
async fn end(connection: &Connection) -> Option<DeploymentEnd> {
    let registry = connection.registry().ok()?;
    let root = connection.root().ok()?;
    let root_chain = exits::Contracts::of(registry).root_chain;
    let asked = tokio::time::timeout(ROOT_PATIENCE, exits::end(&root, root_chain)).await;
    asked.ok()?.ok()
}

fn awaited_sentence((awaited, missing): &(&AwaitedCheckpoint, Vec<Missing>)) -> String {
    let (epoch, signed, total) = (awaited.epoch, awaited.signed_power, awaited.total_power);
    let begin = format!("root waits for checkpoint {epoch}: power {signed} of {total} has signed");
    if total == 0 {
        return format!(
            "the node's root endpoint says that root waits for checkpoint {epoch}, which this node has seen accepted long ago: that endpoint is behind or wrong, check it"
        );
    }
    match missing.is_empty() {
        true => format!("{begin}; it waits for a relayer that submits it"),
        false => format!("{begin}; {}", relay::named(missing)),
    }
}

fn missing(awaited: &AwaitedCheckpoint) -> Result<Vec<Missing>, CliError> {
    let missing = awaited.missing.iter().map(|one| {
        let seat = u16::try_from(one.seat);
        Ok(Missing {
            seat: seat.map_err(|_| CliError::new(format!("the node names seat {}", one.seat)))?,
            operator: connect::address(&one.operator)?.into(),
        })
    });
    missing.collect()
}

async fn checkpoints(connection: &Connection, output: Output, page: Page) -> Result<(), CliError> {
    let request = ListCheckpointsRequest {
        page_size: page.limit,
        page_token: page.page,
    };
    let mut client = connection.bridge().await?;
    let answer = client.list_checkpoints(request).await?.into_inner();
    let rows: Vec<Value> = answer.checkpoints.iter().map(shown::checkpoint).collect();
    let columns = [
        "epoch",
        "stage",
        "digest",
        "inbox_cursor",
        "signed_power",
        "total_power",
    ];
    print_page(
        output,
        "checkpoints",
        &columns,
        (&rows, &answer.next_page_token),
        &[],
    );
    Ok(())
}

async fn withdrawals(
    connection: &Connection,
    output: Output,
    recipient: Option<Address>,
    page: Page,
) -> Result<(), CliError> {
    let recipient = recipient.map(Address::into_array);
    let request = ListWithdrawalsRequest {
        recipient: recipient.map_or(String::new(), |address| address_text(&address)),
        page_size: page.limit,
        page_token: page.page,
    };
    let mut client = connection.bridge().await?;
    let answer = client.list_withdrawals(request).await?.into_inner();
    let payments = Payments::of(connection).await?;
    let mut rows = Vec::new();
    for withdrawal in &answer.withdrawals {
        if let Some(recipient) = recipient {
            let told = connect::address(&withdrawal.recipient)?;
            let [asked, told] = [recipient, told].map(|address| address_text(&address));
            same("a withdrawal to", asked, told)?;
        }
        rows.push(payments.show(withdrawal).await?);
    }
    let columns = [
        "number",
        "recipient",
        "token",
        "amount",
        "stage",
        "paid",
        "seconds_to_claim",
    ];
    print_page(
        output,
        "withdrawals",
        &columns,
        (&rows, &answer.next_page_token),
        &[],
    );
    if payments.0.is_some() {
        output.say("the column paid shows what root answers for the leaf index that the node gives for each withdrawal");
    }
    Ok(())
}

async fn balances(
    connection: &Connection,
    output: Output,
    account: String,
    page: Page,
) -> Result<(), CliError> {
    let request = ListBalancesRequest {
        account: account.clone(),
        page_size: page.limit,
        page_token: page.page,
    };
    let answer = connection
        .accounts()
        .await?
        .list_balances(request)
        .await?
        .into_inner();
    let rows: Vec<Value> = answer.balances.iter().map(shown::balance).collect();
    print_page(
        output,
        "balances",
        &["symbol", "amount", "base_units", "token"],
        (&rows, &answer.next_page_token),
        &[],
    );
    output.next(&format!(
        "plasmid tx withdraw --from KEY --amount AMOUNT, where KEY is the name of the key of {account}"
    ));
    Ok(())
}

async fn tokens(connection: &Connection, output: Output, page: Page) -> Result<(), CliError> {
    let request = ListTokensRequest {
        page_size: page.limit,
        page_token: page.page,
    };
    let answer = connection
        .accounts()
        .await?
        .list_tokens(request)
        .await?
        .into_inner();
    let rows: Vec<Value> = answer.tokens.iter().map(shown::token).collect();
    print_page(
        output,
        "tokens",
        &["symbol", "decimals", "token", "credited", "withdrawn"],
        (&rows, &answer.next_page_token),
        &[],
    );
    Ok(())
}

async fn block(
    connection: &Connection,
    output: Output,
    height: Option<u64>,
) -> Result<(), CliError> {
    // Height 0 asks for the newest block.
    let asked = height.unwrap_or(0);
    let block = connection
        .chain()
        .await?
        .get_block(GetBlockRequest { height: asked })
        .await?
        .into_inner();
    if asked != 0 {
        same("block", asked, block.height)?;
    }
    output.object(&shown::block(&block));
    Ok(())
}

async fn transaction(connection: &Connection, output: Output, id: &str) -> Result<(), CliError> {
    let bytes = hex::decode(id.trim_start_matches("0x"))
        .map_err(|error| CliError::new(format!("{id:?} is not hex: {error}")))?;
    if bytes.len() != 32 {
        return Err(CliError::new(format!(
            "a hash has 32 bytes; {id:?} has {}",
            bytes.len()
        )));
    }
    let mut client = connection.transactions().await?;
    let by_hash = GetTransactionRequest {
        id: Some(get_transaction_request::Id::Hash(bytes.clone())),
    };
    let mut answer = client.get_transaction(by_hash).await;
    let is_digest = answer
        .as_ref()
        .is_err_and(|status| status.code() == tonic::Code::NotFound);
    if is_digest {
        let by_digest = GetTransactionRequest {
            id: Some(get_transaction_request::Id::Digest(bytes.clone())),
        };
        answer = client.get_transaction(by_digest).await;
    }
    let found = tx::status_of(answer?.into_inner())?;
    // A node that is asked for a hash finds what stands in a block by its digest too.
    if found.digest != bytes {
        let told = match is_digest {
            true => &found.digest,
            false => &found.hash,
        };
        same("transaction", hex::encode(&bytes), hex::encode(told))?;
    }
    output.object(&tx::shown(&found));
    Ok(())
}

async fn validators(
    connection: &Connection,
    output: Output,
    epoch: Option<u64>,
) -> Result<(), CliError> {
    let answer = connection
        .chain()
        .await?
        .list_validators(ListValidatorsRequest { epoch })
        .await?
        .into_inner();
    if let Some(epoch) = epoch {
        same("the set of epoch", epoch, answer.epoch)?;
    }
    let rows: Vec<Value> = answer.validators.iter().map(shown::validator).collect();
    if output.is_json() {
        output::json_line(&shown::validators(&answer, &rows));
        return Ok(());
    }
    output.rows(
        "validators",
        &["seat", "operator", "power", "present", "consensus_address"],
        &rows,
    );
    output.say(&format!(
        "epoch {}, total power {}, commitment {}",
        answer.epoch,
        answer.total_power,
        hex::encode(answer.commitment)
    ));
    Ok(())
}

/// Who can say whether a withdrawal was paid: root, where the user named it and its Registry.
struct Payments(Option<(Arc<Rpc>, Address)>);

impl Payments {
    async fn of(connection: &Connection) -> Result<Self, CliError> {
        let (Ok(root), Ok(_)) = (connection.root(), connection.registry()) else {
            return Ok(Self(None));
        };
        let status = connection.status().await?;
        let vault = connection.deployment(&status).await?.vault;
        Ok(Self(Some((root, vault))))
    }

    /// A withdrawal as it is printed; `paid` is null where nobody can say. It is root's word about the leaf that the node names, so it is
    /// as good as the node's: only a claim, or a proof, ties the leaf to the withdrawal.
    async fn show(&self, withdrawal: &Withdrawal) -> Result<Value, CliError> {
        let index = withdrawal.leaf_index;
        let claimable = withdrawal.stage == WithdrawalStage::Claimable as i32;
        let paid = match &self.0 {
            Some((root, vault)) if claimable => {
                Some(view_call(root, *vault, IVault::claimedCall { index }, At::Latest).await?)
            }
            Some(_) => Some(false),
            None => None,
        };
        Ok(shown::withdrawal(withdrawal, paid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_page_tokens_stand_in_a_command() {
        let longest = "a".repeat(MAX_PAGE);
        let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        for token in ["0", "1000", "a-b_C9", address, &longest] {
            assert!(is_page(token), "{token}");
        }
        let longer = format!("{longest}a");
        for token in [
            "",
            "1; rm -rf ~",
            "$(reboot)",
            "1\n2",
            "`a`",
            "--node",
            "é",
            &longer,
        ] {
            assert!(!is_page(token), "{token}");
        }
    }

    #[test]
    fn a_node_whose_root_endpoint_says_what_cannot_be_is_not_told_to_wait_for_a_relayer() {
        let waits = |total_power| AwaitedCheckpoint {
            epoch: 7,
            total_power,
            ..Default::default()
        };
        let said = |waits: &AwaitedCheckpoint| awaited_sentence(&(waits, Vec::new()));
        assert!(said(&waits(0)).ends_with("that endpoint is behind or wrong, check it"));
        assert!(said(&waits(3)).ends_with("it waits for a relayer that submits it"));
    }

    #[test]
    fn an_operator_whose_checksum_is_wrong_is_refused_and_not_left_out() {
        let right = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        let awaited = |operator: &str, seat| AwaitedCheckpoint {
            missing: vec![plasmid_proto::chain::v1::MissingShare {
                seat,
                operator: operator.into(),
            }],
            ..Default::default()
        };
        let found = missing(&awaited(right, 3)).unwrap();
        assert_eq!(found[0].operator.to_string(), right);
        let wrong = right.replacen('f', "F", 1);
        for awaited in [awaited(&wrong, 3), awaited("", 3), awaited(right, 65_536)] {
            assert!(missing(&awaited).is_err(), "{awaited:?}");
        }
    }
}
