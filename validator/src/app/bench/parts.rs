//! A block done one part after another, each alone and on all cores that it can use: what they cost together is what a block would cost in
//! which no part ran beside another.

use std::{sync::Mutex, time::Instant};

use tendermint_proto::v0_38::abci::RequestFinalizeBlock;

use super::{App, Arc, BenchError, Handler};
use crate::{
    app::{consensus::blocks::Worded, convert, lock, verdicts::Verdicts},
    chain::execute::Checker,
    ledger::{CheckedTransaction, Claimed, Domain, Reject},
};

/// What each part is called, in the order in which they are done.
pub const PARTS: [&str; 7] = [
    "signatures",
    "execution",
    "tree",
    "wording",
    "record",
    "pool",
    "durable",
];

/// Seconds of each of [`PARTS`].
pub type Seconds = [f64; PARTS.len()];

/// Gives verdicts that were found before, once.
struct Found(Mutex<Vec<Result<CheckedTransaction, Reject>>>);

impl Checker for Found {
    fn claim(&self, _: &[&[u8]], _: &Domain) -> Vec<Result<Claimed, Reject>> {
        let found = std::mem::take(&mut *lock(&self.0));
        let known = found.into_iter().map(|one| one.map(Claimed::known));
        known.collect()
    }

    fn prove(&self, claims: &[&Claimed]) -> Vec<Result<(), Reject>> {
        vec![Ok(()); claims.len()]
    }
}

/// Does the block of a request in parts; gives what each took.
pub(super) fn run(app: &App, request: &RequestFinalizeBlock) -> Result<Seconds, BenchError> {
    let fault = BenchError::Fault;
    let mut seconds = Seconds::default();
    let mut timed = Timed {
        seconds: seconds.iter_mut(),
        began: Instant::now(),
    };
    let height = convert::height(request.height).map_err(fault)?;
    let hash = convert::hash(&request.hash).map_err(fault)?;
    // The first transaction is the record.
    let users = request.txs.iter().skip(1).map(AsRef::as_ref);
    let users: Vec<&[u8]> = users.collect();
    timed.restart();
    let found = Verdicts { pool: &app.pool }.check(&users, &app.deployment.domain);
    timed.note();
    let found = Found(Mutex::new(found));
    timed.restart();
    let executed = app.execute_decided(request, height, &hash, &found);
    timed.note();
    let executed = Arc::new(executed.map_err(fault)?);
    let mut state = app.state_mut();
    let committed = app.apply(&mut state, &executed, hash).map_err(fault)?;
    timed.note();
    let worded = Worded::new(&executed).map_err(fault)?;
    timed.note();
    let (_response, encoded) = worded.answer(&committed);
    app.keep_block(state, executed, &committed, encoded, &request.txs)
        .map_err(fault)?;
    timed.note();
    let unswept = lock(&app.unswept).take();
    if let Some(unswept) = unswept {
        app.sweep(&unswept).map_err(fault)?;
    }
    timed.note();
    app.commit().map_err(fault)?;
    app.store().flush()?;
    timed.note();
    Ok(seconds)
}

/// Notes one part after the other.
struct Timed<'a> {
    seconds: std::slice::IterMut<'a, f64>,
    began: Instant,
}

impl Timed<'_> {
    fn restart(&mut self) {
        self.began = Instant::now();
    }

    fn note(&mut self) {
        let took = self.began.elapsed().as_secs_f64();
        if let Some(part) = self.seconds.next() {
            *part = took;
        }
        self.restart();
    }
}
