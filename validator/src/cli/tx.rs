//! `plasmid tx`: makes, signs and submits transactions, and waits for them.

use clap::{Args, Subcommand};
use plasmid_bridge::{
    abi::IToken,
    client::{follower::view_call, rpc::At},
};
use plasmid_proto::ledger::v1::{
    FollowRequest, GetAccountRequest, GetAccountResponse, ListTokensRequest, QuoteFeeRequest,
    SimulateRequest, Stage, Status, SubmitRequest, Token, follow_request,
};
use serde_json::{Value, json};

use super::{
    CliError, amount,
    connect::{self, Connection},
    keys::KeyOptions,
    output::Output,
};
use crate::{
    ledger::{
        Account, Code,
        transaction::{Authentication, Body, Data, Header, Scheme, Transaction},
    },
    rpc::signer::Signer,
};

/// Blocks after which a transaction that stands in none expires, when nothing else is asked.
const VALID_FOR: u64 = 5_000;
/// Decimals of the native coin.
const NATIVE_DECIMALS: u32 = 18;
/// What a suggested fee may be at most when nothing else is said: a hundredth of a coin.
const MOST_FEE: u128 = 10_000_000_000_000_000;

/// Transactions on the child chain.
#[derive(Debug, Subcommand)]
pub enum TxCommand {
    /// Pays somebody on the child.
    Transfer {
        /// Who is paid: an account (0x… or plasmid1…) or the name of one of your keys.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        money: Money,
        #[command(flatten)]
        signing: Signing,
    },
    /// Takes money off the child, to be claimed on root.
    Withdraw {
        /// Who is paid on root [default: the sender's own address; an Ed25519 account has none].
        #[arg(long)]
        to: Option<String>,
        #[command(flatten)]
        money: Money,
        #[command(flatten)]
        signing: Signing,
    },
    /// Names the address on root that an Ed25519 account is paid at.
    SetPayout {
        /// The address on root.
        payout: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// Puts the hash of some data under a topic, provable on root.
    Record {
        #[command(flatten)]
        record: RecordArgs,
        #[command(flatten)]
        signing: Signing,
    },
    /// Submits canonical bytes that were signed elsewhere.
    Submit {
        /// The bytes in hex.
        bytes: String,
    },
}

/// How much of what.
#[derive(Clone, Debug, Args)]
pub struct Money {
    /// Decimal number of coins (1.5), or base units (1500base).
    #[arg(long)]
    pub amount: String,
    /// Symbol, or address on root; the native coin when absent.
    #[arg(long)]
    pub token: Option<String>,
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
    /// The most that is paid when the node suggests the fee, in base units.
    #[arg(long, default_value_t = MOST_FEE)]
    pub most_fee: u128,
    /// Sequence [default: the account's next].
    #[arg(long)]
    pub sequence: Option<u64>,
    /// Last height at which it may stand in a block [default: the tip + 5,000].
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
        TxCommand::Submit { bytes } => {
            let bytes = hex::decode(bytes.trim_start_matches("0x"))
                .map_err(|error| CliError::new(format!("bytes: {error}")))?;
            let status = submit(connection, bytes, false, output).await?;
            output.object(&status);
            Ok(())
        }
        TxCommand::Transfer { to, money, signing } => {
            let body = transfer(connection, keys, &to, &money).await?;
            send(connection, keys, output, &signing, body)
                .await
                .map(|_| ())
        }
        TxCommand::Withdraw { to, money, signing } => {
            withdraw(connection, keys, output, to.as_deref(), &money, &signing).await
        }
        TxCommand::SetPayout { payout, signing } => {
            let body = set_payout(&payout)?;
            send(connection, keys, output, &signing, body)
                .await
                .map(|_| ())
        }
        TxCommand::Record { record, signing } => {
            let body = record.body()?;
            send(connection, keys, output, &signing, body)
                .await
                .map(|_| ())
        }
    }
}

/// A transfer to whom a text names.
pub async fn transfer(
    connection: &Connection,
    keys: &KeyOptions,
    to: &str,
    money: &Money,
) -> Result<Body, CliError> {
    let (token, amount) = resolve(connection, money).await?;
    Ok(Body::Transfer {
        to: account(to, keys)?,
        token,
        amount,
    })
}

/// A withdrawal to an address, or to that of `sender` itself.
pub async fn withdrawal(
    connection: &Connection,
    to: Option<&str>,
    sender: Account,
    money: &Money,
) -> Result<Body, CliError> {
    let (token, amount) = resolve(connection, money).await?;
    let recipient = match to {
        Some(text) => connect::address(text)?,
        None => own_address(sender)?,
    };
    Ok(Body::Withdraw {
        recipient,
        token,
        amount,
    })
}

/// Names a payout address.
pub fn set_payout(payout: &str) -> Result<Body, CliError> {
    Ok(Body::SetPayout {
        payout: connect::address(payout)?,
    })
}

/// What is put under a topic.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// Topic: 32 bytes in hex, or a short text.
    #[arg(long)]
    topic: String,
    /// The data, as text, at most 1,024 bytes.
    #[arg(long)]
    data: String,
}

impl RecordArgs {
    /// The record.
    pub fn body(&self) -> Result<Body, CliError> {
        Ok(Body::Record {
            topic: topic_bytes(&self.topic)?,
            data: Data::new(self.data.clone().into_bytes())?,
        })
    }
}

/// Withdraws and names the claim that comes next.
pub async fn withdraw(
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
    to: Option<&str>,
    money: &Money,
    signing: &Signing,
) -> Result<(), CliError> {
    let sender = account(&signing.from, keys)?;
    let body = withdrawal(connection, to, sender, money).await?;
    let status = send(connection, keys, output, signing, body).await?;
    if let Some(number) = status
        .as_ref()
        .and_then(|status| status["withdrawal"].as_u64())
    {
        output.next(&format!(
            "plasmid bridge claim {number} --from {}",
            signing.from
        ));
    }
    Ok(())
}

/// Where an account is paid on root when nobody says: an Ethereum account at its own address. What a node calls an Ed25519
/// account's payout address is not believed, or a node could name itself.
fn own_address(own: Account) -> Result<[u8; 20], CliError> {
    match own.kind {
        0 => Ok(own.id),
        _ => Err(CliError::new(format!(
            "{own} has no address of its own on root: name who is paid with --to"
        ))),
    }
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
    Ok(client.get_account(request).await?.into_inner())
}

/// Signs `body` and, unless it is a dry run, submits it and waits. The answer is what was printed.
pub async fn send(
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
    signing: &Signing,
    body: Body,
) -> Result<Option<Value>, CliError> {
    let (about, secret) = keys.open(&signing.from)?;
    let signer = Signer::new(about.kind, &secret)?;
    let status = connection.status().await?;
    let domain = connection.deployment(&status).await?.domain;
    let header = header(connection, signing, &signer, status.height).await?;
    let fee = match signing.fee {
        Some(fee) => fee,
        None => {
            let fee = suggested_fee(connection, signer.scheme(), header, &body).await?;
            if fee > signing.most_fee {
                return Err(CliError::new(format!(
                    "the node suggests a fee of {fee} base units, and --most-fee is {}: nothing was signed",
                    signing.most_fee
                )));
            }
            fee
        }
    };
    let body_name = body.name();
    let transaction = signer.sign(Header { fee, ..header }, body, &domain);
    let bytes = transaction.encode();
    if signing.dry_run {
        output.object(&json!({ "bytes": hex::encode(&bytes), "digest": transaction.digest(&domain).to_string(), "fee": fee.to_string() }));
        return Ok(None);
    }
    let answer = submit(connection, bytes, !signing.no_wait, output).await?;
    output.object(&answer);
    match body_name {
        "withdraw" => {}
        "transfer" => output.next(&format!(
            "plasmid tx withdraw --from {} --amount AMOUNT",
            signing.from
        )),
        _ => output.next(&format!("plasmid query account {}", signing.from)),
    }
    Ok(Some(answer))
}

async fn header(
    connection: &Connection,
    signing: &Signing,
    signer: &Signer,
    tip: u64,
) -> Result<Header, CliError> {
    let sender = signer.account();
    let sequence = match signing.sequence {
        Some(sequence) => sequence,
        None => get_account(connection, sender).await?.sequence,
    };
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
        valid_until: signing.valid_until.unwrap_or(tip.saturating_add(VALID_FOR)),
        memo,
    })
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
    if ![u32::from(Code::Ok as u8), u32::from(Code::FeeTooLow as u8)].contains(&simulated.code) {
        return Err(CliError::new(format!(
            "the transaction would be refused: {} (code {})",
            simulated.log, simulated.code
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
        CliError::new(format!("the node's fee {:?}: {error}", quote.suggested_fee))
    })
}

/// Submits bytes; with `wait`, follows them until they stand in a block.
pub async fn submit(
    connection: &Connection,
    bytes: Vec<u8>,
    wait: bool,
    output: Output,
) -> Result<Value, CliError> {
    let mut client = connection.transactions().await?;
    let answer = client
        .submit(SubmitRequest { transaction: bytes })
        .await?
        .into_inner();
    if answer.code != 0 {
        return Err(CliError::new(format!(
            "refused: {} (code {})",
            answer.log, answer.code
        )));
    }
    let hash = hex::encode(&answer.hash);
    if !wait {
        return Ok(
            json!({ "hash": hash, "digest": hex::encode(&answer.digest), "stage": "pending" }),
        );
    }
    let progress = output.progress("waiting for the block");
    let request = FollowRequest {
        id: Some(follow_request::Id::Hash(answer.hash)),
    };
    let mut stream = client.follow(request).await?.into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await? {
        last = message.status;
        if last
            .as_ref()
            .is_some_and(|status| status.stage >= Stage::Included as i32)
        {
            break;
        }
    }
    progress.finish_and_clear();
    match last {
        Some(status) if status.stage >= Stage::Included as i32 => Ok(shown(&status)),
        _ => Err(CliError::new(format!(
            "{hash} stands in no block and is no longer pending: it expired or was replaced"
        ))),
    }
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
    match withdrawals(&status.data).as_slice() {
        [] => {}
        [number] => object["withdrawal"] = (*number).into(),
        numbers => object["withdrawals"] = json!(numbers),
    }
    if let Some(seconds) = status.seconds_to_final {
        object["seconds_to_final"] = seconds.into();
    }
    object
}

/// The numbers of withdrawals in a result's data.
pub fn withdrawals(data: &[u8]) -> Vec<u64> {
    let (numbers, _) = data.as_chunks::<8>();
    numbers.iter().copied().map(u64::from_be_bytes).collect()
}

/// The account that a text names: an account, or one of the user's keys.
pub fn account(text: &str, keys: &KeyOptions) -> Result<Account, CliError> {
    text.parse::<Account>().or_else(|error| {
        keys.public(text)
            .and_then(|public| Ok(public.parse::<Account>()?))
            .map_err(|_| {
                CliError::new(format!(
                    "{text:?} is neither an account ({error}) nor the name of a key"
                ))
            })
    })
}

/// The token's address and the amount in its base units.
pub async fn resolve(connection: &Connection, money: &Money) -> Result<([u8; 20], u128), CliError> {
    let Some(token) = money.token.as_deref() else {
        return Ok(([0; 20], amount::parse(&money.amount, NATIVE_DECIMALS)?));
    };
    let address = match connect::address(token) {
        Ok(address) => address,
        Err(_) => by_symbol(connection, token).await?,
    };
    let decimals = decimals(connection, address, &money.amount).await?;
    Ok((address, amount::parse(&money.amount, decimals)?))
}

/// The only token of this symbol in the child's registry. Anybody can give a token of his any symbol, so two of one are refused.
async fn by_symbol(connection: &Connection, symbol: &str) -> Result<[u8; 20], CliError> {
    let mut client = connection.accounts().await?;
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListTokensRequest {
            page_size: 1_000,
            page_token,
        };
        let page = client.list_tokens(request).await?.into_inner();
        let of_symbol = |token: &Token| token.symbol.eq_ignore_ascii_case(symbol);
        found.extend(page.tokens.into_iter().filter(of_symbol));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    match found.as_slice() {
        [token] => connect::address(&token.token),
        [] => Err(CliError::new(format!(
            "no token {symbol} on the child: `plasmid query tokens` lists what is there; a first deposit adds one"
        ))),
        _ => Err(CliError::new(format!(
            "{} tokens are called {symbol}: name the address",
            found.len()
        ))),
    }
}

/// A token's decimals as root reports them: a node that says others could turn one coin into a million.
async fn decimals(connection: &Connection, token: [u8; 20], amount: &str) -> Result<u32, CliError> {
    if amount.ends_with("base") {
        return Ok(0);
    }
    let root = connection.root().map_err(|_| {
        CliError::new(
            "decimals of a token are asked of root: name its JSON-RPC address with --root, or give the amount in base units such as 1500base",
        )
    })?;
    let call = IToken::decimalsCall {};
    Ok(u32::from(
        view_call(&root, token.into(), call, At::Latest).await?,
    ))
}

/// A topic: 32 bytes in hex, or a text of at most 32 bytes with zeros behind.
pub fn topic_bytes(text: &str) -> Result<[u8; 32], CliError> {
    if let Ok(bytes) =
        <[u8; 32]>::try_from(hex::decode(text.trim_start_matches("0x")).unwrap_or_default())
    {
        return Ok(bytes);
    }
    let mut topic = [0u8; 32];
    topic
        .get_mut(..text.len())
        .ok_or_else(|| {
            CliError::new(format!(
                "the topic has {} bytes; at most 32 fit",
                text.len()
            ))
        })?
        .copy_from_slice(text.as_bytes());
    Ok(topic)
}
