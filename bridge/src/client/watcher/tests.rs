//! What a watcher makes of calldata that is invented, and of a root endpoint that lies beside one that does not.

use alloy_primitives::Bytes;

use super::*;
use crate::abi::signer_words;
use crate::client::rpc::Limits;
use crate::client::wallet::tests::node::{Node, wallet};
use crate::proof::bls;
use crate::proof::checkpoint::Checkpoint;
use crate::proof::checkpoint::certificate::{self, Certificate};
use crate::relay::acceptance::Acceptance;
use crate::relay::watch::statement::TwoShares;
use endpoint::{accepted, accepts, endpoint, root};

mod calldata;
mod challenges;
mod commits;
mod endpoint;
mod endpoints;
mod ground;
mod heard;
mod money;
mod silence;
mod steps;
mod unsound;

const DEPLOYMENT: [u8; 20] = [7; 20];
const ROOT_CHAIN: Address = Address::repeat_byte(3);
const EPOCH_BLOCKS: u32 = 10;

fn data_challenges() -> Address {
    deployment::data_challenges(&[1; 20]).into()
}

fn key(number: u16) -> bls::SecretKey {
    bls::SecretKey::from_entropy(&[number as u8 + 1; 32]).expect("it gives a key")
}

fn members() -> Vec<Member> {
    let member = |number: u16| Member {
        seat: number,
        operator: [number as u8 + 1; 20],
        registration: 1,
        consensus_key: [number as u8; 32],
        checkpoint_key: key(number).public_key(),
        power: 5,
        at_risk: true,
    };
    (0..4).map(member).collect()
}

fn checkpoint(epoch: u64, number: u64) -> Checkpoint {
    Checkpoint {
        deployment: DEPLOYMENT,
        epoch,
        state_root: B256::from(U256::from(number)),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    }
}

fn certified(one: &Checkpoint) -> Certificate {
    let digest = one.digest();
    let shares = [1, 2, 3].map(|number| (number, key(number).sign_checkpoint(&digest)));
    certificate::build(&members(), &digest, &shares).expect("a quorum")
}

fn submission(one: &Checkpoint, given: &Certificate) -> Bytes {
    let submission = IRootChain::Submission {
        checkpoint: one.into(),
        signers: signer_words(&given.bitmap),
        signature: given.signature.to_vec().into(),
        ..Default::default()
    };
    IRootChain::submitCall { submission }.abi_encode().into()
}

fn two_shares(number: u16) -> DoubleStatement {
    let checkpoints = [checkpoint(0, 1), checkpoint(0, 2)];
    DoubleStatement::Shares(Box::new(TwoShares {
        number,
        checkpoints,
        shares: checkpoints.map(|one| key(number).sign_checkpoint(&one.digest())),
    }))
}

fn commitment(members: &[Member]) -> B256 {
    set::commit(members).expect("a set").commitment
}

/// Nodes of the child: the last one tells this set, and those before it never answer.
struct OneNode(Vec<String>, Option<Vec<Member>>);

impl ChildSource for OneNode {
    fn places(&self) -> &[String] {
        &self.0
    }

    fn sources(&self) -> Range<usize> {
        0..self.0.len()
    }

    async fn members(&self, node: usize, _: u64) -> Result<Vec<Member>, String> {
        if node + 1 < self.0.len() {
            std::future::pending::<()>().await;
        }
        self.1.clone().ok_or_else(|| "it has none".into())
    }
}

/// The node serves this set from now on.
fn serves(watcher: &mut Watcher<OneNode>, set: Option<Vec<Member>>) {
    watcher.child = Arc::new(OneNode(watcher.child.0.clone(), set));
}

async fn watcher(
    first: &Node,
    second: Option<&Node>,
    folder: &std::path::Path,
) -> Watcher<OneNode> {
    let created = Created {
        root_chain_id: 31_337,
        registry: Address::repeat_byte(1),
        inbox: Address::repeat_byte(2),
        vault: Address::repeat_byte(4),
        root_chain: ROOT_CHAIN,
        block: 1,
        time: 0,
        parent_hash: B256::ZERO,
        state_root: B256::ZERO,
        id: DEPLOYMENT,
        set: B256::ZERO,
    };
    let options = WatchOptions {
        beneficiary: Address::repeat_byte(9),
        dry_run: true,
        budget: None,
        challenge_budget: 0,
    };
    let second =
        second.map(|node| Arc::new(Rpc::new(&node.url, Limits::default()).expect("an address")));
    let child = OneNode(vec!["a node".into()], Some(members()));
    let opened = Watcher::open(wallet(first).await, second, created, child, folder, options);
    let mut watcher = opened.await.expect("it opens");
    // Root's blocks are of that time.
    watcher.still.waits(Duration::from_secs(3_600), || 5_000);
    watcher
}

async fn looks(watcher: &mut Watcher<OneNode>, times: usize) -> Vec<WatchNotice> {
    let mut said = Vec::new();
    for _ in 0..times {
        watcher
            .try_look(&mut |notice: &WatchNotice| said.push(notice.clone()))
            .await;
    }
    said
}

fn ignored(said: &[WatchNotice]) -> Vec<u64> {
    let of = |notice: &WatchNotice| match notice {
        WatchNotice::Ignored { epoch, .. } => Some(*epoch),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

#[tokio::test]
async fn invented_submissions_of_this_epoch_or_later_ones_hide_no_second_certificate() {
    let mut submissions = Vec::new();
    for number in 0..200 {
        let one = checkpoint(0, 1_000 + number);
        let mut given = certified(&checkpoint(0, 1));
        given.signature[0] ^= number as u8;
        submissions.push(submission(&one, &given));
        let given = certified(&checkpoint(0, 1));
        submissions.push(submission(&checkpoint(1 + number % 70, number), &given));
    }
    for number in [1, 2] {
        let one = checkpoint(0, number);
        submissions.push(submission(&one, &certified(&one)));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let node = endpoint(&root(0, submissions)).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    let said = looks(&mut watcher, 20).await;
    let found = said
        .iter()
        .filter(|one| matches!(one, WatchNotice::Found { kind, .. } if *kind == "certificates"));
    assert_eq!(found.count(), 1, "{said:?}");
    // Of later epochs, whose members nobody knows yet, the block is kept, and of this one until root accepts one; of those that are far away, each is named once.
    let later: Vec<u64> = watcher.kept.later.keys().copied().collect();
    assert_eq!(later, (0..64).collect::<Vec<_>>());
    assert!(watcher.kept.later.values().all(|blocks| blocks.len() == 1));
    let mut epochs = ignored(&said);
    epochs.sort_unstable();
    assert_eq!(epochs, (64..=70).collect::<Vec<_>>());
    assert_eq!(watcher.kept.calldata, 310);
}

#[tokio::test]
async fn a_block_is_read_again_once_somebody_serves_the_set_of_what_stands_in_it() {
    let submissions = [1, 2].map(|number| {
        let one = checkpoint(0, number);
        submission(&one, &certified(&one))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let node = endpoint(&root(0, submissions.to_vec())).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    serves(&mut watcher, None);
    looks(&mut watcher, 20).await;
    // What nobody can check holds nothing else up.
    assert_eq!(watcher.kept.calldata, 310);
    assert_eq!(watcher.kept.later.len(), 1);
    serves(&mut watcher, Some(members()));
    watcher.asked.clear();
    let said = looks(&mut watcher, 4).await;
    assert!(
        said.iter()
            .any(|one| matches!(one, WatchNotice::Found { .. })),
        "{said:?}"
    );
    // A restart has no book: the block is kept until root accepts one of the epoch.
    assert_eq!(watcher.kept.later.len(), 1);
}

/// An endpoint that says that all is over for long, or that the newest block is far away, has nothing thrown away where a second one does not say so.
#[tokio::test]
async fn one_endpoint_alone_has_neither_evidence_nor_an_epoch_nor_a_position_let_go_of() {
    for with_second in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let (honest, liar) = (root(0, Vec::new()), root(10_000, Vec::new()));
        liar.lock().expect("nobody panics").newest = 100_000;
        let (other, node) = (endpoint(&honest).await, endpoint(&liar).await);
        let second = with_second.then_some(&other);
        let mut watcher = watcher(&node, second, folder.path()).await;
        watcher.window = 0..64;
        watcher.kept.calldata = 200;
        watcher.kept.root_block = 5;
        watcher.hand_over("a file", two_shares(2));
        let said = looks(&mut watcher, 12).await;
        let late = said
            .iter()
            .any(|one| matches!(one, WatchNotice::Late { .. }));
        assert_eq!(late, !with_second, "{said:?}");
        let kept = (
            watcher.docket.len(),
            watcher.kept.calldata,
            watcher.window.start,
        );
        match with_second {
            true => assert_eq!(kept, (1, 200, 0)),
            false => assert!(kept.0 == 0 && kept.1 > 90_000 && kept.2 > 9_000, "{kept:?}"),
        }
        if !with_second {
            continue;
        }
        // The same block of both, of which one tells another state.
        liar.lock().expect("nobody panics").newest = 310;
        let said = looks(&mut watcher, 40).await;
        assert!(
            said.iter().any(|one| matches!(one, WatchNotice::Disagree { reason, .. } if reason.contains("last accepted checkpoint"))),
            "{said:?}"
        );
        assert_eq!((watcher.docket.len(), watcher.kept.calldata), (1, 200));
        assert_eq!(watcher.kept.first_epoch, 0);
        // When it says the truth, of a new block, the evidence is taken up.
        liar.lock().expect("nobody panics").accepted = 0;
        for chain in [&honest, &liar] {
            chain.lock().expect("nobody panics").newest = 311;
        }
        let said = looks(&mut watcher, 4).await;
        assert!(
            said.iter()
                .any(|one| matches!(one, WatchNotice::Found { .. })),
            "{said:?}"
        );
        assert_eq!(watcher.docket.len(), 0);
        assert_eq!(watcher.kept.calldata, 264);
    }
}

#[tokio::test]
async fn the_end_of_a_deployment_is_told_once_and_again_when_checkpoints_are_void() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = endpoint(&root(0, Vec::new())).await;
    let mut watcher = watcher(&node, None, folder.path()).await;
    let mut told = |standing, exit_at| {
        let head = IRootChain::Head {
            accepted: 5,
            standing,
            exitAt: exit_at,
            ..Default::default()
        };
        let mut said = Vec::new();
        watcher.tell_end(&head, &mut |notice: &WatchNotice| said.push(notice.clone()));
        let of = |notice: &WatchNotice| match notice {
            WatchNotice::Ends { exit_at, void_from } => (*exit_at, *void_from),
            other => panic!("{other:?}"),
        };
        said.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(told(5, 0), [], "it goes on");
    assert_eq!(told(5, 70), [(70, None)]);
    assert_eq!(told(5, 70), []);
    assert_eq!(told(3, 70), [(70, Some(3))]);
    assert_eq!(told(3, 70), []);
}
