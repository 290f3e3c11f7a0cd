//! The inbox's price of a message. Root is asked for it at most once in a while, whoever asks here and how often.
//!
//! ```text
//! price ─▶ the last answer is young: that one
//!       ─▶ else root is asked, once for all who wait; it goes on although they go away
//! ```
//! The root endpoint is the one that the inbox is followed by, and it may be metered: strangers must not be able to use it up.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use plasmid_bridge::{
    abi::IInbox,
    client::rpc::{At, Call, Rpc},
};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tonic::Status;

/// How long a price is given without asking root again.
const FRESH: Duration = Duration::from_secs(2);
/// How long root is left alone after it gave none: it may have said that it was asked too often.
const PAUSE: Duration = Duration::from_secs(10);
/// How long root may take.
const PATIENCE: Duration = Duration::from_secs(20);

type Asked = Pin<Box<dyn Future<Output = Result<U256, String>> + Send>>;
type Ask = Box<dyn Fn() -> Asked + Send + Sync>;

/// The price as it was last seen.
pub(super) struct Prices {
    ask: Ask,
    /// Whether root is being asked.
    asking: Mutex<bool>,
    last: watch::Sender<Option<(Instant, Result<U256, String>)>>,
}

impl Prices {
    /// The price of this inbox.
    pub fn of(root: Arc<Rpc>, inbox: Address) -> Arc<Self> {
        Self::new(move || {
            let root = Arc::clone(&root);
            async move {
                let call = Call::to(inbox, IInbox::priceCall {}.abi_encode());
                let answer = root.call(&call, At::Latest).await;
                // An endpoint's own words may name its owner's account or key: they are not for whoever asks.
                let answer = answer.map_err(|error| {
                    tracing::info!("the inbox's price cannot be asked for: {error}");
                    "the root chain's node gives no answer; this node's log says why".to_owned()
                })?;
                IInbox::priceCall::abi_decode_returns(&answer).map_err(|_| {
                    "the root chain's node answers with something that is not a price".to_owned()
                })
            }
        })
    }

    fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<U256, String>> + Send + 'static,
    {
        Arc::new(Self {
            ask: Box::new(move || Box::pin(ask())),
            asking: Mutex::new(false),
            last: watch::Sender::new(None),
        })
    }

    /// What the inbox asks for one message, in wei, as it was at most two seconds ago.
    ///
    /// # Errors
    /// UNAVAILABLE when root gave no price.
    pub async fn price(self: &Arc<Self>) -> Result<U256, Status> {
        let mut answers = self.last.subscribe();
        let known = loop {
            if let Some(known) = self.fresh() {
                break known;
            }
            self.ask();
            if answers.changed().await.is_err() {
                break Err("the node is stopping".into());
            }
        };
        known.map_err(Status::unavailable)
    }

    /// The last answer, as long as it holds.
    fn fresh(&self) -> Option<Result<U256, String>> {
        let last = self.last.borrow();
        let (at, known) = last.as_ref()?;
        let holds = if known.is_ok() { FRESH } else { PAUSE };
        (at.elapsed() < holds).then(|| known.clone())
    }

    fn asking(&self) -> std::sync::MutexGuard<'_, bool> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks root, unless it is being asked.
    fn ask(self: &Arc<Self>) {
        let mut asking = self.asking();
        if *asking || self.fresh().is_some() {
            return;
        }
        *asking = true;
        drop(asking);
        let mut asked = Question {
            prices: Arc::clone(self),
            answer: Err("what asked the root chain has ended without an answer".into()),
        };
        tokio::spawn(async move {
            let answer = timeout(PATIENCE, (asked.prices.ask)()).await;
            asked.take(answer.unwrap_or_else(|_| Err("the root chain does not answer".into())));
        });
    }
}

/// A question to root that is under way. However it ends, whoever waits is told, and root can be asked again.
struct Question {
    prices: Arc<Prices>,
    answer: Result<U256, String>,
}

impl Question {
    fn take(&mut self, answer: Result<U256, String>) {
        self.answer = answer;
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let answer = std::mem::replace(&mut self.answer, Ok(U256::ZERO));
        let mut asking = self.prices.asking();
        *asking = false;
        let last = Some((Instant::now(), answer));
        self.prices.last.send_replace(last);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    /// Prices that count how often root is asked, and wait until they are let go.
    fn counted(
        answer: Result<u64, &'static str>,
    ) -> (Arc<Prices>, Arc<AtomicUsize>, Arc<tokio::sync::Notify>) {
        let count = Arc::new(AtomicUsize::new(0));
        let go = Arc::new(tokio::sync::Notify::new());
        let (asked, gate) = (Arc::clone(&count), Arc::clone(&go));
        let prices = Prices::new(move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let gate = Arc::clone(&gate);
            async move {
                gate.notified().await;
                answer.map(U256::from).map_err(str::to_owned)
            }
        });
        (prices, count, go)
    }

    #[tokio::test]
    async fn root_is_asked_once_for_all_and_not_again_while_the_answer_is_young() {
        for answer in [Ok(7), Err("429")] {
            let (prices, count, go) = counted(answer);
            let mut callers = JoinSet::new();
            for _ in 0..200 {
                let prices = Arc::clone(&prices);
                callers.spawn(async move { prices.price().await });
            }
            while count.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            go.notify_one();
            let expected = answer.ok().map(U256::from);
            while let Some(got) = callers.join_next().await {
                assert_eq!(got.unwrap().ok(), expected);
            }
            assert_eq!(prices.price().await.ok(), expected);
            assert_eq!(count.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn a_question_that_panics_is_an_answer_and_root_is_asked_again_after_the_pause() {
        let count = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&count);
        let prices = Prices::new(move || {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                assert!(!first, "as the test wants");
                Ok(U256::from(7))
            }
        });
        let error = timeout(PATIENCE, prices.price()).await;
        let error = error.expect("it does not wait for ever").unwrap_err();
        assert!(error.message().contains("without an answer"), "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
        // As when the pause is over.
        prices.last.send_replace(None);
        assert_eq!(prices.price().await.unwrap(), U256::from(7));
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_asks_and_goes_away_does_not_have_root_asked_again() {
        let (prices, count, go) = counted(Ok(7));
        for _ in 0..50 {
            let asked = timeout(Duration::ZERO, prices.price()).await;
            assert!(asked.is_err());
            tokio::task::yield_now().await;
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        go.notify_one();
        assert_eq!(prices.price().await.unwrap(), U256::from(7));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}
