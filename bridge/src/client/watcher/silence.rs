//! A second endpoint of root that says nothing. Whoever keeps its answers back must stop no true report for ever, and whoever lies at the first one must not have the watcher pay without
//! bound. So a report waits for the second one for a few root blocks, and then goes on by the first one's word alone, as far as a sum of its own reaches. Nothing is let go of by one word.
//!
//! In each look the second one is waited for as long as [`PATIENCE`] in all, once before something is sent, once for calldata and once behind that. When it failed it is not asked again in
//! that look, except that what calldata asks keeps nothing behind it back. It says nothing as long as there is a question in each look that it leaves open, whatever else it answers.

use alloy_primitives::U256;
use tokio::time::timeout;

use super::second::{About, SecondWord, SilentEndpoint};
use super::{
    ChildSource, CourtTimes, Duration, Instant, Rpc, RpcError, WatchNotice, Watcher, Which,
};
use crate::relay::seen::Block;
use crate::relay::watch::MIN_AGE;

/// How long a look waits for the second endpoint, before what is sent and behind it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Root blocks for which a report waits for a second endpoint that says nothing, at most.
const MAX_BLOCKS: u64 = 16;
/// Looks in a row in which the second endpoint may lack the first one's newest block before that is said.
const MAX_LOOKS_BEHIND: u32 = 20;
/// Wei that reports by one endpoint's word alone may cost together where no budget says otherwise: one coin.
const MAX_ALONE: u128 = 1_000_000_000_000_000_000;

/// What the second endpoint's word allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// All.
    All,
    /// Nothing that cannot be taken back: it says nothing.
    Alone,
    /// Nothing.
    Nothing,
}

/// How the second endpoint answers.
#[derive(Debug)]
pub(super) struct Silence {
    /// Root blocks for which a report waits for it.
    blocks: u64,
    /// The first one's newest block when it began to say nothing.
    since: Option<u64>,
    /// How long it may show no new block.
    after: Duration,
    /// The newest block that it showed where it lacked the first one's, and since when. Without a moment it was left because it stood still.
    newest: Option<(u64, Option<Instant>)>,
    /// How long a look waits, and what is left of that.
    patience: Duration,
    left: Duration,
    /// Looks in a row in which it did not know the first one's newest block.
    behind: u32,
    /// Whether it said the same of something in this look.
    is_same: bool,
    /// Whether it left something open in this look, or said something else.
    is_missed: bool,
}

impl Silence {
    /// It has said all that was asked. A report is revealed within R blocks, of which others have up to a half for theirs.
    pub(super) fn new(times: &CourtTimes, after: Duration) -> Self {
        let spare = times.reveal_blocks.saturating_sub(MIN_AGE) / 4;
        Self {
            blocks: spare.clamp(1, MAX_BLOCKS),
            since: None,
            after,
            newest: None,
            patience: PATIENCE,
            left: PATIENCE,
            behind: 0,
            is_same: false,
            is_missed: false,
        }
    }

    /// It is the endpoint that was left at this block because it stood still.
    pub(super) const fn left_at(&mut self, block: u64) {
        (self.since, self.newest, self.is_same) = (Some(block), Some((block, None)), false);
    }

    /// A look begins, or the part of it behind what is sent.
    pub(super) const fn wait_anew(&mut self) {
        self.left = self.patience;
    }

    /// An answer of the second endpoint, if it comes in the time that this look has for it.
    pub(super) async fn within<T>(
        &mut self,
        answer: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<T, RpcError> {
        let asked = Instant::now();
        let answer = timeout(self.left, answer).await;
        self.left = self.left.saturating_sub(asked.elapsed());
        answer.unwrap_or_else(|_| Err(RpcError::Unreachable("no answer in time".into())))
    }

    /// It has a word of all that was asked, or says something else.
    const fn ends(&mut self) {
        (self.since, self.newest, self.behind) = (None, None, 0);
    }

    /// It says the same of one thing: it has the first one's newest block.
    const fn confirms(&mut self) {
        (self.newest, self.behind, self.is_same) = (None, 0, true);
    }

    /// A look begins. Gives whether in the one before it said the same of all that was asked, if anything was.
    const fn looks_again(&mut self) -> bool {
        let is_over = self.is_same && !self.is_missed;
        (self.is_same, self.is_missed) = (false, false);
        if is_over {
            self.ends();
        }
        is_over
    }

    /// It says nothing at this block. Gives for how many blocks, once those are many.
    fn lasts(&mut self, number: u64) -> Option<u64> {
        self.is_missed = true;
        let since = *self.since.get_or_insert(number);
        let blocks = number.saturating_sub(since);
        (blocks >= self.blocks).then_some(blocks)
    }

    /// It shows this block as its newest one. Gives whether it goes on, be it behind the first one.
    fn goes_on(&mut self, newest: u64) -> bool {
        match self.newest {
            Some((known, since)) if newest <= known => {
                since.is_some_and(|since| since.elapsed() < self.after)
            }
            known => {
                let stood = known.is_some_and(|(_, since)| {
                    since.is_none_or(|since| since.elapsed() >= self.after)
                });
                // Being behind is another thing than standing still, and begins now.
                if stood {
                    self.since = None;
                }
                self.newest = Some((newest, Some(Instant::now())));
                true
            }
        }
    }

    /// Whether it has a word.
    #[cfg(test)]
    pub(super) const fn is_over(&self) -> bool {
        self.since.is_none() && self.newest.is_none()
    }

    /// It stands still after this long, and no look waits longer for it than that; for tests, which do not wait.
    #[cfg(test)]
    pub(super) const fn waits(&mut self, after: Duration, patience: Duration) {
        (self.after, self.patience) = (after, patience);
    }
}

/// Under what a trouble with an endpoint is remembered as said: two endpoints of one provider may have the same place.
fn mute(whose: SilentEndpoint, place: &str) -> String {
    match whose {
        SilentEndpoint::First => format!("mute first {place}"),
        SilentEndpoint::Second => format!("mute second {place}"),
    }
}

/// Whether an endpoint has this block.
async fn has_block(rpc: &Rpc, block: Option<Block>) -> bool {
    let Some(block) = block else {
        return false;
    };
    let there = rpc.block(Which::Number(block.number)).await;
    there.is_ok_and(|there| there == Some(block))
}

impl<C: ChildSource> Watcher<C> {
    /// A look begins: the second endpoint is asked anew. Where it left nothing open in the look before, what was said of it is over.
    pub(super) fn ask_anew(&mut self, rpc: &Rpc) {
        (self.confirmed.is_behind, self.confirmed.asked) = (false, 0);
        self.confirmed.is_silent = false;
        self.silence.wait_anew();
        if self.silence.looks_again()
            && let Some(second) = &self.second
        {
            let place = second.place();
            for told in ["second", "behind", "alone"] {
                self.told.remove(&format!("{told} {place}"));
            }
            self.told.remove(&mute(SilentEndpoint::Second, &place));
            self.told.remove(&mute(SilentEndpoint::First, &rpc.place()));
        }
    }

    /// Whether the second endpoint says the same, if there is one.
    pub(super) async fn both_say(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        about: &About,
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        self.allowed(rpc, latest, about, say).await == Allowed::All
    }

    /// Whether something may be taken up, of which nothing is lost but what it costs: the second endpoint says the same, or nothing for long, so that the other one is all that is left.
    pub(super) async fn may_act(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        about: &About,
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        self.allowed(rpc, latest, about, say).await != Allowed::Nothing
    }

    /// What the second endpoint's word allows.
    pub(super) async fn allowed(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        about: &About,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Allowed {
        let Some(second) = self.second.clone() else {
            return Allowed::All;
        };
        let place = second.place();
        let named = |what: &str| format!("{what} {place}");
        let (told, late, alone) = (named("second"), named("behind"), named("alone"));
        if self.confirmed.is_silent {
            return self.alone(place, latest, say);
        }
        match self.difference(rpc, &second, latest, about).await {
            Ok(SecondWord::Same) => {
                self.silence.confirms();
                Allowed::All
            }
            // An honest endpoint is a block behind now and then.
            Ok(SecondWord::Later) => {
                if !self.confirmed.is_behind {
                    self.confirmed.is_behind = true;
                    self.silence.behind = self.silence.behind.saturating_add(1);
                    let newest = self.silence.within(second.block(Which::Latest)).await;
                    let newest = newest.ok().flatten();
                    let goes_on = newest.is_some_and(|newest| self.silence.goes_on(newest.number));
                    self.confirmed.contradicts = goes_on && !has_block(rpc, newest).await;
                }
                if self.silence.behind > MAX_LOOKS_BEHIND && self.told.insert(late) {
                    let reason = "it never has the first one's newest block".to_owned();
                    let place = place.clone();
                    say(&WatchNotice::Disagree { place, reason });
                }
                // One that goes on elsewhere has a word: the first one may be what runs ahead of the truth. One that goes on behind the first one, on the same chain, says nothing.
                match self.confirmed.contradicts {
                    true => {
                        self.silence.is_missed = true;
                        Allowed::Nothing
                    }
                    false => self.alone(place, latest, say),
                }
            }
            Ok(SecondWord::Other(reason)) => {
                self.silence.ends();
                self.silence.is_missed = true;
                for told in [alone, mute(SilentEndpoint::Second, &place)] {
                    self.told.remove(&told);
                }
                if self.told.insert(told) {
                    say(&WatchNotice::Disagree { place, reason });
                }
                Allowed::Nothing
            }
            Err((whose, error)) => {
                let silenced = match whose {
                    SilentEndpoint::First => rpc.place(),
                    SilentEndpoint::Second => place.clone(),
                };
                if self.told.insert(mute(whose, &silenced)) {
                    let (place, reason) = (silenced, error.to_string());
                    say(&WatchNotice::Silent { place, reason });
                }
                match whose {
                    SilentEndpoint::First => {
                        self.silence.is_missed = true;
                        Allowed::Nothing
                    }
                    SilentEndpoint::Second => {
                        self.confirmed.is_silent = true;
                        self.alone(place, latest, say)
                    }
                }
            }
        }
    }

    /// The second endpoint says nothing: for long, the first one is all that is left.
    fn alone(
        &mut self,
        place: String,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Allowed {
        let Some(blocks) = self.silence.lasts(latest.number) else {
            return Allowed::Nothing;
        };
        if self.told.insert(format!("alone {place}")) {
            let left = self.left_alone();
            say(&WatchNotice::Alone {
                place,
                blocks,
                left,
            });
        }
        Allowed::Alone
    }

    /// What is left of the wei that may be paid by one endpoint's word alone: half of a budget, or a fixed sum.
    pub(super) fn left_alone(&self) -> U256 {
        let most = match self.options.budget {
            Some(budget) => budget / 2,
            None => MAX_ALONE,
        };
        U256::from(most).saturating_sub(self.kept.alone)
    }
}
