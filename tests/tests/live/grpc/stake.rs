//! A delegator's whole life through gRPC alone: each transaction is prepared by the node, signed here over the typed data that it gave, by code
//! that knows nothing of this chain but the JSON, submitted and followed; and what came of it is listed and streamed.

use ed25519_dalek::Signer as _;
use plasmid::{
    ledger::{Code, Transaction, transaction::StakeBody},
    localnet::found,
};
use plasmid_proto::{
    ledger::v1::{FollowRequest, Stage, Status, SubmitRequest, follow_request},
    stake::v1::{
        self as stake, FollowEventsRequest, FollowEventsResponse, ListDelegationsRequest,
        ListDelegationsResponse, ListLinesRequest, PrepareRequest, PrepareResponse,
        prepare_request::Action, stake_service_client::StakeServiceClient,
    },
};
use plasmid_tests::typed;
use secp256k1::{Message, SECP256K1, SecretKey};
use tonic::{Code as Grpc, transport::Channel};

use super::{
    net::{Net, Person, refused},
    submission::pay,
};

const COIN: u128 = 1_000_000_000_000_000_000;

fn client(net: &Net) -> StakeServiceClient<Channel> {
    StakeServiceClient::new(net.channel.clone())
}

/// One of those whose keys are published, with the key itself.
struct Delegator<'a> {
    person: &'a Person,
    secret: [u8; 32],
}

impl<'a> Delegator<'a> {
    fn new(person: &'a Person, name: &str) -> Self {
        let mut people = found::people().into_iter();
        let found = people.find(|person| person.name == name).expect("a person");
        Self {
            person,
            secret: *found.secret,
        }
    }

    fn account(&self) -> String {
        self.person.account.to_string()
    }

    async fn prepared(&self, net: &Net, action: Action) -> PrepareResponse {
        let request = PrepareRequest {
            sender: self.account(),
            action: Some(action),
            ..PrepareRequest::default()
        };
        let prepared = client(net).prepare(request).await.expect("it is prepared");
        let prepared = prepared.into_inner();
        let digest = typed::digest(&prepared.typed_data);
        assert_eq!(
            digest.as_slice(),
            prepared.digest,
            "{}",
            prepared.typed_data
        );
        prepared
    }

    /// The whole transaction, signed over the typed data alone.
    fn signed(&self, prepared: &PrepareResponse) -> Vec<u8> {
        let digest = typed::digest(&prepared.typed_data);
        let mut bytes = prepared.unsigned_transaction.clone();
        match prepared.scheme {
            1 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&self.secret);
                bytes.extend(key.verifying_key().to_bytes());
                bytes.extend(key.sign(digest.as_slice()).to_bytes());
            }
            2 => {
                let key = SecretKey::from_byte_array(self.secret).expect("a key");
                let message = Message::from_digest(digest.0);
                let signature = SECP256K1.sign_ecdsa_recoverable(message, &key);
                let (recovery, compact) = signature.serialize_compact();
                bytes.extend(compact);
                bytes.push(27 + u8::from(i32::from(recovery) & 1 == 1));
            }
            other => panic!("scheme {other}"),
        }
        bytes
    }

    /// Prepares, signs, submits and follows into a block; what happened is what was told before.
    async fn acts(&self, net: &Net, action: Action) -> Status {
        let prepared = self.prepared(net, action).await;
        assert_eq!(prepared.code, 0, "{}", prepared.log);
        let request = SubmitRequest {
            transaction: self.signed(&prepared),
            replace: false,
        };
        let taken = net.transactions().submit(request).await.expect("an answer");
        let taken = taken.into_inner();
        assert_eq!(taken.code, 0, "{}", taken.log);
        assert_eq!(taken.digest, prepared.digest);
        let request = FollowRequest {
            id: Some(follow_request::Id::Digest(prepared.digest.clone())),
        };
        let stream = net.transactions().follow(request).await;
        let mut stream = stream.expect("a stream").into_inner();
        let status = loop {
            let told = stream.message().await.expect("no error").expect("no end");
            let status = told.status.expect("a status");
            if status.stage >= Stage::Included as i32 {
                break status;
            }
        };
        assert_eq!(status.code, 0, "{}", status.log);
        let names = |events: &[plasmid_proto::ledger::v1::Event]| -> Vec<String> {
            events.iter().map(|event| event.name.clone()).collect()
        };
        assert_eq!(names(&status.events), names(&prepared.events));
        status
    }

    async fn delegations(&self, net: &Net, height: u64) -> ListDelegationsResponse {
        let request = ListDelegationsRequest {
            owner: self.account(),
            height,
            ..ListDelegationsRequest::default()
        };
        let answer = client(net).list_delegations(request).await;
        let list = answer.expect("a list").into_inner();
        assert!(list.next_page_token.is_empty(), "all are on one page");
        list
    }

    async fn position(&self, net: &Net, number: u64) -> stake::Position {
        let list = self.delegations(net, 0).await;
        let found = list.positions.into_iter().find(|one| one.number == number);
        found.expect("the position")
    }
}

/// What a delegator has seen of an operator's commission, and accepts.
fn commission_of(validator: &stake::Validator) -> Option<u32> {
    validator.line.as_ref().map(|line| line.commission)
}

fn made(status: &Status) -> u64 {
    u64::from_be_bytes(status.data[..8].try_into().expect("a number"))
}

/// Another operator, whose line has no seat: alice registers on root.
async fn registers(net: &Net) -> String {
    let (root, registry) = (&net.root_url, &net.status.registry);
    let line = format!(
        "--node {} --root {root} --registry {registry} --keys net/keys --password-file net/password --output json \
         bridge register --home second --from alice --bond 1.5 --yes",
        net.url
    );
    let mut command = plasmid_tests::plasmid();
    command
        .current_dir(&net.folder)
        .args(line.split_whitespace());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("a task").expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: serde_json::Value = serde_json::from_str(text.trim()).expect("JSON");
    net.wait_message(answer["message"].as_u64().expect("an index"))
        .await;
    net.alice.account.to_string()
}

/// The life of a delegator.
pub async fn life(net: &Net) {
    let carol = Delegator::new(&net.carol, "carol");
    let begun = net.now().await.height;
    let second = registers(net).await;
    let request = stake::ListValidatorsRequest::default();
    let list = client(net).list_validators(request).await;
    let list = list.expect("validators").into_inner();
    let operators: Vec<&str> = list
        .validators
        .iter()
        .map(|one| one.operator.as_str())
        .collect();
    assert_eq!((operators.len(), operators[1]), (2, second.as_str()));
    let first = &list.validators[0];
    assert!(first.power > 0 && first.next_power == first.power);
    let newest = first.attendance.first().expect("an epoch is over");
    assert!(
        newest.member && newest.votes > newest.counted / 2,
        "{newest:?}"
    );
    assert!(list.validators[1].power == 0 && list.validators[1].line.is_some());
    signs_checkpoints(net).await;
    let first = first.operator.clone();

    let delegate = stake::Delegate {
        operator: first.clone(),
        amount: (2 * COIN).to_string(),
        max_commission: commission_of(&list.validators[0]),
        ..stake::Delegate::default()
    };
    let delegated = carol.acts(net, Action::Delegate(delegate)).await;
    let whole = made(&delegated);
    let allow = stake::AllowRestake {
        position: whole,
        allowed: true,
    };
    carol.acts(net, Action::AllowRestake(allow)).await;
    assert!(carol.position(net, whole).await.restake);
    let redelegate = stake::Redelegate {
        position: whole,
        amount: (COIN / 2).to_string(),
        to: second.clone(),
        max_commission: commission_of(&list.validators[1]),
        ..stake::Redelegate::default()
    };
    let redelegate = Action::Redelegate(redelegate);
    net.until("what came in this epoch may be moved", async || {
        let request = stake::GetMaturityRequest {};
        let maturity = client(net).get_maturity(request).await;
        let epoch = maturity.expect("the maturity").into_inner().epoch;
        (epoch > delegated.epoch).then_some(())
    })
    .await;
    let part = made(&carol.acts(net, redelegate).await);
    let list = carol.delegations(net, 0).await;
    let numbers: Vec<u64> = list.positions.iter().map(|one| one.number).collect();
    assert_eq!((numbers, list.validators.len()), (vec![whole, part], 2));

    earns_and_leaves(net, &carol, whole).await;
    let left: Vec<u64> = carol
        .delegations(net, 0)
        .await
        .positions
        .iter()
        .map(|one| one.number)
        .collect();
    assert_eq!(left, [part], "what was paid out is gone");
    streams(net, &carol, begun, &second).await;
    every_kind(net, &first).await;
    past(net, &carol).await;
    many_streams(net).await;
}

/// The one validator's shares over checkpoints are known, each epoch's with the next one's set; who is in no set has none to give.
async fn signs_checkpoints(net: &Net) {
    net.until("the share of the only signer is known", async || {
        let request = stake::ListValidatorsRequest::default();
        let list = client(net).list_validators(request).await;
        let all = list.expect("validators").into_inner().validators;
        let idle = &all[1].attendance;
        assert!(idle.iter().all(|one| !one.signer && !one.signed));
        let signing = &all[0].attendance;
        assert!(signing.iter().all(|one| one.signer || !one.signed));
        let newest = signing.first().expect("an epoch is over");
        assert!(newest.signer, "it is in every set: {newest:?}");
        signing
            .iter()
            .any(|one| one.signer && one.signed)
            .then_some(())
    })
    .await;
}

async fn earns_and_leaves(net: &Net, carol: &Delegator<'_>, whole: u64) {
    net.until("rewards", async || {
        // Fees are what is earned.
        net.include(&net.bob, pay(net.alice.account, 1)).await;
        (carol.position(net, whole).await.rewards != "0").then_some(())
    })
    .await;
    let rated = carol.delegations(net, 0).await.validators;
    let rates = rated.iter().filter_map(|one| one.apr.as_ref());
    assert!(rates.into_iter().any(|apr| apr.seconds > 0), "{rated:?}");
    let claim = stake::ClaimRewards {
        positions: vec![whole],
        to: String::new(),
    };
    carol.acts(net, Action::ClaimRewards(claim)).await;
    let undelegate = || {
        Action::Undelegate(stake::Undelegate {
            position: whole,
            amount: String::new(),
        })
    };
    carol.acts(net, undelegate()).await;
    assert!(!carol.position(net, whole).await.bonded);
    let cancel = stake::CancelUnbonding { position: whole };
    carol.acts(net, Action::CancelUnbonding(cancel)).await;
    assert!(carol.position(net, whole).await.bonded);
    // Where an epoch has passed since the end, what came back is ended again from the next one on.
    net.until("it may be ended again", async || {
        let prepared = carol.prepared(net, undelegate()).await;
        (prepared.code == 0).then_some(())
    })
    .await;
    carol.acts(net, undelegate()).await;
    let claim = || {
        Action::ClaimStake(stake::ClaimStake {
            position: whole,
            to: String::new(),
        })
    };
    let early = carol.prepared(net, claim()).await;
    assert_eq!(early.code, Code::Stake.number(), "{}", early.log);
    assert!(early.events.is_empty());
    let matures_at = net.until("root's time of maturity", async || {
        let position = carol.position(net, whole).await;
        assert!(!position.waits.is_empty(), "it was never told when");
        position.matures_at
    });
    assert!(matures_at.await > 0);
    net.until("maturity", async || {
        carol
            .position(net, whole)
            .await
            .waits
            .is_empty()
            .then_some(())
    })
    .await;
    carol.acts(net, claim()).await;
}

async fn events(net: &Net, request: FollowEventsRequest) -> Vec<FollowEventsResponse> {
    let stream = client(net).follow_events(request).await;
    let mut stream = stream.expect("a stream").into_inner();
    let mut all = Vec::new();
    while let Some(one) = stream.message().await.expect("no error") {
        all.push(one);
    }
    let last = all.pop().expect("where it goes on");
    assert!(last.events.is_empty() && last.next_height > 0);
    all
}

fn kinds(told: &[FollowEventsResponse]) -> Vec<String> {
    let of = |one: &FollowEventsResponse| {
        let event = one
            .events
            .iter()
            .find(|event| event.name == "transaction")?;
        let kind = event.attributes.iter().find(|one| one.key == "kind")?;
        Some(kind.value.clone())
    };
    told.iter().filter_map(of).collect()
}

async fn streams(net: &Net, carol: &Delegator<'_>, begun: u64, second: &str) {
    let wanted = FollowEventsRequest {
        from_height: begun,
        owner: carol.account(),
        ..FollowEventsRequest::default()
    };
    let all = events(net, wanted.clone()).await;
    assert_eq!(
        kinds(&all),
        [
            "delegate",
            "allow_restake",
            "redelegate",
            "claim_rewards",
            "undelegate",
            "cancel_unbonding",
            "undelegate",
            "claim_stake"
        ]
    );
    for (place, one) in all.iter().enumerate() {
        let rest = FollowEventsRequest {
            from_height: one.next_height,
            from_index: one.next_index,
            ..wanted.clone()
        };
        assert_eq!(events(net, rest).await, all[place + 1..], "from {place} on");
    }
    let of_operator = FollowEventsRequest {
        from_height: begun,
        operator: second.to_owned(),
        ..FollowEventsRequest::default()
    };
    let told = events(net, of_operator).await;
    assert_eq!(kinds(&told), ["redelegate"]);
    let registered = told.iter().flat_map(|one| &one.events);
    assert!(
        registered
            .into_iter()
            .any(|event| event.name == "registered")
    );
    let far = FollowEventsRequest {
        from_height: 1 << 40,
        ..FollowEventsRequest::default()
    };
    let stream = client(net).follow_events(far).await;
    let ended = stream.expect("a stream").into_inner().message().await;
    assert_eq!(
        ended.expect_err("it is above the tip").code(),
        Grpc::Unavailable
    );
}

/// The bytes of every kind carry what the typed data says, for both kinds of key.
async fn every_kind(net: &Net, operator: &str) {
    let alice = Delegator::new(&net.alice, "alice");
    let (to, amount) = (operator.to_owned(), COIN.to_string());
    let all = [
        Action::Delegate(stake::Delegate {
            operator: to.clone(),
            amount: amount.clone(),
            max_commission: Some(10_000),
            ..stake::Delegate::default()
        }),
        Action::Undelegate(stake::Undelegate {
            position: 1,
            amount: amount.clone(),
        }),
        Action::CancelUnbonding(stake::CancelUnbonding { position: 1 }),
        Action::Redelegate(stake::Redelegate {
            position: 1,
            amount,
            to: to.clone(),
            max_commission: Some(10_000),
            ..stake::Redelegate::default()
        }),
        Action::ClaimStake(stake::ClaimStake { position: 1, to }),
        Action::ClaimRewards(stake::ClaimRewards {
            positions: vec![1, 2, 3],
            to: String::new(),
        }),
        Action::ClaimCommission(stake::ClaimCommission {
            line: 1,
            to: String::new(),
        }),
        Action::Restake(stake::Restake { position: 1 }),
        Action::AllowRestake(stake::AllowRestake {
            position: 1,
            allowed: false,
        }),
        Action::ApplyCut(stake::ApplyCut { position: 1 }),
        Action::Merge(stake::Merge {
            first: 1,
            second: 2,
        }),
        Action::TakeSeat(stake::TakeSeat {}),
        Action::Leave(stake::Leave {}),
        Action::Retire(stake::Retire {}),
        Action::Unjail(stake::Unjail {}),
        Action::Edit(stake::Edit {
            commission: Some(100),
            min_self_stake: "7".into(),
            ..stake::Edit::default()
        }),
        Action::Describe(stake::Description {
            name: "Alice".into(),
            website: "https://alice.example".into(),
            ..stake::Description::default()
        }),
    ];
    let [first, last] = StakeBody::KINDS;
    assert_eq!(all.len(), usize::from(last - first) + 1);
    for (kind, action) in (first..).zip(all) {
        let prepared = alice.prepared(net, action).await;
        let code = prepared.code;
        assert!(
            code == 0 || code == Code::Stake.number(),
            "{kind:#x}: {}",
            prepared.log
        );
        let bytes = alice.signed(&prepared);
        assert_eq!(bytes[0], kind);
        let signed = Transaction::decode(&bytes).expect("a transaction");
        assert_eq!(signed.digest(&net.domain).as_slice(), prepared.digest);
    }
    // The other kind of key.
    let bob = Delegator::new(&net.bob, "bob");
    let delegate = stake::Delegate {
        operator: operator.to_owned(),
        amount: COIN.to_string(),
        max_commission: Some(10_000),
        ..stake::Delegate::default()
    };
    bob.acts(net, Action::Delegate(delegate.clone())).await;
    refusals(net, &bob, delegate).await;
    let nothing = PrepareRequest {
        sender: bob.account(),
        ..PrepareRequest::default()
    };
    let said = client(net).prepare(nothing).await;
    refused(said, Grpc::InvalidArgument, &["what is to be done"]);
}

/// Nobody signs a commission that was not named, and a fee of zero is tried as what it is.
async fn refusals(net: &Net, bob: &Delegator<'_>, delegate: stake::Delegate) {
    let request = |max_commission, fee: &str| PrepareRequest {
        sender: bob.account(),
        fee: fee.to_owned(),
        action: Some(Action::Delegate(stake::Delegate {
            max_commission,
            ..delegate.clone()
        })),
        ..PrepareRequest::default()
    };
    let said = client(net).prepare(request(None, "")).await;
    refused(said, Grpc::InvalidArgument, &["max_commission", "now"]);
    let free = client(net).prepare(request(Some(10_000), "0")).await;
    let free = free.expect("it is prepared").into_inner();
    assert_eq!(
        (free.fee.as_str(), free.code),
        ("0", Code::FeeTooLow.number()),
        "{}",
        free.log
    );
}

/// A list at the end of the last epoch, and at a height that ends none.
async fn past(net: &Net, carol: &Delegator<'_>) {
    let list = carol.delegations(net, 0).await;
    let blocks = (list.height + 1) / list.epoch.max(1);
    let height = (1..=blocks)
        .map(|back| list.height + 1 - back)
        .find(|height| {
            // The only height of these that ends an epoch.
            height % 64 == 0
        });
    let height = height.expect("an epoch is over");
    let then = carol.delegations(net, height).await;
    assert_eq!((then.height, then.epoch), (height, height / 64));
    let known = then.positions.first().expect("a position by then");
    let position = |height| stake::GetPositionRequest {
        number: known.number,
        height,
        ..stake::GetPositionRequest::default()
    };
    let told = client(net).get_position(position(height)).await;
    let told = told.expect("a position of that height").into_inner();
    assert_eq!((told.height, told.epoch), (height, height / 64));
    assert_eq!(told.position.as_ref(), Some(known));
    for (height, code) in [
        (height - 1, Grpc::InvalidArgument),
        (64 << 30, Grpc::NotFound),
    ] {
        let request = ListDelegationsRequest {
            owner: carol.account(),
            height,
            ..ListDelegationsRequest::default()
        };
        refused(
            client(net).list_delegations(request).await,
            code,
            &["height"],
        );
        let request = ListLinesRequest {
            operator: carol.account(),
            height,
            ..ListLinesRequest::default()
        };
        refused(client(net).list_lines(request).await, code, &["height"]);
        let said = client(net).get_position(position(height)).await;
        refused(said, code, &["height"]);
    }
    let foreign = ListDelegationsRequest {
        owner: carol.account(),
        page_token: "v1".into(),
        ..ListDelegationsRequest::default()
    };
    let said = client(net).list_delegations(foreign).await;
    refused(said, Grpc::InvalidArgument, &["page token"]);
}

/// Hundreds of streams that nobody reads: an address has its part of the places, and everybody else is served.
async fn many_streams(net: &Net) {
    let (mut held, mut refused) = (Vec::new(), 0);
    for _ in 0..200 {
        let request = FollowEventsRequest {
            from_height: 1,
            follow: true,
            ..FollowEventsRequest::default()
        };
        match client(net).follow_events(request).await {
            Ok(stream) => held.push(stream),
            Err(status) => {
                assert_eq!(status.code(), Grpc::ResourceExhausted, "{status}");
                refused += 1;
            }
        }
    }
    assert_eq!((held.len(), refused), (32, 168));
    let height = net.now().await.height;
    net.wait_height(height + 3).await;
}
