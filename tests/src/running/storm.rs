//! Attackers who go on until they are told to end.

use std::future::Future;

use tokio::task::{JoinError, JoinSet};

/// Tasks that attack at once. One that fails, or ends by itself, ends the test when the storm is over: an attack that had stopped before
/// says nothing of what it attacked.
#[derive(Default)]
pub struct Storm(JoinSet<()>);

impl Storm {
    /// Adds an attacker, who goes on until [`Self::end`].
    pub fn add(&mut self, attacker: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(attacker);
    }

    /// Ends all of them.
    ///
    /// # Panics
    /// When one has panicked or ended before, and when there was none.
    pub async fn end(mut self) {
        assert!(!self.0.is_empty(), "nobody attacked");
        if let Some(ended) = self.0.try_join_next() {
            match ended.map_err(JoinError::into_panic) {
                Ok(()) => panic!("an attacker ended before the storm was over"),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        self.0.shutdown().await;
    }
}
