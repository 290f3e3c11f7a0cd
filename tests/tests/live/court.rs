//! A validator signs two votes, and a stranger takes them to the Court on root: its line is frozen on the child, its set goes on without it, and
//! when reports are closed the stake behind it is cut by what root computed.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid::localnet::double_vote;
use plasmid_bridge::abi::{ICourt, IRegistry, IRootChain};
use plasmid_bridge::client::ceremony::x_coordinate;
use plasmid_bridge::client::rpc::{Call, Receipt};
use plasmid_bridge::client::wallet::{Wallet, WalletError};
use plasmid_bridge::proof::{court, deployment, list, set};
use plasmid_bridge::relay::seen::Which;
use plasmid_proto::stake::v1::{GetPositionRequest, GetValidatorRequest, Line};
use plasmid_staking::Member;
use plasmid_tests::running::{Plan, Running, View, member, message_index, operator, person};
use tendermint::Vote;

/// Who signs twice.
const CULPRIT: usize = 3;
/// The genesis position of its own stake.
const POSITION: u64 = CULPRIT as u64 + 1;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_two_votes_is_frozen_and_cut_by_a_proof_on_root() {
    let plan = Plan::default();
    let blocks = u64::from(plan.parameters.epoch_blocks);
    let mut running = Running::start(&plan).await;
    let reporter = person(&running, "alice").await.wallet;
    let court = Address::from(deployment::court(
        &running.network.local.registry.into_array(),
    ));

    // An epoch whose set a checkpoint committed to.
    let epoch = running
        .until("root knows the set of an epoch", |view| async move {
            let now = view.try_status(0).await?.epoch;
            (now >= 2 && view.head().await.accepted > now - 2).then_some(now)
        })
        .await;
    let height = epoch * blocks + 1;
    running.reaches(0, height + 2).await;
    let signed = double_vote(&running.engine(0), CULPRIT, height).await;
    let signed = signed.expect("the culprit is a member");
    let evidence = ICourt::DoubleVote {
        kind: 2,
        height,
        round: 0,
        first: vote(&signed.vote_a),
        second: vote(&signed.vote_b),
    };

    // The report.
    let (beneficiary, salt) = (Address::repeat_byte(0x77), B256::repeat_byte(5));
    let hash = keccak256(evidence.abi_encode());
    let commitment = court::commitment(31_337, &court.into_array(), &hash, &beneficiary.0, &salt);
    let asked = ICourt::commitmentOfCall {
        evidence: hash,
        beneficiary,
        salt,
    };
    assert_eq!(running.view().read(court, asked).await, commitment);
    let committed = send(&reporter, court, ICourt::commitCall { commitment }).await;
    running
        .until("two blocks of root have passed", |view| async move {
            let head = view.root_block(Which::Latest).await?;
            (head.number >= committed.block + 2).then_some(())
        })
        .await;
    let accused = accused(&running.view(), epoch).await;
    let operator = accused.member.operator;
    let registration = accused.member.registration;
    let claim = ICourt::Claim {
        beneficiary,
        salt,
        leader: B256::ZERO,
    };
    let reveal = ICourt::revealVotesCall {
        evidence,
        accused,
        claim,
    };
    let revealed = send(&reporter, court, reveal.clone()).await;
    println!("a double vote took {} gas on root", revealed.gas_used);
    let again = execute(&reporter, court, reveal).await;
    assert!(again.is_err(), "an offence is taken once: {again:?}");

    // The child consumes the freeze: the line is closed, and the seat empty.
    running.consumed(0, message_index(&revealed)).await;
    let line = line(&running.view(), operator).await;
    assert_eq!((line.state.as_str(), line.seat), ("frozen", None));
    let freezes = line.freezes.expect("it is frozen");
    assert_eq!(
        (freezes.count, freezes.lowest, freezes.highest),
        (1, epoch, epoch)
    );
    running
        .until("the set goes on without the culprit", |view| async move {
            (view.set_of(None).await.validators.len() == 3).then_some(())
        })
        .await;

    // The reward, from the culprit's bond.
    let before = bond(&running, operator, registration).await;
    let collect = ICourt::collectCall {
        operator,
        epoch,
        commitment,
    };
    until_taken(&mut running, &reporter, court, collect).await;
    let paid = running.rpc.balance(beneficiary).await.expect("a balance");
    let reward = U256::from(plan.parameters.reporter_reward);
    assert!(
        paid > reward / U256::from(2),
        "half of the reward, and the gas: {paid}"
    );
    let taken = before - bond(&running, operator, registration).await;
    assert_eq!(
        taken,
        paid + reward - reward / U256::from(2),
        "the other half is burned"
    );

    // The settlement, once nothing can be reported any more that the cut depends on.
    running
        .until("root accepted what the cut waits for", |view| async move {
            (view.head().await.accepted > epoch + 2).then_some(())
        })
        .await;
    let closing = kept(&running.view(), epoch + 2).await;
    let settle = ICourt::settleCall {
        operator,
        epoch,
        closing,
    };
    let settled = until_taken(&mut running, &reporter, court, settle).await;
    running.consumed(0, message_index(&settled)).await;
    let fraction = court::cut(
        &[court::Offence {
            operator: operator.into_array(),
            epoch,
            share: court::share(1, 4),
        }],
        &[],
        epoch,
        plan.parameters.min_cut,
    );
    let request = GetPositionRequest { number: POSITION };
    let answer = running.view().stake(0).get_position(request).await;
    let position = answer.expect("it stands").into_inner().position;
    let position = position.expect("a position");
    let cut = position.cuts.first().expect("a cut");
    assert_eq!((cut.epoch, u64::from(cut.fraction)), (epoch, fraction));
    let waits: u128 = position.cut_waits.parse().expect("an amount");
    let base: u128 = position.base.parse().expect("an amount");
    let taken = base * u128::from(fraction) / u128::from(court::WHOLE);
    assert!(waits.abs_diff(taken) <= 1, "{waits} of {base}");
    running.agree().await;
    running.stop().await;
}

/// A vote as the Court reads it.
fn vote(vote: &Vote) -> ICourt::Vote {
    let id = vote.block_id.expect("a block");
    let time = vote.timestamp.expect("a time").unix_timestamp_nanos();
    let signature = vote.signature.as_ref().expect("a signature").as_bytes();
    let (r, s) = signature.split_at(32);
    ICourt::Vote {
        id: ICourt::BlockId {
            hash: B256::from_slice(id.hash.as_bytes()),
            total: id.part_set_header.total,
            partsHash: B256::from_slice(id.part_set_header.hash.as_bytes()),
        },
        secs: i64::try_from(time.div_euclid(1_000_000_000)).expect("a time"),
        nanos: u32::try_from(time.rem_euclid(1_000_000_000)).expect("nanoseconds"),
        r: B256::from_slice(r),
        s: B256::from_slice(s),
        xR: x_coordinate(r.try_into().expect("32 bytes")).expect("a point"),
    }
}

/// The culprit in the set of an epoch, shown under what root kept.
async fn accused(view: &View, epoch: u64) -> ICourt::Accused {
    let told = view.set_of(Some(epoch)).await.validators;
    let all: Vec<Member> = told.iter().map(member).collect();
    let committed = set::commit(&all).expect("a set");
    let own = operator(CULPRIT).account().id;
    let place = all.iter().position(|one| one.operator == own);
    let place = place.expect("the culprit is a member");
    let leaves: Vec<B256> = all.iter().map(set::member_leaf).collect();
    let number = u32::try_from(place).expect("a number");
    let one = &all[place];
    let accepted = view.head().await.accepted;
    ICourt::Accused {
        set: IRootChain::Set {
            membersRoot: committed.members_root,
            count: committed.count,
            aggregateKey: committed.aggregate.to_vec().into(),
            totalPower: committed.total,
        },
        member: IRootChain::SetMember {
            number: place as u16,
            seat: one.marked_seat(),
            operator: one.operator.into(),
            registration: one.registration,
            consensusKey: one.consensus_key.into(),
            checkpointKey: one.checkpoint_key.to_vec().into(),
            power: one.power,
        },
        siblings: list::prove(&leaves, number).expect("a leaf"),
        source: kept(view, epoch - 2).await,
        closing: match accepted > epoch + 1 {
            true => kept(view, epoch + 1).await,
            false => none(),
        },
        xKey: x_coordinate(&one.consensus_key).expect("a point"),
    }
}

/// What root kept of a checkpoint, from its event.
async fn kept(view: &View, epoch: u64) -> ICourt::Kept {
    let accepted = view.accepted().await;
    let found = accepted.into_iter().find(|one| one.event.epoch == epoch);
    let event = found.expect("root accepted it").event;
    ICourt::Kept {
        digest: event.digest,
        nextSet: event.checkpoint.nextSet,
        acceptance: event.acceptance,
    }
}

fn none() -> ICourt::Kept {
    ICourt::Kept {
        digest: B256::ZERO,
        nextSet: B256::ZERO,
        acceptance: IRootChain::Acceptance {
            signers: [B256::ZERO; 2],
            time: 0,
            blockNumber: 0,
            dueCount: 0,
        },
    }
}

async fn line(view: &View, operator: Address) -> Line {
    let request = GetValidatorRequest {
        operator: operator.to_string(),
    };
    let answer = view.stake(0).get_validator(request).await;
    let found = answer.expect("the node answers").into_inner();
    found.line.expect("a line")
}

async fn bond(running: &Running, operator: Address, number: u64) -> U256 {
    let registry = running.network.local.registry;
    let asked = IRegistry::registrationOfCall { operator, number };
    running.view().read(registry, asked).await.bond
}

async fn execute(wallet: &Wallet, to: Address, call: impl SolCall) -> Result<Receipt, WalletError> {
    wallet.execute(Call::to(to, call.abi_encode())).await
}

async fn send(wallet: &Wallet, to: Address, call: impl SolCall) -> Receipt {
    let receipt = execute(wallet, to, call).await;
    receipt.expect("root takes it")
}

/// Sends it as soon as the contract takes it: what is too early is refused before anything is sent.
async fn until_taken(
    running: &mut Running,
    wallet: &Wallet,
    to: Address,
    call: impl SolCall + Clone,
) -> Receipt {
    running
        .until("root takes it", |_| async {
            execute(wallet, to, call.clone()).await.ok()
        })
        .await
}
