//! The network that the whole file shares: `plasmid localnet` with one validator, and clients of all its parts.

use std::{
    path::{Path, PathBuf},
    process::Child,
    sync::Arc,
    time::Duration,
};

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use plasmid::{
    chain::proof::LeafProof,
    client::{Client, Submitted, Terms, signer::Signer},
    ledger::{Account, Domain, transaction::Body},
    localnet::found,
    node::comet,
};
use plasmid_bridge::client::{
    follower::view_call,
    rpc::{At, Limits, Rpc},
    wallet::Wallet,
};
use plasmid_proto::{
    bridge::v1::bridge_service_client::BridgeServiceClient,
    chain::v1::{GetStatusRequest, GetStatusResponse, chain_service_client::ChainServiceClient},
    ledger::v1::{
        Stage, Status, account_service_client::AccountServiceClient,
        transaction_service_client::TransactionServiceClient,
    },
};
use serde_json::Value;
use tonic::{Code, transport::Channel};

const POLL: Duration = Duration::from_millis(100);

/// The block time of this network.
pub fn block_time_ms() -> u32 {
    plasmid_tests::block_time_ms(125)
}
const POLLS: u32 = 6_000;

/// One of those who have money on both chains.
pub struct Person {
    pub signer: Signer,
    pub account: Account,
    pub wallet: Wallet,
}

/// A running network.
pub struct Net {
    child: Option<Child>,
    pub folder: PathBuf,
    pub url: String,
    pub channel: Channel,
    pub client: Client,
    pub engine: comet::Client,
    pub root: Arc<Rpc>,
    pub root_url: String,
    pub domain: Domain,
    pub status: GetStatusResponse,
    pub token: Address,
    pub alice: Person,
    pub bob: Person,
    pub carol: Person,
}

fn launch(folder: &Path) -> (Child, Value) {
    let mut command = plasmid_tests::plasmid();
    command.current_dir(folder);
    command.args(["localnet", "--json", "--validators", "1", "--dir", "net"]);
    command.args(["--block-time-ms", &block_time_ms().to_string()]);
    plasmid_tests::start_localnet(&mut command, folder)
}

fn interrupt(child: &mut Child) {
    let pid = i32::try_from(child.id()).expect("a process id");
    plasmid_tests::signal(pid, libc::SIGINT);
    let _ = child.wait();
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Net {
    pub async fn start(folder: &Path) -> Self {
        let (child, description) = launch(folder);
        Self::connect(child, folder, &description).await
    }

    async fn connect(child: Child, folder: &Path, description: &Value) -> Self {
        let url = text(&description["nodes"][0]);
        let channel = Channel::from_shared(url.clone()).expect("an address");
        let channel = channel.connect().await.expect("the node answers");
        let status = ChainServiceClient::new(channel.clone())
            .get_status(GetStatusRequest {})
            .await
            .expect("a status")
            .into_inner();
        let address = |text: &str| text.parse::<Address>().expect("an address").into_array();
        let domain = Domain {
            root_chain_id: status.root_chain_id,
            root_chain: address(&status.root_chain),
            deployment: status.deployment_id.clone().try_into().expect("20 bytes"),
        };
        let root_url = text(&description["root"]);
        let root = Rpc::new(&root_url, Limits::default()).expect("an address");
        let root = Arc::new(root);
        let mut people = Vec::new();
        for person in found::people() {
            let signer = Signer::new(person.kind, &person.secret).expect("a key");
            let wallet = match person.name {
                // Bob's key is of the other curve: on root he pays with a stranger's account.
                "bob" => found::wallet(&root, &found::operator_secret(0)).await,
                _ => found::wallet(&root, &person.secret).await,
            };
            people.push(Person {
                account: signer.account(),
                signer,
                wallet: wallet.expect("a wallet"),
            });
        }
        let [alice, bob, carol] = people.try_into().ok().expect("three people");
        Self {
            child: Some(child),
            folder: folder.to_owned(),
            client: Client::connect(&url, domain).await.expect("a client"),
            engine: comet::Client::with_url(text(&description["engines"][0])).expect("an address"),
            token: text(&description["contracts"]["test_token"])
                .parse()
                .expect("an address"),
            url,
            channel,
            root,
            root_url,
            domain,
            status,
            alice,
            bob,
            carol,
        }
    }

    /// Ctrl-C, and the same network again.
    pub async fn restart(mut self) -> Self {
        interrupt(&mut self.child.take().expect("it runs"));
        let folder = self.folder.clone();
        let (child, description) = launch(&folder);
        Self::connect(child, &folder, &description).await
    }

    pub fn chain(&self) -> ChainServiceClient<Channel> {
        ChainServiceClient::new(self.channel.clone())
    }

    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    pub fn transactions(&self) -> TransactionServiceClient<Channel> {
        TransactionServiceClient::new(self.channel.clone())
    }

    pub fn bridge(&self) -> BridgeServiceClient<Channel> {
        BridgeServiceClient::new(self.channel.clone())
    }

    /// What the node says of itself now.
    pub async fn now(&self) -> GetStatusResponse {
        let answer = self.chain().get_status(GetStatusRequest {}).await;
        answer.expect("a status").into_inner()
    }

    /// Waits until `ready` gives something.
    pub async fn until<T>(&self, what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
        for _ in 0..POLLS {
            if let Some(found) = ready().await {
                return found;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!(
            "waited for {what}, which did not come; now {:?}",
            self.now().await
        );
    }

    pub async fn wait_height(&self, height: u64) {
        self.until(&format!("height {height}"), async || {
            (self.now().await.height >= height).then_some(())
        })
        .await;
    }

    pub async fn wait_message(&self, index: u64) {
        self.until(&format!("message {index}"), async || {
            (self.now().await.inbox_cursor >= index).then_some(())
        })
        .await;
    }

    /// Signs with the usual terms and submits.
    pub async fn submit(&self, person: &Person, body: Body) -> Submitted {
        let signed = self
            .client
            .prepare(&person.signer, body, &Terms::default())
            .await
            .expect("it is prepared");
        self.client.submit(&signed).await.expect("it is taken")
    }

    /// Submits and waits for the block.
    pub async fn include(&self, person: &Person, body: Body) -> Status {
        let mut submitted = self.submit(person, body).await;
        let status = submitted.until(Stage::Included).await;
        status.expect("it is included")
    }

    /// Calls a view function on root.
    pub async fn view<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let answer = view_call(&self.root, to, call, At::Latest).await;
        answer.expect("root answers")
    }

    pub fn contract(&self, text: &str) -> Address {
        text.parse().expect("an address")
    }

    /// The app hash after `height`, from the header of the next block by the engine's own RPC.
    pub async fn app_hash(&self, height: u64) -> B256 {
        self.wait_height(height + 1).await;
        let commit = self
            .until("the header", async || {
                self.engine.commit(Some(height + 1)).await.ok()
            })
            .await;
        B256::from_slice(commit.signed_header.header.app_hash.as_bytes())
    }

    /// A leaf by `/leaf` through the engine, its proof verified against a header; at the tip when the height is 0.
    pub async fn proven(&self, key: &B256, height: u64) -> (u64, Option<Vec<u8>>) {
        let found = self.find_leaf(key, height).await;
        found.unwrap_or_else(|log| panic!("height {height}: {log}"))
    }

    /// A leaf as in [`Self::proven`], or why it was refused.
    pub async fn find_leaf(
        &self,
        key: &B256,
        height: u64,
    ) -> Result<(u64, Option<Vec<u8>>), String> {
        let answer = self
            .engine
            .abci_query("/leaf", key.to_vec(), height, true)
            .await
            .expect("the engine answers");
        if !answer.code.is_ok() {
            return Err(answer.log);
        }
        let ops = answer.proof.expect("a proof").ops;
        let proof = LeafProof::decode(&ops[0].data, &ops[1].data).expect("our operations");
        let at = answer.height.value();
        let value = answer.value.split_first();
        let value = value.map(|(kind, value)| (*kind, value));
        let shown = proof.verify(&self.app_hash(at).await, key, value);
        assert_eq!(shown, Ok(at));
        Ok((at, value.map(|(_, value)| value.to_vec())))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            interrupt(child);
        }
    }
}

/// What a call was refused with; its words hold each of `words`.
pub fn refused<T: std::fmt::Debug>(
    answer: Result<tonic::Response<T>, tonic::Status>,
    code: Code,
    words: &[&str],
) {
    let status = match answer {
        Ok(answer) => panic!("{answer:?} where {code:?} with {words:?} is expected"),
        Err(status) => status,
    };
    assert_eq!(status.code(), code, "{status:?}");
    for word in words {
        assert!(
            status.message().contains(word),
            "{:?} does not say {word:?}",
            status.message()
        );
    }
}
