//! One validator: its application, its disk, its keys, and the sign state that survives it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use ed25519_zebra::{SigningKey, VerificationKey};
use plasmid::app::pool::Limits;
use plasmid::app::ports::{OwnVotes, Signer, Unsigned};
use plasmid::app::{App, Surroundings, identity};
use plasmid::chain::genesis::Operator;
use plasmid::chain::genesis::file::{File, Loaded};
use plasmid::chain::tree::{PastLimit, Tree};
use plasmid::engine::abci::Handler;
use plasmid::node::config::Home;
use plasmid::node::signer::{KeyTerms, OlderCopy};
use plasmid::store::image::{self, Heading};
use plasmid::store::{Books, Memory, Pace, Store};
use plasmid_bridge::proof::bls::SecretKey;
use plasmid_bridge::proof::vote;
use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{
    CheckTxType, RequestCheckTx, RequestInfo, ResponseFinalizeBlock,
};

use super::inbox::{Inbox, Seen};
use super::requests::{Proposal, init_chain};

/// Little of the past stays in memory, so that every simulation reads some of it from disk.
const PAST: PastLimit = PastLimit {
    epochs: 2,
    bytes: 1 << 20,
};

/// The digests that a key signed, across crashes.
type Signed = Arc<Mutex<BTreeMap<u64, B256>>>;

/// One validator.
pub struct Node {
    /// Its consensus key.
    pub consensus: SigningKey,
    /// Its checkpoint key.
    pub checkpoint: Arc<SecretKey>,
    /// Its view of root.
    pub seen: Arc<Seen>,
    /// Transactions in its engine's mempool.
    pub mempool: Vec<Bytes>,
    /// Its sign state cannot be written: it votes and gives no shares.
    pub mute: Arc<AtomicBool>,
    /// Its folder, where it has one: with the file in which its engine keeps how far the consensus key has signed.
    pub home: Option<Home>,
    reexecute: bool,
    signed: Signed,
    disk: Memory,
    running: Option<(Arc<App>, Arc<Books<Memory>>)>,
}

struct Key {
    key: Arc<SecretKey>,
    signed: Signed,
    mute: Arc<AtomicBool>,
}

impl Signer for Key {
    fn key(&self) -> [u8; 96] {
        self.key.public_key()
    }

    fn share(&self, epoch: u64, digest: &B256, _accepted: u64) -> Result<[u8; 192], Unsigned> {
        if self.mute.load(Ordering::SeqCst) {
            return Err(Unsigned::ForNow);
        }
        let mut signed = self.signed.lock().expect("no one panicked");
        let first = *signed.entry(epoch).or_insert(*digest);
        assert_eq!(
            first, *digest,
            "an honest node never meets a second digest of one epoch"
        );
        Ok(self.key.sign_checkpoint(digest))
    }
}

/// As `plasmid start` watches them.
fn own_votes(home: &Home) -> Option<Box<dyn OwnVotes>> {
    let terms = KeyTerms {
        password: None,
        engine_elsewhere: false,
    };
    OlderCopy::watching(terms, home).expect("its files can be read")
}

impl Node {
    /// A validator with keys made of a number. The first two execute every segment again from its witness.
    pub fn new(number: u8, inbox: Inbox) -> Self {
        let entropy = [number.wrapping_add(1); 32];
        Self {
            consensus: SigningKey::from(entropy),
            checkpoint: Arc::new(SecretKey::from_entropy(&entropy).expect("32 bytes of entropy")),
            seen: Arc::new(Seen::new(inbox)),
            mempool: Vec::new(),
            mute: Arc::new(AtomicBool::new(false)),
            home: None,
            reexecute: number < 2,
            signed: Signed::default(),
            disk: Memory::new(),
            running: None,
        }
    }

    /// The public consensus key.
    pub fn consensus_key(&self) -> [u8; 32] {
        VerificationKey::from(&self.consensus).into()
    }

    /// The consensus address.
    pub fn address(&self) -> [u8; 20] {
        vote::address(&self.consensus_key())
    }

    /// Its checkpoint key with the sign state, which outlives every application.
    pub fn signer(&self) -> Box<dyn Signer> {
        Box::new(Key {
            key: Arc::clone(&self.checkpoint),
            signed: Arc::clone(&self.signed),
            mute: Arc::clone(&self.mute),
        })
    }

    /// As genesis names it.
    pub fn operator(&self, number: u8, stake: u128) -> Operator {
        Operator {
            operator: [number + 0x10; 20],
            registration: u64::from(number) + 1,
            consensus_key: self.consensus_key(),
            checkpoint_key: self.checkpoint.public_key(),
            stake,
            opening: Default::default(),
            profile: None,
        }
    }

    /// The running application.
    pub fn app(&self) -> &App {
        &self.running.as_ref().expect("the node is up").0
    }

    /// The running application, for what shares it.
    pub fn shared(&self) -> Arc<App> {
        let (app, _) = self.running.as_ref().expect("the node is up");
        Arc::clone(app)
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Makes everything durable that Commit was called for.
    pub fn flush(&self) {
        let (_, store) = self.running.as_ref().expect("the node is up");
        store.flush().expect("memory takes it");
    }

    /// The application and its engine are gone, with all that was not flushed.
    pub fn crash(&mut self) {
        self.running = None;
        self.mempool.clear();
    }

    /// Its disk is lost: it joins again by replay.
    pub fn lose_disk(&mut self) {
        self.crash();
        self.disk = Memory::new();
    }

    /// The state at the end of an epoch, of the last one where none is named, from its disk as a file. It does not run.
    pub fn export(&self, file: &File, epoch: Option<u64>) -> (Heading, Vec<u8>) {
        let genesis = file.load().expect("the genesis file is sound");
        let whose = (identity(&genesis), genesis.genesis.parameters);
        let (store, held) =
            Books::open(self.disk.clone(), whose.0, Pace::Flush).expect("the store opens");
        let held = held.expect("the store has a state");
        let (header, leaves) =
            image::gather(&store, &held, whose, epoch).expect("the state is there");
        let mut bytes = Vec::new();
        image::write(&mut bytes, &header, &leaves).expect("memory takes it");
        (header, bytes)
    }

    /// Its disk is lost, and a state from a file is put on a new one.
    pub fn import(&mut self, bytes: &[u8]) {
        let (header, tree) = image::read(bytes).expect("a sound file");
        self.begin_with(&header, &tree);
    }

    /// Its disk is lost, and this state is put on a new one.
    pub fn begin_with(&mut self, header: &Heading, tree: &Tree) {
        self.lose_disk();
        image::put(self.disk.clone(), header, tree).expect("memory takes it");
    }

    /// Starts again and replays what the engine has and the disk has not.
    pub fn restart(&mut self, file: &File, chain: &[(Proposal, ResponseFinalizeBlock)]) {
        let loaded = file.load().expect("the genesis file is sound");
        let begin = init_chain(file, &loaded);
        self.running = Some(self.open(loaded));
        let durable = self.durable();
        if durable == 0 {
            let answer = self.app().init_chain(begin).expect("our own genesis");
            assert_eq!(answer.app_hash.len(), 32);
        }
        self.replay(durable, chain);
    }

    /// The engine alone started again: it asks Info and replays on the running application.
    pub fn restart_engine(&mut self, chain: &[(Proposal, ResponseFinalizeBlock)]) {
        self.mempool.clear();
        self.replay(self.durable(), chain);
    }

    /// What Info says is durable.
    pub fn durable(&self) -> usize {
        let info = self
            .app()
            .info(RequestInfo::default())
            .expect("info answers");
        usize::try_from(info.last_block_height).expect("a height")
    }

    fn replay(&self, durable: usize, chain: &[(Proposal, ResponseFinalizeBlock)]) {
        let info = self
            .app()
            .info(RequestInfo::default())
            .expect("info answers");
        if let Some((_, last)) = durable.checked_sub(1).map(|place| &chain[place]) {
            assert_eq!(
                info.last_block_app_hash, last.app_hash,
                "the durable height has the chain's app hash"
            );
        }
        for (proposal, expected) in &chain[durable..] {
            let answer = self
                .app()
                .finalize_block(proposal.finalize())
                .expect("a decided block");
            assert_eq!(&answer, expected, "a replayed block gives the same answer");
            self.app().commit().expect("commit answers");
        }
    }

    fn open(&self, genesis: Loaded) -> (Arc<App>, Arc<Books<Memory>>) {
        let (store, held) = Books::open(self.disk.clone(), identity(&genesis), Pace::Flush)
            .expect("the store opens");
        let store = Arc::new(store);
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let surroundings = Surroundings {
            store: shared,
            outlook: Arc::clone(&self.seen) as _,
            signer: Some(self.signer()),
            own_votes: self.home.as_ref().and_then(own_votes),
            pool: Limits::default(),
            reexecute: self.reexecute,
            retain_blocks: 0,
            past: PAST,
        };
        let app = App::new(genesis, held, surroundings).expect("the application starts");
        (Arc::new(app), store)
    }

    /// Offers a transaction; the code that CheckTx gives.
    pub fn offer(&mut self, bytes: &Bytes) -> u32 {
        let request = RequestCheckTx {
            tx: bytes.clone(),
            r#type: CheckTxType::New.into(),
        };
        let answer = self.app().check_tx(request).expect("check_tx answers");
        if answer.code == 0 {
            self.mempool.push(bytes.clone());
        }
        answer.code
    }

    /// The engine's mempool after a block: what the block held goes, the rest is asked again.
    pub fn recheck(&mut self, included: &[Bytes]) {
        let mempool = std::mem::take(&mut self.mempool);
        for bytes in mempool {
            let request = RequestCheckTx {
                tx: bytes.clone(),
                r#type: CheckTxType::Recheck.into(),
            };
            if included.contains(&bytes) {
                continue;
            }
            if self.app().check_tx(request).expect("check_tx answers").code == 0 {
                self.mempool.push(bytes);
            }
        }
    }
}
