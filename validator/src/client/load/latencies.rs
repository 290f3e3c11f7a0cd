//! Latencies of a load, in a histogram of bounded size (HdrHistogram: every value to three digits, whatever their number).

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is told from longer ones, in microseconds.
const MAX_MICROS: u64 = 600_000_000;
/// The end of the first range of [`Latencies::ranges`], in microseconds; each range is twice as long as the one before it.
const FIRST_RANGE_MICROS: u64 = 1_000;
/// Digits that are kept of all latencies of a load.
const FINE: u8 = 3;
/// Digits that are kept of those of each second.
const COARSE: u8 = 2;

/// Latencies.
#[derive(Clone, Debug)]
pub struct Latencies(Option<Histogram<u32>>);

/// Latencies of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatencyRange {
    /// No latency of the range is longer, in milliseconds.
    pub to_ms: f64,
    /// How many there are.
    pub count: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new(FINE)
    }
}

impl Latencies {
    /// Counts for a part of a load, without a latency yet: they are told to two digits.
    pub(super) fn coarse() -> Self {
        Self::new(COARSE)
    }

    fn new(digits: u8) -> Self {
        // Constant bounds that the histogram takes; where it would not, nothing is counted, and a test sees that.
        Self(Histogram::new_with_bounds(1, MAX_MICROS, digits).ok())
    }

    pub(super) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        if let Some(held) = &mut self.0 {
            held.saturating_record(micros.max(1));
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// The latency that this part of all (0 to 1) does not exceed, in milliseconds; `None` where there are none.
    #[must_use]
    pub fn at_ms(&self, part: f64) -> Option<f64> {
        let held = self.0.as_ref().filter(|held| !held.is_empty())?;
        Some(millis(held.value_at_quantile(part)))
    }

    /// Their mean, in milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> Option<f64> {
        let held = self.0.as_ref().filter(|held| !held.is_empty())?;
        Some(held.mean() / 1_000.0)
    }

    /// How many there are in ranges that double.
    #[must_use]
    pub fn ranges(&self) -> Vec<LatencyRange> {
        let held = self.0.iter();
        let ranges = held.flat_map(|held| held.iter_log(FIRST_RANGE_MICROS, 2.0));
        let ranges = ranges.map(|one| LatencyRange {
            to_ms: millis(one.value_iterated_to()),
            count: one.count_since_last_iteration(),
        });
        ranges.skip_while(|one| one.count == 0).collect()
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
