//! What a watcher says.

use alloy_primitives::{Address, B256, U256};

use super::challenges::DataNotice;
use super::news::UnfinishedCheckpoint;
use super::root::CourtEvent;
use super::root::overlaps::bits;
use crate::proof::checkpoint::certificate::has;
use crate::relay::watch::{OffenceId, Subject};

/// What a watcher says, one line each.
#[derive(Clone, Debug)]
pub enum WatchNotice {
    /// Evidence that is checked and kept.
    Found {
        /// What it is for.
        subject: Subject,
        /// `votes`, `checkpoints` or `certificates`.
        kind: &'static str,
        /// The node that handed it over.
        place: String,
    },
    /// A transaction is on its way.
    Sent {
        /// What it is for.
        subject: Subject,
        /// The step.
        step: &'static str,
        /// The transaction.
        hash: B256,
        /// Its nonce.
        nonce: u64,
    },
    /// In a dry run: what would be sent.
    WouldSend {
        /// What it is for.
        subject: Subject,
        /// The step.
        step: &'static str,
        /// The gas that it may take.
        gas: u64,
        /// The most that it would cost now, in wei.
        cost: U256,
    },
    /// A transaction of ours is mined.
    Paid {
        /// What it is for.
        subject: Subject,
        /// The step.
        step: String,
        /// The transaction.
        hash: B256,
        /// Its gas.
        gas_used: u64,
        /// Whether it took effect.
        succeeded: bool,
    },
    /// Our commitment stands on root.
    Committed {
        /// It.
        commitment: B256,
    },
    /// An offence was revealed.
    Revealed {
        /// The offence.
        offence: OffenceId,
        /// Who is paid.
        beneficiary: Address,
        /// Whether it was by us.
        mine: bool,
    },
    /// An older commitment took the lead.
    Overtaken {
        /// The offence.
        offence: OffenceId,
        /// Who is paid.
        beneficiary: Address,
        /// Whether it was by us.
        mine: bool,
    },
    /// The share is in the sums.
    Counted {
        /// The offence.
        offence: OffenceId,
    },
    /// A reward was paid.
    Collected {
        /// The offence.
        offence: OffenceId,
        /// Who was paid.
        beneficiary: Address,
        /// Wei.
        paid: U256,
        /// Whether it was ours.
        mine: bool,
    },
    /// The cut is on its way to the child.
    Settled {
        /// The offence.
        offence: OffenceId,
        /// Of 10^9.
        fraction: u64,
    },
    /// Two certificates were shown: the epoch is frozen on the child until those who signed both are.
    Overlapped {
        /// The epoch of their offences.
        epoch: u64,
        /// The overlap's number in the Court.
        number: u64,
        /// How many members it has.
        members: usize,
        /// Who is paid.
        beneficiary: Address,
        /// Whether it was by us.
        mine: bool,
    },
    /// An older commitment to two certificates took the lead.
    OverlapOvertaken {
        /// The epoch of their offences.
        epoch: u64,
        /// The overlap's number.
        number: u64,
        /// Who is paid.
        beneficiary: Address,
        /// Whether it was by us.
        mine: bool,
    },
    /// A member who signed both is frozen on the child.
    Convicted {
        /// The offence.
        offence: OffenceId,
        /// The overlap's number.
        number: u64,
    },
    /// A step would take all reports together over what they may cost; nothing was sent.
    OverBudget {
        /// What it is for.
        subject: Subject,
        /// The step.
        step: &'static str,
        /// What it needs, in wei.
        cost: U256,
        /// What is left, in wei.
        left: U256,
        /// Whether that is left of what may be paid by one endpoint's word alone.
        is_alone: bool,
    },
    /// The second root endpoint has said nothing for long: reports go on by the first one's word alone, and nothing is let go of.
    Alone {
        /// The second endpoint.
        place: String,
        /// For how many root blocks.
        blocks: u64,
        /// What they may cost, in wei.
        left: U256,
    },
    /// Two root endpoints say different things; nothing was sent, and nothing is let go of.
    Disagree {
        /// The second endpoint.
        place: String,
        /// In what.
        reason: String,
    },
    /// Root would refuse a step; nothing was sent.
    Refused {
        /// What it is for.
        subject: Subject,
        /// The step.
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// A step costs more than it brings; nothing was sent.
    Unworthy {
        /// What it is for.
        subject: Subject,
        /// The step.
        step: &'static str,
        /// What it costs, in wei.
        cost: U256,
        /// What it brings, in wei.
        pays: U256,
    },
    /// An offence is let go of.
    Dropped {
        /// What it is for.
        subject: Subject,
        /// Why.
        reason: String,
    },
    /// Statements came when reports of their epoch were closed. It is said of the first such epoch of a place, of the second one, of the fourth one, and so on.
    Late {
        /// Where they are from.
        place: String,
        /// The epoch.
        epoch: u64,
        /// How many epochs that was said or counted of.
        epochs: u64,
    },
    /// The deployment's reveal window is so short that a reveal fits only if the next block has it, or never.
    Narrow {
        /// R, in root blocks.
        reveal_blocks: u64,
        /// Whether it fits at all; else nothing is sent.
        fits: bool,
    },
    /// As many statements wait as are kept of a place: what is behind them there is read when there is room.
    Full {
        /// The place.
        place: String,
        /// The epoch of the statements that found no room.
        epoch: u64,
    },
    /// Something is not looked at.
    Ignored {
        /// Where it is from.
        place: String,
        /// The epoch that it speaks of.
        epoch: u64,
        /// Why.
        reason: &'static str,
    },
    /// Statements wait, because nobody serves the set of their epoch that root committed to.
    NoSet {
        /// The epoch.
        epoch: u64,
        /// Why.
        reason: String,
    },
    /// A node said what root refutes, or what no key signed.
    Lie {
        /// The node.
        place: String,
        /// What.
        reason: String,
    },
    /// A node has deleted blocks before they were read: what stands in them is not seen there.
    Blind {
        /// The node.
        place: String,
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// A node or root does not answer.
    Silent {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// It answers again.
    Back {
        /// Where.
        place: String,
    },
    /// A root endpoint has shown no new block for long.
    Still {
        /// It.
        place: String,
        /// The newest block that it showed.
        block: u64,
        /// For how many seconds.
        secs: u64,
        /// The endpoint that the watcher goes on with, if there is one with newer blocks.
        other: Option<String>,
    },
    /// Root's events leave a checkpoint out, or show another one than root keeps: they are read again.
    Contradicted {
        /// The first such checkpoint.
        epoch: u64,
    },
    /// The deployment is closing or in exit mode, or checkpoints are void.
    Ends {
        /// When exit mode begins or began, in seconds of root's clock.
        exit_at: u64,
        /// The first void checkpoint.
        void_from: Option<u64>,
    },
    /// An accepted checkpoint breaks a rule.
    Broken {
        /// Its epoch.
        epoch: u64,
        /// `L1` to `L15`, `bad_signature`, `wrong_sender` or `bad_segment`.
        rule: String,
        /// The height of the block that breaks it.
        height: u64,
        /// How.
        reason: String,
        /// Seconds until it can be made final.
        final_in: u64,
        /// Whether there is a proof of it.
        is_provable: bool,
    },
    /// An accepted checkpoint breaks none of the rules that are judged.
    Sound {
        /// Its epoch.
        epoch: u64,
    },
    /// No node shows all that an accepted checkpoint commits to.
    Withheld {
        /// Its epoch.
        epoch: u64,
        /// What each of them says.
        reason: String,
        /// Seconds until it can be made final.
        final_in: u64,
    },
    /// Half of the time in which it can be called void is over, and an accepted checkpoint is not judged and executed yet.
    Behind {
        /// Which one.
        checkpoint: UnfinishedCheckpoint,
        /// Seconds until it can be made final.
        final_in: u64,
    },
    /// An accepted checkpoint became final before it was judged and executed.
    Missed(UnfinishedCheckpoint),
    /// Something about challenges of data.
    Data(DataNotice),
    /// Events of root are read.
    Reading {
        /// Up to this block.
        reached: u64,
        /// The newest one.
        target: u64,
    },
    /// Something failed, and is tried again.
    Trouble(String),
}

impl WatchNotice {
    /// What an event of the Court tells; others' commitments tell nothing.
    pub(super) fn of(event: &CourtEvent, mine: impl Fn(&B256) -> bool) -> Option<Self> {
        let offence = |operator, epoch| OffenceId { epoch, operator };
        Some(match event {
            CourtEvent::Committed(one) => {
                let commitment = one.commitment;
                return mine(&commitment).then_some(Self::Committed { commitment });
            }
            CourtEvent::Revealed(one) => Self::Revealed {
                offence: offence(one.operator, one.epoch),
                beneficiary: one.beneficiary,
                mine: mine(&one.commitment),
            },
            CourtEvent::Overtaken(one) => Self::Overtaken {
                offence: offence(one.operator, one.epoch),
                beneficiary: one.beneficiary,
                mine: mine(&one.commitment),
            },
            CourtEvent::Collected(one) => Self::Collected {
                offence: offence(one.operator, one.epoch),
                beneficiary: one.beneficiary,
                paid: one.paid,
                mine: mine(&one.commitment),
            },
            CourtEvent::Settled(one) => Self::Settled {
                offence: offence(one.operator, one.epoch),
                fraction: one.fraction,
            },
            CourtEvent::Overlapped(one) => Self::Overlapped {
                epoch: one.epoch,
                number: one.number,
                members: (0..512).filter(|at| has(&bits(&one.signers), *at)).count(),
                beneficiary: one.beneficiary,
                mine: mine(&one.commitment),
            },
            CourtEvent::OverlapOvertaken(one) => Self::OverlapOvertaken {
                epoch: one.epoch,
                number: one.number,
                beneficiary: one.beneficiary,
                mine: mine(&one.commitment),
            },
            CourtEvent::Data(event) => Self::Data(DataNotice::Root(event.clone())),
            CourtEvent::Convicted(one) => Self::Convicted {
                offence: offence(one.operator, one.epoch),
                number: one.overlap,
            },
        })
    }
}
