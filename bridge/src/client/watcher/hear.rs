//! What those who read the child tell, and what is handed over: kept until it can be judged, within bounds.

use super::{
    ChildNews, ChildSource, DoubleStatement, MAX_WAITING, ROOT, Waiting, WatchNotice, Watcher,
};

impl<C: ChildSource> Watcher<C> {
    pub(super) fn hear(&mut self, news: ChildNews, say: &mut impl FnMut(&WatchNotice)) {
        match news {
            ChildNews::Read { node, height } => {
                if let Some(place) = self.child.places().get(node) {
                    self.kept.heights.insert(place.clone(), height);
                }
            }
            ChildNews::Accuses { node, statement } => {
                let place = self.place(node);
                self.accuse(&place, statement);
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
                    self.book.add_shares(node, *checkpoint, shares);
                }
            }
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

    /// Takes statements over that somebody hands in. They are judged at the next look at root. What comes from one place keeps nothing out that comes
    /// from another.
    pub fn accuse(&mut self, place: &str, statement: DoubleStatement) {
        let is_known = |other: &Waiting| other.statement == statement;
        let of_place = self.waiting.iter().filter(|other| other.place == place);
        if !self.waiting.iter().any(is_known) && of_place.count() < MAX_WAITING {
            self.waiting.push_back(Waiting {
                place: place.to_owned(),
                statement,
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
