//! An endpoint of root, which says what a test sets.

use std::sync::Mutex;

use alloy_primitives::hex;
use serde_json::{Value, json};

use super::*;
use crate::client::wallet::tests::node::{Said, accepted_log};
use crate::relay::challenges::DataTarget;

/// Wei.
pub(super) const GWEI: u64 = 1_000_000_000;

/// What an endpoint of root says.
#[derive(Clone)]
pub(super) struct Says {
    pub(super) newest: u64,
    pub(super) time: u64,
    pub(super) accepted: u64,
    /// What it tells of the first of those.
    pub(super) acceptances: Vec<Acceptance>,
    /// Calldata to RootChain, by block.
    pub(super) submissions: BTreeMap<u64, Vec<Bytes>>,
    /// The set of the genesis.
    pub(super) set: B256,
    /// Its branch of the chain, on which all blocks have other hashes.
    pub(super) branch: u64,
    /// Blocks of which it tells no transactions, and what it says of them.
    pub(super) untold: BTreeMap<u64, Said>,
    /// How many checkpoints it says are accepted every second time that it is asked.
    pub(super) alternates: Option<u64>,
    /// How often it was asked that.
    pub(super) heads: u64,
    /// What it says instead of all that.
    pub(super) mute: Option<Said>,
    /// The one view to which it answers nothing.
    pub(super) mute_view: Option<[u8; 4]>,
    /// How many transactions the watcher's account has sent.
    pub(super) nonce: u64,
    /// How many checkpoints stand once what is in its pool is mined.
    pub(super) pool_standing: Option<u64>,
    /// When exit mode begins, seconds; 0: the deployment goes on.
    pub(super) exit_at: u64,
    /// The block of each commitment that it is asked for.
    pub(super) committed: Option<u64>,
    /// Whether its pool holds a reveal of each offence.
    pub(super) pool_reveals: bool,
    /// What it says of its pool, and of the gas that a call needs, instead of that.
    pub(super) refuses: [Option<Said>; 2],
    /// Events of DataChallenges, each with its block, and what it says of each challenge.
    pub(super) data_events: Vec<(u64, alloy_primitives::LogData)>,
    pub(super) challenged: BTreeMap<DataTarget, IDataChallenges::Challenge>,
    /// Challenges that are answered in its pool.
    pub(super) pool_answers: Vec<DataTarget>,
    /// Which checkpoint it says is held up by a question, where that is another one than those of its open challenges.
    pub(super) held: Option<u64>,
    /// Which checkpoints it says can be void, where that does not follow from the rest.
    pub(super) voidable: Option<(u64, u64)>,
    /// The earliest deadline of a question, in seconds.
    pub(super) next_deadline: u64,
    /// Checkpoints that are final.
    pub(super) finalized: u64,
    /// Offences that stand in the Court, with the blocks of their reveals.
    pub(super) revealed: BTreeMap<OffenceId, u64>,
}

pub(super) type Root = Arc<Mutex<Says>>;

fn returned(root: &Says, data: &[u8]) -> Vec<u8> {
    let set = root.set;
    let selector: [u8; 4] = data[..4].try_into().expect("a selector");
    match selector {
        IRootChain::parametersCall::SELECTOR => {
            let parameters = IRootChain::Parameters {
                epochBlocks: EPOCH_BLOCKS,
                recordSlots: 64,
                revealBlocks: 16,
                rootBlockSecs: 12,
                evidenceSecs: 1_000,
                challengeSecs: 100_000,
                ..Default::default()
            };
            IRootChain::parametersCall::abi_encode_returns(&parameters)
        }
        IRootChain::headCall::SELECTOR => {
            let accepted = match root.alternates {
                Some(other) if root.heads.is_multiple_of(2) => other,
                _ => root.accepted,
            };
            let head = IRootChain::Head {
                accepted,
                standing: root.pool_standing.unwrap_or(accepted),
                exitAt: root.exit_at,
                finalized: root.finalized,
                ..Default::default()
            };
            IRootChain::headCall::abi_encode_returns(&head)
        }
        IRootChain::genesisSetsCall::SELECTOR => {
            let sets = IRootChain::genesisSetsReturn {
                set0: set,
                set1: set,
            };
            IRootChain::genesisSetsCall::abi_encode_returns(&sets)
        }
        IRootChain::recordCall::SELECTOR => {
            let call = IRootChain::recordCall::abi_decode(data).expect("a call");
            let found = root.acceptances.iter().find(|one| one.epoch == call.epoch);
            let record = found.map(Acceptance::record).unwrap_or_default();
            IRootChain::recordCall::abi_encode_returns(&record)
        }
        ICourt::offenceCall::SELECTOR => {
            let call = ICourt::offenceCall::abi_decode(data).expect("a call");
            let (epoch, operator) = (call.epoch, call.operator);
            let found = root.revealed.get(&OffenceId { epoch, operator });
            let found = found.or(root.pool_reveals.then_some(&root.newest));
            let offence = found.map_or_else(ICourt::Offence::default, |block| ICourt::Offence {
                registration: 1,
                revealedAt: alloy_primitives::aliases::U40::from(*block),
                ..Default::default()
            });
            ICourt::offenceCall::abi_encode_returns(&offence)
        }
        ICourt::commitmentCall::SELECTOR => {
            let made = root
                .committed
                .map_or_else(ICourt::Commitment::default, |block| ICourt::Commitment {
                    madeAt: alloy_primitives::aliases::U40::from(block),
                    timeOrGas: alloy_primitives::aliases::U48::from(root.time),
                    ..Default::default()
                });
            ICourt::commitmentCall::abi_encode_returns(&made)
        }
        IRootChain::voidableCall::SELECTOR => {
            let own = (root.finalized, root.pool_standing.unwrap_or(root.accepted));
            let (from, until) = root.voidable.unwrap_or(own);
            let told = IRootChain::voidableReturn { from, until };
            IRootChain::voidableCall::abi_encode_returns(&told)
        }
        IDataChallenges::firstHeldCall::SELECTOR => {
            let call = IDataChallenges::firstHeldCall::abi_decode(data).expect("a call");
            let open = root.challenged.iter().filter(|(_, one)| one.deadline != 0);
            let mut held: Vec<u64> = open.map(|(target, _)| target.epoch()).collect();
            held.extend(root.held);
            let held = held
                .into_iter()
                .filter(|one| (call.from..=call.to).contains(one));
            let first = held.min().unwrap_or(call.to.saturating_add(1));
            IDataChallenges::firstHeldCall::abi_encode_returns(&first)
        }
        IDataChallenges::challengeSecsCall::SELECTOR => {
            IDataChallenges::challengeSecsCall::abi_encode_returns(&6_400)
        }
        IDataChallenges::priceCall::SELECTOR => {
            let told = IDataChallenges::priceReturn {
                price_: U256::from(1_000 * GWEI),
                deadline: root.next_deadline,
            };
            IDataChallenges::priceCall::abi_encode_returns(&told)
        }
        IDataChallenges::challengedCall::SELECTOR => {
            let call = IDataChallenges::challengedCall::abi_decode(data).expect("a call");
            let target = DataTarget::of(&call.target).expect("a target");
            let told = root
                .challenged
                .get(&target)
                .filter(|_| !root.pool_answers.contains(&target));
            let told = told.cloned().unwrap_or_default();
            IDataChallenges::challengedCall::abi_encode_returns(&told)
        }
        IRegistry::hasKeysCall::SELECTOR => IRegistry::hasKeysCall::abi_encode_returns(&true),
        // Nothing stands in the Court: zeros for every view.
        _ => vec![0; 32 * 24],
    }
}

fn quantity(value: &Value) -> Option<u64> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    u64::from_str_radix(digits, 16).ok()
}

/// Root with an accepted checkpoint, whose time is 5,000.
pub(super) fn accepted() -> Root {
    let chain = root(0, Vec::new());
    accepts(&chain, &checkpoint(0, 1), 290);
    chain
}

/// Root accepts a checkpoint.
pub(super) fn accepts(root: &Root, one: &Checkpoint, block: u64) {
    let mut root = root.lock().expect("no test panics with it");
    let acceptance = Acceptance {
        epoch: one.epoch,
        digest: one.digest(),
        carrier: Address::ZERO,
        checkpoint: *one,
        signers: certified(one).bitmap,
        time: 4_990,
        block,
        due_count: 0,
        tau: 0,
    };
    root.acceptances.retain(|other| other.epoch != one.epoch);
    root.acceptances.push(acceptance);
    root.accepted = root.accepted.max(one.epoch + 1);
}

/// An endpoint of root, which says what the test sets.
pub(super) async fn endpoint(root: &Root) -> Node {
    let root = Arc::clone(root);
    Node::start_asked(move |request, _| {
        let mut root = {
            let mut root = root.lock().expect("no test panics with it");
            let head = hex::encode_prefixed(IRootChain::headCall::SELECTOR);
            let data = request["params"][0]["data"].as_str().unwrap_or_default();
            root.heads += u64::from(data == head);
            root.clone()
        };
        if let Some(said) = root.mute {
            return said;
        }
        let params = &request["params"];
        let asks = request["method"].as_str().unwrap_or_default();
        if params[1] != "pending" {
            root.pool_standing = None;
            root.pool_reveals = false;
            root.pool_answers.clear();
        } else if asks == "eth_call"
            && let Some(said) = root.refuses[0].take()
        {
            return said;
        }
        match asks {
            "eth_estimateGas" if root.refuses[1].is_some() => root.refuses[1].take().expect("it refuses"),
            "eth_getBlockByNumber" => {
                let number = quantity(&params[0]).unwrap_or(root.newest);
                if number > root.newest {
                    return Said::Result("null".into());
                }
                if let Some(said) = root.untold.get(&number).filter(|_| params[1] == true) {
                    return said.clone();
                }
                let carried = |input: &Bytes| json!({ "to": ROOT_CHAIN, "input": input });
                let transactions: Vec<Value> = root.submissions.get(&number).into_iter().flatten().map(carried).collect();
                let hash = B256::from((U256::from(root.branch) << 128) | U256::from(number));
                Said::Result(json!({
                    "number": format!("{number:#x}"), "hash": hash, "parentHash": B256::ZERO, "timestamp": format!("{:#x}", root.time),
                    "baseFeePerGas": "0x1", "transactions": transactions,
                }).to_string())
            }
            "eth_getLogs" => {
                let bound = |name: &str| quantity(&params[0][name]).expect("a number");
                let blocks = bound("fromBlock")..=bound("toBlock");
                let told = root.acceptances.iter().filter(|one| blocks.contains(&one.block));
                let told = told.map(|one| accepted_log(ROOT_CHAIN, one));
                let is_named = |place: usize, topic: Option<&B256>| match &params[0]["topics"][place] {
                    Value::Null => true,
                    Value::Array(some) => some.contains(&json!(topic)),
                    one => *one == json!(topic),
                };
                let is_asked_for = |one: &alloy_primitives::LogData| {
                    is_named(0, one.topics().first()) && is_named(1, one.topics().get(1))
                };
                let addresses = params[0]["address"].as_array();
                let is_asked = addresses.is_some_and(|all| all.contains(&json!(ROOT_CHAIN)));
                let told = told.filter(|_| is_asked && params[0]["topics"][1].is_null());
                if let Some(said) = root.untold.get(blocks.start()).filter(|_| params[0]["topics"][1].is_string()) {
                    return said.clone();
                }
                let data = root.data_events.iter().filter(|(block, one)| blocks.contains(block) && is_asked_for(one));
                let data = data.map(|(block, one)| json!({
                    "address": data_challenges(), "topics": one.topics(), "data": one.data, "blockNumber": format!("{block:#x}"), "logIndex": "0x1", "removed": false,
                }));
                Said::Result(Value::from_iter(told.chain(data)).to_string())
            }
            "eth_call" => {
                let data = params[0]["data"].as_str().unwrap_or_default();
                let data = hex::decode(data).expect("calldata");
                if root.mute_view.is_some_and(|view| data.starts_with(&view)) {
                    return Said::Error("not for you");
                }
                Said::Result(json!(hex::encode_prefixed(returned(&root, &data))).to_string())
            }
            "eth_getTransactionCount" => Said::Result(json!(format!("{:#x}", root.nonce)).to_string()),
            _ => Said::Honest,
        }
    })
    .await
}

/// An endpoint whose block 300 carries these submissions.
pub(super) fn root(accepted: u64, submissions: Vec<Bytes>) -> Root {
    Arc::new(Mutex::new(Says {
        newest: 310,
        time: 5_000,
        accepted,
        acceptances: Vec::new(),
        submissions: BTreeMap::from([(300, submissions)]),
        set: commitment(&members()),
        branch: 0,
        untold: BTreeMap::new(),
        alternates: None,
        heads: 0,
        mute: None,
        mute_view: None,
        nonce: 7,
        pool_standing: None,
        exit_at: 0,
        committed: None,
        pool_reveals: false,
        refuses: [None, None],
        data_events: Vec::new(),
        challenged: BTreeMap::new(),
        pool_answers: Vec::new(),
        held: None,
        voidable: None,
        next_deadline: 0,
        finalized: 0,
        revealed: BTreeMap::new(),
    }))
}
