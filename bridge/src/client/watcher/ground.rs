//! What a case rests on: the set of its epoch, and the checkpoint whose record it names instead of a certificate. A reorganisation, or an endpoint that stopped lying, can take
//! both away. A case that rests on nothing keeps no other one out and is not sent; when root keeps something else, it is let go of, and what it shows is judged anew.

use super::calls::commitment_of;
use super::second::About;
use super::{Case, ChildSource, ROOT, Rpc, Subject, WatchNotice, Watcher};
use crate::proof::checkpoint::certificate;
use crate::relay::seen::Block;

/// What a case rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// What root keeps.
    Firm,
    /// What root has not accepted, or what is not read yet.
    Unknown,
    /// What root keeps something else in place of.
    Gone,
}

impl<C: ChildSource> Watcher<C> {
    fn ground(&self, epoch: u64, case: &Case) -> Ground {
        if let Some(source) = epoch.checked_sub(2) {
            match self.records.acceptance(source) {
                None => return Ground::Unknown,
                Some(found) if found.checkpoint.next_set != commitment_of(&case.accused.set) => {
                    return Ground::Gone;
                }
                Some(_) => {}
            }
        }
        let Some(named) = case.evidence.named(&self.created.id) else {
            return Ground::Firm;
        };
        match self.records.acceptance(named.epoch) {
            None => Ground::Unknown,
            Some(found) if found.digest != named.digest() => Ground::Gone,
            Some(_) => Ground::Firm,
        }
    }

    /// Whether a case rests on what root keeps now.
    pub(super) fn stands(&self, subject: &Subject, case: &Case) -> bool {
        self.ground(subject.epoch(), case) == Ground::Firm
    }

    /// Lets go of cases that rest on what root has replaced by something else, and hands over again what they show.
    pub(super) async fn clear_ground(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        self.refresh_overlaps();
        let gone = self.cases.iter();
        let gone =
            gone.filter(|(subject, case)| self.ground(subject.epoch(), case) == Ground::Gone);
        let gone: Vec<Subject> = gone.map(|(subject, _)| *subject).collect();
        for subject in gone {
            let about = About::Epoch(subject.epoch());
            if !self.both_say(rpc, latest, &about, say).await {
                continue;
            }
            let Some(case) = self.cases.remove(&subject) else {
                continue;
            };
            let place = self.place(ROOT);
            let statement = case.evidence.statement(&case.accused, &self.created.id);
            let taken = statement.map(|statement| self.accuse(&place, statement));
            if taken.is_some_and(|taken| !taken.is_over()) {
                self.cases.insert(subject, case);
                continue;
            }
            self.patience.forget(subject);
            self.kept.cases.retain(|case| !case.is_of(&subject));
            self.save(say);
            say(&WatchNotice::Dropped {
                subject,
                reason: "root keeps another checkpoint than the one that it rests on, so it is judged anew"
                    .into(),
            });
        }
    }

    /// The same checkpoint may have been accepted again with other signers.
    fn refresh_overlaps(&mut self) {
        let records = &self.records;
        for case in self.cases.values_mut() {
            let Some(named) = case.evidence.named(&self.created.id) else {
                continue;
            };
            let accepted = records.acceptance(named.epoch);
            let accepted = accepted.filter(|found| found.digest == named.digest());
            if let Some((found, second)) = accepted.zip(case.evidence.second_signers()) {
                case.both = Some(certificate::both(&found.signers, &second));
            }
        }
    }
}
