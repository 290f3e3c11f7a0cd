//! Durations in `config.toml`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration as Go writes it: `20ms`, `60s`, `1m0s`, `1h2m3.5s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}ms", self.0.as_millis()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || serde::de::Error::custom(format!("`{text}` is not a duration such as 200ms"));
        span(&text).map(Self).ok_or_else(wrong)
    }
}

fn span(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0u128;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, tail) = rest.split_at(number);
        let unit = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let scale: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        nanos = nanos.checked_add(whole.parse::<u128>().ok()?.checked_mul(scale)?)?;
        if !part.is_empty() {
            let places = u32::try_from(part.len()).ok()?;
            let part = part.parse::<u128>().ok()?.checked_mul(scale)?;
            nanos = nanos.checked_add(part.checked_div(10u128.checked_pow(places)?)?)?;
        }
        rest = tail;
    }
    (!text.is_empty()).then_some(())?;
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_writes_them() {
        let cases = [
            ("0", 0),
            ("0s", 0),
            ("5ms", 5_000_000),
            ("60s", 60_000_000_000),
            ("1m0s", 60_000_000_000),
            ("1h2m3.5s", 3_723_500_000_000),
            ("1.25ms", 1_250_000),
            ("7µs", 7_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(span(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in [
            "",
            "5",
            "ms",
            "-1s",
            "1s2",
            "1 s",
            "1d",
            "1.2.3s",
            "99999999999999h",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
