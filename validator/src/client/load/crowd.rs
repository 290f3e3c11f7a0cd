//! A crowd of senders of this chain: made from one seed, funded by one key, each with somebody whom it pays.
//!
//! ```text
//! funder ─▶ 32 senders ─▶ 32 each ─▶ …      a level is in blocks before the next one begins; who has enough gets nothing
//! sender ─▶ its receiver                    once before the load, so that what the load does makes no leaf and costs the same each time
//! ```
//! What the load does shows in the state: receivers own a unit more for each transfer, and each record moved its sender's sequence.

use std::sync::Arc;

use alloy_primitives::keccak256;
use plasmid_proto::ledger::v1::GetAccountResponse;
use tokio::task::JoinSet;

pub use super::signing::LoadWork;
use super::signing::PAID;
use super::{
    super::{
        Client, ClientError,
        signer::{KeyKind, Secret, Signer},
    },
    LoadError, Supply,
    presigned::Presigned,
    signing::{CrowdKeys, quote},
};
use crate::{
    ledger::{
        Account,
        leaf::NATIVE,
        transaction::{Body, MAX_RECORD_BYTES},
    },
    plain,
};

/// How many a sender funds, of the 64 that may wait of one sender.
const FAN: usize = 32;
/// Calls that prepare the load at once.
const CALLS: usize = 16;
/// Senders and receivers.
pub struct LoadCrowd {
    signing: CrowdKeys,
}

/// What the state says of the crowd.
#[derive(Clone, Debug)]
struct Standing {
    senders: Vec<GetAccountResponse>,
    receivers: Vec<GetAccountResponse>,
}

impl LoadCrowd {
    /// The crowd that follows from a seed, whose signatures hold until this height.
    ///
    /// # Errors
    /// [`LoadError`] when the work cannot be signed, or the node does not quote a fee within the default limit of [`Terms`].
    pub async fn new(
        client: &Client,
        seed: &[u8; 32],
        senders: usize,
        work: LoadWork,
        valid_until: u64,
    ) -> Result<Self, LoadError> {
        if let LoadWork::Record { bytes } = work
            && bytes > MAX_RECORD_BYTES
        {
            let why =
                format!("a record has at most {MAX_RECORD_BYTES} bytes, and {bytes} are asked for");
            return Err(LoadError::Unsigned(why));
        }
        let key = |role: u8, number: usize| {
            let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
            let secret = keccak256([b"plasmid load".as_slice(), seed, &[role], &number].concat());
            Signer::new(KeyKind::Ed25519, &Secret::new(secret.0))
        };
        let unsigned =
            |error: super::super::signer::SignerError| LoadError::Unsigned(error.to_string());
        let keys = |role| (0..senders).map(move |number| key(role, number));
        let signers: Vec<Signer> = keys(0).collect::<Result<_, _>>().map_err(unsigned)?;
        let receivers: Vec<Signer> = keys(1).collect::<Result<_, _>>().map_err(unsigned)?;
        let mut signing = CrowdKeys {
            senders: Arc::new(signers),
            receivers: Arc::new(receivers.iter().map(Signer::account).collect()),
            work,
            domain: client.domain,
            valid_until,
            fees: (0, 0),
        };
        let length = signing.sign(0, 0)?.len();
        signing.fees = (
            quote(client, length, 0).await?,
            quote(client, length, 1).await?,
        );
        Ok(Self { signing })
    }

    /// Bytes of a transaction of the load.
    ///
    /// # Errors
    /// [`LoadError`] when it cannot be signed.
    pub fn length(&self) -> Result<usize, LoadError> {
        Ok(self.signing.sign(0, 0)?.len())
    }

    /// Sees to it that each sender can pay for `each` transactions, and that the load makes no leaf.
    ///
    /// # Errors
    /// [`LoadError`] says what is missing.
    pub async fn prepare(
        &self,
        client: &Client,
        funder: Option<&Signer>,
        each: u64,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), LoadError> {
        let (fee, leaf_fee) = self.signing.fees;
        // The first one that makes a leaf, and for those whom it may fund in its turn.
        let need = (fee + PAID)
            .saturating_mul(each.into())
            .saturating_add(leaf_fee + PAID);
        tell("reading the senders' balances");
        let standing = self.standing(client).await?;
        let mut lacking = Vec::new();
        for (number, account) in standing.senders.iter().enumerate() {
            let owned = amount(account)?;
            if owned < need {
                lacking.push((number, need - owned));
            }
        }
        if !lacking.is_empty() {
            let unfunded = LoadError::Unfunded {
                count: lacking.len(),
                all: self.signing.senders.len(),
                need,
            };
            self.fund(client, funder.ok_or(unfunded)?, &lacking, tell)
                .await?;
        }
        tell("the first transaction of each sender");
        let new = standing.receivers.iter().enumerate();
        let new =
            new.filter(|(_, receiver)| self.signing.work != LoadWork::Transfer || !receiver.exists);
        let mut parts = Vec::new();
        for (number, _) in new {
            parts.push((number, vec![self.signing.body(number)?]));
        }
        self.level(client, parts).await
    }

    /// Funds those that lack something, level by level.
    async fn fund(
        &self,
        client: &Client,
        funder: &Signer,
        lacking: &[(usize, u128)],
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), LoadError> {
        // Place 0 is the funder's; those at FAN × place + 1 and behind it are the ones that it funds.
        let children =
            |place: usize| FAN * place + 1..(FAN * place + FAN + 1).min(lacking.len() + 1);
        let mut sums = vec![0u128; lacking.len() + 1];
        for place in (0..sums.len()).rev() {
            let own = place.checked_sub(1).and_then(|at| lacking.get(at));
            let below =
                children(place).map(|child| sums[child].saturating_add(self.signing.fees.1));
            let below = below.fold(0, u128::saturating_add);
            sums[place] = own.map_or(0, |(_, short)| *short).saturating_add(below);
        }
        let owned = amount(&client.account(&funder.account()).await?)?;
        let need = sums[0];
        if owned < need {
            return Err(LoadError::Poor {
                account: funder.account().to_string(),
                owned,
                need,
            });
        }
        let pay = |child: usize| {
            let (number, _) = lacking[child - 1];
            Body::Transfer {
                to: self.signing.senders[number].account(),
                token: NATIVE,
                amount: sums[child],
            }
        };
        tell(&format!("funding {} senders", lacking.len()));
        let bodies = children(0).map(pay).collect();
        self.signing.pay_all(client, funder, bodies).await?;
        let (mut from, mut to) = (1, FAN + 1);
        while from < sums.len() {
            let level = (from..to.min(sums.len())).filter(|place| !children(*place).is_empty());
            let level =
                level.map(|place| (lacking[place - 1].0, children(place).map(pay).collect()));
            self.level(client, level.collect()).await?;
            (from, to) = (to, FAN * to + 1);
        }
        Ok(())
    }

    /// Has these senders send these, side by side, and waits until all are in blocks.
    async fn level(
        &self,
        client: &Client,
        parts: Vec<(usize, Vec<Body>)>,
    ) -> Result<(), LoadError> {
        let mut parts = parts.into_iter();
        let mut open = JoinSet::new();
        loop {
            while open.len() < CALLS
                && let Some((number, bodies)) = parts.next()
            {
                let (client, signing) = (client.clone(), self.signing.clone());
                open.spawn(async move {
                    let signer = signing.senders.get(number);
                    let signer =
                        signer.ok_or_else(|| LoadError::Unsigned("no such sender".into()))?;
                    signing.pay_all(&client, signer, bodies).await
                });
            }
            match open.join_next().await {
                Some(done) => done.map_err(|lost| LoadError::Unsigned(lost.to_string()))??,
                None => return Ok(()),
            }
        }
    }

    async fn standing(&self, client: &Client) -> Result<Standing, LoadError> {
        let senders: Vec<_> = self.signing.senders.iter().map(Signer::account).collect();
        Ok(Standing {
            senders: accounts(client, &senders).await?,
            receivers: accounts(client, &self.signing.receivers).await?,
        })
    }

    /// What the load's transactions have moved so far: units that the receivers own, or the sum of the senders' sequences.
    ///
    /// # Errors
    /// [`LoadError::Client`].
    pub async fn effect(&self, client: &Client) -> Result<u128, LoadError> {
        let standing = self.standing(client).await?;
        match self.signing.work {
            LoadWork::Transfer => {
                let mut owned = standing.receivers.iter().map(amount);
                owned.try_fold(0u128, |sum, one| Ok(sum.saturating_add(one?)))
            }
            LoadWork::Record { .. } => {
                let sequences = standing.senders.iter().map(|one| u128::from(one.sequence));
                Ok(sequences.sum())
            }
        }
    }

    /// Signs `each` transactions of every sender, which are handed in by this number of lanes.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn sign(
        &self,
        client: &Client,
        each: u64,
        lanes: usize,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Box<dyn Supply>, LoadError> {
        let senders = self.standing(client).await?.senders;
        let first: Vec<u64> = senders.iter().map(|one| one.next_sequence).collect();
        let signing = self.signing.clone();
        let sign = move |sender: u32, sequence| signing.sign(sender as usize, sequence);
        let mut said = |count: u64| tell(&format!("{count} transactions are signed"));
        let length = self.length()?;
        let signed = Presigned::start(&first, each, length, lanes, Arc::new(sign), &mut said);
        Ok(Box::new(signed.await?))
    }
}

/// What the node says of these accounts, in their order.
async fn accounts(client: &Client, of: &[Account]) -> Result<Vec<GetAccountResponse>, LoadError> {
    let mut found = vec![None; of.len()];
    let (mut asked, mut open) = (of.iter().enumerate(), JoinSet::new());
    loop {
        while open.len() < CALLS
            && let Some((number, account)) = asked.next()
        {
            let (client, account) = (client.clone(), *account);
            open.spawn(async move { (number, client.account(&account).await) });
        }
        let Some(answer) = open.join_next().await else {
            break;
        };
        let (number, answer) = answer.map_err(|lost| LoadError::Unsigned(lost.to_string()))?;
        found[number] = Some(answer?);
    }
    Ok(found.into_iter().flatten().collect())
}

fn amount(account: &GetAccountResponse) -> Result<u128, LoadError> {
    let text = &account.balance;
    text.parse().map_err(|_| {
        LoadError::Client(ClientError::Answer {
            field: "balance",
            found: plain::words(text),
        })
    })
}
