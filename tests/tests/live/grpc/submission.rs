//! Transactions: fee quotes, simulation, submission one by one and as a stream, the pool's rules, look-ups, and following one to
//! its end.

use alloy_primitives::B256;
use plasmid::{
    client::{ClientError, Terms},
    ledger::{
        Account, Code, Parameters, Slot, Transaction, Value,
        fees::{minimum_fee, quote_up},
        leaf::AccountLeaf,
        transaction::{Body, Data, Header},
    },
    wire::engine_hash,
};
use plasmid_bridge::abi::IRootChain;
use plasmid_proto::ledger::v1::{
    FollowRequest, GetTransactionRequest, QuoteFeeRequest, SimulateRequest, SimulateResponse,
    Stage, Status, SubmitManyRequest, SubmitRequest, SubmitResponse, follow_request,
    get_transaction_request::Id,
};
use tonic::Code as Grpc;

use super::net::{Net, Person, refused};

pub const NATIVE: [u8; 20] = [0; 20];

pub fn pay(to: Account, amount: u128) -> Body {
    Body::Transfer {
        to,
        token: NATIVE,
        amount,
    }
}

async fn submit(net: &Net, bytes: Vec<u8>) -> SubmitResponse {
    hand_in(net, bytes, false).await
}

async fn hand_in(net: &Net, bytes: Vec<u8>, replace: bool) -> SubmitResponse {
    let request = SubmitRequest {
        transaction: bytes,
        replace,
    };
    let answer = net.transactions().submit(request).await;
    answer.expect("an answer, whatever it says").into_inner()
}

async fn simulate(net: &Net, bytes: &[u8], skip: bool) -> SimulateResponse {
    let request = SimulateRequest {
        transaction: bytes.to_vec(),
        skip_authentication: skip,
    };
    let answer = net.transactions().simulate(request).await;
    answer.expect("an answer, whatever it says").into_inner()
}

async fn parameters(net: &Net) -> Parameters {
    let (_, leaf) = net.proven(&Slot::Parameters.key(), 0).await;
    Parameters::decode(&leaf.expect("parameters")).expect("parameters")
}

fn terms(sequence: u64, fee: u128) -> Terms {
    Terms {
        sequence: Some(sequence),
        fee: Some(fee),
        ..Terms::default()
    }
}

async fn signed(net: &Net, person: &Person, body: Body, terms: &Terms) -> Transaction {
    let signed = net.client.prepare(&person.signer, body, terms).await;
    signed.expect("it is signed")
}

/// The quote is the protocol's formula; a fee of the minimum is enough, one less is not; what is simulated is what happens.
pub async fn fees_and_simulation(net: &Net) {
    let parameters = parameters(net).await;
    let count = net.now().await.leaf_count;
    let quote = |length, leaves_made| {
        let request = QuoteFeeRequest {
            length,
            leaves_made,
        };
        async move { net.transactions().quote_fee(request).await }
    };
    for (length, leaves) in [(263u32, 0u32), (300, 1), (8_192, 2), (u32::MAX, u32::MAX)] {
        let told = quote(length, leaves).await.expect("a quote").into_inner();
        let minimum = minimum_fee(&parameters, length as usize, leaves, count);
        assert_eq!(told.minimum_fee, minimum.to_string());
        assert_eq!(told.suggested_fee, quote_up(minimum).to_string());
        assert_eq!(told.base_fee, parameters.base_fee.to_string());
    }
    let next = net.client.sequence(&net.bob.account).await.expect("bob");
    let stranger = Account::ethereum([0x77; 20]);
    let draft = signed(net, &net.bob, pay(stranger, 5), &terms(next, 0))
        .await
        .encode();
    // Unsigned, with and without room for the signature: the same answer.
    let told = simulate(net, &draft, true).await;
    let bare = simulate(net, &draft[..draft.len() - 96], true).await;
    assert_eq!((told.code, told.leaves_made), (0, 1), "{}", told.log);
    assert_eq!(told.minimum_fee, bare.minimum_fee);
    assert_eq!((bare.code, bare.leaves_made), (0, 1), "{}", bare.log);
    let minimum: u128 = told.minimum_fee.parse().expect("a fee");
    assert_eq!(minimum, minimum_fee(&parameters, draft.len(), 1, count));
    let low = signed(net, &net.bob, pay(stranger, 5), &terms(next, minimum - 1)).await;
    let low = simulate(net, &low.encode(), false).await;
    assert_eq!(low.code, Code::FeeTooLow.number());
    assert!(low.log.contains(&minimum.to_string()), "{}", low.log);
    // Before anyone signs, the whole transaction is judged.
    let cases = [
        (pay(stranger, 0), next, Code::ZeroAmount),
        (
            pay(stranger, u128::MAX >> 1),
            next,
            Code::InsufficientBalance,
        ),
        (pay(stranger, 5), next + 1, Code::NonceAhead),
        (
            Body::Transfer {
                to: stranger,
                token: [9; 20],
                amount: 1,
            },
            next,
            Code::UnknownToken,
        ),
    ];
    for (body, sequence, code) in cases {
        let draft = signed(net, &net.bob, body, &terms(sequence, 0))
            .await
            .encode();
        let told = simulate(net, &draft[..draft.len() - 96], true).await;
        assert_eq!(told.code, code.number(), "{}", told.log);
        assert!(!told.log.is_empty());
    }
    let mut forged = signed(net, &net.bob, pay(stranger, 5), &terms(next, minimum))
        .await
        .encode();
    *forged.last_mut().expect("bytes") ^= 1;
    assert_eq!(
        simulate(net, &forged, false).await.code,
        Code::BadSignature.number()
    );
    assert_eq!(simulate(net, &forged, true).await.code, 0);
    assert_eq!(
        simulate(net, b"nonsense", true).await.code,
        Code::Malformed.number()
    );

    let body = Body::Withdraw {
        recipient: [0x99; 20],
        token: NATIVE,
        amount: 7,
    };
    let signed = net
        .client
        .prepare(&net.bob.signer, body, &Terms::default())
        .await;
    let signed = signed.expect("it is signed");
    let told = simulate(net, &signed.encode(), false).await;
    let mut submitted = net.client.submit(&signed).await.expect("it is taken");
    let status = submitted
        .until(Stage::Included)
        .await
        .expect("it is included");
    assert_eq!(
        (told.code, told.data, u64::from(told.leaves_made)),
        (0, status.data, status.gas_used)
    );
    let dear = Terms {
        max_fee: 1,
        ..Terms::default()
    };
    let answer = net
        .client
        .prepare(&net.bob.signer, pay(stranger, 5), &dear)
        .await;
    assert!(matches!(answer, Err(ClientError::Dear { most: 1, .. })));
}

/// Every kind by every kind of key, found by both names, equal to what the engine's own index says.
pub async fn every_kind(net: &Net) -> Vec<Status> {
    let mut included = Vec::new();
    for person in [&net.alice, &net.bob] {
        let bodies = [
            pay(net.carol.account, 11),
            Body::Withdraw {
                recipient: net.carol.account.id,
                token: NATIVE,
                amount: 1_000,
            },
            Body::SetPayout { payout: [0x51; 20] },
            Body::Record {
                topic: [0x52; 32],
                data: Data::new(b"what was said".to_vec()).expect("short"),
            },
        ];
        for body in bodies {
            let signed = signed(net, person, body, &Terms::default()).await;
            let bytes = signed.encode();
            let answer = submit(net, bytes.clone()).await;
            assert_eq!(answer.code, 0, "{}", answer.log);
            assert_eq!(answer.hash, engine_hash(&bytes));
            assert_eq!(answer.digest, signed.digest(&net.domain).to_vec());
            let again = submit(net, bytes).await;
            assert_eq!(again.code, Code::Known.number(), "{}", again.log);
            let status = net
                .until("the block", async || {
                    let status = look(net, Id::Hash(answer.hash.clone())).await;
                    (status.stage >= Stage::Included as i32).then_some(status)
                })
                .await;
            as_the_engine_says(net, &status).await;
            included.push(status);
        }
    }
    included
}

/// Where a transaction stands; the same by both of its names.
pub async fn look(net: &Net, id: Id) -> Status {
    let request = GetTransactionRequest { id: Some(id) };
    let answer = net.transactions().get_transaction(request).await;
    answer
        .expect("it is known")
        .into_inner()
        .status
        .expect("a status")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).flat_map(|chunk| {
        let mut word = [0; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        let letter = move |place: usize| match place > chunk.len() {
            true => '=',
            false => char::from(LETTERS[(word >> (18 - 6 * place)) as usize & 63]),
        };
        (0..4).map(letter)
    });
    groups.collect()
}

/// Code, data, gas and events are the engine's, and either name finds both.
pub async fn as_the_engine_says(net: &Net, status: &Status) {
    let hash: [u8; 32] = status.hash.clone().try_into().expect("a hash");
    let engine = net
        .until("the engine's index", async || {
            net.engine.tx(hash, false).await.ok()
        })
        .await;
    assert_eq!(status.height, engine.height.value());
    assert_eq!(status.index, engine.index);
    assert_eq!(status.code, engine.tx_result.code.value());
    // The engine's answer, as its client library leaves it: base64.
    assert_eq!(base64(&status.data).as_bytes(), &engine.tx_result.data[..]);
    assert_eq!(status.gas_used, engine.tx_result.gas_used as u64);
    let ours: Vec<(String, String, String)> = status
        .events
        .iter()
        .flat_map(|event| {
            let attributes = event.attributes.iter();
            attributes.map(|one| (event.name.clone(), one.key.clone(), one.value.clone()))
        })
        .collect();
    let theirs: Vec<(String, String, String)> = engine
        .tx_result
        .events
        .iter()
        .flat_map(|event| {
            let attributes = event.attributes.iter();
            attributes.map(|one| {
                let text = |part: Result<&str, _>| part.expect("text").to_owned();
                (
                    event.kind.clone(),
                    text(one.key_str()),
                    text(one.value_str()),
                )
            })
        })
        .collect();
    assert_eq!(ours, theirs);
    assert!(!ours.is_empty());
    let signed = Transaction::decode(&engine.tx).expect("ours");
    assert_eq!(status.digest, signed.digest(&net.domain).to_vec());
    for id in [
        Id::Hash(status.hash.clone()),
        Id::Digest(status.digest.clone()),
    ] {
        let found = look(net, id).await;
        assert_eq!((&found.hash, &found.digest), (&status.hash, &status.digest));
        assert_eq!((found.height, found.index), (status.height, status.index));
        assert_eq!((&found.data, &found.events), (&status.data, &status.events));
    }
}

pub async fn refusals(net: &Net) {
    let next = net
        .client
        .sequence(&net.carol.account)
        .await
        .expect("carol");
    let fee = 1_000_000_000_000_000;
    let make = async |body, terms: Terms| signed(net, &net.carol, body, &terms).await.encode();
    let to = net.bob.account;
    let mut forged = make(pay(to, 1), terms(next, fee)).await;
    *forged.last_mut().expect("bytes") ^= 3;
    let expired = Terms {
        valid_for: 0,
        ..terms(next, fee)
    };
    let far = (next + 65).to_string();
    let cases = [
        (forged, Code::BadSignature, "27 or 28"),
        (make(pay(to, 1), terms(next, 1)).await, Code::FeeTooLow, "1"),
        (
            make(pay(to, u128::MAX >> 2), terms(next, fee)).await,
            Code::InsufficientBalance,
            "",
        ),
        (
            make(pay(to, 0), terms(next, fee)).await,
            Code::ZeroAmount,
            "at least 1",
        ),
        (make(pay(to, 1), expired).await, Code::Expired, ""),
        (
            make(pay(to, 1), terms(next + 65, fee)).await,
            Code::NonceAhead,
            &far,
        ),
        (vec![1; 20], Code::Malformed, ""),
        (Vec::new(), Code::Malformed, ""),
        (vec![0xf1; 300], Code::NotAllowedHere, ""),
        (vec![1; 8_193], Code::TooLarge, "8193"),
        (vec![0x30; 500], Code::Unsupported, ""),
    ];
    for (bytes, code, words) in cases {
        let answer = submit(net, bytes).await;
        assert_eq!(answer.code, code.number(), "{answer:?}");
        assert!(
            !answer.log.is_empty() && answer.log.contains(words),
            "{answer:?}"
        );
    }
    let none = GetTransactionRequest { id: None };
    let answer = net.transactions().get_transaction(none).await;
    refused(answer, Grpc::InvalidArgument, &["hash", "digest"]);
    let short = GetTransactionRequest {
        id: Some(Id::Digest(vec![1; 31])),
    };
    let answer = net.transactions().get_transaction(short).await;
    refused(answer, Grpc::InvalidArgument, &["32 bytes", "31"]);
    let unknown = GetTransactionRequest {
        id: Some(Id::Hash(vec![1; 32])),
    };
    let answer = net.transactions().get_transaction(unknown).await;
    refused(answer, Grpc::NotFound, &["no such transaction"]);
    let answer = net.transactions().follow(FollowRequest { id: None }).await;
    assert_eq!(
        answer.err().map(|status| status.code()),
        Some(Grpc::InvalidArgument)
    );
}

/// One stream: the good ones stand in blocks, each bad one is told with its place.
pub async fn many(net: &Net) {
    let next = net
        .client
        .sequence(&net.carol.account)
        .await
        .expect("carol");
    let fee = 1_000_000_000_000_000;
    let mut stream = Vec::new();
    for place in 0..20 {
        let bytes = signed(
            net,
            &net.carol,
            pay(net.alice.account, 1),
            &terms(next + place, fee),
        )
        .await
        .encode();
        if place == 15 {
            stream.push(bytes[..50].to_vec());
        }
        stream.push(bytes);
    }
    stream.push(stream[0].clone());
    let before = net
        .client
        .sequence(&net.carol.account)
        .await
        .expect("carol");
    let messages: Vec<_> = stream
        .iter()
        .map(|bytes| SubmitManyRequest {
            transaction: bytes.clone(),
            replace: false,
        })
        .collect();
    let answer = net
        .transactions()
        .submit_many(tokio_stream::iter(messages))
        .await;
    let answer = answer.expect("an answer").into_inner();
    assert_eq!(answer.accepted, 20);
    let told: Vec<_> = answer
        .refusals
        .iter()
        .map(|one| (one.index, one.code))
        .collect();
    assert_eq!(
        told,
        [(15, Code::Malformed.number()), (21, Code::Known.number())]
    );
    net.until("all of the stream", async || {
        let now = net
            .client
            .sequence(&net.carol.account)
            .await
            .expect("carol");
        (now == before + 20).then_some(())
    })
    .await;
    let (_, leaf) = net.proven(&Slot::Account(net.carol.account).key(), 0).await;
    let leaf = AccountLeaf::decode(&leaf.expect("a leaf")).expect("an account");
    assert_eq!(leaf.sequence, before + 20);
    let junk = (0..1_100).map(|_| SubmitManyRequest {
        transaction: vec![0; 3],
        replace: false,
    });
    let junk: Vec<_> = junk.collect();
    let answer = net
        .transactions()
        .submit_many(tokio_stream::iter(junk))
        .await;
    refused(answer, Grpc::ResourceExhausted, &["1000", "position 1000"]);
}

/// Held up to 64 ahead, replaced by name and for a tenth more, gone when expired: through the engine, on the real pool.
pub async fn pool(net: &Net) {
    let next = net.client.sequence(&net.bob.account).await.expect("bob");
    let fee = 1_000_000_000_000_000;
    let to = net.alice.account;
    let make = async |sequence, fee, valid_for| {
        let terms = Terms {
            valid_for,
            ..terms(sequence, fee)
        };
        signed(net, &net.bob, pay(to, 1), &terms).await
    };
    // It lives long enough to be looked at, and not so long that its end is waited for, or that what waits behind the gap as well is given up (64 blocks).
    let far = make(next + 64, fee, 40).await;
    let old = make(next + 1, fee, 5_000).await;
    for held in [&far, &old] {
        assert_eq!(submit(net, held.encode()).await.code, 0);
        let digest = held.digest(&net.domain).to_vec();
        let status = look(net, Id::Digest(digest.clone())).await;
        assert_eq!(status.stage, Stage::Pending as i32);
        assert_eq!(status.hash, engine_hash(&held.encode()));
        assert_eq!(look(net, Id::Hash(status.hash)).await.digest, digest);
    }
    assert!(net.now().await.mempool_transactions >= 2);
    // Nobody takes another's place without saying so, whatever he pays.
    let plain = make(next + 1, fee * 3, 5_000).await;
    let answer = submit(net, plain.encode()).await;
    assert_eq!(answer.code, Code::ReplacementUnderpriced.number());
    let minimum = (fee + fee / 10).to_string();
    for words in ["replace", minimum.as_str(), &next.to_string()] {
        assert!(answer.log.contains(words), "{answer:?}");
    }
    assert_eq!(
        net.client
            .next_sequence(&net.bob.account)
            .await
            .expect("bob"),
        next
    );
    let cheap = hand_in(
        net,
        make(next + 1, fee + fee / 10 - 1, 5_000).await.encode(),
        true,
    )
    .await;
    assert_eq!(cheap.code, Code::ReplacementUnderpriced.number());
    assert!(
        cheap.log.contains(&(fee + fee / 10).to_string()),
        "{}",
        cheap.log
    );
    let dear = make(next + 1, fee + fee / 10, 5_000).await;
    assert_eq!(hand_in(net, dear.encode(), true).await.code, 0);
    let gone = async |transaction: &Transaction, code: Code| {
        let by_hash = Id::Hash(engine_hash(&transaction.encode()).to_vec());
        let by_digest = Id::Digest(transaction.digest(&net.domain).to_vec());
        for id in [by_hash, by_digest] {
            let status = look(net, id).await;
            assert_eq!(status.stage, Stage::Unknown as i32, "{status:?}");
            assert_eq!(status.code, code.number(), "{status:?}");
            assert!(status.log.contains("waited here"), "{status:?}");
        }
    };
    gone(&old, Code::ReplacementUnderpriced).await;
    // The one that is far ahead expires before its turn.
    net.wait_height(far.header.valid_until + 1).await;
    gone(&far, Code::Expired).await;
    // The gap closes, and the dearer one of the two follows.
    assert_eq!(
        submit(net, make(next, fee, 5_000).await.encode())
            .await
            .code,
        0
    );
    let hash = engine_hash(&dear.encode()).to_vec();
    net.until("the replacement's block", async || {
        let status = look(net, Id::Hash(hash.clone())).await;
        (status.stage >= Stage::Included as i32).then_some(())
    })
    .await;
    assert_eq!(
        net.client.sequence(&net.bob.account).await.expect("bob"),
        next + 2
    );
    // The other one of its sequence stands in a block, and why it went is told as before.
    gone(&old, Code::ReplacementUnderpriced).await;
}

/// Who sends again what another took the place of is not told that it waits.
pub async fn given_up(net: &Net) {
    let next = net.client.sequence(&net.bob.account).await.expect("bob");
    let mut fee = 1_000_000_000_000_000;
    let make = async |fee| {
        signed(
            net,
            &net.bob,
            pay(net.alice.account, 1),
            &terms(next + 1, fee),
        )
        .await
    };
    let mut waits = make(fee).await;
    assert_eq!(submit(net, waits.encode()).await.code, 0, "held");
    assert_eq!(submit(net, waits.encode()).await.code, Code::Known.number());
    for _ in 0..3 {
        fee += fee / 10 + 1;
        let dearer = make(fee).await;
        assert_eq!(hand_in(net, dearer.encode(), true).await.code, 0);
        for replace in [false, true] {
            let answer = hand_in(net, waits.encode(), replace).await;
            let underpriced = Code::ReplacementUnderpriced.number();
            assert_eq!(answer.code, underpriced, "{answer:?}");
        }
        let answer = submit(net, waits.encode()).await;
        assert!(answer.log.contains("ask to replace it"), "{answer:?}");
        waits = dearer;
    }
    assert_eq!(submit(net, waits.encode()).await.code, Code::Known.number());
    let first = make_first(net, next).await;
    assert_eq!(submit(net, first.encode()).await.code, 0);
    let hash = engine_hash(&waits.encode()).to_vec();
    net.until("the block of the last one", async || {
        let status = look(net, Id::Hash(hash.clone())).await;
        (status.stage >= Stage::Included as i32).then_some(())
    })
    .await;
    let answer = submit(net, waits.encode()).await;
    assert_eq!(answer.code, Code::Known.number(), "it stands in a block");
}

async fn make_first(net: &Net, sequence: u64) -> Transaction {
    let fee = 1_000_000_000_000_000;
    signed(
        net,
        &net.bob,
        pay(net.alice.account, 1),
        &terms(sequence, fee),
    )
    .await
}

/// From the mempool to the end: each stage once, in order, each with an estimate; root agrees with the last two.
pub async fn follow(net: &Net) {
    let next = net
        .client
        .sequence(&net.alice.account)
        .await
        .expect("alice");
    let fee = 1_000_000_000_000_000;
    let ahead = signed(
        net,
        &net.alice,
        pay(net.bob.account, 3),
        &terms(next + 1, fee),
    )
    .await;
    assert_eq!(submit(net, ahead.encode()).await.code, 0);
    let id = follow_request::Id::Digest(ahead.digest(&net.domain).to_vec());
    let stream = net
        .transactions()
        .follow(FollowRequest { id: Some(id) })
        .await;
    let mut stream = stream.expect("a stream").into_inner();
    let told = async |stream: &mut tonic::Streaming<_>| {
        let message: Option<plasmid_proto::ledger::v1::FollowResponse> =
            stream.message().await.expect("a message");
        message.and_then(|message| message.status)
    };
    let pending = told(&mut stream).await.expect("pending");
    assert_eq!(pending.stage, Stage::Pending as i32);
    assert_eq!(pending.hash, engine_hash(&ahead.encode()));
    let first = signed(net, &net.alice, pay(net.bob.account, 3), &terms(next, fee)).await;
    assert_eq!(submit(net, first.encode()).await.code, 0);
    let included = told(&mut stream).await.expect("included");
    assert_eq!(included.stage, Stage::Included as i32);
    let left = included.seconds_to_final.expect("an estimate");
    assert!(
        (4..600).contains(&left),
        "the window alone is 4 seconds: {left}"
    );
    assert_eq!(included.epoch, (included.height - 1) / 64);
    let root_chain = net.contract(&net.status.root_chain);
    let accepted = told(&mut stream).await.expect("checkpointed");
    assert_eq!(accepted.stage, Stage::Checkpointed as i32);
    let head = net.view(root_chain, IRootChain::headCall {}).await;
    assert!(head.accepted > included.epoch);
    assert!(accepted.seconds_to_final.expect("an estimate") <= 10);
    let done = told(&mut stream).await.expect("final");
    assert_eq!(done.stage, Stage::Final as i32);
    assert_eq!(done.seconds_to_final, Some(0));
    assert_eq!(told(&mut stream).await, None, "nothing comes after the end");
    // Followed again, it is final at once.
    let id = follow_request::Id::Hash(done.hash.clone());
    let again = net
        .transactions()
        .follow(FollowRequest { id: Some(id) })
        .await;
    let mut again = again.expect("a stream").into_inner();
    assert_eq!(
        told(&mut again).await.map(|status| status.stage),
        Some(Stage::Final as i32)
    );
    assert_eq!(told(&mut again).await, None);
    // What nobody knows ends the stream after a while.
    let id = follow_request::Id::Digest(B256::repeat_byte(3).to_vec());
    let unknown = net
        .transactions()
        .follow(FollowRequest { id: Some(id) })
        .await;
    let mut unknown = unknown.expect("a stream").into_inner();
    let last = told(&mut unknown).await.map(|status| status.stage);
    assert_eq!(last, Some(Stage::Unknown as i32));
    assert_eq!(told(&mut unknown).await, None);
}

/// A header for the inbox.
pub fn forced(sender: Account, sequence: u64) -> Header {
    Header {
        sender,
        lane: 0,
        sequence,
        fee: 0,
        fee_payer: Account::NONE,
        valid_until: u64::MAX,
        memo: [0; 32],
    }
}
