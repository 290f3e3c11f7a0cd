//! Attacks on the scanner: splits, claims, overruns, flips, and vote extensions of every size.

use prost::Message;
use prost::bytes::Bytes;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tendermint_proto::v0_38::abci::{
    ExtendedCommitInfo, ExtendedVoteInfo, Request, RequestCheckTx, RequestFinalizeBlock,
    RequestPrepareProposal, Validator, request::Value,
};

use super::{FrameError, Limits, Scanner};

const LIMITS: Limits = Limits {
    frame_bytes: 1 << 20,
    kept_bytes: 1 << 20,
    votes: 8,
    extension_bytes: 242,
};

fn bytes(random: &mut ChaCha8Rng, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    random.fill_bytes(&mut bytes);
    bytes.into()
}

fn proposal(random: &mut ChaCha8Rng, extensions: &[usize]) -> Request {
    let votes = extensions.iter().map(|&length| ExtendedVoteInfo {
        validator: Some(Validator {
            address: bytes(random, 20),
            power: random.random(),
        }),
        vote_extension: bytes(random, length),
        extension_signature: bytes(random, 64),
        block_id_flag: 2,
    });
    let commit = ExtendedCommitInfo {
        round: -1,
        votes: votes.collect(),
    };
    Request {
        value: Some(Value::PrepareProposal(RequestPrepareProposal {
            max_tx_bytes: random.random(),
            txs: (0..5).map(|i| bytes(random, i * 40)).collect(),
            local_last_commit: Some(commit),
            height: random.random(),
            proposer_address: bytes(random, 20),
            ..Default::default()
        })),
    }
}

fn without_oversize(mut request: Request) -> Request {
    if let Some(Value::PrepareProposal(proposal)) = &mut request.value {
        for vote in &mut proposal.local_last_commit.as_mut().unwrap().votes {
            if vote.vote_extension.len() > LIMITS.extension_bytes {
                vote.vote_extension = Bytes::new();
            }
        }
    }
    request
}

/// All frames of `stream`, fed in chunks of at most `chunk` bytes.
fn frames(stream: &[u8], chunk: usize) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut scanner = Scanner::new(LIMITS);
    let mut found = Vec::new();
    for mut input in stream.chunks(chunk) {
        while let Some(frame) = scanner.feed(&mut input)? {
            found.push(frame);
        }
        assert!(input.is_empty());
    }
    assert!(!scanner.mid_frame());
    Ok(found)
}

fn refused(stream: &[u8]) -> FrameError {
    let mut scanner = Scanner::new(LIMITS);
    let mut input = stream;
    loop {
        match scanner.feed(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream was taken"),
            Err(error) => return error,
        }
    }
}

/// A length-delimited field, or a frame when `tag` is `None`.
fn delimited(tag: Option<u64>, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(tag) = tag {
        prost::encoding::encode_varint(tag << 3 | 2, &mut out);
    }
    prost::encoding::encode_varint(content.len() as u64, &mut out);
    out.extend_from_slice(content);
    out
}

#[test]
fn oversize_extensions_are_dropped_and_all_else_is_kept_at_every_split() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let sizes = [0, 1, 241, 242, 243, 244, 3_000];
    let request = proposal(&mut random, &sizes);
    let other = Request {
        value: Some(Value::CheckTx(RequestCheckTx {
            tx: bytes(&mut random, 300),
            r#type: 1,
        })),
    };
    let mut stream = request.encode_length_delimited_to_vec();
    stream.extend(other.encode_length_delimited_to_vec());
    let wanted = [without_oversize(request), other];
    for chunk in 1..stream.len() + 1 {
        let read = frames(&stream, chunk).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|f| Request::decode(&**f).unwrap())
            .collect();
        assert_eq!(read, wanted, "chunks of {chunk}");
    }
}

#[test]
fn random_requests_read_as_they_were_written() {
    let seed = rand::rng().random();
    println!("seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..500 {
        let count = random.random_range(0..=LIMITS.votes);
        let sizes: Vec<_> = (0..count).map(|_| random.random_range(0..600)).collect();
        let block = Request {
            value: Some(Value::FinalizeBlock(RequestFinalizeBlock {
                txs: sizes.iter().map(|&size| bytes(&mut random, size)).collect(),
                hash: bytes(&mut random, 32),
                height: random.random(),
                ..Default::default()
            })),
        };
        let requests = [proposal(&mut random, &sizes), block];
        let stream: Vec<u8> = requests
            .iter()
            .flat_map(Message::encode_length_delimited_to_vec)
            .collect();
        let read = frames(&stream, random.random_range(1..4_000)).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|f| Request::decode(&**f).unwrap())
            .collect();
        assert_eq!(read, requests.map(without_oversize));
    }
}

#[test]
fn a_genuine_frame_of_many_mebibytes_leaves_only_its_small_part() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let limits = Limits::new(1 << 20, 40, 242);
    let request = proposal(&mut random, &[1 << 20; 40]);
    let stream = request.encode_length_delimited_to_vec();
    assert!(stream.len() as u64 > 40 << 20 && stream.len() as u64 <= limits.frame_bytes);
    let mut scanner = Scanner::new(limits);
    let frame = scanner.feed(&mut &stream[..]).unwrap().unwrap();
    assert!(frame.len() < 10_000 && frame.capacity() < 100_000);
    assert_eq!(Request::decode(&*frame).unwrap(), without_oversize(request));
}

#[test]
fn a_claimed_length_is_checked_before_and_allocated_never() {
    let mut claim = Vec::new();
    prost::encoding::encode_varint(1 << 40, &mut claim);
    let error = FrameError::TooLarge {
        claimed: 1 << 40,
        limit: LIMITS.frame_bytes,
    };
    assert_eq!(refused(&claim), error);

    // Within the limit: nothing is allocated for it either, at any depth.
    let mut claim = Vec::new();
    prost::encoding::encode_varint(LIMITS.frame_bytes, &mut claim);
    prost::encoding::encode_varint(8 << 3 | 2, &mut claim);
    prost::encoding::encode_varint(LIMITS.frame_bytes - 4, &mut claim);
    let mut scanner = Scanner::new(LIMITS);
    assert_eq!(scanner.feed(&mut &claim[..]), Ok(None));
    assert!(scanner.mid_frame());
    assert!(scanner.open.iter().all(|open| open.kept.capacity() < 64));
}

#[test]
fn what_breaks_the_encoding_or_a_bound_is_refused_with_its_reason() {
    use FrameError::{PastEnd, TooManyVotes, TooMuch, Varint, WireType};
    assert_eq!(refused(&[0xff; 11]), Varint);
    assert_eq!(
        refused(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]),
        Varint
    );
    assert_eq!(refused(&delimited(None, &[0x80])), PastEnd);
    assert_eq!(refused(&delimited(None, &[0x08])), PastEnd);
    assert_eq!(refused(&delimited(None, &[0x0a])), PastEnd);
    assert_eq!(refused(&delimited(None, &[0x0a, 5, 1, 2])), PastEnd);
    assert_eq!(refused(&delimited(None, &[0x09, 1, 2, 3])), PastEnd);
    for wire_type in [3, 4, 6, 7] {
        let field = [1 << 3 | wire_type, 0];
        assert_eq!(refused(&delimited(None, &field)), WireType(wire_type));
    }
    // A vote that is longer than the commit around it, and a field longer than its vote.
    let commit = delimited(Some(3), &[2 << 3 | 2, 9, 0]);
    let request = delimited(Some(16), &commit);
    assert_eq!(refused(&delimited(None, &request)), PastEnd);
    let vote = delimited(Some(2), &[3 << 3 | 2, 100]);
    let commit = delimited(Some(3), &vote);
    let request = delimited(Some(16), &commit);
    assert_eq!(refused(&delimited(None, &request)), PastEnd);

    let votes = delimited(Some(2), &[]).repeat(LIMITS.votes + 1);
    let request = delimited(Some(16), &delimited(Some(3), &votes));
    assert_eq!(
        refused(&delimited(None, &request)),
        TooManyVotes {
            limit: LIMITS.votes
        }
    );
    let limits = Limits {
        kept_bytes: 5_000,
        ..LIMITS
    };
    let request = delimited(Some(8), &[7; 6_000]);
    let mut scanner = Scanner::new(limits);
    let stream = delimited(None, &request);
    assert_eq!(
        scanner.feed(&mut &stream[..]),
        Err(TooMuch { limit: 5_000 })
    );
    // Many fields of nothing are counted too.
    let stream = delimited(None, &[0x08, 0].repeat(3_000));
    let mut scanner = Scanner::new(limits);
    assert_eq!(
        scanner.feed(&mut &stream[..]),
        Err(TooMuch { limit: 5_000 })
    );
}

#[test]
fn a_frame_with_any_byte_flipped_is_read_or_refused_and_never_more_than_was_sent() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let stream = proposal(&mut random, &[10, 243, 50]).encode_length_delimited_to_vec();
    let (mut read, mut stopped) = (0, 0);
    for at in 0..stream.len() {
        for bit in 0..8 {
            let mut mutant = stream.clone();
            mutant[at] ^= 1 << bit;
            let mut scanner = Scanner::new(LIMITS);
            let mut input = &mutant[..];
            match scanner.feed(&mut input) {
                Ok(Some(frame)) => {
                    assert!(frame.len() <= stream.len() + 20);
                    let _ = Request::decode(&*frame);
                    read += 1;
                }
                Ok(None) | Err(_) => stopped += 1,
            }
        }
    }
    println!("{read} mutants read as frames, {stopped} did not");
    assert!(read > 0 && stopped > 0);
}
