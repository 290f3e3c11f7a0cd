//! What a program needs that uses the chain, and nothing of a server: it signs every kind of transaction, submits it, follows it
//! to the stage that is wanted, and collects what a relayer carries.
//!
//! | file | does |
//! |---|---|
//! | this one | a connection to one node: fees, sequences, submission, following |
//! | `signer` | both kinds of account key |
//! | `terms` | fee, sequence and expiry, and for how long a signature holds at most |
//! | `offers` | what nodes offer a relayer |
//! | `load` | load at a constant rate, from signed transactions to what came of each |
//!
//! ```no_run
//! # use plasmid::{client::{Client, Terms, signer::{KeyKind, Secret, Signer}}, ledger::{Domain, transaction::Body}};
//! # async fn pay(expected: Domain, secret: Secret) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("http://127.0.0.1:9090", expected).await?;
//! let signer = Signer::new(KeyKind::Ed25519, &secret)?;
//! let body = Body::SetPayout { payout: [7; 20] };
//! let signed = client.prepare(&signer, body, &Terms::default()).await?;
//! let status = client.submit(&signed).await?.until(plasmid_proto::ledger::v1::Stage::Final).await?;
//! # Ok(()) }
//! ```
//! A node is not trusted with what is signed: the deployment is the one that the application expects, the fee has a limit, nothing can be
//! forced, and for how long it holds stands in its header and can be limited ([`Terms::max_tip`]). Vectors:
//! `validator/vectors/transactions.json`.

use std::time::Duration;

use plasmid_proto::{
    chain::v1::{GetStatusRequest, chain_service_client::ChainServiceClient},
    ledger::v1::{
        FollowRequest, FollowResponse, GetAccountRequest, GetAccountResponse, QuoteFeeRequest,
        SimulateRequest, Stage, Status as Standing, SubmitRequest,
        account_service_client::AccountServiceClient, follow_request,
        transaction_service_client::TransactionServiceClient,
    },
};
use tonic::{
    Status, Streaming,
    transport::{Channel, ClientTlsConfig, Endpoint},
};

use crate::{
    ledger::{
        Account, Code, Domain, Transaction,
        transaction::{Body, Header},
    },
    plain,
    wire::engine_hash,
};
use signer::Signer;

pub use error::ClientError;
pub use terms::{AcceptedHead, Terms, max_epochs, sign_for_mempool};

mod error;
pub mod load;
pub mod offers;
pub mod signer;
mod terms;
#[cfg(test)]
mod tests;

/// How long a node may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a node may take to begin its answer, and to show that it is still there while it streams one.
const ANSWER: Duration = Duration::from_secs(20);

/// The endpoint of a node. `http` is plain text; `https` is TLS, checked against the certificates that the system trusts; and
/// nothing else is guessed, so nobody sends in plain text what was meant for TLS.
///
/// # Errors
/// [`ClientError::Address`].
pub fn endpoint(url: &str) -> Result<Endpoint, ClientError> {
    let wrong = |why: String| ClientError::Address { why };
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|e| wrong(e.to_string()))?;
    let endpoint = endpoint
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .http2_keep_alive_interval(ANSWER)
        .keep_alive_timeout(ANSWER);
    match endpoint.uri().scheme_str() {
        Some("http") => Ok(endpoint),
        Some("https") => endpoint
            .tls_config(ClientTlsConfig::new().with_native_roots())
            .map_err(|e| wrong(format!("TLS cannot be used ({e})"))),
        _ => Err(wrong(
            "it must have the form http://HOST:PORT or https://HOST".into(),
        )),
    }
}

/// A connection to a node of one deployment.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    domain: Domain,
}

/// A transaction that the node took.
#[derive(Debug)]
pub struct Submitted {
    /// The engine's hash.
    pub hash: [u8; 32],
    follow: Streaming<FollowResponse>,
}

impl Client {
    /// Connects to a node of the deployment that is expected.
    ///
    /// # Errors
    /// [`ClientError::Connect`] and [`ClientError::OtherDeployment`].
    pub async fn connect(url: &str, expected: Domain) -> Result<Self, ClientError> {
        let refused = |source| ClientError::Connect {
            place: plain::place(url),
            source,
        };
        let channel = endpoint(url)?.connect().await.map_err(refused)?;
        let client = Self {
            channel,
            domain: expected,
        };
        let status = client.chain().get_status(GetStatusRequest {}).await?;
        let found = status.into_inner().deployment_id;
        if found != expected.deployment {
            return Err(ClientError::OtherDeployment {
                expected: hex::encode(expected.deployment),
                found: hex::encode(found),
            });
        }
        Ok(client)
    }

    /// The client of blocks and the node.
    pub fn chain(&self) -> ChainServiceClient<Channel> {
        ChainServiceClient::new(self.channel.clone())
    }

    /// The client of accounts.
    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    /// The client of transactions.
    pub fn transactions(&self) -> TransactionServiceClient<Channel> {
        TransactionServiceClient::new(self.channel.clone())
    }

    /// Signs `body`: sequence, expiry and fee from the chain as it is now, unless the terms name them.
    ///
    /// # Errors
    /// [`ClientError`]; a transaction that the chain would refuse is not signed.
    pub async fn prepare(
        &self,
        signer: &Signer,
        body: Body,
        terms: &Terms,
    ) -> Result<Transaction, ClientError> {
        let account = signer.account();
        let status = self.chain().get_status(GetStatusRequest {}).await?;
        let header = Header {
            sender: account,
            lane: 0,
            sequence: match terms.sequence {
                Some(sequence) => sequence,
                None => self.next_sequence(&account).await?,
            },
            fee: terms.fee.unwrap_or(0),
            fee_payer: Account::NONE,
            valid_until: terms.valid_until(status.into_inner().height)?,
            memo: terms.memo,
        };
        let fee = match terms.fee {
            Some(fee) => fee,
            None => self.fee(signer, header, &body).await?,
        };
        if terms.fee.is_none() && fee > terms.max_fee {
            let most = terms.max_fee;
            return Err(ClientError::Dear { fee, most });
        }
        sign_for_mempool(signer, Header { fee, ..header }, body, &self.domain)
    }

    /// The account's sequence in the state.
    ///
    /// # Errors
    /// [`ClientError::Status`].
    pub async fn sequence(&self, account: &Account) -> Result<u64, ClientError> {
        Ok(self.account(account).await?.sequence)
    }

    /// The sequence to sign next: past the state's and past what waits in the node.
    ///
    /// # Errors
    /// [`ClientError::Status`].
    pub async fn next_sequence(&self, account: &Account) -> Result<u64, ClientError> {
        Ok(self.account(account).await?.next_sequence)
    }

    async fn account(&self, account: &Account) -> Result<GetAccountResponse, ClientError> {
        let request = GetAccountRequest {
            account: account.to_string(),
        };
        let answer = self.accounts().get_account(request).await?.into_inner();
        match answer.account.parse::<Account>() {
            Ok(told) if told == *account => Ok(answer),
            _ => Err(ClientError::Answer {
                field: "account",
                found: answer.account,
            }),
        }
    }

    /// What the node suggests for this transaction; it is tried there first, unless it is ahead of its turn.
    async fn fee(&self, signer: &Signer, header: Header, body: &Body) -> Result<u128, ClientError> {
        let draft = signer.sign(header, body.clone(), &self.domain).encode();
        let length = u32::try_from(draft.len()).unwrap_or(u32::MAX);
        // What is tried has no signature that could be used.
        let transaction = draft
            .get(..unsigned(signer, draft.len()))
            .unwrap_or_default();
        let request = SimulateRequest {
            transaction: transaction.to_vec(),
            skip_authentication: true,
        };
        let tried = self.transactions().simulate(request).await?.into_inner();
        let ahead = Code::NonceAhead.number();
        if tried.code != 0 && tried.code != ahead {
            return Err(ClientError::Refused {
                code: tried.code,
                log: plain::words(&tried.log),
            });
        }
        let request = QuoteFeeRequest {
            length,
            leaves_made: tried.leaves_made,
        };
        let quote = self.transactions().quote_fee(request).await?.into_inner();
        quote
            .suggested_fee
            .parse()
            .map_err(|_| ClientError::Answer {
                field: "suggested_fee",
                found: quote.suggested_fee,
            })
    }

    /// Hands a transaction in. It takes no other's place.
    ///
    /// # Errors
    /// [`ClientError::NotTaken`] with the chain's code: 18 when another transaction waits at its sequence; [`ClientError::Unclear`].
    pub async fn submit(&self, transaction: &Transaction) -> Result<Submitted, ClientError> {
        self.hand_in(transaction, false).await
    }

    /// Hands a transaction in that takes the place of the one that waits at its sequence, and pays a tenth more than that.
    ///
    /// # Errors
    /// [`ClientError::NotTaken`] with the chain's code; [`ClientError::Unclear`].
    pub async fn replace(&self, transaction: &Transaction) -> Result<Submitted, ClientError> {
        self.hand_in(transaction, true).await
    }

    async fn hand_in(
        &self,
        transaction: &Transaction,
        replace: bool,
    ) -> Result<Submitted, ClientError> {
        let transaction = transaction.encode();
        let hash = engine_hash(&transaction);
        let unclear = |source| ClientError::Unclear { hash, source };
        let request = SubmitRequest {
            transaction,
            replace,
        };
        let answer = self.transactions().submit(request).await;
        let answer = answer.map_err(unclear)?.into_inner();
        if answer.code != 0 {
            return Err(ClientError::NotTaken {
                hash,
                code: answer.code,
                log: plain::words(&answer.log),
            });
        }
        let request = FollowRequest {
            id: Some(follow_request::Id::Hash(hash.to_vec())),
        };
        let follow = self.transactions().follow(request).await;
        let follow = follow.map_err(unclear)?.into_inner();
        Ok(Submitted { hash, follow })
    }
}

impl Submitted {
    /// The next change of where it stands; none once it is final.
    ///
    /// # Errors
    /// [`ClientError::Gone`] when the node says that it left the mempool without a block; [`ClientError::Unclear`] when the node says no more.
    pub async fn next(&mut self) -> Result<Option<Standing>, ClientError> {
        let hash = self.hash;
        let unclear = |source| ClientError::Unclear { hash, source };
        let told = self.follow.message().await.map_err(unclear)?;
        let status = told.and_then(|told| told.status);
        match status {
            Some(status) if status.stage == Stage::Unknown as i32 => {
                let why = match status.log.is_empty() {
                    true => "it does not say why".to_owned(),
                    false => plain::words(&status.log),
                };
                Err(ClientError::Gone { hash, why })
            }
            status => Ok(status),
        }
    }

    /// Waits until it has come so far.
    ///
    /// # Errors
    /// As [`Submitted::next`].
    pub async fn until(&mut self, stage: Stage) -> Result<Standing, ClientError> {
        while let Some(status) = self.next().await? {
            if status.stage >= stage as i32 {
                return Ok(status);
            }
        }
        let source = Status::unavailable("the node told no more of it");
        let hash = self.hash;
        Err(ClientError::Unclear { hash, source })
    }
}

/// Bytes of a transaction of `length` before its authentication.
fn unsigned(signer: &Signer, length: usize) -> usize {
    let authentication = match signer {
        Signer::Ed25519(_) => 96,
        Signer::Secp256k1(_) => 65,
    };
    length.saturating_sub(authentication)
}
