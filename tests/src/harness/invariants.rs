//! What must hold after every block.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use plasmid::app::App;
use plasmid::chain::epoch::set::set_at;
use plasmid::chain::links::{check_ends, end_slots};
use plasmid::chain::opened::{OpenedSegments, ShownLeaf};
use plasmid::chain::signatures::bad_signatures;
use plasmid::court::{CourtFacts, Hearing, OpenedEpoch};
use plasmid::ledger::conservation::check_conservation;
use plasmid::ledger::leaf::NATIVE;
use plasmid::ledger::transaction::FIRST_RESERVED_KIND;
use plasmid::ledger::{Account, Slot};
use plasmid_bridge::proof::bls;
use plasmid_bridge::proof::checkpoint::{Checkpoint, certificate};
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_staking::{Counter, Key, Value};
use prost::bytes::Bytes;

use super::people::TOKENS;

/// Kinds of leaves that hold or count money.
const MONEY: [u8; 7] = [0x02, 0x03, 0x04, 0x05, 0x13, 0x14, 0x1c];

/// Conservation for every asset, by a scan of all leaves: a leaf of money that nobody of `holders` explains is an error.
pub fn money(app: &App, holders: &[Account]) {
    let state = app.state();
    let mut slots: BTreeMap<B256, Slot> = BTreeMap::new();
    let mut know = |slot: Slot| slots.insert(slot.key(), slot);
    know(Slot::FeePool);
    know(Slot::Burned);
    for token in [NATIVE].into_iter().chain(TOKENS) {
        know(Slot::Asset(token));
    }
    know(Slot::from(Key::Rewards));
    let counter = state.tree.get(&Slot::from(Key::Counter).key());
    let (_, _, value) = counter.expect("genesis makes the counter");
    let Counter(next) = Counter::decode(value).expect("a counter");
    for number in 1..next {
        know(Slot::from(Key::Position(number)));
    }
    for holder in holders {
        know(Slot::Account(*holder));
        for token in TOKENS {
            know(Slot::TokenBalance(*holder, token));
        }
    }
    let mut leaves = Vec::new();
    for leaf in state.tree.iter() {
        match slots.get(leaf.key) {
            Some(slot) => leaves.push((slot, leaf.value)),
            None => assert!(
                !MONEY.contains(&leaf.kind),
                "a leaf of kind {} is nobody's",
                leaf.kind
            ),
        }
    }
    if let Err(imbalance) = check_conservation(leaves) {
        panic!("conservation at height {}: {imbalance}", state.tip.height);
    }
}

/// The engine's set at the next height is the set in the leaves.
pub fn set(app: &App, engine: &BTreeMap<[u8; 32], u64>) {
    let state = app.state();
    let members =
        set_at(&state.tree, state.next_height()).expect("the set of the next height stands");
    let committed = members
        .iter()
        .map(|member| (member.consensus_key, member.power));
    assert_eq!(
        &committed.collect::<BTreeMap<_, _>>(),
        engine,
        "height {}",
        state.next_height()
    );
}

/// The court's verdict over every user's transaction of a block: its sender signed it. With one bit of each signature changed, all are found,
/// each in its place.
pub fn signatures(app: &App, transactions: &[Bytes]) {
    let domain = &app.deployment().domain;
    let users: Vec<&[u8]> = transactions
        .iter()
        .map(|bytes| &bytes[..])
        .filter(|bytes| bytes[0] < FIRST_RESERVED_KIND)
        .collect();
    assert!(bad_signatures(&users, domain).is_empty());
    let changed: Vec<Vec<u8>> = users
        .iter()
        .map(|bytes| {
            let mut bytes = bytes.to_vec();
            // A bit of s under both schemes.
            let at = bytes.len() - 2;
            bytes[at] ^= 1;
            bytes
        })
        .collect();
    let changed: Vec<&[u8]> = changed.iter().map(Vec::as_slice).collect();
    let bad = bad_signatures(&changed, domain);
    let places = bad.iter().map(|one| one.place as usize);
    assert_eq!(
        places.collect::<Vec<_>>(),
        (0..users.len()).collect::<Vec<_>>()
    );
}

/// A field of a checkpoint changed, and the number of the rule that it breaks.
type Break = (&'static str, fn(&mut Checkpoint));

/// The newest checkpoint, at the end of its epoch, keeps the link rules with its last block and its state, and with any field changed it
/// breaks one.
pub fn ends(app: &App) {
    let state = app.state();
    let (epoch, checkpoint) = state.checkpoints.last_key_value().expect("an epoch ended");
    let blocks = u64::from(app.parameters().epoch_blocks);
    assert_eq!((epoch + 1) * blocks, state.tip.height);
    if let Err(error) = check_ends(checkpoint, &state.tip, &state.tree, app.parameters().ring) {
        panic!("the checkpoint of {epoch}: {error}");
    }
    let breaks: [Break; 7] = [
        ("L4:", |one| one.state_root[0] ^= 1),
        ("L5:", |one| one.last_block_time += 1),
        ("L12:", |one| one.inbox_cursor += 1),
        ("L12:", |one| one.inbox_link[0] ^= 1),
        ("L13:", |one| one.epoch += 1),
        ("L13:", |one| one.next_set[0] ^= 1),
        ("L14:", |one| one.relayer[0] ^= 1),
    ];
    for (rule, edit) in breaks {
        let mut broken = *checkpoint;
        edit(&mut broken);
        let verdict = check_ends(&broken, &state.tip, &state.tree, app.parameters().ring);
        let said = verdict.expect_err(rule).to_string();
        assert!(said.starts_with(rule), "{said}");
    }
}

/// The court's twin judges the newest checkpoint by what the node keeps of its blocks, and finds nothing. With one bit of a state root changed it finds
/// that. Nothing where the node has its first state from a file of that epoch or a later one.
pub fn court(app: &App, genesis_time: u64) {
    let state = app.state();
    let (epoch, checkpoint) = state.checkpoints.last_key_value().expect("an epoch ended");
    let blocks = app.parameters().epoch_blocks;
    let opened = |checkpoint: &Checkpoint| {
        let first = checkpoint.epoch * u64::from(blocks) + 1;
        let heights = first..first + u64::from(blocks);
        let all = heights.map(|height| app.store().block(height).expect("the store reads"));
        let all = all.collect::<Option<Vec<_>>>()?;
        let accepted = Acceptance {
            epoch: checkpoint.epoch,
            digest: checkpoint.digest(),
            carrier: Default::default(),
            checkpoint: *checkpoint,
            signers: [0; 64],
            time: 0,
            block: 0,
            due_count: 0,
            tau: 0,
        };
        Some(OpenedEpoch::new(accepted, all, blocks).expect("its own blocks"))
    };
    let previous = epoch.checked_sub(1);
    let previous = previous.map(|before| opened(&state.checkpoints[&before]));
    let first = epoch * u64::from(blocks) + 1;
    let imported = app.store().imported().unwrap_or(0);
    let (Some(own), Some(previous)) = (
        opened(checkpoint),
        previous.map_or(Some(None), |one| one.map(Some)),
    ) else {
        assert!(imported > 0, "blocks of epoch {epoch} are not kept");
        return;
    };
    if first <= imported {
        return;
    }
    let shown = app.genesis_parameters().clone();
    let root = shown.inclusion.state_root().expect("it leads to a root");
    let domain = app.deployment().domain;
    let facts = CourtFacts::new(domain, root, genesis_time, shown).expect("its own genesis");
    let hearing = Hearing {
        facts: &facts,
        epoch: &own,
        previous: previous.as_ref(),
    };
    for (number, block) in (0u32..).zip(&own.blocks) {
        let kept = app
            .store()
            .segments(*epoch, block.height)
            .expect("the store reads");
        let mut kept = kept.expect("segments are kept");
        for (place, one) in (0u32..).zip(&mut kept) {
            let bytes = app.store().segment_bytes(*epoch, block.height, place);
            one.bytes = Some(bytes.expect("the store reads").unwrap_or_default());
            assert!(one.has_bytes());
        }
        let mut segments = OpenedSegments::of(kept);
        assert!(segments.are_counts_of(block) && segments.are_whole());
        assert_eq!(hearing.judge_segments(number, &segments), []);
        segments.segments[0].after[0] ^= 1;
        let found = hearing.judge_segments(number, &segments);
        let [found] = found.as_slice() else {
            panic!("one thing is broken: {found:?}");
        };
        assert_eq!(
            (found.broken.name(), found.height),
            ("L11".to_owned(), block.height)
        );
        assert!(found.call.is_some());
    }
    let leaf = |slot: plasmid::ledger::Slot| {
        let (index, ..) = state.tree.get(&slot.key()).expect("the leaf stands");
        let shown = ShownLeaf::of(&state.tree, index).expect("the tree proves its leaves");
        (slot, shown)
    };
    let slots = end_slots(*epoch, app.parameters().ring);
    let leaves = slots.map(leaf);
    assert!(
        leaves
            .iter()
            .all(|(slot, leaf)| leaf.stands(slot, &checkpoint.state_root))
    );
    assert_eq!(hearing.judge_blocks(), []);
    for (slot, leaf) in &leaves {
        assert_eq!(hearing.judge_leaf(slot, leaf), None);
    }
}

/// The checkpoint of `epoch`, when the shares that blocks brought make a certificate over it, which the set of the next verifies: those of
/// more than two thirds of its power.
pub fn certificate(app: &App, epoch: u64) -> Option<Checkpoint> {
    let bytes = app
        .store()
        .checkpoint(epoch)
        .expect("the store reads")
        .expect("the checkpoint is kept");
    let checkpoint = Checkpoint::decode(&bytes).expect("it decodes");
    let shares: Vec<(u16, [u8; bls::SIGNATURE_BYTES])> = app
        .store()
        .shares(epoch)
        .expect("the store reads")
        .into_iter()
        .map(|share| (share.member, share.bytes.try_into().expect("192 bytes")))
        .collect();
    let first = (epoch + 1) * u64::from(app.parameters().epoch_blocks) + 1;
    let members = set_at(&app.state().tree, first).expect("the set that signs");
    let digest = checkpoint.digest();
    let shared = shares
        .iter()
        .map(|share| members[usize::from(share.0)].power);
    let (shared, all) = (shared.sum::<u64>(), members.iter().map(|one| one.power));
    let built = certificate::build(&members, &digest, &shares).ok();
    assert_eq!(built.is_some(), 3 * shared > 2 * all.sum::<u64>());
    let certificate = built?;
    certificate::verify(&members, &digest, &certificate).expect("it verifies");
    Some(checkpoint)
}
