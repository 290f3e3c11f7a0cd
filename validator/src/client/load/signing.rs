//! Signs and sends what a crowd sends, on whatever thread.

use std::{sync::Arc, time::Duration};

use alloy_primitives::keccak256;
use plasmid_proto::ledger::v1::{QuoteFeeRequest, SubmitRequest};
use tokio::time::{Instant, sleep};

use super::{
    super::{
        Client, ClientError,
        signer::Signer,
        terms::{Terms, sign_for_mempool},
    },
    After, LoadAnswer, LoadError, answer_of,
};
use crate::{
    ledger::{
        Account, Domain,
        leaf::NATIVE,
        transaction::{Body, Data, Header},
    },
    plain,
};

/// How long what one sender sends before the load may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The pause before what found no room, or is not in a block yet, is looked at again.
const PAUSE: Duration = Duration::from_millis(100);
/// What is paid in each transfer, in base units.
pub(super) const PAID: u128 = 1;

/// What each transaction of the load does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadWork {
    /// Pays a unit to the sender's receiver.
    Transfer,
    /// Records this many bytes.
    Record {
        /// How many.
        bytes: usize,
    },
}

/// Who signs what.
#[derive(Clone)]
pub(super) struct CrowdKeys {
    pub senders: Arc<Vec<Signer>>,
    pub receivers: Arc<Vec<Account>>,
    pub work: LoadWork,
    pub domain: Domain,
    pub valid_until: u64,
    /// Fees of a transaction of the load, and of one that makes a leaf.
    pub fees: (u128, u128),
}

impl CrowdKeys {
    pub fn body(&self, number: usize) -> Result<Body, LoadError> {
        let missing = || LoadError::Unsigned(format!("there is no sender {number}"));
        match self.work {
            LoadWork::Transfer => Ok(Body::Transfer {
                to: *self.receivers.get(number).ok_or_else(missing)?,
                token: NATIVE,
                amount: PAID,
            }),
            LoadWork::Record { bytes } => Ok(Body::Record {
                topic: keccak256(b"plasmid load").0,
                data: Data::new(vec![0x5a; bytes])
                    .map_err(|reject| LoadError::Unsigned(reject.to_string()))?,
            }),
        }
    }

    fn header(&self, sender: Account, sequence: u64, fee: u128) -> Header {
        Header {
            sender,
            lane: 0,
            sequence,
            fee,
            fee_payer: Account::NONE,
            valid_until: self.valid_until,
            memo: [0; 32],
        }
    }

    pub fn sign(&self, number: usize, sequence: u64) -> Result<Vec<u8>, LoadError> {
        let missing = || LoadError::Unsigned(format!("there is no sender {number}"));
        let signer = self.senders.get(number).ok_or_else(missing)?;
        let header = self.header(signer.account(), sequence, self.fees.0);
        let signed = sign_for_mempool(signer, header, self.body(number)?, &self.domain)?;
        Ok(signed.encode())
    }

    /// Sends these of one sender, in order, and waits until they are in blocks.
    pub async fn pay_all(
        &self,
        client: &Client,
        signer: &Signer,
        bodies: Vec<Body>,
    ) -> Result<(), LoadError> {
        let (sender, start) = (signer.account(), Instant::now());
        let stuck = || LoadError::Stuck {
            account: sender.to_string(),
            secs: PATIENCE.as_secs(),
        };
        let mut sequence = client.next_sequence(&sender).await?;
        for body in bodies {
            let header = self.header(sender, sequence, self.fees.1);
            let bytes = sign_for_mempool(signer, header, body, &self.domain)?.encode();
            while !hand_in(client, bytes.clone()).await? {
                if start.elapsed() > PATIENCE {
                    return Err(stuck());
                }
                sleep(PAUSE).await;
            }
            sequence += 1;
        }
        while client.sequence(&sender).await? < sequence {
            if start.elapsed() > PATIENCE {
                return Err(stuck());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// Hands one in; false when there is no room for it now.
async fn hand_in(client: &Client, transaction: Vec<u8>) -> Result<bool, LoadError> {
    let request = SubmitRequest {
        transaction,
        replace: false,
    };
    let answer = client.transactions().submit(request).await;
    let answer = answer.map_err(ClientError::from)?.into_inner();
    match answer_of(answer.code, &answer.log) {
        LoadAnswer::Taken => Ok(true),
        LoadAnswer::Refused {
            after: After::Again | After::Ahead(_),
            ..
        } => Ok(false),
        _ => Err(LoadError::Refused {
            code: answer.code,
            log: plain::words(&answer.log),
        }),
    }
}

/// What the node suggests for a transaction of this length.
pub(super) async fn quote(
    client: &Client,
    length: usize,
    leaves_made: u32,
) -> Result<u128, LoadError> {
    let request = QuoteFeeRequest {
        length: u32::try_from(length).unwrap_or(u32::MAX),
        leaves_made,
    };
    let quoted = client.transactions().quote_fee(request).await;
    let found = quoted
        .map_err(ClientError::from)?
        .into_inner()
        .suggested_fee;
    let most = Terms::default().max_fee;
    match found.parse() {
        Ok(fee) if fee <= most => Ok(fee),
        Ok(fee) => Err(ClientError::Dear { fee, most }.into()),
        Err(_) => Err(ClientError::Answer {
            field: "suggested_fee",
            found,
        }
        .into()),
    }
}
