//! Nothing that an honest node can ever sign is an offence. Its consensus key is asked by way of CometBFT's own guard, in a process, and its
//! checkpoint key by way of the node's, for all that can come up: again, later and earlier, in other rounds, after crashes, from a backup,
//! after a move, by a second process, for another deployment. Where a guard must refuse, it refuses; of all that was signed, every pair is
//! held against every pair of claims by the twin of the Court. That a node which replays, or that lost its disk, computes the same
//! checkpoints again, is what `simulation` asserts of every share. The Court's own answers to the same kinds stand in `CourtProofs.t.sol`.

use std::fs;
use std::path::PathBuf;

use alloy_primitives::B256;
use ed25519_zebra::SigningKey;
use plasmid::app::ports::{Signer, Unsigned};
use plasmid::engine::abci::Handler;
use plasmid::node::comet::{CometError, Home as EngineHome, signed::LastVote};
use plasmid::node::config::Home;
use plasmid::node::keystore::{self, Cost, KeyKind, Password};
use plasmid::node::sign_state::{
    Carried, CarriedError, SignState, SignStateError, SignStateIdentity,
};
use plasmid::node::signer::{self, KeyTerms, KeysError};
use plasmid_bridge::proof::checkpoint::{Checkpoint, certificate};
use plasmid_bridge::proof::vote::{self, Ballot, VoteStep, VotedBlock};
use plasmid_bridge::proof::{bls::SecretKey, deployment};
use plasmid_bridge::relay::watch::statement::{
    DoubleStatement, Guilty, SignedBallot, StatementError, TwoCertificates, TwoShares, TwoVotes,
};
use plasmid_staking::Member;
use plasmid_tests::harness::{Network, requests::Proposal};
use plasmid_tests::tester::{Asked, Guard, Signed};
use tendermint_proto::v0_38::abci::VoteInfo;

use VoteStep::{Precommit, Prevote};

const DEPLOYMENT: [u8; 20] = [7; 20];
const OTHER_DEPLOYMENT: [u8; 20] = [8; 20];
const SEED: [u8; 32] = [1; 32];
const NOW: i64 = 1_700_000_000;
/// The folder of the node, of the machine that it moves to, and of the other deployment.
const PLACES: [&str; 3] = ["old", "new", "other"];

fn block(byte: u8) -> VotedBlock {
    VotedBlock {
        hash: [byte; 32],
        parts: 1 + u32::from(byte),
        parts_hash: [byte ^ 0xff; 32],
    }
}

fn ballot(step: VoteStep, height: u64, round: u32, of: Option<u8>) -> Ballot {
    Ballot {
        step,
        height,
        round,
        block: of.map(block),
        secs: NOW,
        nanos: 5,
    }
}

/// A consensus key over its whole life: all that was asked of it, and all that left it.
struct Life {
    home: EngineHome,
    guard: Guard,
    chain: String,
    signatures: Vec<[u8; 64]>,
    claims: Vec<Ballot>,
}

impl Life {
    fn begin(folder: PathBuf, deployment: &[u8; 20]) -> Self {
        let home = EngineHome::new(folder);
        home.ensure_consensus_key(&SEED).expect("a key");
        Self {
            guard: Guard::start(&home.consensus_key_path(), &home.sign_state_path()),
            chain: deployment::chain_id(deployment),
            home,
            signatures: Vec::new(),
            claims: Vec::new(),
        }
    }

    /// The process dies at once; another begins with what stands in its file.
    fn crash(&mut self) {
        self.guard = Guard::start(
            &self.home.consensus_key_path(),
            &self.home.sign_state_path(),
        );
    }

    fn ask(&mut self, asked: Asked<'_>, ballot: Ballot) -> Result<Signed, String> {
        let answer = self.guard.sign(asked, &ballot, &self.chain);
        self.claims.push(ballot);
        if let Ok(signed) = &answer {
            let (secs, nanos) = signed.time;
            self.claims.push(Ballot {
                secs,
                nanos,
                ..ballot
            });
            self.signatures.push(signed.signature);
            self.signatures.extend(signed.extension);
        }
        answer
    }

    fn signs(&mut self, ballot: Ballot) -> Signed {
        self.ask(Asked::Vote(&[]), ballot).expect("it signs")
    }

    fn refuses(&mut self, ballot: Ballot, why: &str) {
        let said = self.ask(Asked::Vote(&[]), ballot).expect_err("it refuses");
        assert!(said.contains(why), "{ballot:?}: {said}");
    }

    /// Asked at other times to sign this vote, the key gives its first signature with its time again; a vote for anything else is refused.
    fn stands_by(&mut self, voted: Ballot, first: Signed) {
        for secs in [NOW, NOW + 3_600, NOW - 86_400, 0] {
            let again = self.signs(Ballot { secs, ..voted });
            assert_eq!((again.signature, again.time), (first.signature, first.time));
        }
        for of in [None, Some(1), Some(2), Some(3)] {
            let other = Ballot {
                block: of.map(block),
                ..voted
            };
            if other.block != voted.block {
                self.refuses(other, "conflicting data");
            }
        }
    }
}

/// Everything that happens to a consensus key, in this order.
fn live(life: &mut Life) {
    // A proposal, and both votes for it; with the precommit another extension each time that it is asked for.
    let proposed = ballot(Prevote, 10, 0, Some(1));
    let first = life.ask(Asked::Proposal, proposed).expect("it proposes");
    let later = Ballot {
        secs: NOW + 9,
        ..proposed
    };
    let again = life.ask(Asked::Proposal, later).expect("it proposes");
    assert_eq!(first, again);
    let other = ballot(Prevote, 10, 0, Some(2));
    let said = life.ask(Asked::Proposal, other).expect_err("it refuses");
    assert!(said.contains("conflicting data"), "{said}");
    let prevote = ballot(Prevote, 10, 0, Some(1));
    let first = life.signs(prevote);
    life.stands_by(prevote, first);
    life.crash();
    life.stands_by(prevote, first);
    let precommit = ballot(Precommit, 10, 0, Some(1));
    let asked = |life: &mut Life, extension: &[u8]| {
        let signed = life.ask(Asked::Vote(extension), precommit);
        signed.expect("it signs")
    };
    let (one, two) = (asked(life, b"a share"), asked(life, b"two shares"));
    assert_eq!(one.signature, two.signature);
    assert_ne!(one.extension, two.extension);
    life.crash();
    assert_eq!(asked(life, b"a share"), one);
    life.stands_by(precommit, one);
    life.refuses(prevote, "step regression");
    // Nil in the next round, and then the block of the round before, or another one, as the lock allows.
    for (round, of) in [(1, None), (2, Some(1)), (3, Some(2))] {
        for step in [Prevote, Precommit] {
            let voted = ballot(step, 10, round, of);
            let first = life.signs(voted);
            life.stands_by(voted, first);
        }
        life.crash();
    }
    life.refuses(ballot(Prevote, 10, 0, Some(2)), "round regression");
    // The clock is behind that of the height before.
    let earlier = Ballot {
        secs: NOW - 1_000,
        ..ballot(Prevote, 11, 0, Some(3))
    };
    let first = life.signs(earlier);
    life.stands_by(earlier, first);
    life.refuses(ballot(Precommit, 10, 3, Some(3)), "height regression");
    // Asked for a vote of another chain, with the same file: CometBFT serves one.
    let own = std::mem::replace(&mut life.chain, deployment::chain_id(&OTHER_DEPLOYMENT));
    life.refuses(earlier, "conflicting data");
    life.chain = own;
}

/// All pairs of what left the key are held against all pairs of claims: what was asked, signed or not, and the same for other blocks and steps.
fn judge(life: &Life, members: &[Member]) -> usize {
    let mut claims = Vec::new();
    for claim in &life.claims {
        for step in [Prevote, Precommit] {
            for block in [claim.block, None, Some(block(9))] {
                let claim = Ballot {
                    step,
                    block,
                    ..*claim
                };
                if !claims.contains(&claim) {
                    claims.push(claim);
                }
            }
        }
    }
    let mut signatures = life.signatures.clone();
    signatures.sort_unstable();
    signatures.dedup();
    let key = members[0].consensus_key;
    let voter = vote::address(&key);
    let judged = |first: SignedBallot, second: SignedBallot| {
        let votes = TwoVotes {
            voter,
            first,
            second,
        };
        DoubleStatement::Votes(Box::new(votes)).check(members, 0, &DEPLOYMENT, None)
    };
    let secret = SigningKey::from(SEED);
    let (mut pairs, mut signed_claims) = (0, 0);
    for one in &claims {
        let bytes = one.sign_bytes(&deployment::chain_id(&DEPLOYMENT));
        let is_of = |signature: &&[u8; 64]| vote::verify(&key, &bytes, signature);
        // Of those that are not of this claim, one stands for all: the Court reads no further.
        let own = signatures.iter().find(is_of);
        signed_claims += usize::from(own.is_some());
        let first = SignedBallot {
            ballot: *one,
            signature: *own.unwrap_or(&signatures[0]),
        };
        for two in &claims {
            for signature in &signatures {
                let second = SignedBallot {
                    ballot: *two,
                    signature: *signature,
                };
                let verdict = judged(first, second);
                assert!(verdict.is_err(), "{verdict:?}: {first:?} and {second:?}");
                pairs += 1;
                if !matches!(verdict, Err(StatementError::BadSignature(_))) {
                    // It is none whoever signed.
                    break;
                }
            }
            // What the same key signs without a guard is one, wherever it is two votes of one step: the claims are not all refused for their form.
            let sign = |ballot: &Ballot| {
                let bytes = ballot.sign_bytes(&deployment::chain_id(&DEPLOYMENT));
                let signature = secret.sign(&bytes).into();
                SignedBallot {
                    ballot: *ballot,
                    signature,
                }
            };
            let alike = (one.step, one.height, one.round) == (two.step, two.height, two.round);
            if alike && one.block != two.block {
                assert_eq!(judged(sign(one), sign(two)), Ok(Guilty::Member(0)));
            }
        }
    }
    println!(
        "{} signatures, {} claims of which {signed_claims} were signed: {pairs} pairs",
        signatures.len(),
        claims.len()
    );
    signed_claims
}

fn only_member() -> Vec<Member> {
    let key = ed25519_zebra::VerificationKey::from(&SigningKey::from(SEED));
    vec![Member {
        at_risk: true,
        seat: 0,
        operator: [1; 20],
        registration: 1,
        consensus_key: key.into(),
        checkpoint_key: [0; 96],
        power: 10,
    }]
}

#[test]
fn no_two_votes_that_cometbfts_guard_lets_out_are_an_offence() {
    let folder = tempfile::tempdir().expect("a folder");
    let [old, new, other] = PLACES.map(|place| folder.path().join(place));
    let members = only_member();
    let mut life = Life::begin(old, &DEPLOYMENT);
    live(&mut life);

    // A second engine with the same files does not start, because the first one holds its databases.
    let held = life.home.hold().expect("nothing runs there");
    assert!(matches!(life.home.hold(), Err(CometError::Running { .. })));
    drop(held);

    // It moves to another machine, which has the key already, by an older backup of its folder: the higher of the two sign states stays there,
    // and the last vote is not even signed again.
    let mut moved = Life::begin(new, &DEPLOYMENT);
    moved.signs(ballot(Prevote, 9, 0, Some(1)));
    let last = life.home.retire().expect("it moves");
    let expected = LastVote {
        height: 11,
        round: 0,
        step: 2,
    };
    assert_eq!(last, expected);
    moved
        .home
        .raise_last_signed(last)
        .expect("it is taken over");
    moved.crash();
    for of in [None, Some(1), Some(3)] {
        moved.refuses(ballot(Prevote, 11, 0, of), "no SignBytes found");
        moved.refuses(ballot(Precommit, 10, 3, of), "height regression");
    }
    moved.signs(ballot(Precommit, 11, 0, Some(3)));
    // A later one there is not lowered by what comes from elsewhere.
    moved.home.raise_last_signed(last).expect("it stays");
    moved.crash();
    moved.refuses(ballot(Prevote, 11, 0, Some(3)), "step regression");

    // This key in another deployment, with files of its own, votes for other blocks at these heights.
    let mut apart = Life::begin(other, &OTHER_DEPLOYMENT);
    for step in [Prevote, Precommit] {
        apart.signs(ballot(step, 10, 0, Some(2)));
    }
    for more in [&moved, &apart] {
        life.signatures.extend(&more.signatures);
        life.claims.extend(&more.claims);
    }
    // And the key's possession, which is a vote of yet another chain.
    let possession =
        deployment::possession(1, &[2; 20], &[3; 20], &members[0].consensus_key, &[4; 96]);
    let bytes = deployment::possession_vote(&possession);
    life.signatures
        .push(SigningKey::from(SEED).sign(&bytes).into());
    life.claims.push(Ballot {
        secs: 0,
        nanos: 0,
        ..ballot(Prevote, 1, 0, None)
    });
    let signed = judge(&life, &members);
    // Nine votes of height 10 but for the proposal, two of height 11, and one of height 9.
    assert_eq!(signed, 11, "every vote that left is among the claims");
}

/// A whole folder comes back from a backup: its engine reads the blocks again before it votes, and the node ends with the first that shows a vote
/// of its key above what the copy knows. With the newest copy of CometBFT's file, or above all that it can have signed, it goes on.
#[test]
fn a_folder_from_a_backup_ends_before_it_votes() {
    let mut network = Network::quiet();
    network.run(12);
    let address = network.nodes[0].address();
    // The votes of a height stand in the block behind it; now and then one is absent.
    let shows = |proposal: &Proposal, above: i64| {
        let own = |vote: &VoteInfo| {
            let validator = vote.validator.as_ref();
            validator.is_some_and(|validator| validator.address == address[..])
        };
        let votes = &proposal.commit.votes;
        proposal.height - 1 > above
            && votes
                .iter()
                .any(|vote| own(vote) && vote.block_id_flag != 1)
    };
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    let engine = home.engine();
    let seed: [u8; 32] = network.nodes[0].consensus.into();
    engine.ensure_consensus_key(&seed).expect("a key");
    fs::write(engine.config_path(), "").expect("a configuration");
    for height in [0, 4, 8, 12, 22] {
        let mut decided = network.chain.iter().map(|(proposal, _)| proposal);
        let ends = decided.find(|proposal| shows(proposal, height));
        let ends = ends.map(|proposal| proposal.height);
        assert_eq!(ends.is_some(), height < 9, "{height}");
        let state = format!(r#"{{"height":"{height}","round":0,"step":3}}"#);
        fs::write(engine.sign_state_path(), state).expect("the backup's");
        let node = &mut network.nodes[0];
        node.home = Some(home.clone());
        node.lose_disk();
        node.restart(&network.file, &[]);
        let mut ended = None;
        for (proposal, answer) in &network.chain {
            match node.app().finalize_block(proposal.finalize()) {
                Ok(same) => assert_eq!(&same, answer),
                Err(fault) => {
                    for words in ["older copy", "other machine", "priv_validator_state.json"] {
                        assert!(fault.0.contains(words), "{words:?} is not in {fault}");
                    }
                    ended = Some(proposal.height);
                    break;
                }
            }
            node.app().commit().expect("it commits");
        }
        assert_eq!(ended, ends, "with a file of height {height}");
    }
    network.run(2);
}

/// A node whose operator has not registered yet has its consensus key, and may be put back once that has signed: what CometBFT's file said is kept of
/// such a node too, and an older copy of it is refused at the start.
#[test]
fn what_an_unregistered_consensus_key_has_signed_is_kept_and_an_older_copy_is_refused() {
    let mut network = Network::quiet();
    network.run(2);
    let loaded = network.file.load().expect("a genesis");
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    let engine = home.engine();
    engine.ensure_consensus_key(&[0x5a; 32]).expect("a key");
    engine.ensure_node_key(&[0x5b; 32]).expect("a node key");
    fs::write(engine.config_path(), "").expect("a configuration");
    let start = |height: u64, engine_elsewhere: bool| {
        let terms = KeyTerms {
            password: None,
            engine_elsewhere,
        };
        let state = format!(r#"{{"height":"{height}","round":0,"step":3}}"#);
        fs::write(engine.sign_state_path(), state).expect("written");
        let chain = network.nodes[0].app().state();
        let key = signer::open(terms, &home, &loaded, &chain.tree, network.height())?;
        assert!(key.is_none(), "it follows");
        Ok::<_, KeysError>(())
    };
    start(40, true).expect("its engine is elsewhere");
    assert!(!home.last_vote_path().exists());
    for height in [40, 40, 41] {
        start(height, false).expect("it is not older");
        assert!(home.last_vote_path().exists());
    }
    let refused = start(40, false);
    let older = matches!(
        refused,
        Err(KeysError::Comet(CometError::OlderVotes { .. }))
    );
    assert!(older, "an older copy");
    start(41, false).expect("the newest one");
}

/// What a checkpoint key has signed, and all that it was asked for.
#[derive(Default)]
struct Shares {
    shares: Vec<[u8; 192]>,
    claims: Vec<Checkpoint>,
}

impl Shares {
    fn signs(&mut self, signer: &dyn Signer, checkpoint: &Checkpoint) -> [u8; 192] {
        let share = signer.share(checkpoint.epoch, &checkpoint.digest(), 0);
        let share = share.expect("it signs");
        self.claims.push(*checkpoint);
        self.shares.push(share);
        share
    }

    fn refuses(&mut self, signer: &dyn Signer, checkpoint: &Checkpoint) {
        let refused = signer.share(checkpoint.epoch, &checkpoint.digest(), 0);
        assert_eq!(refused, Err(Unsigned::ForEver));
        self.claims.push(*checkpoint);
    }
}

/// The checkpoint key of node 0 as `plasmid start` opens it, with its sign state as that stands.
fn open(network: &Network, home: &Home) -> Result<Box<dyn Signer>, KeysError> {
    let password = Password::from("word".to_owned());
    let terms = KeyTerms {
        password: Some(&password),
        engine_elsewhere: true,
    };
    let loaded = network.file.load().expect("a genesis");
    let state = network.nodes[0].app().state();
    let key = signer::open(terms, home, &loaded, &state.tree, network.height())?;
    let key = key.expect("a checkpoint key");
    let signed = key.open_state(home, &state.tree, network.height())?;
    Ok(key.signer(signed))
}

/// Another checkpoint of the same epoch: what no honest chain makes.
fn forked(checkpoint: &Checkpoint) -> Checkpoint {
    Checkpoint {
        state_root: B256::repeat_byte(0xee),
        ..*checkpoint
    }
}

#[test]
fn no_two_shares_that_the_nodes_guard_lets_out_are_an_offence() {
    let mut network = Network::quiet();
    let blocks = u64::from(network.plan.epoch_blocks);
    network.run(4 * blocks);
    let loaded = network.file.load().expect("a genesis");
    let own = loaded.deployment.domain.deployment;
    let made = network.nodes[0].app().state().checkpoints.clone();
    let [first, second, third] = [0, 1, 2].map(|epoch| made[&epoch]);
    let secret: &SecretKey = &network.nodes[0].checkpoint.clone();
    let identity = SignStateIdentity {
        deployment: own,
        key: secret.public_key(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let [home, moved, foreign] = PLACES.map(|place| {
        let home = Home::new(folder.path().join(place));
        fs::create_dir_all(home.path()).expect("a folder");
        let path = home.checkpoint_key_path();
        let bytes = secret.to_bytes().into();
        keystore::create(&path, KeyKind::Bls12381, &bytes, "word", Cost::Light)
            .expect("a key file");
        home
    });
    let mut said = Shares::default();

    // Again, and after a crash: the same bytes. Anything else of that epoch: never.
    drop(SignState::create(&home.sign_state_path(), identity, 0).expect("a sign state"));
    let signer = open(&network, &home).expect("it opens");
    let share = said.signs(&*signer, &first);
    assert_eq!(said.signs(&*signer, &first), share);
    said.refuses(&*signer, &forked(&first));
    // A second process of the same folder does not start.
    let second_process = open(&network, &home).err();
    let locked = matches!(
        second_process,
        Some(KeysError::SignState(SignStateError::Locked(_)))
    );
    assert!(locked, "{second_process:?}");
    drop(signer);
    let signer = open(&network, &home).expect("it opens");
    assert_eq!(said.signs(&*signer, &first), share);
    said.refuses(&*signer, &forked(&first));
    let backup = fs::read(home.sign_state_path()).expect("the file");
    let later = [second, third].map(|one| said.signs(&*signer, &one));
    drop(signer);

    // From a backup that lacks the newest two: the chain has the same checkpoints for them, so the shares are the same.
    let newest = fs::read(home.sign_state_path()).expect("the file");
    fs::write(home.sign_state_path(), &backup).expect("restored");
    let signer = open(&network, &home).expect("it opens");
    said.refuses(&*signer, &forked(&first));
    let again = [second, third].map(|one| said.signs(&*signer, &one));
    assert_eq!(again, later);
    drop(signer);

    // It moves: what was signed on either machine stays signed, and two machines that differ are told.
    fs::write(home.sign_state_path(), newest).expect("the newest");
    let state = SignState::open(&home.sign_state_path(), identity).expect("it opens");
    let vote = LastVote {
        height: 1,
        round: 0,
        step: 1,
    };
    let carried = Carried::of(&state, [5; 32], vote);
    drop(state);
    let take = |home: &Home| {
        carried.take_over(&home.sign_state_path(), identity, || {
            Ok::<_, CarriedError>(())
        })
    };
    take(&moved).expect("it is taken over");
    let signer = open(&network, &moved).expect("it opens");
    assert_eq!(said.signs(&*signer, &third), later[1]);
    for one in [&first, &second, &third] {
        said.refuses(&*signer, &forked(one));
    }
    drop(signer);
    let mut state = SignState::create(&foreign.sign_state_path(), identity, 0).expect("a state");
    state
        .record(1, forked(&second).digest(), 0)
        .expect("signed elsewhere");
    drop(state);
    let conflict = take(&foreign);
    assert!(
        matches!(conflict, Err(CarriedError::Conflict { epoch: 1, .. })),
        "{conflict:?}"
    );

    // In another deployment the key has a file of its own: this deployment's file is refused there.
    let other = SignStateIdentity {
        deployment: OTHER_DEPLOYMENT,
        ..identity
    };
    let refused = SignState::open(&home.sign_state_path(), other).err();
    assert!(
        matches!(refused, Some(SignStateError::Foreign { .. })),
        "{refused:?}"
    );
    let elsewhere = Checkpoint {
        deployment: OTHER_DEPLOYMENT,
        ..forked(&first)
    };
    said.claims.push(elsewhere);
    said.shares
        .push(secret.sign_checkpoint(&elsewhere.digest()));
    let possession = deployment::possession(1, &[2; 20], &[3; 20], &[5; 32], &identity.key);
    said.shares.push(secret.sign_possession(&possession));

    // Once root has accepted an epoch, a sign state that lacks it signs it no more.
    network.accept(0..=0, 2 * blocks);
    fs::remove_file(home.sign_state_path()).expect("it is gone");
    drop(SignState::create(&home.sign_state_path(), identity, 0).expect("a sign state"));
    let signer = open(&network, &home).expect("it opens");
    for one in [first, forked(&first)] {
        said.refuses(&*signer, &one);
    }

    judge_shares(&said, &loaded.built.members, &identity);
    judge_certificates(&network, &loaded.built.members, [&first, &second]);
}

/// Every pair of claims with every pair of shares.
fn judge_shares(said: &Shares, members: &[Member], identity: &SignStateIdentity) {
    let own = |member: &Member| member.checkpoint_key == identity.key;
    let number = members.iter().position(own).expect("a member");
    let (mut claims, mut shares) = (Vec::<Checkpoint>::new(), said.shares.clone());
    for claim in &said.claims {
        if !claims.contains(claim) {
            claims.push(*claim);
        }
    }
    shares.sort_unstable();
    shares.dedup();
    assert_eq!((claims.len(), shares.len()), (7, 5));
    for one in &claims {
        for two in &claims {
            for first in &shares {
                for second in &shares {
                    let pair = TwoShares {
                        number: number as u16,
                        checkpoints: [*one, *two],
                        shares: [*first, *second],
                    };
                    let statement = DoubleStatement::Shares(Box::new(pair));
                    let verdict =
                        statement.check(members, one.epoch + 1, &identity.deployment, None);
                    assert!(verdict.is_err(), "{verdict:?}: {one:?} and {two:?}");
                }
            }
        }
    }
}

/// Several certificates of one checkpoint, by whichever members' shares a node had, and those of two epochs: nobody is in two statements.
fn judge_certificates(network: &Network, members: &[Member], made: [&Checkpoint; 2]) {
    let certify = |one: &Checkpoint, without: Option<usize>| {
        let signers = members
            .iter()
            .enumerate()
            .filter(|(number, _)| Some(*number) != without);
        let shares = signers.map(|(number, member)| {
            let is_its = |node: &&plasmid_tests::harness::Node| {
                node.checkpoint.public_key() == member.checkpoint_key
            };
            let node = network.nodes.iter().find(is_its).expect("its node");
            (
                number as u16,
                node.checkpoint.sign_checkpoint(&one.digest()),
            )
        });
        let shares: Vec<_> = shares.collect();
        certificate::build(members, &one.digest(), &shares).expect("a quorum")
    };
    let deployment = made[0].deployment;
    for (one, two) in [(made[0], made[0]), (made[0], made[1]), (made[1], made[0])] {
        for without in [None, Some(0), Some(members.len() - 1)] {
            let both = TwoCertificates {
                checkpoints: [*one, *two],
                first: Some(certify(one, None)),
                second: certify(two, without),
            };
            let statement = DoubleStatement::Certificates(Box::new(both));
            let verdict = statement.check(members, one.epoch + 1, &deployment, None);
            assert_eq!(verdict, Err(StatementError::SameCheckpoint));
        }
    }
}
