//! What a validator signs of its own checkpoints: none that breaks a link rule, wherever it is asked.

use std::sync::Mutex;

use alloy_primitives::B256;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use tendermint_proto::v0_38::abci::RequestExtendVote;

use super::attack::sign;
use super::*;
use crate::app::ports::{Signer, Unsigned};
use crate::app::shares::Own;
use crate::chain::extension::Extension;

/// A signer of the first member's key that notes what it is asked to sign.
struct Noting([u8; 96], Arc<Mutex<Vec<B256>>>);

impl Signer for Noting {
    fn key(&self) -> [u8; 96] {
        self.0
    }

    fn share(&self, _: u64, digest: &B256, _: u64) -> Result<[u8; 192], Unsigned> {
        self.1.lock().unwrap().push(*digest);
        Ok([7; 192])
    }
}

/// What makes a sound checkpoint break a rule.
type Edit = fn(&mut Checkpoint);

#[test]
fn a_checkpoint_that_breaks_a_link_rule_is_signed_neither_in_a_vote_nor_for_a_relayer() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(4, 4, &sign);
    let mut bench = Bench::open(folder.path(), genesis(&people, 4).unwrap()).unwrap();
    let key = bench.app.first_set.0[0].checkpoint_key;
    let signed = Arc::new(Mutex::new(Vec::new()));
    bench.app.surroundings.signer = Some(Box::new(Noting(key, Arc::clone(&signed))));
    let blocks = u64::from(bench.app.parameters().epoch_blocks);
    let step = |bench: &Bench, height| {
        let block = bench.propose(height, &[], &[]).unwrap();
        bench.execute(height, block, 0, &[]).unwrap();
    };
    for height in 1..=2 * blocks {
        step(&bench, height);
    }
    let honest = bench.app.checkpoint(1).unwrap().unwrap();
    let vote = |bench: &Bench| {
        let request = RequestExtendVote {
            height: i64::try_from(bench.app.height() + 1).unwrap(),
            ..RequestExtendVote::default()
        };
        let vote = bench.app.extend_vote(request).unwrap().vote_extension;
        Extension::decode(&vote).unwrap().due()
    };
    let put = |bench: &Bench, checkpoint: Checkpoint| {
        bench.app.state_mut().checkpoints.insert(1, checkpoint);
    };
    let edits: [(&str, Edit); 6] = [
        ("L4", |one| one.state_root[0] ^= 1),
        ("L5", |one| one.last_block_time += 1),
        ("L12", |one| one.inbox_cursor += 1),
        ("L12", |one| one.inbox_link[0] ^= 1),
        ("L13", |one| one.next_set[0] ^= 1),
        ("L14", |one| one.relayer[0] ^= 1),
    ];
    // At the epoch's end, and a block later, when the state is a past one.
    for later in [0, 1] {
        for (rule, edit) in edits {
            let mut broken = honest;
            edit(&mut broken);
            put(&bench, broken);
            assert_eq!(vote(&bench), None, "{rule}, {later}");
            let own = bench.app.own_share(1).unwrap();
            assert_eq!(own, Own::Unsigned(Unsigned::ForEver), "{rule}, {later}");
            assert!(signed.lock().unwrap().is_empty(), "{rule}, {later}");
        }
        put(&bench, honest);
        assert_eq!(vote(&bench), Some([7; 192]));
        assert!(matches!(bench.app.own_share(1).unwrap(), Own::Share(_)));
        assert_eq!(
            std::mem::take(&mut *signed.lock().unwrap()),
            [honest.digest(); 2]
        );
        step(&bench, 2 * blocks + 1 + later);
    }
    // The ones before it, whose shares no vote carries any more.
    assert!(matches!(bench.app.own_share(0).unwrap(), Own::Share(_)));
}
