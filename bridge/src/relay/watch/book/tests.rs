//! Two digests of one epoch are found whoever shows them, and nothing that no member signed is.

use super::*;
use crate::relay::watch::statement::{Guilty, StatementError};

const DEPLOYMENT: [u8; 20] = [7; 20];
const EPOCH: u64 = 5;

fn key(number: u16) -> bls::SecretKey {
    bls::SecretKey::from_entropy(&[number as u8 + 1; 32]).expect("it gives a key")
}

fn members() -> Vec<Member> {
    let member = |number: u16| Member {
        seat: number,
        operator: [number as u8; 20],
        registration: 1,
        consensus_key: [number as u8; 32],
        checkpoint_key: key(number).public_key(),
        power: 5,
        at_risk: true,
    };
    (0..4).map(member).collect()
}

fn checkpoint(byte: u8) -> Checkpoint {
    Checkpoint {
        deployment: DEPLOYMENT,
        epoch: EPOCH,
        state_root: B256::repeat_byte(byte),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    }
}

fn shares(byte: u8, signers: &[u16]) -> Vec<(u16, ShareBytes)> {
    let digest = checkpoint(byte).digest();
    let share = |number: &u16| (*number, key(*number).sign_checkpoint(&digest));
    signers.iter().map(share).collect()
}

fn certificate_of(byte: u8, signers: &[u16]) -> Certificate {
    let digest = checkpoint(byte).digest();
    certificate::build(&members(), &digest, &shares(byte, signers)).expect("a quorum")
}

fn accepted(byte: u8, signers: &[u16]) -> Acceptance {
    Acceptance {
        epoch: EPOCH,
        digest: checkpoint(byte).digest(),
        carrier: Default::default(),
        checkpoint: checkpoint(byte),
        signers: certificate_of(byte, signers).bitmap,
        time: 0,
        block: 0,
        due_count: 0,
        tau: 0,
    }
}

/// What is found, as who is guilty by the same check as anything that is handed over.
fn guilty(book: &mut CheckpointBook, root: Option<&Acceptance>) -> Vec<(usize, Guilty)> {
    let digest = |_| root.map(|one| one.digest);
    if book.suspects(digest).is_empty() {
        return Vec::new();
    }
    let (found, _) = book.compare(EPOCH, &members(), root);
    let judge = |one: Contradiction| {
        let checked = one
            .statement
            .check(&members(), EPOCH + 1, &DEPLOYMENT, root);
        (one.source, checked.expect("what is found holds"))
    };
    found.into_iter().map(judge).collect()
}

fn bits(signers: &[u16]) -> [u8; 64] {
    let mut bits = [0; 64];
    for number in signers {
        certificate::insert(&mut bits, usize::from(*number));
    }
    bits
}

#[test]
fn nodes_that_agree_with_each_other_and_root_are_not_even_checked() {
    let mut book = CheckpointBook::default();
    assert_eq!(
        book.add_shares(0, checkpoint(1), shares(1, &[0, 1, 2])),
        SharesIntake::Taken
    );
    assert_eq!(
        book.add_shares(1, checkpoint(1), shares(1, &[1, 2, 3])),
        SharesIntake::Taken
    );
    let root = accepted(1, &[0, 1, 2]);
    assert!(book.suspects(|_| Some(root.digest)).is_empty());
    assert!(book.suspects(|_| None).is_empty());
}

#[test]
fn two_shares_of_a_member_at_two_nodes_are_its_offence() {
    let mut book = CheckpointBook::default();
    assert_eq!(
        book.add_shares(0, checkpoint(1), shares(1, &[0, 1])),
        SharesIntake::Taken
    );
    assert_eq!(
        book.add_shares(1, checkpoint(2), shares(2, &[1, 3])),
        SharesIntake::Taken
    );
    assert_eq!(guilty(&mut book, None), [(1, Guilty::Member(1))]);
    // Nothing new: nothing is compared again.
    assert!(book.suspects(|_| None).is_empty());
    assert_eq!(
        book.add_shares(1, checkpoint(2), shares(2, &[0])),
        SharesIntake::Taken
    );
    let again = guilty(&mut book, None);
    assert!(again.contains(&(1, Guilty::Member(0))), "{again:?}");
}

#[test]
fn a_certificate_beside_what_root_accepted_is_an_offence_of_all_who_are_in_both() {
    for by_shares in [true, false] {
        let mut book = CheckpointBook::default();
        match by_shares {
            true => assert_eq!(
                book.add_shares(0, checkpoint(2), shares(2, &[1, 2, 3])),
                SharesIntake::Taken
            ),
            false => assert!(book.add_certificate(7, checkpoint(2), certificate_of(2, &[1, 2, 3]))),
        }
        assert!(book.suspects(|_| None).is_empty());
        // Root accepts another one later: what was heard is compared again.
        let root = accepted(1, &[0, 1, 2]);
        let found = guilty(&mut book, Some(&root));
        let source = if by_shares { 0 } else { 7 };
        assert_eq!(found, [(source, Guilty::Overlap(bits(&[1, 2])))]);
    }
}

#[test]
fn two_certificates_before_root_accepts_either_are_one_offence() {
    let mut book = CheckpointBook::default();
    assert!(book.add_certificate(7, checkpoint(1), certificate_of(1, &[0, 1, 2])));
    assert_eq!(
        book.add_shares(0, checkpoint(2), shares(2, &[0, 2, 3])),
        SharesIntake::Taken
    );
    let found = guilty(&mut book, None);
    assert_eq!(found, [(0, Guilty::Overlap(bits(&[0, 2])))]);
}

#[test]
fn what_no_member_signed_is_a_lie_and_keeps_nothing_out() {
    let mut book = CheckpointBook::default();
    // Invented shares, shares of another checkpoint, members that there are not, in more checkpoints than are kept.
    for byte in 10..30 {
        let has_room = match byte < 14 {
            true => SharesIntake::Taken,
            false => SharesIntake::Full,
        };
        let invented = vec![(0, [9; 192]), (700, [9; 192])];
        assert_eq!(book.add_shares(0, checkpoint(byte), invented), has_room);
        let others = shares(1, &[1, 2]);
        assert_eq!(book.add_shares(0, checkpoint(byte), others), has_room);
    }
    assert_eq!(
        book.add_shares(1, checkpoint(1), shares(1, &[1])),
        SharesIntake::Taken
    );
    assert_eq!(
        book.add_shares(2, checkpoint(2), shares(2, &[1])),
        SharesIntake::Taken
    );
    assert!(book.add_certificate(7, checkpoint(3), certificate_of(2, &[0, 1, 2])));
    assert_eq!(book.suspects(|_| None), [EPOCH]);
    let (found, mut liars) = book.compare(EPOCH, &members(), None);
    assert_eq!(found.len(), 1, "{found:?}");
    liars.dedup();
    assert_eq!(liars, [0, 7]);
    let statement = found[0].statement.clone();
    let refused = statement.check(&members(), EPOCH + 1, &[8; 20], None);
    assert_eq!(refused, Err(StatementError::SameCheckpoint));
}

#[test]
fn epochs_outside_of_the_window_are_let_go_of() {
    let mut book = CheckpointBook::default();
    assert_eq!(
        book.add_shares(0, checkpoint(1), shares(1, &[1])),
        SharesIntake::Taken
    );
    book.keep(&(EPOCH..EPOCH + 1));
    assert_eq!(
        book.add_shares(1, checkpoint(2), shares(2, &[1])),
        SharesIntake::Taken
    );
    assert_eq!(book.suspects(|_| None), [EPOCH]);
    book.keep(&(EPOCH + 1..EPOCH + 9));
    assert!(book.suspects(|_| None).is_empty() && book.epochs.is_empty());
}

/// A set has 512 members at most, and whoever invents more would fill the memory for epochs whose set nobody knows yet.
#[test]
fn shares_of_numbers_that_no_set_has_are_not_kept() {
    let mut book = CheckpointBook::default();
    let invented = (0..=u16::MAX).map(|number| (number, [0; 192])).collect();
    assert_eq!(
        book.add_shares(0, checkpoint(1), invented),
        SharesIntake::Taken
    );
    let kept = book.epochs.values().flatten().map(|page| page.shares.len());
    assert_eq!(kept.sum::<usize>(), 512);
}

/// What is served again in each turn costs a verification once, and who invents something new each time is not looked at any more in that epoch.
#[test]
fn shares_that_no_member_made_are_verified_once_and_only_so_many_of_a_source() {
    let mut book = CheckpointBook::default();
    assert_eq!(
        book.add_shares(1, checkpoint(1), shares(1, &[1])),
        SharesIntake::Taken
    );
    let invented: Vec<(u16, ShareBytes)> = (0..4).map(|number| (number, [9; 192])).collect();
    for _ in 0..3 {
        let taken = book.add_shares(0, checkpoint(2), invented.clone());
        assert_eq!(taken, SharesIntake::Taken);
        let (found, liars) = book.compare(EPOCH, &members(), None);
        assert_eq!((found.len(), liars), (0, vec![0]));
        assert_eq!(book.refused[&(EPOCH, 0)].len(), 4);
    }
    // A true one of the same member is not refused with it.
    assert_eq!(
        book.add_shares(0, checkpoint(2), shares(2, &[1])),
        SharesIntake::Taken
    );
    assert_eq!(book.compare(EPOCH, &members(), None).0.len(), 1);
    let known = book.refused.get_mut(&(EPOCH, 0)).expect("it is remembered");
    let others = (0..u64::try_from(MAX_REFUSED).expect("it fits"))
        .map(|number| B256::from(alloy_primitives::U256::from(number)));
    known.extend(others);
    assert_eq!(
        book.add_shares(0, checkpoint(2), invented.clone()),
        SharesIntake::Distrusted
    );
    // It is of one source and one epoch.
    assert_eq!(
        book.add_shares(2, checkpoint(2), invented),
        SharesIntake::Taken
    );
    book.keep(&(EPOCH + 1..EPOCH + 9));
    assert!(book.refused.is_empty());
}
