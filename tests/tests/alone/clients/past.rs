//! Questions about the past, as many as a node answers: about every epoch that root has not settled, of which more are kept than memory takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::Address;
use plasmid::ledger::Account;
use plasmid::localnet::Local;
use plasmid_proto::bridge::v1::bridge_service_client::BridgeServiceClient;
use plasmid_proto::bridge::v1::{
    GetProofRequest, ListCheckpointsRequest, ListWithdrawalsRequest, PrepareClaimRequest,
    get_proof_request,
};
use plasmid_proto::chain::v1::chain_service_client::ChainServiceClient;
use plasmid_proto::chain::v1::{GetStatusResponse, GetSupplyRequest};
use plasmid_proto::ledger::v1::account_service_client::AccountServiceClient;
use plasmid_proto::ledger::v1::{ListBalancesRequest, ListTokensRequest};
use plasmid_tests::running::proxy::Behaviour;
use plasmid_tests::running::{Storm, channel_from, person};
use tonic::{Code, Status};

use super::{Attacked, NODE, epoch_blocks};

/// As many withdrawals as one claim takes.
const CLAIM: u64 = 28;
/// Who asks at once.
const ASKERS: u64 = 96;
/// With as many epochs there are more than memory takes, twice over.
const MAX_EPOCHS: u64 = 187;
/// Epochs that have to be on disk alone.
const ON_DISK: u64 = 2;
/// The code of a query by ABCI that is answered.
const ANSWERED: &str = "\"code\":0,";

fn claim() -> PrepareClaimRequest {
    PrepareClaimRequest {
        withdrawals: (1..=CLAIM).collect(),
    }
}

/// A whole claim of withdrawals is made and final. From then on no checkpoint reaches root, so that each epoch that ends stays to be proven.
pub async fn withdrawals_are_final_and_root_settles_no_more(attacked: &mut Attacked) {
    let running = &mut attacked.running;
    let alice = person(running, "alice").await;
    for number in 1..=CLAIM {
        let made = running.withdraw(NODE, &alice, Address::repeat_byte(0x71), 1);
        assert_eq!(made.await, number);
    }
    running
        .until("the withdrawals can be claimed", async |view| {
            view.bridge(NODE).prepare_claim(claim()).await.ok()
        })
        .await;
    running.relayer.behave(Behaviour::Drop);
}

/// What was answered, and not refused for want of room.
#[derive(Debug, Default)]
struct Answered {
    proofs_from_memory: AtomicU64,
    proofs_from_disk: AtomicU64,
    claims: AtomicU64,
    by_abci: AtomicU64,
    others: AtomicU64,
}

impl Answered {
    fn count<T>(which: &AtomicU64, answer: Result<T, Status>) {
        match answer {
            Ok(_) => {
                which.fetch_add(1, Ordering::Relaxed);
            }
            Err(status) => {
                let fine = [Code::ResourceExhausted, Code::Unavailable];
                assert!(fine.contains(&status.code()), "{status:?}");
            }
        }
    }

    fn all(&self) -> [(&'static str, u64); 5] {
        let read = |which: &AtomicU64| which.load(Ordering::Relaxed);
        [
            ("proofs from memory", read(&self.proofs_from_memory)),
            ("proofs from disk", read(&self.proofs_from_disk)),
            ("claims", read(&self.claims)),
            ("leaves by ABCI", read(&self.by_abci)),
            ("others", read(&self.others)),
        ]
    }
}

/// Epochs that have ended, and how many of the kept ones are on disk alone: the oldest ones.
struct Kept {
    first: u64,
    on_disk: u64,
    count: u64,
}

impl Kept {
    /// `None` at the last block of an epoch, whose state is kept already.
    fn of(status: &GetStatusResponse) -> Option<Self> {
        let is_last = status.height.is_multiple_of(epoch_blocks().into());
        let count = status.past_epochs + status.past_epochs_on_disk;
        (!is_last).then(|| Self {
            first: status.epoch - count,
            on_disk: status.past_epochs_on_disk,
            count,
        })
    }
}

/// A storm of proofs that cycles through all kept epochs, by gRPC and through the engine, of claims, of sums of all leaves, and of pages.
pub async fn questions(attacked: &mut Attacked) {
    let running = &mut attacked.running;
    // As many blocks as a slow machine makes in minutes, so that each part of them has patience of its own.
    let mut height = running.view().status(NODE).await.height;
    let kept = loop {
        let status = running.view().status(NODE).await;
        if let Some(kept) = Kept::of(&status).filter(|kept| kept.on_disk >= ON_DISK) {
            break kept;
        }
        let most = MAX_EPOCHS * u64::from(epoch_blocks());
        assert!(height < most, "all epochs are in memory at {height}");
        height += u64::from(epoch_blocks()) + 1;
        running.reaches(NODE, height).await;
    };
    let kept = Arc::new(kept);
    println!(
        "epochs {} to {} are kept, {} of them on disk alone",
        kept.first,
        kept.first + kept.count - 1,
        kept.on_disk
    );
    let home = Local::home(&running.network.folder, NODE);
    let engine = home.read_config().expect("its configuration").engine_rpc;
    let answered = Arc::new(Answered::default());
    let mut storm = Storm::default();
    for number in 0..ASKERS {
        let channel = channel_from(attacked.address, 60 + (number % 8) as u8).await;
        let asker = Asker {
            number,
            bridge: BridgeServiceClient::new(channel.clone()),
            accounts: AccountServiceClient::new(channel.clone()),
            chain: ChainServiceClient::new(channel),
            engine: engine.clone(),
            kept: Arc::clone(&kept),
            answered: Arc::clone(&answered),
        };
        storm.add(asker.run());
    }
    attacked.goes_on("questions about the past").await;
    let look = Arc::clone(&answered);
    attacked
        .running
        .until("every kind of question is answered", async |_| {
            let counts = look.all();
            counts.iter().all(|(_, count)| *count > 0).then_some(())
        })
        .await;
    storm.end().await;
    println!("{:?} were answered", answered.all());
    let running = &mut attacked.running;
    let now = running.until("what is kept now is known", async |view| {
        Kept::of(&view.try_status(NODE).await?)
    });
    assert_eq!(
        now.await.first,
        kept.first,
        "root settled nothing meanwhile"
    );
    running.relayer.behave(Behaviour::Pass);
}

struct Asker {
    number: u64,
    bridge: BridgeServiceClient<tonic::transport::Channel>,
    accounts: AccountServiceClient<tonic::transport::Channel>,
    chain: ChainServiceClient<tonic::transport::Channel>,
    engine: String,
    kept: Arc<Kept>,
    answered: Arc<Answered>,
}

impl Asker {
    async fn run(mut self) {
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.expect("a client");
        for round in self.number.. {
            let place = round % self.kept.count;
            let epoch = self.kept.first + place;
            self.proofs(round, place, epoch).await;
            let claim = self.bridge.prepare_claim(claim()).await;
            Answered::count(&self.answered.claims, claim);
            self.others().await;
            if self.number.is_multiple_of(8) {
                let height = (epoch + 1) * u64::from(epoch_blocks());
                let key = hex::encode([round as u8; 32]);
                let path = format!("path=%22/leaf%22&data=0x{key}&height={height}&prove=true");
                let url = format!("{}/abci_query?{path}", self.engine);
                let answer = http.get(url).send().await.expect("the engine answers");
                let answer = answer.text().await.expect("a text");
                let is_answered = u64::from(answer.contains(ANSWERED));
                self.answered
                    .by_abci
                    .fetch_add(is_answered, Ordering::Relaxed);
            }
        }
    }

    /// Of a withdrawal that is there, and of a key that is not.
    async fn proofs(&mut self, round: u64, place: u64, epoch: u64) {
        let leaves = [
            get_proof_request::Leaf::Withdrawal(1 + round % CLAIM),
            get_proof_request::Leaf::Key(vec![round as u8; 32]),
        ];
        for leaf in leaves {
            let request = GetProofRequest {
                epoch: Some(epoch),
                leaf: Some(leaf),
            };
            let which = match place < self.kept.on_disk {
                true => &self.answered.proofs_from_disk,
                false => &self.answered.proofs_from_memory,
            };
            Answered::count(which, self.bridge.get_proof(request).await);
        }
    }

    async fn others(&mut self) {
        let others = &self.answered.others;
        let supply = self.chain.get_supply(GetSupplyRequest::default()).await;
        Answered::count(others, supply);
        let page = ListWithdrawalsRequest {
            page_size: 1_000,
            ..ListWithdrawalsRequest::default()
        };
        Answered::count(others, self.bridge.list_withdrawals(page).await);
        let page = ListCheckpointsRequest {
            page_size: 1_000,
            ..ListCheckpointsRequest::default()
        };
        Answered::count(others, self.bridge.list_checkpoints(page).await);
        let page = ListBalancesRequest {
            account: Account::ethereum([7; 20]).to_string(),
            ..ListBalancesRequest::default()
        };
        let balances = self.accounts.list_balances(page).await;
        if !matches!(&balances, Err(status) if status.code() == Code::NotFound) {
            Answered::count(others, balances);
        }
        let page = ListTokensRequest::default();
        Answered::count(others, self.accounts.list_tokens(page).await);
    }
}
