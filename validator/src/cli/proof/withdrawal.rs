//! A withdrawal as a proof shows it: what it pays, and what shows that to the Vault and to Exits.

use std::{fmt, path::PathBuf};

use alloy_primitives::{Address, B256};
use clap::Args;
use plasmid_bridge::{abi::IVault, proof::checkpoint::Checkpoint};

use super::{Claim, Proof, ask, read_file};
use crate::{
    cli::{CliError, connect::Connection},
    ledger::{Value as _, leaf::Withdrawal},
};

/// Which withdrawal, and who shows it.
#[derive(Args)]
pub struct ProofOption {
    /// The number of the withdrawal.
    pub number: u64,
    /// A file that `plasmid bridge prove --withdrawal` wrote, as where no node answers any more [default: the node is asked for the oldest checkpoint that has the withdrawal and is not final, or for a final one].
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
}

impl fmt::Display for ProofOption {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        match &self.proof {
            Some(path) => write!(f, " --proof {}", path.display()),
            None => Ok(()),
        }
    }
}

/// A withdrawal that stands in the state of a checkpoint. Whether root accepted that checkpoint is not known by it.
pub struct ProvenWithdrawal {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Leaves of its state.
    pub leaf_count: u32,
    /// What it pays, in the contracts' form.
    pub withdrawal: IVault::Withdrawal,
    /// The 32 siblings of its leaf.
    pub siblings: Vec<B256>,
}

impl ProvenWithdrawal {
    fn of(proof: &Proof, number: u64) -> Result<Option<Self>, CliError> {
        proof.check()?;
        if !proof.present {
            return Ok(None);
        }
        let leaf = Withdrawal::decode(&proof.value)
            .map_err(|error| CliError::new(format!("the proof does not hold: {error}")))?;
        let inclusion = &proof.inclusion;
        Ok(Some(Self {
            checkpoint: proof.checkpoint,
            leaf_count: inclusion.count,
            withdrawal: IVault::Withdrawal {
                index: inclusion.index,
                number,
                recipient: Address::from(leaf.recipient),
                token: Address::from(leaf.token),
                amount: leaf.amount,
                next: inclusion.next,
            },
            siblings: inclusion.siblings.to_vec(),
        }))
    }
}

impl ProofOption {
    /// Reads the file, or asks the node: `finalized` checkpoints are final on root, and `standing` were accepted and are not void.
    ///
    /// # Errors
    /// What does not hold, or that no such checkpoint has the withdrawal.
    pub async fn find(
        &self,
        connection: &Connection,
        (finalized, standing): (u64, u64),
    ) -> Result<ProvenWithdrawal, CliError> {
        let number = self.number;
        if let Some(path) = &self.proof {
            let proof = Proof::read(&read_file(path)?)?;
            let same = matches!(proof.claim, Claim::Withdrawal(of) if of == number);
            let found = match same {
                true => ProvenWithdrawal::of(&proof, number)?,
                false => None,
            };
            return found.ok_or_else(|| {
                CliError::new(format!(
                    "{} shows no withdrawal {number}: nothing was sent",
                    path.display()
                ))
            });
        }
        let at = async |epoch: u64| {
            let (_, proof) = ask(connection, &Claim::Withdrawal(number), Some(epoch)).await?;
            ProvenWithdrawal::of(&proof, number)
        };
        // A node that has thrown that state away may have the newest one, and says of that itself what it lacks.
        if let Some(last) = finalized.checked_sub(1)
            && let Ok(Some(found)) = at(last).await
        {
            return Ok(found);
        }
        let found = match standing.checked_sub(1) {
            Some(newest) => at(newest).await?.map(|found| (newest, found)),
            None => None,
        };
        let Some((mut until, mut found)) = found else {
            return Err(CliError::new(format!(
                "withdrawal {number} stands in no checkpoint that root has accepted and that counts: nothing was sent; `plasmid query withdrawal {number}` says what the node knows of it"
            )));
        };
        // A later state has what an earlier one had, so the first one that has it is found by halves.
        let mut from = finalized;
        while from < until {
            let middle = from.midpoint(until);
            match at(middle).await? {
                Some(earlier) => (until, found) = (middle, earlier),
                None => from = middle.saturating_add(1),
            }
        }
        Ok(found)
    }
}
