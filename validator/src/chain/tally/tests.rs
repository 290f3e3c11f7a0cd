//! The attacker's side of carried votes: forged, dropped, repeated, reordered, of another round, invented.

use ed25519_zebra::{SigningKey, VerificationKey};

use super::*;
use crate::chain::extension::Brought;
use crate::chain::record::{Executing, Record};

const CHAIN: &str = "plasmid-00";
const HEIGHT: u64 = 40;
const ROUND: u32 = 2;

struct Net {
    keys: Vec<SigningKey>,
    members: Vec<Member>,
    commit: Vec<CommitVote>,
    links: Vec<(u64, B256)>,
    messages: Vec<B256>,
}

impl Net {
    /// Members at seats 0, 2, 4, ... with the given powers, all flagged commit, and an inbox of ten messages past cursor 5.
    fn new(powers: &[u64]) -> Self {
        let keys: Vec<SigningKey> = (0..powers.len())
            .map(|at| SigningKey::from([at as u8 + 1; 32]))
            .collect();
        let members: Vec<Member> = keys
            .iter()
            .zip(powers)
            .enumerate()
            .map(|(at, (key, power))| Member {
                at_risk: true,
                seat: at as u16 * 2,
                operator: [at as u8; 20],
                registration: 1,
                consensus_key: VerificationKey::from(key).into(),
                checkpoint_key: [0; 96],
                power: *power,
            })
            .collect();
        let commit = members
            .iter()
            .map(|member| CommitVote {
                address: vote::address(&member.consensus_key),
                flag: Flag::Commit,
            })
            .collect();
        let messages: Vec<B256> = (0..10u8).map(B256::repeat_byte).collect();
        let mut at = (5, B256::repeat_byte(0xee));
        let links = messages
            .iter()
            .map(|hash| {
                at = (at.0 + 1, inbox::link(at.0 + 1, &at.1, hash));
                at
            })
            .collect();
        Self {
            keys,
            members,
            commit,
            links,
            messages,
        }
    }

    fn voting(&self) -> Voting<'_> {
        Voting {
            chain_id: CHAIN,
            height: HEIGHT,
            round: ROUND,
            commit: &self.commit,
            members: &self.members,
            cursor: 5,
            link: B256::repeat_byte(0xee),
            standing: Bitmap::default(),
            signs: true,
            batch: 8,
        }
    }

    fn sign(&self, at: usize, extension: &[u8], round: u32, chain: &str) -> [u8; 64] {
        let bytes = vote::extension_sign_bytes(extension, HEIGHT, round, chain);
        self.keys[at].sign(&bytes).into()
    }

    /// A vote of member `at` that reports `cursor` (with the true link, or the old one at 5).
    fn vote(&self, at: usize, cursor: u64, share: bool) -> CarriedVote {
        let link = cursor
            .checked_sub(6)
            .and_then(|place| self.links.get(place as usize));
        let extension = Extension {
            cursor,
            link: link.map_or(B256::repeat_byte(0xee), |link| link.1),
            share: if share {
                Brought::Due([at as u8; 192])
            } else {
                Brought::Nothing
            },
        }
        .encode();
        CarriedVote {
            seat: self.members[at].seat,
            signature: self.sign(at, &extension, ROUND, CHAIN),
            extension,
        }
    }

    fn run(
        &self,
        votes: Vec<CarriedVote>,
        messages: usize,
        hashes: usize,
    ) -> Result<Tally, Invalid> {
        self.run_with(&self.voting(), votes, messages, hashes)
    }

    fn run_with(
        &self,
        voting: &Voting<'_>,
        votes: Vec<CarriedVote>,
        messages: usize,
        hashes: usize,
    ) -> Result<Tally, Invalid> {
        let hashes = self.messages[messages..messages + hashes].to_vec();
        tally(
            voting,
            &RecordWitness { votes, hashes },
            &self.messages[..messages],
        )
    }
}

fn why(result: Result<Tally, Invalid>) -> VoteError {
    match result {
        Err(Invalid::Vote { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_of_four_that_agree_move_the_cursor_exactly_as_far_as_the_third_reaches() {
    let net = Net::new(&[1, 1, 1, 1]);
    let votes = || {
        vec![
            net.vote(0, 9, false),
            net.vote(1, 8, false),
            net.vote(2, 7, false),
        ]
    };
    let tally = net.run(votes(), 2, 2).unwrap();
    assert_eq!((tally.cursor, tally.link), net.links[1]);
    assert!(tally.shares.is_empty());
    assert_eq!(
        tally.participation.iter().collect::<Vec<_>>(),
        vec![0, 2, 4, 6]
    );
    for messages in [0, 1, 3, 4] {
        assert!(matches!(
            net.run(votes(), messages, 4 - messages),
            Err(Invalid::MessageCount { supported: 2, .. })
        ));
    }
}

#[test]
fn bare_hashes_end_exactly_at_the_highest_report_that_counts() {
    let net = Net::new(&[1, 1, 1, 1]);
    let votes = || {
        vec![
            net.vote(0, 9, false),
            net.vote(1, 8, false),
            net.vote(2, 7, false),
        ]
    };
    assert_eq!(
        net.run(votes(), 2, 3),
        Err(Invalid::HashEnd {
            end: 10,
            highest: 9
        })
    );
    assert_eq!(
        net.run(votes(), 2, 1),
        Err(Invalid::MessageCount {
            carried: 2,
            supported: 0
        }),
        "a report past the hashes does not count, and two thirds are missing"
    );
    assert_eq!(
        net.run(vec![], 0, 3),
        Err(Invalid::HashEnd { end: 8, highest: 5 }),
        "hashes without any report"
    );
}

#[test]
fn exactly_two_thirds_do_not_suffice() {
    let net = Net::new(&[2, 2, 2]);
    let votes = vec![net.vote(0, 7, false), net.vote(1, 7, false)];
    assert_eq!(
        net.run(votes, 2, 0),
        Err(Invalid::MessageCount {
            carried: 2,
            supported: 0
        })
    );
    let net = Net::new(&[3, 2, 2]);
    let votes = vec![net.vote(0, 7, false), net.vote(1, 7, false)];
    assert_eq!(net.run(votes, 2, 0).unwrap().cursor, 7);
}

/// A third of the power that says nothing stops the messages; a unit less does not.
#[test]
fn exactly_a_third_that_abstains_suffices_to_stop_them() {
    for (abstains, cursor) in [(200, None), (199, Some(7))] {
        let net = Net::new(&[200, 400 - abstains, abstains]);
        let votes = vec![net.vote(0, 7, false), net.vote(1, 7, false)];
        let carried = net.run(votes, 2, 0).map(|tally| tally.cursor).ok();
        assert_eq!(carried, cursor, "{abstains} of 600");
    }
}

#[test]
fn a_report_with_another_hash_is_an_abstention() {
    let net = Net::new(&[1, 1, 1, 1]);
    let lie = |at: usize| {
        let extension = Extension {
            cursor: 7,
            link: B256::repeat_byte(9),
            share: Brought::Nothing,
        }
        .encode();
        CarriedVote {
            seat: net.members[at].seat,
            signature: net.sign(at, &extension, ROUND, CHAIN),
            extension,
        }
    };
    let votes = vec![net.vote(0, 7, false), net.vote(1, 7, false), lie(2)];
    assert!(matches!(
        net.run(votes, 2, 0),
        Err(Invalid::MessageCount { supported: 0, .. })
    ));
    let votes = vec![
        net.vote(0, 7, false),
        net.vote(1, 7, false),
        lie(2),
        net.vote(3, 7, false),
    ];
    assert_eq!(net.run(votes, 2, 0).unwrap().cursor, 7);
}

#[test]
fn invented_messages_find_no_support() {
    let net = Net::new(&[1, 1, 1, 1]);
    let votes = || (0..4).map(|at| net.vote(at, 7, false)).collect();
    let invented = [net.messages[0], B256::repeat_byte(0xbb)];
    let witness = RecordWitness {
        votes: votes(),
        hashes: vec![],
    };
    assert!(tally(&net.voting(), &witness, &invented).is_err());
    let mut swapped = [net.messages[1], net.messages[0]];
    assert!(tally(&net.voting(), &witness, &swapped).is_err());
    swapped.swap(0, 1);
    assert!(tally(&net.voting(), &witness, &swapped).is_ok());
}

#[test]
fn a_share_sets_the_bit_of_the_member_number_and_counts_once() {
    let net = Net::new(&[1, 1, 1, 1]);
    let tally = net
        .run(vec![net.vote(1, 5, true), net.vote(3, 5, true)], 0, 0)
        .unwrap();
    assert_eq!(
        tally.shares.iter().collect::<Vec<_>>(),
        vec![1, 3],
        "numbers, not seats"
    );
    assert_eq!((tally.cursor, tally.link), (5, B256::repeat_byte(0xee)));
    let mut voting = net.voting();
    voting.standing.set(1);
    assert_eq!(
        why(net.run_with(&voting, vec![net.vote(1, 5, true)], 0, 0)),
        VoteError::AddsNothing
    );
    let tally = net.run_with(
        &voting,
        vec![
            net.vote(1, 7, true),
            net.vote(2, 7, false),
            net.vote(3, 7, true),
        ],
        2,
        0,
    );
    assert_eq!(tally.unwrap().shares.iter().collect::<Vec<_>>(), vec![3]);
}

#[test]
fn epoch_zero_signs_no_checkpoint_so_a_share_adds_nothing() {
    let net = Net::new(&[1, 1, 1, 1]);
    let voting = Voting {
        signs: false,
        ..net.voting()
    };
    assert_eq!(
        why(net.run_with(&voting, vec![net.vote(0, 5, true)], 0, 0)),
        VoteError::AddsNothing
    );
}

#[test]
fn votes_that_neither_bring_a_share_nor_move_the_cursor_are_refused() {
    let net = Net::new(&[1, 1, 1, 1]);
    assert_eq!(
        net.run(vec![net.vote(0, 7, false)], 0, 0),
        Err(Invalid::Idle)
    );
    assert_eq!(
        net.run(vec![net.vote(0, 7, false)], 0, 2),
        Err(Invalid::Idle)
    );
    assert!(net.run(vec![], 0, 0).is_ok());
    assert_eq!(
        why(net.run(vec![net.vote(0, 5, false)], 0, 0)),
        VoteError::AddsNothing
    );
    assert_eq!(
        why(net.run(vec![net.vote(0, 4, false)], 0, 0)),
        VoteError::AddsNothing
    );
}

#[test]
fn a_vote_of_another_round_height_chain_or_key_is_refused() {
    let net = Net::new(&[1, 1, 1, 1]);
    let good = net.vote(0, 5, true);
    for (round, chain, key) in [
        (ROUND + 1, CHAIN, 0),
        (0, CHAIN, 0),
        (ROUND, "plasmid-01", 0),
        (ROUND, CHAIN, 1),
    ] {
        let mut vote = good.clone();
        vote.signature = net.sign(key, &vote.extension, round, chain);
        assert_eq!(why(net.run(vec![vote], 0, 0)), VoteError::Signature);
    }
    let voting = Voting {
        height: HEIGHT + 1,
        ..net.voting()
    };
    assert_eq!(
        why(net.run_with(&voting, vec![good], 0, 0)),
        VoteError::Signature
    );
}

#[test]
fn each_flipped_bit_of_an_extension_or_signature_is_refused() {
    let net = Net::new(&[1, 1, 1, 1]);
    let good = net.vote(0, 5, true);
    for bit in 0..good.extension.len() * 8 {
        let mut vote = good.clone();
        vote.extension[bit / 8] ^= 1 << (bit % 8);
        assert!(net.run(vec![vote], 0, 0).is_err(), "extension bit {bit}");
    }
    for bit in 0..512 {
        let mut vote = good.clone();
        vote.signature[bit / 8] ^= 1 << (bit % 8);
        assert!(net.run(vec![vote], 0, 0).is_err(), "signature bit {bit}");
    }
}

#[test]
fn a_vote_for_an_empty_seat_or_flagged_nil_or_absent_is_refused() {
    let mut net = Net::new(&[1, 1, 1, 1]);
    let mut elsewhere = net.vote(0, 5, true);
    elsewhere.seat = 1;
    assert_eq!(why(net.run(vec![elsewhere], 0, 0)), VoteError::NoMember);
    for flag in [Flag::Nil, Flag::Absent] {
        net.commit[0].flag = flag;
        assert_eq!(
            why(net.run(vec![net.vote(0, 5, true)], 0, 0)),
            VoteError::NotCommitted
        );
        let present = net.run(vec![], 0, 0).unwrap().participation;
        assert_eq!(present.iter().collect::<Vec<_>>(), vec![2, 4, 6]);
    }
    net.commit.remove(0);
    assert_eq!(
        why(net.run(vec![net.vote(0, 5, true)], 0, 0)),
        VoteError::NotCommitted
    );
}

#[test]
fn another_members_extension_cannot_be_carried_for_a_seat() {
    let net = Net::new(&[1, 1, 1, 1]);
    let mut stolen = net.vote(1, 5, true);
    stolen.seat = 0;
    assert_eq!(why(net.run(vec![stolen], 0, 0)), VoteError::Signature);
}

#[test]
fn a_stranger_in_the_last_commit_and_a_member_twice_are_refused() {
    let mut net = Net::new(&[1, 1, 1, 1]);
    net.commit.push(CommitVote {
        address: [9; 20],
        flag: Flag::Commit,
    });
    assert_eq!(net.run(vec![], 0, 0), Err(Invalid::Voter([9; 20])));
    net.commit[4] = net.commit[0];
    assert_eq!(
        net.run(vec![], 0, 0),
        Err(Invalid::Voter(net.commit[0].address))
    );
}

#[test]
fn more_messages_and_hashes_than_the_batch_are_refused() {
    let net = Net::new(&[1, 1, 1, 1]);
    let votes = |to| (0..4).map(|at| net.vote(at, to, false)).collect();
    assert_eq!(net.run(votes(13), 8, 0).unwrap().cursor, 13);
    assert_eq!(
        net.run(votes(14), 9, 0),
        Err(Invalid::Batch { count: 9, limit: 8 })
    );
    assert!(matches!(
        net.run(votes(14), 5, 4),
        Err(Invalid::Batch { count: 9, limit: 8 })
    ));
}

#[test]
fn block_one_carries_no_vote() {
    let net = Net::new(&[1, 1, 1, 1]);
    let voting = Voting {
        height: 0,
        commit: &[],
        ..net.voting()
    };
    assert!(net.run_with(&voting, vec![], 0, 0).is_ok());
    assert_eq!(
        why(net.run_with(&voting, vec![net.vote(0, 5, true)], 0, 0)),
        VoteError::FirstBlock
    );
}

#[test]
fn repeated_and_reordered_votes_do_not_even_decode() {
    let net = Net::new(&[1, 1, 1, 1]);
    let executing = Executing {
        height: HEIGHT + 1,
        time: 1,
        proposer: [0; 20],
        participation: Bitmap::default(),
        shares: Bitmap::default(),
    };
    for votes in [[0, 0], [1, 0]] {
        let votes = votes.map(|at| net.vote(at, 5, true)).to_vec();
        let witness = RecordWitness {
            votes,
            hashes: vec![],
        };
        let record = Record {
            executing: executing.clone(),
            witness,
        };
        assert!(Record::decode(&record.encode()).is_err());
    }
}

#[test]
fn messages_that_keep_arriving_do_not_stall_the_tally() {
    let net = Net::new(&[1, 1, 1, 1]);
    let votes = (0..4)
        .map(|at| net.vote(at, 7 + at as u64, false))
        .collect();
    let tally = net.run(votes, 3, 2).unwrap();
    assert_eq!(tally.cursor, 8, "the third highest of 7, 8, 9, 10");
}
