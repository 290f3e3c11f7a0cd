//! Waiting for finality: what stands in a block that root can still lose is no place for coin.

use std::time::Duration;

use alloy_primitives::Address;
use tokio::time::{Instant, sleep};

use super::{Artifacts, CeremonyError, Created, RegistryPlan, read_back};
use crate::client::endpoints::Endpoints;
use crate::client::rpc::{At, Rpc, RpcError};
use crate::relay::seen::{Block, Finality, Which};

/// How often root is asked.
const POLL: Duration = Duration::from_millis(200);

/// Reads the deployment back once it is final: it reads the same before the wait and after it, or a reorganisation has moved it.
///
/// # Errors
/// [`CeremonyError::NotFinal`] after `patience`, which is for all of it.
pub async fn read_final<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    registry: Address,
    finality: Finality,
    patience: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<Created, CeremonyError> {
    let (endpoints, start) = (endpoints.into(), Instant::now());
    let mut created = read_back(endpoints, registry).await?;
    loop {
        let left = patience.saturating_sub(start.elapsed());
        wait_final(endpoints, created.block, finality, left, tell).await?;
        let again = read_back(endpoints, registry).await?;
        if again == created {
            return Ok(created);
        }
        if start.elapsed() > patience {
            return Err(CeremonyError::NotFinal {
                what: "the deployment reads the same before its block is final and after it"
                    .to_owned(),
                newest: format!("root moved it to block {}", again.block),
                waited: patience,
            });
        }
        tell(&format!(
            "root moved the deployment from block {} to block {}: waiting again",
            created.block, again.block
        ));
        created = again;
    }
}

/// Waits until a block of root is final by this rule. `tell` is given a sentence when there is something to wait for.
///
/// # Errors
/// [`CeremonyError::NotFinal`] after `patience`.
pub async fn wait_final<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    block: u64,
    finality: Finality,
    patience: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<(), CeremonyError> {
    let wait = Wait::new(format!("root block {block} is final"), finality, patience);
    let is_final = async |_: &Rpc, newest: Block| Ok(newest.number >= block);
    wait.all(endpoints.into(), is_final, tell).await
}

/// Waits until the code of this plan's Registry and verifier stands in a block that is final by this rule: only then can no
/// reorganisation leave their addresses empty, where stake would be lost.
///
/// # Errors
/// [`CeremonyError::NotFinal`] after `patience`.
pub async fn wait_registry_final<'a>(
    endpoints: impl Into<Endpoints<'a>>,
    artifacts: &Artifacts,
    plan: &RegistryPlan,
    finality: Finality,
    patience: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<(), CeremonyError> {
    let contracts = plan.founding_contracts(artifacts);
    let what = "the code of Registry and Ed25519Verifier is final on root".to_owned();
    let stand = async |rpc: &Rpc, newest: Block| {
        for (_, address) in contracts {
            if rpc.code(address, At::Hash(newest.hash)).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let wait = Wait::new(what, finality, patience);
    wait.all(endpoints.into(), stand, tell).await
}

/// The newest block that is final by this rule, or `None` when the node knows of none.
async fn newest_final(rpc: &Rpc, finality: Finality) -> Result<Option<Block>, RpcError> {
    let Finality::Depth(depth) = finality else {
        return rpc.finalized().await;
    };
    let latest = rpc.block(Which::Latest).await?;
    match latest.and_then(|latest| latest.number.checked_sub(u64::from(depth))) {
        Some(number) => rpc.block(Which::Number(number)).await,
        None => Ok(None),
    }
}

/// A wait that says once for each endpoint what it waits for, and again when it turns out that the endpoint names no final block.
struct Wait {
    what: String,
    finality: Finality,
    start: Instant,
    patience: Duration,
    told: Option<bool>,
}

impl Wait {
    fn new(what: String, finality: Finality, patience: Duration) -> Self {
        Self {
            what,
            finality,
            start: Instant::now(),
            patience,
            told: None,
        }
    }

    /// Until it is so in a block that is final at each of the endpoints. All have the older of these blocks in their chain.
    async fn all(
        mut self,
        endpoints: Endpoints<'_>,
        is_so: impl AsyncFn(&Rpc, Block) -> Result<bool, RpcError>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), CeremonyError> {
        let mut oldest = u64::MAX;
        for rpc in endpoints.each() {
            self.told = None;
            let place = endpoints.named(rpc);
            let failed = |error| endpoints.failed(rpc, error);
            loop {
                let newest = newest_final(rpc, self.finality).await.map_err(failed)?;
                if let Some(newest) = newest
                    && is_so(rpc, newest).await.map_err(failed)?
                {
                    oldest = oldest.min(newest.number);
                    break;
                }
                self.more(newest, &place, tell).await?;
            }
        }
        endpoints.block_hash(oldest).await?;
        Ok(())
    }

    async fn more(
        &mut self,
        newest: Option<Block>,
        place: &str,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), CeremonyError> {
        if self.start.elapsed() > self.patience {
            return Err(CeremonyError::NotFinal {
                what: format!("{}{place}", self.what),
                newest: named(self.finality, newest),
                waited: self.patience,
            });
        }
        if self.told != Some(newest.is_some()) {
            self.told = Some(newest.is_some());
            tell(&format!(
                "waiting until {}{place}; {}",
                self.what,
                named(self.finality, newest)
            ));
        }
        sleep(POLL).await;
        Ok(())
    }
}

fn named(finality: Finality, newest: Option<Block>) -> String {
    match (finality, newest) {
        (_, Some(block)) => format!("the newest final block is {}", block.number),
        (Finality::Tag, None) => {
            "the root node names no block by its `finalized` tag: if it never does, ask another node, or found with \
             finality_rule = \"depth\" in the plan"
                .to_owned()
        }
        (Finality::Depth(depth), None) => {
            format!("the root chain has no block yet that is {depth} deep")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use alloy_primitives::{B256, FixedBytes, U256, hex};
    use alloy_sol_types::{SolCall, SolValue};
    use serde_json::{Value, json};

    use super::*;
    use crate::abi::{self, IRegistry, IRootChain};
    use crate::client::rpc::Limits;
    use crate::client::wallet::tests::node::{Node, Said};
    use crate::proof::deployment;

    const REGISTRY: Address = Address::repeat_byte(0x11);

    /// What a deployment that was made in block `block`, on a parent of this hash, returns to each question.
    fn returned(data: &[u8], block: u64, parent: B256) -> Vec<u8> {
        let [.., root_chain] = abi::created_by(REGISTRY);
        let id = deployment::id(31_337, &root_chain.into_array(), &parent, &B256::ZERO);
        match data[..4].try_into().unwrap() {
            IRegistry::createdCall::SELECTOR => true.abi_encode(),
            IRootChain::deploymentCall::SELECTOR => FixedBytes::<20>::from(id).abi_encode(),
            IRootChain::parentBlockHashCall::SELECTOR => parent.abi_encode(),
            IRootChain::genesisBlockCall::SELECTOR => U256::from(block).abi_encode(),
            IRootChain::genesisStateRootCall::SELECTOR | IRootChain::genesisTimeCall::SELECTOR => {
                U256::ZERO.abi_encode()
            }
            IRootChain::genesisSetsCall::SELECTOR => vec![0; 64],
            other => panic!("{other:?} is called"),
        }
    }

    fn hash(number: u64, fork: usize) -> B256 {
        B256::from(U256::from(number + 1_000 * fork as u64))
    }

    /// A chain of twenty blocks, all final, in which the deployment stands in block 7; it moves to block 8 of a fork of the chain, and further,
    /// after each reading for `moves` times. Gives what was read, and how often it was read.
    async fn read(moves: usize) -> (Created, usize) {
        let (created, readings) = read_for(moves, Duration::from_secs(60)).await;
        (created.unwrap(), readings)
    }

    async fn read_for(moves: usize, patience: Duration) -> (Result<Created, CeremonyError>, usize) {
        let readings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&readings);
        let node = Node::start_asked(move |request, _| {
            let fork = counted.load(Ordering::Relaxed).saturating_sub(1).min(moves);
            let params = &request["params"];
            let block = |number: u64| {
                json!({
                    "number": format!("{number:#x}"), "hash": hash(number, fork), "parentHash": hash(number - 1, fork), "timestamp": "0x1",
                    "baseFeePerGas": "0x7",
                })
            };
            let answer: Value = match request["method"].as_str().unwrap() {
                "eth_chainId" => json!("0x7a69"),
                "eth_getBlockByNumber" => match params[0].as_str().unwrap() {
                    "finalized" => block(20),
                    number => block(u64::from_str_radix(&number[2..], 16).unwrap()),
                },
                "eth_call" => {
                    let data = hex::decode(params[0]["data"].as_str().unwrap()).unwrap();
                    let is_first = data == IRegistry::createdCall {}.abi_encode();
                    let read = counted.fetch_add(usize::from(is_first), Ordering::Relaxed);
                    let fork = (read + usize::from(is_first)).saturating_sub(1).min(moves);
                    let made = 7 + fork as u64;
                    json!(hex::encode_prefixed(returned(&data, made, hash(made - 1, fork))))
                }
                other => panic!("{other} is asked"),
            };
            Said::Result(answer.to_string())
        })
        .await;
        let rpc = Rpc::new(&node.url, Limits::default()).unwrap();
        let mut tell = |_: &str| {};
        let created = read_final(&rpc, REGISTRY, Finality::Tag, patience, &mut tell).await;
        (created, readings.load(Ordering::Relaxed))
    }

    /// A chain whose newest final block is this one.
    async fn ended(newest: Option<u64>) -> Node {
        Node::start_asked(move |request, _| {
            let block = newest.map(|number| {
                json!({
                    "number": format!("{number:#x}"), "hash": hash(number, 0), "parentHash": hash(number, 0), "timestamp": "0x1",
                    "baseFeePerGas": "0x7",
                })
            });
            assert_eq!(request["params"][0], "finalized");
            Said::Result(json!(block).to_string())
        })
        .await
    }

    #[tokio::test]
    async fn whoever_waits_is_told_which_endpoint_is_waited_for_and_for_how_long() {
        let (first, second) = (ended(Some(9)).await, ended(None).await);
        let [first, second] =
            [&first, &second].map(|node| Rpc::new(&node.url, Limits::default()).unwrap());
        let both = Endpoints::new(&first, Some(&second));
        let mut said = Vec::new();
        let mut tell = |what: &str| said.push(what.to_owned());
        let patience = Duration::from_secs(2);
        let error = wait_final(both, 7, Finality::Tag, patience, &mut tell).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(&second.place()), "{error}");
        assert_eq!(said.len(), 1);
        assert!(said[0].contains(&second.place()), "{}", said[0]);
    }

    #[tokio::test]
    async fn a_deployment_is_taken_when_it_reads_the_same_before_and_after_the_wait() {
        for moves in [0, 1, 3] {
            let (created, readings) = read(moves).await;
            assert_eq!(created.block, 7 + moves as u64);
            assert_eq!(created.parent_hash, hash(created.block - 1, moves));
            assert_eq!(readings, moves + 2, "the last two are equal");
        }
    }

    #[tokio::test]
    async fn a_deployment_that_never_stands_still_is_not_waited_for_without_end() {
        let (created, readings) = read_for(usize::MAX, Duration::ZERO).await;
        let error = created.unwrap_err().to_string();
        assert!(error.contains("root moved it to block 8"), "{error}");
        assert_eq!(readings, 2);
    }
}
