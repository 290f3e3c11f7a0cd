//! What is taken in, what is refused, and what a folder has when it is cut short.

use std::sync::{Arc, Mutex};

use tendermint_proto::v0_38::abci::Snapshot;

use super::*;
use crate::store::{
    self,
    image::{fixture::GivenState, part::PART_LEAVES, taking::SnapshotOffer},
};

/// A folder, with what root says of the first epoch there, and how often it was asked.
struct IntakeFolder {
    folder: tempfile::TempDir,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl IntakeFolder {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            asked: Arc::default(),
        }
    }

    fn home(&self) -> Home {
        Home::new(self.folder.path())
    }

    fn intake(&self, given: &GivenState) -> StateIntake {
        let (accepted, asked) = (given.checkpoint, Arc::clone(&self.asked));
        let word: RootWord = Box::new(move |epoch| {
            asked.lock().unwrap().push(epoch);
            match epoch {
                0 => Ok(accepted),
                _ => Err(AcceptedError::NotStanding { epoch, count: 1 }),
            }
        });
        StateIntake::new(self.home(), given.whose(), word)
    }

    /// The height of the store that is there; `None` where there is no store.
    fn held(&self, given: &GivenState) -> Option<u64> {
        let path = self.home().store_path();
        if !path.exists() {
            return None;
        }
        let (_, loaded) = store::open(&path, given.whose().0).unwrap();
        loaded.map(|loaded| {
            assert_eq!(loaded.tree.root(), given.tree.root());
            loaded.height()
        })
    }
}

fn asked(offer: &SnapshotOffer, app_hash: B256) -> RequestOfferSnapshot {
    RequestOfferSnapshot {
        snapshot: Some(Snapshot {
            height: offer.height,
            format: offer.format,
            chunks: offer.parts,
            hash: offer.digest.clone().into(),
            metadata: offer.shown.clone().into(),
        }),
        app_hash: app_hash.to_vec().into(),
    }
}

fn offer(intake: &mut StateIntake, given: &GivenState, offer: &SnapshotOffer) -> Offered {
    let answer = intake.offer(asked(offer, given.app_hash())).unwrap();
    Offered::try_from(answer.result).unwrap()
}

fn part(index: u32, chunk: Vec<u8>, sender: &str) -> RequestApplySnapshotChunk {
    RequestApplySnapshotChunk {
        index,
        chunk: chunk.into(),
        sender: sender.to_owned(),
    }
}

fn apply(intake: &mut StateIntake, given: &GivenState, index: u32) -> Applied {
    let answer = intake.apply(part(index, given.part(index), "honest"));
    Applied::try_from(answer.unwrap().result).unwrap()
}

#[test]
fn a_state_is_in_the_folder_once_its_last_part_was_taken_and_not_before() {
    let (given, folder) = (GivenState::new(PART_LEAVES + 5, 1), IntakeFolder::new());
    // The process ends behind each of the parts: it begins again from nothing.
    for taken in 0..3 {
        let mut intake = folder.intake(&given);
        assert_eq!(offer(&mut intake, &given, &given.offer()), Offered::Accept);
        for index in 0..taken {
            assert_eq!(apply(&mut intake, &given, index), Applied::Accept);
        }
        assert!(!intake.is_done());
        assert_eq!(folder.held(&given), None, "{taken} parts");
        // What an import left that was cut short is in nobody's way.
        let aside = folder.home().store_path().with_extension("import");
        std::fs::create_dir_all(&aside).unwrap();
        std::fs::write(aside.join("half"), "of a store").unwrap();
    }
    // And once it is there, an engine that has lost it gets it again, whatever a process that ended has left of one before.
    let old = folder.home().store_path().with_extension("old");
    for _ in 0..2 {
        std::fs::create_dir_all(&old).unwrap();
        std::fs::write(old.join("half"), "of a store").unwrap();
        let mut intake = folder.intake(&given);
        assert_eq!(offer(&mut intake, &given, &given.offer()), Offered::Accept);
        for index in 0..3 {
            assert_eq!(apply(&mut intake, &given, index), Applied::Accept);
        }
        assert!(intake.is_done());
        assert_eq!(folder.held(&given), Some(64));
        assert!(!old.exists(), "what was there before is gone");
    }
}

#[test]
fn whoever_sends_a_part_that_lies_is_left_and_the_part_is_asked_for_again() {
    let (given, folder) = (GivenState::new(60, 1), IntakeFolder::new());
    let stranger = GivenState::new(60, 2);
    let mut intake = folder.intake(&given);
    assert_eq!(offer(&mut intake, &given, &given.offer()), Offered::Accept);
    for index in 0..2 {
        // However many they are.
        for _ in 0..=TOLD_LIES {
            let lie = intake.apply(part(index, stranger.part(index), "liar"));
            let lie = lie.unwrap();
            assert_eq!(lie.result, i32::from(Applied::Retry));
            assert_eq!(lie.refetch_chunks, [index]);
            assert_eq!(lie.reject_senders, ["liar"]);
        }
        assert_eq!(apply(&mut intake, &given, index), Applied::Accept);
    }
    assert_eq!(folder.held(&given), Some(64));
}

#[test]
fn root_decides_which_states_are_taken_and_is_asked_once_of_each_epoch() {
    let (given, folder) = (GivenState::new(60, 1), IntakeFolder::new());
    let mut intake = folder.intake(&given);
    // Nothing was offered that was taken.
    assert_eq!(apply(&mut intake, &given, 0), Applied::RejectSnapshot);
    let honest = given.offer();
    let with = |change: &dyn Fn(&mut SnapshotOffer)| {
        let mut offer = honest.clone();
        change(&mut offer);
        offer
    };
    for (lie, answer) in [
        (with(&|lie| lie.format = 9), Offered::RejectFormat),
        (with(&|lie| lie.height = 65), Offered::RejectSender),
        (with(&|lie| lie.height = 128), Offered::Reject),
        (with(&|lie| lie.parts += 1), Offered::RejectSender),
        (with(&|lie| lie.digest[0] ^= 1), Offered::RejectSender),
        (with(&|lie| lie.shown[9] ^= 1), Offered::RejectSender),
        (GivenState::new(60, 2).offer(), Offered::RejectSender),
    ] {
        assert_eq!(offer(&mut intake, &given, &lie), answer, "{lie:?}");
        assert_eq!(apply(&mut intake, &given, 0), Applied::RejectSnapshot);
    }
    // Of what is later than an epoch that root has not accepted it is not asked for a while, and of what is earlier it is.
    let later = [128, 192, u64::MAX - u64::MAX % 64, 128];
    let offers = later.map(|height| with(&|lie| lie.height = height));
    for lie in &offers {
        assert_eq!(offer(&mut intake, &given, lie), Offered::Reject);
    }
    assert_eq!(*folder.asked.lock().unwrap(), [0, 1]);
    intake.asked_again = Duration::ZERO;
    assert_eq!(offer(&mut intake, &given, &offers[1]), Offered::Reject);
    assert_eq!(offer(&mut intake, &given, &offers[0]), Offered::Reject);
    assert_eq!(*folder.asked.lock().unwrap(), [0, 1, 2, 1]);
    // What no engine sends is no answer of anybody's.
    assert!(intake.offer(RequestOfferSnapshot::default()).is_err());
    let mut short = asked(&honest, given.app_hash());
    short.app_hash = vec![1; 31].into();
    assert!(intake.offer(short).is_err());
    // An offer begins anew, whatever was taken of the last one.
    assert_eq!(offer(&mut intake, &given, &honest), Offered::Accept);
    assert_eq!(apply(&mut intake, &given, 0), Applied::Accept);
    assert_eq!(offer(&mut intake, &given, &honest), Offered::Accept);
    assert_eq!(apply(&mut intake, &given, 1), Applied::RejectSnapshot);
    assert_eq!(folder.held(&given), None);
}

#[test]
fn nobody_who_offers_the_true_state_is_left_for_one_who_moves_a_border_in_it() {
    let folder = IntakeFolder::new();
    // The first byte of its digest can be read as a digit, so that a number of parts grows by it.
    let mut given = (0..=u8::MAX).map(|seed| GivenState::new(60, seed));
    let given = given.find(|given| given.offer().digest[0].is_ascii_digit());
    let given = given.expect("of 256 states some are so");
    let mut intake = folder.intake(&given);
    let honest = given.offer();
    let mut moved = honest.clone();
    moved.digest.push(moved.shown.remove(0));
    assert_eq!(offer(&mut intake, &given, &moved), Offered::Accept);
    let digit = u32::from(honest.digest[0] - b'0');
    let mut grown = honest.clone();
    grown.digest.remove(0);
    grown.parts = honest.parts * 10 + digit;
    assert_eq!(offer(&mut intake, &given, &grown), Offered::Reject);
    assert_eq!(offer(&mut intake, &given, &honest), Offered::Accept);
}

#[test]
fn a_state_that_cannot_be_written_is_a_fault_of_this_node() {
    let (given, folder) = (GivenState::new(60, 1), IntakeFolder::new());
    let mut intake = folder.intake(&given);
    assert_eq!(offer(&mut intake, &given, &given.offer()), Offered::Accept);
    assert_eq!(apply(&mut intake, &given, 0), Applied::Accept);
    std::fs::write(folder.folder.path().join("data"), "no folder").unwrap();
    assert!(intake.apply(part(1, given.part(1), "honest")).is_err());
    assert!(!intake.is_done());
}
