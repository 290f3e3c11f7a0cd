//! Measures FinalizeBlock and Commit, for `plasmid bench app`: blocks of signed transfers among many accounts, into a real store.
//!
//! No verdict is cached: the blocks' transactions never went through CheckTx, and a block counts when its height is durable.
//! Beside it, in the same run and on the same bytes, raw batch verification of the signatures alone, keys and points decoded, on all
//! cores: what no application that checks its signatures can be faster than.

use std::{ops::Range, path::Path, sync::Arc, time::Instant};

use alloy_primitives::keccak256;
use ed25519_zebra::{Signature, VerificationKeyBytes, batch};
use plasmid_bridge::proof::vote;
use prost::bytes::Bytes;
use rayon::prelude::*;
use tendermint_proto::{
    google::protobuf::Timestamp,
    v0_38::abci::{
        CommitInfo, ExtendedCommitInfo, ExtendedVoteInfo, RequestFinalizeBlock,
        RequestPrepareProposal, Validator, VoteInfo,
    },
};

use super::{App, Surroundings, identity, pool::Limits, ports::Blind};
use crate::{
    chain::{
        genesis::{
            GenesisError,
            file::{FileError, Loaded},
        },
        propose::Listed,
        tree::{PastLimit, TreeError},
    },
    engine::abci::{Fault, Handler},
    ledger::{
        Account, Domain, Transaction, check,
        check::transcript::Transcript,
        check_batch,
        transaction::{Authentication, Body, Header},
    },
    store::{self, StoreError},
};

#[cfg(test)]
mod attack;
#[cfg(test)]
mod flood;
pub mod parts;
mod people;
#[cfg(test)]
mod signs;
pub mod stake;
#[cfg(test)]
mod tests;

use parts::Seconds;
use people::{People, genesis};

/// What each transfer offers: more than any price of the local parameters.
const FEE: u128 = 1 << 56;
/// ABCI's flag of a vote for the block.
const COMMIT: i32 = 2;
/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Accounts in the genesis state.
    pub accounts: u32,
    /// Transfers in a block.
    pub transfers: u32,
    /// Blocks that are measured as a whole, and as many in parts, after one that is not measured.
    pub blocks: u32,
}

/// Who signs: a transfer's bytes from a seed, header and body. Keys are the caller's.
pub type Sign<'a> = &'a (dyn Fn(&[u8; 32], Header, Body, &Domain) -> Transaction + Sync);

/// What was measured, one after the other in turn: seconds of each block, of another one in parts, and of the raw verification of signatures.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// FinalizeBlock, Commit, durable.
    pub app_secs: Vec<f64>,
    /// Batch verification alone.
    pub verify_secs: Vec<f64>,
    /// Each part alone.
    pub parts_secs: Vec<Seconds>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum BenchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("{0}")]
    Fault(Fault),
    #[error("a block took {taken} of {given} transfers: {why}")]
    NotTaken {
        taken: usize,
        given: usize,
        why: &'static str,
    },
    #[error("that needs {needed} accounts, and there are {accounts}")]
    TooFewAccounts { needed: u32, accounts: u32 },
    #[error("{0}")]
    Key(&'static str),
    #[error("a signature that was just made does not verify")]
    Unverified,
}

/// Measures blocks of transfers in a new store in `folder`; `say` is told what is being done.
///
/// # Errors
/// [`BenchError`]; figures come only from blocks in which every transfer succeeded.
pub fn run(
    folder: &Path,
    size: Size,
    sign: Sign<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Measured, BenchError> {
    if size.transfers > size.accounts || size.transfers == 0 {
        return Err(BenchError::TooFewAccounts {
            needed: size.transfers,
            accounts: size.accounts,
        });
    }
    say("making accounts and the genesis state");
    let wanted = u64::from(size.transfers) * (2 * u64::from(size.blocks) + 1);
    let senders = u32::try_from(wanted).unwrap_or(u32::MAX);
    let people = People::new(size.accounts, senders.min(size.accounts), sign);
    let bench = Bench::open(folder, genesis(&people, size.transfers)?)?;
    let mut measured = Measured::default();
    for height in 1..=2 * u64::from(size.blocks) + 1 {
        say(&format!(
            "block {height}: signing {} transfers",
            size.transfers
        ));
        let given = bench.transfers(&people, height, size.transfers);
        let transactions = bench.propose(height, &given, &[])?;
        say(&format!("block {height}: measuring"));
        if height % 2 == 0 {
            let request = bench.request(height, transactions, &[]);
            let seconds = parts::run(&bench.app, &request)?;
            measured.parts_secs.push(seconds);
            continue;
        }
        let app = bench.execute(height, transactions, given.len(), &[])?;
        let verify = verify(&bench, &given)?;
        // The first block pays for what a running node has long paid: threads, page faults, the store's first files.
        if height > 1 {
            measured.app_secs.push(app);
            measured.verify_secs.push(verify);
        }
    }
    Ok(measured)
}

/// The application of the only validator, over a store on disk.
struct Bench {
    app: App,
    proposer: Bytes,
    time: u64,
}

impl Bench {
    /// Begins the chain as InitChain does, but for the engine's genesis: no file holds what is in this state.
    fn open(folder: &Path, genesis: Loaded) -> Result<Self, BenchError> {
        let member = genesis.built.members.first();
        let key = member.ok_or(BenchError::Key("no member"))?.consensus_key;
        let time = genesis.root.time;
        let (books, loaded) = store::open(folder, identity(&genesis))?;
        let surroundings = Surroundings {
            store: Arc::new(books),
            outlook: Arc::new(Blind),
            signer: None,
            own_votes: None,
            pool: Limits::default(),
            reexecute: false,
            retain_blocks: 0,
            past: PastLimit::MAX,
        };
        let app = App::new(genesis, loaded, surroundings).map_err(BenchError::Fault)?;
        let record = app.state_mut().genesis_record();
        app.store().commit(Arc::new(record))?;
        app.store().flush()?;
        Ok(Self {
            app,
            proposer: vote::address(&key).to_vec().into(),
            time,
        })
    }

    /// The transfers of a height, each by a sender of its own: all senders in turn, and then again with the next sequence.
    fn transfers(&self, people: &People<'_>, height: u64, count: u32) -> Vec<Bytes> {
        let (count, all) = (count as usize, people.senders.len());
        let first = usize::try_from(height - 1).unwrap_or(0) * count;
        let (turn, from) = (first / all, first % all);
        let to = from + count;
        let by = |senders, turn| {
            let sequence = u64::try_from(turn).unwrap_or(0);
            self.signed(people, senders, sequence, |number| transfer(people, number))
        };
        let mut given = by(from..to.min(all), turn);
        given.extend(by(0..to.saturating_sub(all), turn + 1));
        given
    }

    /// A transaction of each of these senders.
    fn signed(
        &self,
        people: &People<'_>,
        senders: Range<usize>,
        sequence: u64,
        body: impl Fn(usize) -> Body + Sync,
    ) -> Vec<Bytes> {
        let domain = &self.app.deployment().domain;
        let signed = senders.into_par_iter().map(|number| {
            let (seed, sender) = &people.senders[number];
            let header = Header {
                sender: *sender,
                lane: 0,
                sequence,
                fee: FEE,
                fee_payer: Account::NONE,
                valid_until: u64::MAX,
                memo: [0; 32],
            };
            Bytes::from((people.sign)(seed, header, body(number), domain).encode())
        });
        signed.collect()
    }

    fn timestamp(&self, height: u64) -> Timestamp {
        Timestamp {
            seconds: i64::try_from(self.time.saturating_add(height)).unwrap_or(i64::MAX),
            nanos: 0,
        }
    }

    /// A proposal of these transactions over a last commit with the votes of `voters`.
    fn propose(
        &self,
        height: u64,
        given: &[Bytes],
        voters: &[Validator],
    ) -> Result<Vec<Bytes>, BenchError> {
        let votes = voters.iter().map(|voter| ExtendedVoteInfo {
            validator: Some(voter.clone()),
            block_id_flag: COMMIT,
            ..ExtendedVoteInfo::default()
        });
        let request = RequestPrepareProposal {
            max_tx_bytes: 90 << 20,
            height: i64::try_from(height).unwrap_or(i64::MAX),
            time: Some(self.timestamp(height)),
            proposer_address: self.proposer.clone(),
            local_last_commit: Some(ExtendedCommitInfo {
                round: 0,
                votes: votes.collect(),
            }),
            ..RequestPrepareProposal::default()
        };
        let bytes: Vec<&[u8]> = given.iter().map(AsRef::as_ref).collect();
        let checked = check_batch(&bytes, &self.app.deployment().domain);
        let checked = checked.into_iter().collect::<Result<Vec<_>, _>>();
        let checked = checked.map_err(|_| BenchError::Unverified)?;
        let candidates: Vec<_> = bytes.into_iter().zip(&checked).collect();
        let answer = self
            .app
            .build(&request, &mut Listed(candidates.into_iter()))
            .map_err(BenchError::Fault)?;
        if answer.txs.len() != given.len() + 1 {
            return Err(BenchError::NotTaken {
                taken: answer.txs.len().saturating_sub(1),
                given: given.len(),
                why: "the proposal left some out",
            });
        }
        Ok(answer.txs)
    }

    /// What the engine asks when these transactions are decided over a last commit with the votes of `voters`.
    fn request(&self, height: u64, txs: Vec<Bytes>, voters: &[Validator]) -> RequestFinalizeBlock {
        let votes = voters.iter().map(|voter| VoteInfo {
            validator: Some(voter.clone()),
            block_id_flag: COMMIT,
        });
        RequestFinalizeBlock {
            txs,
            decided_last_commit: Some(CommitInfo {
                round: 0,
                votes: votes.collect(),
            }),
            hash: keccak256(height.to_be_bytes()).to_vec().into(),
            height: i64::try_from(height).unwrap_or(i64::MAX),
            time: Some(self.timestamp(height)),
            proposer_address: self.proposer.clone(),
            ..RequestFinalizeBlock::default()
        }
    }

    /// Seconds of FinalizeBlock and Commit until the height is durable.
    fn execute(
        &self,
        height: u64,
        txs: Vec<Bytes>,
        given: usize,
        voters: &[Validator],
    ) -> Result<f64, BenchError> {
        let request = self.request(height, txs, voters);
        let began = Instant::now();
        let answer = self
            .app
            .finalize_block(request)
            .map_err(BenchError::Fault)?;
        self.app.commit().map_err(BenchError::Fault)?;
        self.app.store().flush()?;
        let secs = began.elapsed().as_secs_f64();
        let good = answer.tx_results.iter().filter(|result| result.code == 0);
        let taken = good.count().saturating_sub(1);
        if taken != given {
            return Err(BenchError::NotTaken {
                taken,
                given,
                why: "the others failed",
            });
        }
        Ok(secs)
    }
}

fn transfer(people: &People<'_>, number: usize) -> Body {
    Body::Transfer {
        to: people.recipient(number),
        token: [0; 20],
        amount: 1,
    }
}

/// Seconds of batch verification of the transfers' signatures, one batch a core; digests are at hand.
fn verify(bench: &Bench, given: &[Bytes]) -> Result<f64, BenchError> {
    let domain = &bench.app.deployment().domain;
    let claims = given.par_iter().map(|bytes| {
        let checked = check(bytes, domain).map_err(|_| BenchError::Unverified)?;
        match &checked.transaction().authentication {
            Authentication::Ed25519 { key, signature } => Ok((*key, *signature, *checked.digest())),
            _ => Err(BenchError::Unverified),
        }
    });
    let claims = claims.collect::<Result<Vec<_>, _>>()?;
    let chunk = claims.len().div_ceil(rayon::current_num_threads()).max(1);
    let began = Instant::now();
    let sound = claims.par_chunks(chunk).all(|claims| {
        let mut verifier = batch::Verifier::new();
        for (key, signature, digest) in claims {
            let key = VerificationKeyBytes::from(*key);
            verifier.queue((key, Signature::from(*signature), digest.as_slice()));
        }
        verifier.verify(Transcript::new().coefficients()).is_ok()
    });
    let secs = began.elapsed().as_secs_f64();
    if sound {
        Ok(secs)
    } else {
        Err(BenchError::Unverified)
    }
}
