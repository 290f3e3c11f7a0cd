//! `plasmid bridge claim`: withdrawals are paid on root.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alloy_primitives::Address;
use alloy_sol_types::{SolCall, SolEvent};
use clap::Args;
use plasmid_bridge::{
    abi::IVault,
    client::{
        exits::{self, Contracts},
        rpc::Call,
        wallet::Wallet,
    },
    proof::tree::DEPTH,
    relay::seen::Log,
};
use plasmid_proto::bridge::v1::{PrepareClaimRequest, WithdrawalStage};
use serde_json::{Value, json};

use super::{beside, read, wallet};
use crate::cli::{
    CliError,
    connect::{self, Bridge, Connection},
    init::SecondRoot,
    keys::KeyOptions,
    output::{Output, listed},
    query::withdrawal,
};

/// How often a withdrawal is looked at while it cannot be claimed.
const POLL: Duration = Duration::from_millis(500);

/// Which withdrawals, and who carries them. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct ClaimCommand {
    /// The numbers of the withdrawals.
    #[arg(required = true)]
    numbers: Vec<u64>,
    /// Name of the key that pays for the gas.
    #[arg(long)]
    from: String,
    /// Fails at once where a withdrawal cannot be claimed yet, and does not wait for it.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    second: SecondRoot,
}

/// Runs `plasmid bridge claim`.
///
/// # Errors
/// What root or the node refused, and which withdrawals were not paid.
pub async fn run(
    command: &ClaimCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let numbers: BTreeSet<u64> = command.numbers.iter().copied().collect();
    let status = connection.status().await?;
    let deployment = connection.deployment(&status).await?;
    let vault = deployment.vault;
    let chain_id = deployment.domain.root_chain_id;
    let wallet = wallet(connection, keys, &command.from, chain_id).await?;
    let registry = connection.registry()?;
    let risk = "if it lies, it can say that a withdrawal was paid which was not, or take the gas for nothing";
    beside(
        &command.second,
        &wallet,
        (&deployment, registry),
        status.root_height,
        risk,
    )
    .await?;
    let progress = output.progress("looking at the withdrawals");
    for number in &numbers {
        // Nobody should pay gas for what root refuses.
        let withdrawal = withdrawal(connection, *number).await?;
        let index = withdrawal.leaf_index;
        if is_paid(&wallet, vault, index).await? {
            let of = (
                *number,
                Address::from(connect::address(&withdrawal.recipient)?),
            );
            let payee = exits::payee(wallet.rpc().into(), &Contracts::of(registry), of).await?;
            return Err(paid_before(of, index, payee));
        }
    }
    for number in &numbers {
        wait_claimable(connection, *number, !command.no_wait, &progress).await?;
    }
    progress.set_message("claiming on root");
    let request = PrepareClaimRequest {
        withdrawals: numbers.iter().copied().collect(),
    };
    let client = connection.bridge().await?;
    let ask = |mut client: Bridge, request| async move { client.prepare_claim(request).await };
    let prepared = connect::patiently(client, request, ask).await?;
    let call = prepared
        .call
        .ok_or_else(|| CliError::new("the node answered without a call"))?;
    // A claim pays only the recipients in its leaves and carries no value: of the node's word, only the proof is used.
    if Address::from(connect::address(&call.to)?) != vault
        || !["", "0"].contains(&call.value.as_str())
    {
        return Err(CliError::new(format!(
            "the node's call goes to {} with {} wei, not to the vault {}",
            call.to, call.value, vault
        )));
    }
    let (claim, indices) = claim_of(&call.data, &numbers)?;
    let receipt = wallet.execute(Call::to(vault, claim)).await?;
    let after = |error: CliError| error.after_root(&receipt.hash);
    progress.finish_and_clear();
    let payments = payments(vault, &receipt.logs);
    let paid: Vec<u64> = payments.iter().map(|one| one.number).collect();
    output.object(&json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "gas_used": receipt.gas_used,
        "epoch": prepared.epoch, "paid": paid, "payments": payments.iter().map(payment).collect::<Vec<_>>(),
    }));
    let mut unpaid = Vec::new();
    for number in numbers.iter().filter(|number| !paid.contains(number)) {
        // Somebody else may have carried it at the same moment. Its index is the one that the Vault has just verified, not the node's word.
        let paid = match indices.get(number) {
            Some(index) => is_paid(&wallet, vault, *index).await.map_err(after)?,
            None => false,
        };
        if !paid {
            unpaid.push(number);
        }
    }
    if !unpaid.is_empty() {
        return Err(CliError::new(format!(
            "withdrawals {} were not paid: whoever they are paid to does not take the money now, or it takes more gas than a batch gives; \
             they stay claimable, each alone too",
            listed(unpaid)
        )));
    }
    output.next("plasmid status");
    Ok(())
}

/// The calldata that claims these withdrawals and nothing else, made anew from what the node's says: whatever else stands in that, such
/// as bytes behind it, would be paid for. With it the leaf of each withdrawal in the claim, by its number: the Vault refuses a claim that
/// names another leaf.
fn claim_of(
    data: &[u8],
    numbers: &BTreeSet<u64>,
) -> Result<(Vec<u8>, BTreeMap<u64, u32>), CliError> {
    let one = IVault::claimCall::abi_decode(data).map(|call| {
        let claim = call.abi_encode();
        (vec![call.withdrawal], call.siblings.len(), claim)
    });
    let many = || {
        IVault::claimBatchCall::abi_decode(data).map(|call| {
            let claim = call.abi_encode();
            (call.withdrawals, call.siblings.len(), claim)
        })
    };
    let (withdrawals, siblings, claim) = one.or_else(|_| many()).map_err(|error| {
        CliError::new(format!(
            "the node's calldata is not a claim ({error}): nothing was sent"
        ))
    })?;
    let claimed: Vec<u64> = withdrawals.iter().map(|one| one.number).collect();
    let once = claimed.len() == numbers.len();
    if !once || claimed.iter().copied().collect::<BTreeSet<_>>() != *numbers {
        return Err(CliError::new(format!(
            "the node's calldata claims withdrawals {}, but withdrawals {} were asked for: nothing was sent",
            listed(&claimed),
            listed(numbers)
        )));
    }
    let most = numbers.len().saturating_mul(DEPTH);
    if siblings > most {
        return Err(CliError::new(format!(
            "the node's proof has {siblings} nodes of the tree, and these withdrawals have at most {most}: nothing was sent"
        )));
    }
    let indices = withdrawals.iter().map(|one| (one.number, one.index));
    Ok((claim, indices.collect()))
}

/// Why a withdrawal is not claimed that root has paid, if the node names its leaf rightly: the money is where its payee is.
fn paid_before((number, recipient): (u64, Address), index: u32, payee: Address) -> CliError {
    let sold = match payee == recipient {
        true => String::new(),
        false => format!(", which was given away or sold and is paid to {payee},"),
    };
    CliError::new(format!(
        "the node says that withdrawal {number} to {recipient}{sold} is leaf {index}, which root has paid before: claim the others without it; if \
         nothing has arrived at {payee}, ask another node with --node"
    ))
}

/// What the Vault paid in a transaction.
fn payments(vault: Address, logs: &[Log]) -> Vec<IVault::Claimed> {
    let own = logs.iter().filter(|log| log.address == vault);
    own.filter_map(|log| {
        IVault::Claimed::decode_raw_log(log.topics.iter().copied(), &log.data).ok()
    })
    .collect()
}

/// A payment as outputs show it: its payee is another one than the withdrawal's recipient where it was assigned or sold.
fn payment(one: &IVault::Claimed) -> Value {
    json!({
        "number": one.number,
        "payee": one.payee.to_string(),
        "token": one.token.to_string(),
        "amount": one.amount.to_string(),
    })
}

/// Whether root has paid the withdrawal in this leaf.
async fn is_paid(wallet: &Wallet, vault: Address, index: u32) -> Result<bool, CliError> {
    read(wallet, vault, IVault::claimedCall { index }).await
}

async fn wait_claimable(
    connection: &Connection,
    number: u64,
    wait: bool,
    progress: &indicatif::ProgressBar,
) -> Result<(), CliError> {
    loop {
        let withdrawal = withdrawal(connection, number).await?;
        if withdrawal.stage == WithdrawalStage::Claimable as i32 {
            return Ok(());
        }
        let left = match withdrawal.seconds_to_claim {
            Some(seconds) => format!("about {seconds} s until it can be claimed"),
            None => "its checkpoint waits for a message that was due to be consumed".to_owned(),
        };
        if !wait {
            return Err(CliError::new(format!(
                "withdrawal {number} cannot be claimed yet: {left}; without --no-wait this command waits"
            )));
        }
        progress.set_message(format!("withdrawal {number}: {left}"));
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, U256};

    use super::*;

    fn call(number: u64, siblings: usize) -> IVault::claimCall {
        IVault::claimCall {
            base: IVault::Base::default(),
            withdrawal: IVault::Withdrawal {
                number,
                ..Default::default()
            },
            siblings: vec![B256::repeat_byte(1); siblings],
        }
    }

    fn batch(numbers: &[u64]) -> Vec<u8> {
        let one = |number: &u64| call(*number, 0).withdrawal;
        IVault::claimBatchCall {
            base: IVault::Base::default(),
            withdrawals: numbers.iter().map(one).collect(),
            siblings: vec![B256::repeat_byte(1); DEPTH],
        }
        .abi_encode()
    }

    #[test]
    fn what_stands_behind_a_claim_is_not_sent() {
        let one = BTreeSet::from([7]);
        let honest = call(7, DEPTH).abi_encode();
        assert_eq!(claim_of(&honest, &one).unwrap().0, honest);
        let mut padded = honest.clone();
        padded.resize(128 * 1_024, 0xff);
        assert_eq!(claim_of(&padded, &one).unwrap().0, honest);
        // The place of the list of siblings is moved behind a hole.
        let mut moved = honest.clone();
        let place = moved.len() - 32 * (DEPTH + 2);
        let list = moved.split_off(place + 32);
        let behind = place - 4 + 32 + 64 * 1_024;
        moved[place..].copy_from_slice(&U256::from(behind).to_be_bytes::<32>());
        moved.resize(4 + behind, 0xff);
        moved.extend(list);
        assert_eq!(claim_of(&moved, &one).unwrap().0, honest);
        let two = BTreeSet::from([7, 8]);
        let honest = batch(&[8, 7]);
        assert_eq!(claim_of(&honest, &two).unwrap().0, honest);
    }

    #[test]
    fn who_claims_what_was_paid_before_is_told_to_whom_it_is_paid_and_not_its_first_recipient() {
        let [recipient, payee] = [1, 2].map(Address::repeat_byte);
        let own = paid_before((7, recipient), 12, recipient).to_string();
        let arrived = |at: Address| format!("if nothing has arrived at {at}, ask another node");
        assert!(own.contains(&arrived(recipient)), "{own}");
        assert!(!own.contains("sold"), "{own}");
        let sold = paid_before((7, recipient), 12, payee).to_string();
        let whose = format!(
            "withdrawal 7 to {recipient}, which was given away or sold and is paid to {payee}, is leaf 12"
        );
        assert!(sold.contains(&whose), "{sold}");
        assert!(sold.contains(&arrived(payee)), "{sold}");
    }

    #[test]
    fn whether_a_withdrawal_was_paid_is_asked_at_the_leaf_that_was_claimed() {
        let mut claim = IVault::claimBatchCall::abi_decode(&batch(&[8, 7])).unwrap();
        for (withdrawal, index) in claim.withdrawals.iter_mut().zip([3, 5]) {
            withdrawal.index = index;
        }
        let (_, indices) = claim_of(&claim.abi_encode(), &BTreeSet::from([7, 8])).unwrap();
        assert_eq!(indices, BTreeMap::from([(7, 5), (8, 3)]));
    }

    #[test]
    fn a_claim_of_others_or_of_one_twice_or_with_too_many_nodes_is_refused() {
        let one = BTreeSet::from([7]);
        let two = BTreeSet::from([7, 8]);
        for (data, numbers) in [
            (call(8, 1).abi_encode(), &one),
            (call(7, 1).abi_encode(), &two),
            (call(7, DEPTH + 1).abi_encode(), &one),
            (batch(&[7, 7]), &one),
            (batch(&[7, 8, 8]), &two),
            (batch(&[7, 8, 9]), &two),
            (vec![1, 2, 3], &one),
        ] {
            let error = claim_of(&data, numbers).unwrap_err().to_string();
            assert!(error.contains("nothing was sent"), "{error}");
        }
    }
}
