//! Reads by path, over ABCI. Every gRPC read is a path here too.
//!
//! | path | data | value | proof |
//! |---|---|---|---|
//! | `/leaf` | key (32 bytes) | kind u8 ‖ value, empty when there is no such leaf | `plasmid:leaf`, `plasmid:block` |
//!
//! The height is the tip, or the last of an epoch whose state is kept. A proof leads to the app hash of that height, which
//! stands in the header of the next one: [`crate::chain::proof`] verifies it.

use plasmid_bridge::proof::tree::Inclusion;
use tendermint_proto::v0_38::abci::{RequestQuery, ResponseQuery};
use tendermint_proto::v0_38::crypto::{ProofOp, ProofOps};

use super::App;
use super::convert;
use super::state::State;
use crate::chain::proof::{BLOCK_OP, LEAF_OP, LeafProof};
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::Code;

/// Why a query has no answer: the code and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// A code of the frozen table.
    pub code: Code,
    /// For people.
    pub log: String,
}

impl Refusal {
    /// A query that this node does not understand.
    pub fn malformed(log: impl Into<String>) -> Self {
        Self {
            code: Code::Malformed,
            log: log.into(),
        }
    }
}

/// What a query gives.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The value's bytes.
    pub value: Vec<u8>,
    /// The height that they are of.
    pub height: u64,
    /// The proof, when one was asked for and exists.
    pub proof: Option<LeafProof>,
}

impl App {
    pub(super) fn on_query(&self, request: &RequestQuery) -> Outcome<ResponseQuery> {
        let height = match request.height {
            0 => None,
            height => Some(convert::height(height)?),
        };
        let answer = match request.path.as_str() {
            "/leaf" => self.query_leaf(&request.data, height, request.prove)?,
            path => Err(Refusal {
                code: Code::Unsupported,
                log: format!("no such path: {path:?}"),
            }),
        };
        Ok(encode(request, answer))
    }

    /// A leaf by its key, at the tip or at the end of an epoch.
    ///
    /// # Errors
    /// [`Fault`] when this node is broken; a key or height that cannot be served is a [`Refusal`].
    pub fn query_leaf(
        &self,
        key: &[u8],
        height: Option<u64>,
        prove: bool,
    ) -> Result<Result<Answer, Refusal>, Fault> {
        let Ok(key) = convert::hash(key) else {
            return Ok(Err(Refusal::malformed(format!(
                "a key has 32 bytes, not {}",
                key.len()
            ))));
        };
        let state = self.state();
        let tip = state.tip.height;
        match height {
            Some(height) if height != tip => self.past_leaf(&state, &key, height, prove),
            _ => {
                let value = state
                    .tree
                    .get(&key)
                    .map(|(index, kind, value)| (index, tagged(kind, value)));
                let index = value
                    .as_ref()
                    .map_or_else(|| state.tree.low(&key), |(index, _)| *index);
                let inclusion = match prove {
                    true => Some(state.tree.prove(index).map_err(Fault::new)?),
                    false => None,
                };
                Ok(Ok(Answer {
                    value: value.map(|(_, value)| value).unwrap_or_default(),
                    height: tip,
                    proof: inclusion.map(|inclusion| LeafProof {
                        inclusion,
                        block: state.tip,
                    }),
                }))
            }
        }
    }

    fn past_leaf(
        &self,
        state: &State,
        key: &alloy_primitives::B256,
        height: u64,
        prove: bool,
    ) -> Result<Result<Answer, Refusal>, Fault> {
        let unkept = || Refusal {
            code: Code::NotAllowedHere,
            log: format!(
                "height {height} is not kept: reads are served at the tip ({}) and at the last heights of epochs that are not yet settled on root",
                state.tip.height
            ),
        };
        let blocks = u64::from(self.parameters.epoch_blocks);
        let epoch = match (height.checked_rem(blocks), height.checked_div(blocks)) {
            (Some(0), Some(ended)) => ended.checked_sub(1),
            _ => None,
        };
        let Some(view) = epoch.and_then(|epoch| state.tree.at(epoch).ok()) else {
            return Ok(Err(unkept()));
        };
        let Some(block) = self.surroundings.store.block(height).map_err(Fault::new)? else {
            return Ok(Err(unkept()));
        };
        let value = view
            .get(key)
            .map(|(index, kind, value)| (index, tagged(kind, value)));
        let index = value
            .as_ref()
            .map_or_else(|| view.low(key), |(index, _)| *index);
        let inclusion: Option<Inclusion> = match prove {
            true => Some(view.prove(index).map_err(Fault::new)?),
            false => None,
        };
        Ok(Ok(Answer {
            value: value.map(|(_, value)| value).unwrap_or_default(),
            height,
            proof: inclusion.map(|inclusion| LeafProof { inclusion, block }),
        }))
    }
}

fn tagged(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len().saturating_add(1));
    out.push(kind);
    out.extend_from_slice(value);
    out
}

fn encode(request: &RequestQuery, answer: Result<Answer, Refusal>) -> ResponseQuery {
    match answer {
        Ok(answer) => ResponseQuery {
            key: request.data.clone(),
            value: answer.value.into(),
            height: i64::try_from(answer.height).unwrap_or(i64::MAX),
            proof_ops: answer.proof.map(|proof| operations(&request.data, &proof)),
            ..ResponseQuery::default()
        },
        Err(refusal) => ResponseQuery {
            code: refusal.code.number(),
            log: refusal.log,
            codespace: Code::SPACE.to_owned(),
            ..ResponseQuery::default()
        },
    }
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
