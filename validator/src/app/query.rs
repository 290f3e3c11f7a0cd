//! The state's leaves by path, over ABCI. The paths of gRPC's reads go to [`super::reads`] before they come here.
//!
//! | path | data | value | proof |
//! |---|---|---|---|
//! | `/leaf` | key (32 bytes) | kind u8 ‖ value, empty when there is no such leaf | `plasmid:leaf`, `plasmid:block` |
//!
//! The height is the tip, or the last of an epoch whose state is kept. A proof leads to the app hash of that height, which
//! stands in the header of the next one: [`crate::chain::proof`] verifies it. A question that cannot be answered is refused with
//! a code; only a node that is broken makes a fault of it.

use std::sync::atomic::AtomicBool;

use alloy_primitives::B256;
use tendermint_proto::v0_38::abci::{RequestQuery, ResponseQuery};
use tendermint_proto::v0_38::crypto::{ProofOp, ProofOps};

use super::App;
use super::convert;
use super::reads::{DiskRead, Door, Past, ReadError, Trees, check};
use crate::chain::proof::{BLOCK_OP, LEAF_OP, LeafProof};
use crate::chain::tree::Tree;
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::Code;
use crate::wire::shown;

/// What a query gives.
#[derive(Clone, Debug, Default)]
pub struct QueryAnswer {
    /// The value's bytes.
    pub value: Vec<u8>,
    /// The height that they are of.
    pub height: u64,
    /// The proof, when one was asked for and exists.
    pub proof: Option<LeafProof>,
}

/// The application's state, until the query is cancelled.
struct Looks<'a> {
    app: &'a App,
    cancelled: &'a AtomicBool,
}

impl Trees for Looks<'_> {
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError> {
        check(self.cancelled)?;
        visit(&self.app.state().tree);
        Ok(())
    }

    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError> {
        check(self.cancelled)?;
        self.app.disk().enter(Door::Engine)
    }
}

impl App {
    pub(super) fn on_query(
        &self,
        request: &RequestQuery,
        cancelled: &AtomicBool,
    ) -> Outcome<ResponseQuery> {
        let answer = match request.path.as_str() {
            "/leaf" => self.query_leaf(request, cancelled),
            path => Err(ReadError::Unsupported(format!(
                "no such path: {text:?}",
                text = shown(path)
            ))),
        };
        respond(request, answer)
    }

    /// A leaf by its key, at the tip or at the end of an epoch.
    fn query_leaf(
        &self,
        request: &RequestQuery,
        cancelled: &AtomicBool,
    ) -> Result<QueryAnswer, ReadError> {
        let key = convert::hash(&request.data).map_err(|_| {
            let length = request.data.len();
            ReadError::Invalid(format!("a key has 32 bytes, not {length}"))
        })?;
        let height = u64::try_from(request.height).map_err(|_| {
            ReadError::Invalid(format!(
                "height {} is below 0: ask for 0, the tip, or for the last height of an epoch",
                request.height
            ))
        })?;
        if let Some(answer) = self.leaf_at_tip(&key, height, request.prove)? {
            return Ok(answer);
        }
        let looks = Looks {
            app: self,
            cancelled,
        };
        self.past_leaf(&looks, &key, height, request.prove)
    }

    /// `None` when `height` is another one than the tip.
    fn leaf_at_tip(
        &self,
        key: &B256,
        height: u64,
        prove: bool,
    ) -> Result<Option<QueryAnswer>, ReadError> {
        let state = self.state();
        let tip = state.tip.height;
        if height != 0 && height != tip {
            return Ok(None);
        }
        let value = state.tree.get(key);
        let proof = match prove {
            true => {
                let index = value.map_or_else(|| state.tree.low(key), |(index, _, _)| index);
                let inclusion = state.tree.prove(index);
                Some(LeafProof {
                    inclusion: inclusion.map_err(|error| ReadError::Internal(error.to_string()))?,
                    block: state.tip,
                })
            }
            false => None,
        };
        Ok(Some(QueryAnswer {
            value: value.map_or_else(Vec::new, |(_, kind, value)| tagged(kind, value)),
            height: tip,
            proof,
        }))
    }

    fn past_leaf(
        &self,
        looks: &Looks<'_>,
        key: &B256,
        height: u64,
        prove: bool,
    ) -> Result<QueryAnswer, ReadError> {
        let unkept = || {
            let tip = self.state().tip.height;
            ReadError::NotFound(format!(
                "height {height} is not kept: reads are served at the tip ({tip}) and at the last heights of epochs that are not yet settled on root"
            ))
        };
        let blocks = u64::from(self.parameters.epoch_blocks);
        let epoch = match (height.checked_rem(blocks), height.checked_div(blocks)) {
            (Some(0), Some(ended)) => ended.checked_sub(1),
            _ => None,
        };
        let past = Past::of(looks, epoch.ok_or_else(unkept)?).map_err(|error| match error {
            ReadError::NotFound(_) => unkept(),
            error => error,
        })?;
        let block = self.surroundings.store.block(height)?;
        let block = block.ok_or_else(unkept)?;
        let found = past.get(key)?;
        let proof = match (prove, &found) {
            (false, _) => None,
            (true, Some(leaf)) => Some(past.prove(leaf)?),
            (true, None) => Some(past.prove(&past.low(key)?)?),
        };
        Ok(QueryAnswer {
            value: found.map_or_else(Vec::new, |leaf| tagged(leaf.kind, &leaf.value)),
            height,
            proof: proof.map(|inclusion| LeafProof { inclusion, block }),
        })
    }
}

fn tagged(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len().saturating_add(1));
    out.push(kind);
    out.extend_from_slice(value);
    out
}

/// A read's answer over ABCI.
///
/// # Errors
/// [`Fault`] when this node is broken; a question that cannot be answered is refused.
pub fn respond(
    request: &RequestQuery,
    answer: Result<QueryAnswer, ReadError>,
) -> Outcome<ResponseQuery> {
    let code = match &answer {
        Ok(_) => Code::Ok,
        Err(ReadError::Invalid(_)) => Code::Malformed,
        Err(ReadError::Unsupported(_)) => Code::Unsupported,
        Err(ReadError::NotFound(_) | ReadError::Unavailable(_)) => Code::NotAllowedHere,
        Err(ReadError::Internal(why)) => return Err(Fault::new(why)),
    };
    Ok(match answer {
        Ok(answer) => ResponseQuery {
            key: request.data.clone(),
            value: answer.value.into(),
            height: i64::try_from(answer.height).unwrap_or(i64::MAX),
            proof_ops: answer.proof.map(|proof| operations(&request.data, &proof)),
            ..ResponseQuery::default()
        },
        Err(error) => ResponseQuery {
            code: code.number(),
            log: error.to_string(),
            codespace: Code::SPACE.to_owned(),
            ..ResponseQuery::default()
        },
    })
}

fn operations(key: &[u8], proof: &LeafProof) -> ProofOps {
    let op = |name: &str, data: Vec<u8>| ProofOp {
        r#type: name.to_owned(),
        key: key.to_vec(),
        data,
    };
    ProofOps {
        ops: vec![
            op(LEAF_OP, proof.inclusion.encode()),
            op(BLOCK_OP, proof.block.encode()),
        ],
    }
}
