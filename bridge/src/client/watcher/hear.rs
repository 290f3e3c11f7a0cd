//! What those who read the child tell, and what is handed over: kept until it can be judged, within bounds.

use std::collections::BTreeMap;

use super::submission::AHEAD;
use super::{
    ChildNews, ChildSource, DoubleStatement, Member, OffenceId, ROOT, Subject, WatchNotice, Watcher,
};
use crate::proof::checkpoint::certificate::{BITMAP_BYTES, both};
use crate::proof::vote;
use crate::relay::watch::docket::Intake;
use crate::relay::watch::statement::TwoCertificates;

/// Statements of one place that are kept beside those that wait to be judged, at most.
const MAX_BESIDE: usize = 512;

impl<C: ChildSource> Watcher<C> {
    pub(super) fn hear(&mut self, news: ChildNews, say: &mut impl FnMut(&WatchNotice)) {
        match news {
            ChildNews::Read { node, height } => {
                if let Some(place) = self.child.places().get(node) {
                    self.kept.heights.insert(place.clone(), height);
                }
            }
            ChildNews::Accuses {
                node,
                statement,
                taken,
            } => {
                let place = self.place(node);
                let epoch = statement.epoch(self.epoch_blocks);
                let is_over = self.accuse(&place, statement).is_over();
                let full = format!("full {place}");
                if is_over {
                    self.told.remove(&full);
                } else if self.told.insert(full) {
                    say(&WatchNotice::Full { place, epoch });
                }
                // Whoever does not listen any more hands it over at the next start.
                let _ = taken.send(is_over);
            }
            ChildNews::Signs {
                node,
                checkpoint,
                shares,
            } => {
                if checkpoint.deployment != self.created.id {
                    let what = "it serves a checkpoint of another deployment".to_owned();
                    let place = self.place(node);
                    self.lie(&place, what, say);
                } else if self.window.contains(&checkpoint.epoch) {
                    let epoch = checkpoint.epoch;
                    let taken = self.book.add_shares(node, *checkpoint, shares);
                    self.tell_shares(node, epoch, taken, say);
                }
            }
            ChildNews::Commit { node, votes } => {
                if let Some(height) = self.commits.add(node, votes) {
                    let (place, epoch) = (self.place(node), self.epoch_of(height));
                    let reason = "more commits of it wait for the set of their epoch than are kept";
                    self.ignore(place, epoch, reason, say);
                }
            }
            ChildNews::Answers { target, call } => self.take_answer(target, call),
            ChildNews::Unanswered { target, reason } => self.no_answer(target, reason, say),
            ChildNews::FalseAnswer { target } => self.is_false_answer(target, say),
            ChildNews::Missing { epoch, targets } => self.take_missing(epoch, targets),
            ChildNews::Unsound(found) => self.accuse_checkpoint(*found, say),
            ChildNews::Sound { epoch } => {
                self.withheld.remove(&epoch);
                self.is_shown(epoch);
                say(&WatchNotice::Sound { epoch });
            }
            ChildNews::Withheld { epoch, reason } => {
                self.is_missing(epoch);
                let final_in = self.final_in(epoch);
                if is_due(&mut self.withheld, epoch, final_in) {
                    say(&WatchNotice::Withheld {
                        epoch,
                        reason,
                        final_in,
                    });
                }
            }
            ChildNews::Behind(checkpoint) => {
                let final_in = self.final_in(checkpoint.epoch);
                let epoch = checkpoint.epoch;
                // What nobody shows is said anyway, and how much is left with it.
                let is_late = final_in <= self.window_secs / 2
                    && self.records.acceptance(epoch).is_some()
                    && !self.withheld.contains_key(&epoch);
                if is_late && is_due(&mut self.behind, epoch, final_in) {
                    say(&WatchNotice::Behind {
                        checkpoint,
                        final_in,
                    });
                }
            }
            ChildNews::Missed(checkpoint) => say(&WatchNotice::Missed(checkpoint)),
            ChildNews::Lies { node, reason } => {
                let place = self.place(node);
                self.lie(&place, reason, say);
            }
            ChildNews::Trouble(reason) => say(&WatchNotice::Trouble(reason)),
            ChildNews::Silent { node, reason } => say(&WatchNotice::Silent {
                place: self.place(node),
                reason,
            }),
            ChildNews::Skipped { node, from, to } => say(&WatchNotice::Blind {
                place: self.place(node),
                from,
                to,
            }),
            ChildNews::Back { node } => say(&WatchNotice::Back {
                place: self.place(node),
            }),
        }
    }

    /// Takes a statement over that a person hands in, or that two commits show. It is kept until there is room for it, as far as its place has room here.
    pub fn hand_over(&mut self, place: &str, statement: DoubleStatement) {
        let of_place = self.handed.iter().filter(|(other, _)| other == place);
        if of_place.clone().any(|(_, other)| *other == statement) {
            return;
        }
        if of_place.count() >= MAX_BESIDE {
            let epoch = statement.epoch(self.epoch_blocks);
            self.left_out.entry(place.to_owned()).or_insert(epoch);
            return;
        }
        self.handed.push((place.to_owned(), statement));
    }

    /// Takes over what was handed in, as far as there is room, and says what was left out.
    pub(super) fn take_handed(&mut self, say: &mut impl FnMut(&WatchNotice)) {
        for (place, epoch) in std::mem::take(&mut self.left_out) {
            let reason = "more statements were handed over than are kept";
            self.ignore(place, epoch, reason, say);
        }
        for (place, statement) in std::mem::take(&mut self.handed) {
            if !self.accuse(&place, statement.clone()).is_over() {
                self.handed.push((place, statement));
            }
        }
    }

    /// Takes a statement over, to be judged at the next look at root. What a case is kept of takes no room.
    pub(super) fn accuse(&mut self, place: &str, statement: DoubleStatement) -> Intake {
        // Nobody can judge it before root has accepted what commits to its set: whoever claims such epochs fills no room with them.
        // Once the deployment is over root accepts nothing more, and so nobody ever can.
        if statement.epoch(self.epoch_blocks) >= self.accepted.saturating_add(AHEAD) {
            let is_over = self.end.exit_at.is_some_and(|at| at < self.root_time);
            return match is_over {
                true => Intake::Known,
                false => Intake::Full,
            };
        }
        match self.is_in_case(&statement) {
            true => Intake::Known,
            false => self.docket.take(place, statement),
        }
    }

    /// Whether evidence is kept that shows the same, as far as the set of its epoch is known.
    fn is_in_case(&self, statement: &DoubleStatement) -> bool {
        let epoch = statement.epoch(self.epoch_blocks);
        let members = self.members_of(epoch);
        let accused = match statement {
            DoubleStatement::Votes(votes) => {
                let own = |one: &&Member| vote::address(&one.consensus_key) == votes.voter;
                members.iter().find(own)
            }
            DoubleStatement::Shares(shares) => members.get(usize::from(shares.number)),
            DoubleStatement::Certificates(two) => return self.is_covered(epoch, two),
        };
        accused.is_some_and(|member| {
            let operator = member.operator.into();
            let subject = Subject::Offence(OffenceId { epoch, operator });
            let case = self.cases.get(&subject);
            case.is_some_and(|case| self.stands(&subject, case))
        })
    }

    fn is_covered(&self, epoch: u64, two: &TwoCertificates) -> bool {
        let accepted = self.records.acceptance(two.checkpoints[0].epoch);
        let first = two.first.map(|first| first.bitmap);
        let signers = first.or_else(|| accepted.map(|accepted| accepted.signers));
        let overlap = signers.map(|signers| both(&signers, &two.second.bitmap));
        overlap.is_some_and(|overlap| self.has_case_of(epoch, &overlap))
    }

    /// Whether evidence of two certificates is kept against all of these members, and stands.
    pub(super) fn has_case_of(&self, epoch: u64, members: &[u8; BITMAP_BYTES]) -> bool {
        let covers = |other: &[u8; BITMAP_BYTES]| both(members, other) == *members;
        self.cases.iter().any(|(subject, case)| {
            subject.epoch() == epoch
                && case.both.is_some_and(|other| covers(&other))
                && self.stands(subject, case)
        })
    }

    /// Says, once for each place, epoch and reason, what is not looked at.
    pub(super) fn ignore(
        &mut self,
        place: String,
        epoch: u64,
        reason: &'static str,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        if self.tells(format!("ignored {place} {epoch} {reason}")) {
            say(&WatchNotice::Ignored {
                place,
                epoch,
                reason,
            });
        }
    }

    pub(super) fn place(&self, node: usize) -> String {
        match node {
            ROOT => self.wallet.rpc().place(),
            node => self.child.places().get(node).cloned().unwrap_or_default(),
        }
    }
}

/// Whether what lasts is to be said of a checkpoint: at first, and again each time that half of what was left until it can be final is over. `said` has what was left then.
fn is_due(said: &mut BTreeMap<u64, u64>, epoch: u64, final_in: u64) -> bool {
    let before = said.get(&epoch);
    let is_due = before.is_none_or(|before| final_in < *before && final_in <= before / 2);
    if is_due {
        said.insert(epoch, final_in);
    }
    is_due
}
