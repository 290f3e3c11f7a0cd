//! Proposers that break one rule each. Whatever one of them makes, every honest node refuses.
//!
//! An attack that does not apply to the block at hand (nothing to steal, nobody to leave out) makes nothing.

mod altered_deposit;
mod double_record;
mod dropped_evidence;
mod dropped_message;
mod dropped_votes;
mod exceeded_batch;
mod exceeded_bytes;
mod exceeded_count;
mod foreign_chain;
mod forged_report;
mod forged_transaction;
mod hidden_messages;
mod idle_vote;
mod invented_deposit;
mod invented_evidence;
mod invented_share;
mod late_height;
mod lying_commit;
mod lying_record;
mod missing_record;
mod nil_vote;
mod other_round;
mod overdraft;
mod reordered_transactions;
mod reordered_votes;
mod repeated_message;
mod repeated_transaction;
mod repeated_vote;
mod stale_vote;
mod stolen_seat;

use alloy_primitives::B256;
use plasmid::chain::committed::genesis_leaf;
use plasmid::chain::record::{CarriedVote, Record};
use plasmid::ledger::Slot;
use plasmid::ledger::leaf::InboxLeaf;

use super::network::Network;
use super::requests::Proposal;

/// What a hostile proposer has to work with.
pub struct Scene<'a> {
    /// The network, with everyone's keys: colluders are many.
    pub network: &'a Network,
    /// What an honest proposer would have made.
    pub honest: &'a Proposal,
}

impl Scene<'_> {
    /// The honest record.
    pub fn record(&self) -> Record {
        Record::decode(&self.honest.transactions[0]).expect("an honest record decodes")
    }

    /// The honest block with another record.
    pub fn with_record(&self, record: &Record) -> Proposal {
        let mut forged = self.honest.clone();
        forged.transactions[0] = record.encode().into();
        forged
    }

    /// The honest block with its record edited, when there is something to edit.
    pub fn edit(&self, edit: impl FnOnce(&mut Record) -> Option<()>) -> Option<Proposal> {
        let mut record = self.record();
        edit(&mut record)?;
        Some(self.with_record(&record))
    }

    /// Inbox cursor and link before the block.
    pub fn held(&self) -> (u64, B256) {
        let mut up = self.network.nodes.iter().filter(|node| node.is_up());
        let node = up.next().expect("someone is up");
        let inbox: InboxLeaf =
            genesis_leaf(&node.app().state().tree, &Slot::Inbox).expect("the inbox leaf");
        (inbox.cursor, inbox.link.into())
    }

    /// An extension, signed by a colluding member at the commit's height and round.
    pub fn carry(&self, number: usize, extension: &[u8]) -> CarriedVote {
        let height = self.honest.height - 1;
        let signature = self
            .network
            .sign(number, extension, height, self.network.last.round);
        CarriedVote {
            seat: number as u16,
            extension: extension.to_vec(),
            signature: signature[..].try_into().expect("64 bytes"),
        }
    }

    /// Places of the transactions that begin with this byte.
    pub fn places(&self, kind: u8) -> Vec<usize> {
        let all = self.honest.transactions.iter().enumerate();
        all.filter(|(_, bytes)| bytes.first() == Some(&kind))
            .map(|(place, _)| place)
            .collect()
    }

    /// Places of users' transactions.
    pub fn users(&self) -> Vec<usize> {
        let all = self.honest.transactions.iter().enumerate();
        all.filter(|(_, bytes)| bytes.first().is_some_and(|kind| *kind < 0x80))
            .map(|(place, _)| place)
            .collect()
    }
}

/// One broken rule.
pub trait Attack {
    /// What the statistics call it.
    fn name(&self) -> &'static str;

    /// The forged block, if the honest one gives occasion.
    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal>;
}

/// All of them.
pub fn attacks() -> Vec<Box<dyn Attack>> {
    vec![
        Box::new(altered_deposit::AlteredDeposit),
        Box::new(double_record::DoubleRecord),
        Box::new(dropped_evidence::DroppedEvidence),
        Box::new(dropped_message::DroppedMessage),
        Box::new(dropped_votes::DroppedVotes),
        Box::new(exceeded_batch::ExceededBatch),
        Box::new(exceeded_bytes::ExceededBytes),
        Box::new(exceeded_count::ExceededCount),
        Box::new(foreign_chain::ForeignChain),
        Box::new(forged_report::ForgedReport),
        Box::new(forged_transaction::ForgedTransaction),
        Box::new(hidden_messages::HiddenMessages),
        Box::new(idle_vote::IdleVote),
        Box::new(invented_deposit::InventedDeposit),
        Box::new(invented_evidence::InventedEvidence),
        Box::new(invented_share::InventedShare),
        Box::new(late_height::LateHeight),
        Box::new(lying_commit::LyingCommit),
        Box::new(lying_record::LyingRecord),
        Box::new(missing_record::MissingRecord),
        Box::new(nil_vote::NilVote),
        Box::new(other_round::OtherRound),
        Box::new(overdraft::Overdraft),
        Box::new(reordered_transactions::ReorderedTransactions),
        Box::new(reordered_votes::ReorderedVotes),
        Box::new(repeated_message::RepeatedMessage),
        Box::new(repeated_transaction::RepeatedTransaction),
        Box::new(repeated_vote::RepeatedVote),
        Box::new(stale_vote::StaleVote),
        Box::new(stolen_seat::StolenSeat),
    ]
}
