//! What else goes on while a network is loaded: checkpoints, and a deposit.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    cli::{
        CliError,
        demo::people::{World, person},
        load::shown::rounded,
    },
    localnet::found::{self, ETHER},
};

/// How often the node is asked.
const LOOK: Duration = Duration::from_millis(100);

/// When an epoch began, when the next one did, and when root had accepted its checkpoint, as a node told.
#[derive(Clone, Copy, Debug, Default)]
struct Epoch {
    began: Option<Duration>,
    over: Option<Duration>,
    accepted: Option<Duration>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Bystander {
    epochs: BTreeMap<u64, Epoch>,
    /// From the transaction on root until the child had consumed the message.
    credited: Option<Duration>,
}

impl Bystander {
    /// Looks until `until`, and makes a deposit after a third of that time.
    ///
    /// # Errors
    /// When the deposit cannot be made.
    pub async fn look(&mut self, world: &World, time: Duration) -> Result<(), CliError> {
        let start = Instant::now();
        let (mut index, mut sent) = (None, None);
        let (from, to) = (person("alice")?, person("carol")?);
        let wallet = found::wallet(&world.rpc, &from.secret).await?;
        let mut deposit = Box::pin(world.deposit_native(&wallet, &to.account, ETHER));
        while start.elapsed() < time {
            if index.is_none() && start.elapsed() > time / 3 {
                let began = *sent.get_or_insert_with(Instant::now);
                tokio::select! {
                    made = &mut deposit => index = Some((made?, began)),
                    () = tokio::time::sleep(LOOK) => {}
                }
            } else {
                tokio::time::sleep(LOOK).await;
            }
            // A node that does not answer in a moment of load is asked again.
            let Ok(now) = world.now().await else {
                continue;
            };
            if let (None, Some((index, began))) = (self.credited, index)
                && now.inbox_cursor >= index
            {
                self.credited = Some(began.elapsed());
            }
            self.note(now.epoch, now.checkpoints_accepted, start.elapsed());
        }
        Ok(())
    }

    fn note(&mut self, epoch: u64, accepted: u64, at: Duration) {
        let is_first = self.epochs.is_empty();
        for number in self.epochs.keys().next_back().copied().unwrap_or(epoch)..epoch {
            self.epochs
                .entry(number)
                .or_default()
                .over
                .get_or_insert(at);
        }
        // Of the epoch that runs at the first look nobody saw the beginning.
        let now = self.epochs.entry(epoch).or_default();
        if !is_first && now.over.is_none() {
            now.began.get_or_insert(at);
        }
        for (_, epoch) in self.epochs.range_mut(..accepted) {
            epoch.accepted.get_or_insert(at);
        }
    }

    /// For each epoch that was over, how long root's acceptance took after that, in lengths of the epoch.
    fn lags(&self) -> Vec<f64> {
        let lags = self.epochs.values().filter_map(|epoch| {
            let (began, over) = (epoch.began?, epoch.over?);
            let late = epoch.accepted?.saturating_sub(over);
            Some(late.as_secs_f64() / (over - began).as_secs_f64())
        });
        lags.collect()
    }

    /// The figures.
    pub fn figures(&self) -> Vec<Value> {
        let lags = self.lags();
        let latest = lags.iter().copied().fold(f64::NAN, f64::max);
        let waiting = self.epochs.values();
        let waiting = waiting.filter(|one| one.over.is_some() && one.accepted.is_none());
        vec![
            json!({ "name": "checkpoint_latest_in_epochs", "value": rounded(latest), "unit": "lengths of its epoch" }),
            json!({ "name": "checkpoints_accepted", "value": lags.len(), "unit": "epochs" }),
            json!({ "name": "checkpoints_waiting", "value": waiting.count(), "unit": "epochs" }),
            json!({
                "name": "deposit_credited_secs", "value": self.credited.map(|took| rounded(took.as_secs_f64())), "unit": "s",
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acceptance_is_as_late_as_epochs_of_its_own_length_fit_in_between() {
        let mut seen = Bystander::default();
        let at = Duration::from_secs;
        // Epoch 4 runs when it is looked at first: nobody knows its length.
        for (secs, epoch, accepted) in [
            (1, 4, 4),
            (10, 5, 4),
            (20, 6, 5),
            (25, 6, 6),
            (40, 7, 6),
            (80, 7, 7),
            (90, 8, 7),
        ] {
            seen.note(epoch, accepted, at(secs));
        }
        // Epoch 5 took 10 s and was accepted 5 s later, epoch 6 took 20 s and was accepted 40 s later, epoch 7 waits.
        assert_eq!(seen.lags(), [0.5, 2.0]);
        let figures = seen.figures();
        let value = |place: usize| figures[place]["value"].clone();
        assert_eq!(
            (value(0), value(1), value(2)),
            (json!(2.0), json!(2), json!(1))
        );
        assert_eq!(value(3), Value::Null);
        let names: Vec<_> = figures
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        let expected = [
            "checkpoint_latest_in_epochs",
            "checkpoints_accepted",
            "checkpoints_waiting",
            "deposit_credited_secs",
        ];
        assert_eq!(names, expected);
    }
}
