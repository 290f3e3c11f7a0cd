//! What an honest key signs is no offence, and what nobody signed is none either, whatever is claimed.

use alloy_primitives::keccak256;
use ed25519_zebra::{SigningKey, VerificationKey};

use super::*;
use crate::proof::vote::{VoteStep, VotedBlock};

const DEPLOYMENT: [u8; 20] = [7; 20];
const BLOCKS: u64 = 10;

fn key(number: u8) -> SigningKey {
    SigningKey::from([number + 1; 32])
}

fn bls_key(number: u8) -> bls::SecretKey {
    bls::SecretKey::from_entropy(&[number + 1; 32]).unwrap()
}

fn members() -> Vec<Member> {
    let member = |number: u8| Member {
        seat: u16::from(number),
        operator: [number; 20],
        registration: 1,
        consensus_key: VerificationKey::from(&key(number)).into(),
        checkpoint_key: bls_key(number).public_key(),
        power: 5,
        at_risk: true,
    };
    (0..4).map(member).collect()
}

fn ballot(byte: u8) -> Ballot {
    Ballot {
        step: VoteStep::Precommit,
        height: 31,
        round: 0,
        block: (byte != 0).then_some(VotedBlock {
            hash: [byte; 32],
            parts: 1,
            parts_hash: [byte; 32],
        }),
        secs: 1_700_000_000,
        nanos: 5,
    }
}

fn signed(number: u8, ballot: Ballot) -> SignedBallot {
    let bytes = ballot.sign_bytes(&deployment::chain_id(&DEPLOYMENT));
    SignedBallot {
        ballot,
        signature: key(number).sign(&bytes).into(),
    }
}

fn votes(number: u8, first: Ballot, second: Ballot) -> TwoVotes {
    let public: [u8; 32] = VerificationKey::from(&key(number)).into();
    TwoVotes {
        voter: vote::address(&public),
        first: signed(number, first),
        second: signed(number, second),
    }
}

fn judge(votes: TwoVotes) -> Result<Guilty, StatementError> {
    let statement = DoubleStatement::Votes(Box::new(votes));
    let epoch = statement.epoch(BLOCKS);
    statement.check(&members(), epoch, &DEPLOYMENT, None)
}

#[test]
fn two_votes_of_a_member_for_two_blocks_are_its_offence_in_whatever_order_they_come() {
    for (first, second) in [(1, 2), (0, 1), (2, 0)] {
        let votes = votes(2, ballot(first), ballot(second));
        assert_eq!(judge(votes), Ok(Guilty::Member(2)));
        let swapped = TwoVotes {
            first: votes.second,
            second: votes.first,
            ..votes
        };
        assert_eq!(votes.ordered(), swapped.ordered());
        assert_eq!(DoubleStatement::Votes(Box::new(votes)).epoch(BLOCKS), 3);
    }
}

#[test]
fn what_an_honest_key_signs_and_what_it_did_not_sign_is_no_offence() {
    type Change = fn(&mut Ballot);
    let changes: [(Change, StatementError); 8] = [
        (|_| {}, StatementError::SameBlock),
        (|two| two.secs += 1, StatementError::SameBlock),
        (|two| two.height += 1, StatementError::Apart),
        (|two| two.round += 1, StatementError::Apart),
        (|two| two.step = VoteStep::Prevote, StatementError::Apart),
        (
            |two| two.block = two.block.map(|block| VotedBlock { parts: 0, ..block }),
            StatementError::OutOfRange,
        ),
        (
            |two| {
                two.block = None;
                two.nanos = NANOS;
            },
            StatementError::OutOfRange,
        ),
        (|two| two.height = 0, StatementError::Apart),
    ];
    for (change, expected) in changes {
        let mut two = ballot(1);
        change(&mut two);
        assert_eq!(judge(votes(1, ballot(1), two)), Err(expected));
    }
    let right = votes(1, ballot(1), ballot(2));
    // Of another deployment's chain.
    let statement = DoubleStatement::Votes(Box::new(right));
    let refused = statement.check(&members(), 3, &[8; 20], None);
    assert_eq!(refused, Err(StatementError::BadSignature(1)));
    // Of a set that it is not in.
    let refused = statement.check(&members()[..1], 3, &DEPLOYMENT, None);
    assert_eq!(refused, Err(StatementError::Stranger(3)));
    // Somebody else's name.
    let framed = TwoVotes {
        voter: votes(0, ballot(1), ballot(2)).voter,
        ..right
    };
    assert_eq!(judge(framed), Err(StatementError::BadSignature(1)));
    // Every bit of both signatures counts.
    for bit in 0..512 {
        let mut one = right;
        one.first.signature[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(judge(one), Err(StatementError::BadSignature(1)), "{bit}");
        let mut two = right;
        two.second.signature[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(judge(two), Err(StatementError::BadSignature(2)), "{bit}");
    }
}

fn checkpoint(epoch: u64, byte: u8) -> Checkpoint {
    Checkpoint {
        deployment: DEPLOYMENT,
        epoch,
        last_block_time: 9,
        blocks_root: keccak256([byte]),
        state_root: B256::ZERO,
        inbox_cursor: 0,
        inbox_link: B256::ZERO,
        next_set: B256::ZERO,
        relayer: [0; 20],
        previous: B256::ZERO,
    }
}

fn shares(number: u8, one: Checkpoint, two: Checkpoint) -> TwoShares {
    let sign = |one: &Checkpoint| bls_key(number).sign_checkpoint(&one.digest());
    TwoShares {
        number: u16::from(number),
        checkpoints: [one, two],
        shares: [sign(&one), sign(&two)],
    }
}

#[test]
fn two_shares_over_two_checkpoints_of_one_epoch_are_an_offence_of_the_set_that_signs_it() {
    let judge = |shares: TwoShares| {
        let statement = DoubleStatement::Shares(Box::new(shares));
        assert_eq!(statement.epoch(BLOCKS), shares.checkpoints[0].epoch + 1);
        statement.check(&members(), 5, &DEPLOYMENT, None)
    };
    let right = shares(3, checkpoint(4, 1), checkpoint(4, 2));
    assert_eq!(judge(right), Ok(Guilty::Member(3)));
    assert_eq!(right.ordered().ordered(), right.ordered());
    let mut swapped = right;
    swapped.checkpoints.reverse();
    swapped.shares.reverse();
    assert_eq!(swapped.ordered(), right.ordered());
    let same = shares(3, checkpoint(4, 1), checkpoint(4, 1));
    assert_eq!(judge(same), Err(StatementError::SameCheckpoint));
    let other_epoch = shares(3, checkpoint(4, 1), checkpoint(5, 2));
    assert_eq!(judge(other_epoch), Err(StatementError::SameCheckpoint));
    let foreign = Checkpoint {
        deployment: [8; 20],
        ..checkpoint(4, 2)
    };
    let refused = judge(shares(3, checkpoint(4, 1), foreign));
    assert_eq!(refused, Err(StatementError::SameCheckpoint));
    let framed = TwoShares { number: 1, ..right };
    assert_eq!(judge(framed), Err(StatementError::BadSignature(1)));
    let stranger = TwoShares { number: 4, ..right };
    assert_eq!(judge(stranger), Err(StatementError::Stranger(5)));
    let mut made_up = right;
    made_up.shares[1] = made_up.shares[0];
    assert_eq!(judge(made_up), Err(StatementError::BadSignature(2)));
}

fn certified(one: &Checkpoint, signers: &[u8]) -> Certificate {
    let digest = one.digest();
    let share = |number: &u8| {
        (
            u16::from(*number),
            bls_key(*number).sign_checkpoint(&digest),
        )
    };
    let shares: Vec<_> = signers.iter().map(share).collect();
    certificate::build(&members(), &digest, &shares).unwrap()
}

fn root(one: &Checkpoint, signers: &[u8]) -> Acceptance {
    Acceptance {
        epoch: one.epoch,
        digest: one.digest(),
        carrier: alloy_primitives::Address::ZERO,
        checkpoint: *one,
        signers: certified(one, signers).bitmap,
        time: 0,
        block: 0,
        due_count: 0,
        tau: 0,
    }
}

#[test]
fn two_certificates_are_an_offence_of_all_who_are_in_both_whichever_is_roots() {
    let (one, two) = (checkpoint(4, 1), checkpoint(4, 2));
    let judge = |given: TwoCertificates, root: Option<&Acceptance>| {
        let statement = DoubleStatement::Certificates(Box::new(given));
        assert_eq!(statement.epoch(BLOCKS), 5);
        statement.check(&members(), 5, &DEPLOYMENT, root)
    };
    let right = TwoCertificates {
        checkpoints: [one, two],
        first: Some(certified(&one, &[0, 1, 2])),
        second: certified(&two, &[1, 2, 3]),
    };
    let mut both = [0; BITMAP_BYTES];
    both[0] = 0b110;
    assert_eq!(judge(right, None), Ok(Guilty::Overlap(both)));
    // What root accepted takes the first place, without its certificate, from either.
    for accepted in [root(&one, &[0, 1, 2]), root(&two, &[1, 2, 3])] {
        let ordered = right.ordered(Some(accepted.digest));
        assert_eq!(ordered.first, None);
        assert_eq!(ordered.checkpoints[0], accepted.checkpoint);
        assert_eq!(judge(ordered, Some(&accepted)), Ok(Guilty::Overlap(both)));
        assert_eq!(judge(ordered, None), Err(StatementError::NotAccepted));
        let other = root(&checkpoint(4, 3), &[0, 1, 2]);
        assert_eq!(
            judge(ordered, Some(&other)),
            Err(StatementError::NotAccepted)
        );
    }
    let swapped = TwoCertificates {
        checkpoints: [two, one],
        first: Some(right.second),
        second: certified(&one, &[0, 1, 2]),
    };
    assert_eq!(swapped.ordered(None), right.ordered(None));
    // Too little power, a signature of another checkpoint, a bit that nobody has.
    let mut small = right;
    small.second.bitmap[0] = 0b1100;
    let refused = judge(small, None);
    assert!(matches!(
        refused,
        Err(StatementError::Certificate(
            2,
            CertificateError::Quorum { .. }
        ))
    ));
    let mut other = right;
    other.second.signature = certified(&one, &[1, 2, 3]).signature;
    let refused = judge(other, None);
    assert!(matches!(
        refused,
        Err(StatementError::Certificate(2, CertificateError::Bls(_)))
    ));
    let mut stray = right;
    stray.first = stray.first.map(|mut first| {
        first.bitmap[63] = 1;
        first
    });
    let refused = judge(stray, None);
    assert!(matches!(
        refused,
        Err(StatementError::Certificate(
            1,
            CertificateError::StrayBit { .. }
        ))
    ));
    let same = TwoCertificates {
        checkpoints: [one, one],
        ..right
    };
    assert_eq!(judge(same, None), Err(StatementError::SameCheckpoint));
}
