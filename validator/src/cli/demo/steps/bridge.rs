//! Steps 3, 5, 6 and 7: deposits, a checkpoint, a withdrawal with its claim, and forced transactions.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent, sol};
use plasmid_bridge::{
    abi::{IInbox, IRootChain, IVault},
    client::{ceremony::creation_code, rpc::Call, wallet::Wallet},
};
use plasmid_proto::bridge::v1::{
    GetCheckpointRequest, GetWithdrawalRequest, PrepareClaimRequest, WithdrawalStage,
};

use super::{
    accepted::{acceptance_event, accepted_checkpoint},
    money::moved,
    sums::totals,
};
use crate::{
    cli::{
        CliError,
        bridge::{forced_header, message_index, root_sender_bytes},
        demo::{
            observe::{CheckpointSeen, Deposits, ForcedSeen, Observations, WithdrawalSeen},
            people::{DemoPerson, NATIVE, World, person, until},
        },
    },
    ledger::{Account, transaction::Body},
    localnet::{
        found::{self, ETHER},
        run::Network,
    },
    node::development,
};

/// Creation code of the wallet that is a contract.
const CONTRACT_WALLET: &str =
    include_str!("../../../../../bridge/contracts/artifacts/ContractWallet.json");

sol! {
    interface IContractWallet {
        function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory);
    }
}

async fn wallet(world: &World, person: &DemoPerson) -> Result<Wallet, CliError> {
    Ok(found::wallet(&world.rpc, &person.secret).await?)
}

pub async fn deposits(
    _network: &Network,
    world: &World,
    seen: &mut Observations,
) -> Result<(), CliError> {
    let (alice, bob) = (person("alice")?, person("bob")?);
    let alice_wallet = wallet(world, &alice).await?;
    let carol_wallet = wallet(world, &person("carol")?).await?;
    let token = world.token.into_array();
    let wanted = [
        ("alice's coins", alice.account, NATIVE, 3 * ETHER),
        ("alice's tokens", alice.account, token, 5_000_000),
        ("bob's coins", bob.account, NATIVE, 2 * ETHER),
        ("bob's tokens", bob.account, token, 7_000_000),
    ];
    let mut before = Vec::new();
    for (_, account, token, _) in &wanted {
        before.push(world.balance(account, token).await?);
    }
    let mut last = 0;
    for (number, (_, account, token, amount)) in wanted.iter().enumerate() {
        let from = if number % 2 == 0 {
            &alice_wallet
        } else {
            &carol_wallet
        };
        let index = if *token == NATIVE {
            world.deposit_native(from, account, *amount).await?
        } else {
            world.deposit_token(from, account, *amount).await?
        };
        last = last.max(index);
    }
    world.consumed(last).await?;
    let mut deposits = Deposits::default();
    for ((what, account, token, amount), before) in wanted.iter().zip(before) {
        let after = world.balance(account, token).await?;
        deposits.credited.push(moved(what, before, after, *amount));
    }
    deposits.totals = totals(world).await?;
    seen.deposits = Some(deposits);
    Ok(())
}

pub async fn checkpoint(
    network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    let epoch = world.now().await?.epoch;
    say(&format!("waiting for root to accept checkpoint {epoch}"));
    let accepted = accepted_checkpoint(world, epoch).await?;
    let event = acceptance_event(world, epoch).await?;
    let loaded = crate::localnet::Local::home(&network.folder, 0).read_genesis()?;
    seen.checkpoint = Some(CheckpointSeen {
        epoch,
        digest_on_child: hex::encode(&accepted.digest),
        digest_on_root: hex::encode(event.digest),
        carrier: event.carrier.to_string(),
        operators: loaded
            .genesis
            .operators
            .iter()
            .map(|operator| Address::from(operator.operator).to_string())
            .collect(),
        signed_power: accepted.signed_power,
        total_power: accepted.total_power,
        gas: event.gas,
    });
    Ok(())
}

pub async fn withdrawal(
    _network: &Network,
    world: &World,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    // An address that never sends, so that its balance on root moves by the claim alone.
    let recipient = Address::from_word(alloy_primitives::keccak256(b"plasmid demo recipient"));
    let amount = ETHER + 1;
    let number = world.withdraw(recipient, amount).await?;
    say(&format!("waiting for the window of withdrawal {number}"));
    wait_claimable(world, number).await?;
    let prepared = world
        .bridge()
        .prepare_claim(PrepareClaimRequest {
            withdrawals: vec![number],
        })
        .await?
        .into_inner();
    let call = prepared
        .call
        .ok_or_else(|| CliError::new("the node prepared no call"))?;
    let carol = wallet(world, &person("carol")?).await?;
    let before = world.rpc.balance(recipient).await?;
    let receipt = carol
        .execute(Call::to(world.vault, call.data.clone()))
        .await?;
    let after = world.rpc.balance(recipient).await?;
    let second = carol
        .execute(Call::to(world.vault, call.data.clone()))
        .await;
    let claimed = claimed_index(&receipt.logs)?;
    let accepted = world
        .bridge()
        .get_checkpoint(GetCheckpointRequest {
            epoch: prepared.epoch,
        })
        .await?
        .into_inner();
    let claimed_at = block_time(world, receipt.block).await?;
    let parameters = world
        .read(
            Address::from(world.domain.root_chain),
            IRootChain::parametersCall {},
        )
        .await?;
    seen.withdrawal = Some(WithdrawalSeen {
        number,
        paid: moved(
            "the recipient's balance on root",
            narrow(before)?,
            narrow(after)?,
            amount,
        ),
        second_claim: second
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default(),
        nullified: world
            .read(world.vault, IVault::claimedCall { index: claimed })
            .await?,
        waited_secs: claimed_at.saturating_sub(
            accepted
                .checkpoint
                .map_or(u64::MAX, |checkpoint| checkpoint.accepted_at),
        ),
        window_secs: parameters.challengeSecs,
    });
    Ok(())
}

fn narrow(amount: U256) -> Result<u128, CliError> {
    amount
        .try_into()
        .map_err(|_| CliError::new(format!("balance {amount} is above 2^128")))
}

fn claimed_index(logs: &[plasmid_bridge::relay::seen::Log]) -> Result<u32, CliError> {
    logs.iter()
        .find_map(|log| IVault::Claimed::decode_raw_log(log.topics.iter().copied(), &log.data).ok())
        .map(|event| event.index)
        .ok_or_else(|| CliError::new("the claim emitted no Claimed event"))
}

async fn block_time(world: &World, number: u64) -> Result<u64, CliError> {
    let params = serde_json::json!([format!("{number:#x}"), false]);
    let block = world.rpc.read("eth_getBlockByNumber", params).await?;
    let text = block["timestamp"].as_str().unwrap_or_default();
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .map_err(|error| CliError::new(format!("timestamp {text:?}: {error}")))
}

async fn wait_claimable(world: &World, number: u64) -> Result<(), CliError> {
    until(&format!("withdrawal {number} can be claimed"), async || {
        let answer = world
            .bridge()
            .get_withdrawal(GetWithdrawalRequest { number })
            .await?
            .into_inner();
        let stage = answer.withdrawal.map(|withdrawal| withdrawal.stage);
        Ok((stage == Some(WithdrawalStage::Claimable as i32)).then_some(()))
    })
    .await
}

pub async fn forced(
    _network: &Network,
    world: &World,
    seen: &mut Observations,
) -> Result<(), CliError> {
    let (alice, bob, carol) = (person("alice")?, person("bob")?, person("carol")?);
    let carrier = found::wallet(
        &world.rpc,
        &development::anvil_secret(5).unwrap_or_default(),
    )
    .await?;
    let (contract, funded) = contract_wallet(world, &carrier).await?;
    world.consumed(funded).await?;
    let mut forced = ForcedSeen::default();
    let (first, second) = (ETHER / 4, ETHER / 8);
    let bob_before = world.balance(&bob.account, &NATIVE).await?;
    let carol_before = world.balance(&carol.account, &NATIVE).await?;
    let header = forced_header(alice.account, world.sequence(&alice.account).await?);
    let signed = alice.signer.sign(
        header,
        Body::Transfer {
            to: bob.account,
            token: NATIVE,
            amount: first,
        },
        &world.domain,
    );
    let message = world.force(&carrier, signed.encode()).await?;
    forced.messages.push(message);
    let body = Body::Transfer {
        to: carol.account,
        token: NATIVE,
        amount: second,
    };
    let bytes = root_sender_bytes(contract.into_array(), body);
    let inner = IInbox::forceCall {
        transaction: bytes.into(),
    }
    .abi_encode();
    let price = world.read(world.inbox, IInbox::priceCall {}).await?;
    let call = IContractWallet::executeCall {
        to: world.inbox,
        value: price,
        data: inner.into(),
    };
    let receipt = carrier
        .execute(Call {
            value: price,
            ..Call::to(contract, call.abi_encode())
        })
        .await?;
    forced
        .messages
        .push(message_index(world.inbox, &receipt.logs)?);
    let last = forced.messages.iter().copied().max().unwrap_or(0);
    world.consumed(last).await?;
    let bob_after = world.balance(&bob.account, &NATIVE).await?;
    let carol_after = world.balance(&carol.account, &NATIVE).await?;
    forced
        .moved
        .push(moved("alice → bob, forced", bob_before, bob_after, first));
    forced.moved.push(moved(
        "contract wallet → carol, root-sender",
        carol_before,
        carol_after,
        second,
    ));
    let status = world.now().await?;
    forced.cursor = status.inbox_cursor;
    forced.link_on_child = hex::encode(&status.inbox_link);
    forced.link_on_root = hex::encode(
        world
            .read(
                world.inbox,
                IInbox::linkCall {
                    index: status.inbox_cursor,
                },
            )
            .await?
            .link,
    );
    seen.forced = Some(forced);
    Ok(())
}

/// Deploys the contract wallet and gives it money on the child; gives its address and the deposit's message.
async fn contract_wallet(world: &World, owner: &Wallet) -> Result<(Address, u64), CliError> {
    let code = creation_code("ContractWallet", CONTRACT_WALLET)
        .map_err(|error| CliError::new(error.to_string()))?;
    let argument = alloy_primitives::B256::left_padding_from(owner.address().as_slice());
    let data: Bytes = [code.as_ref(), argument.as_slice()].concat().into();
    let receipt = owner
        .execute(Call {
            data,
            ..Call::default()
        })
        .await?;
    let contract = receipt
        .contract
        .ok_or_else(|| CliError::new("the wallet's receipt names no contract"))?;
    let account = Account {
        kind: 0,
        id: contract.into_array(),
    };
    Ok((
        contract,
        world.deposit_native(owner, &account, ETHER).await?,
    ))
}
