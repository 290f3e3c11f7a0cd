//! Amounts as people type them: decimal numbers of whole coins, exact, never through a float.

use super::CliError;

/// The base units (u128) of `text`, a decimal number of coins with `decimals` places, or a whole number followed by `base`.
///
/// # Errors
/// When it is no number, has more places than the coin, or does not fit 128 bits.
pub fn parse(text: &str, decimals: u32) -> Result<u128, CliError> {
    let wrong = |why: &str| CliError::new(format!("amount {text:?}: {why}"));
    if let Some(base) = text.strip_suffix("base") {
        return base
            .trim()
            .parse()
            .map_err(|_| wrong("before `base` must stand a whole number below 2^128"));
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if !digits(whole) || !digits(part) || (whole.is_empty() && part.is_empty()) {
        return Err(wrong(
            "it must be a decimal number such as 1.5, or base units such as 1500base",
        ));
    }
    let places = decimals as usize;
    if part.len() > places {
        return Err(wrong(&format!(
            "it has {} decimal places and the coin has {places}",
            part.len()
        )));
    }
    let padded = format!("{whole}{part:0<places$}");
    padded
        .trim_start_matches('0')
        .parse()
        .or_else(|error: std::num::ParseIntError| {
            if padded.chars().all(|c| c == '0') {
                Ok(0)
            } else {
                Err(wrong(&format!("it does not fit 128 bits ({error})")))
            }
        })
}

/// The most decimal places that a token can have on root.
const MAX_DECIMALS: u32 = 255;

/// The exact decimal number of coins that `base` units are, without useless zeros; in base units where a node claims more
/// decimal places than a token can have.
pub fn show(base: u128, decimals: u32) -> String {
    if decimals > MAX_DECIMALS {
        return format!("{base}base");
    }
    let places = decimals as usize;
    let digits = format!("{base:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let part = part.trim_end_matches('0');
    if part.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{part}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_in_both_directions() {
        for (text, decimals, base) in [
            ("1", 18, 1_000_000_000_000_000_000),
            ("1.5", 18, 1_500_000_000_000_000_000),
            ("0.000000000000000001", 18, 1),
            ("0", 6, 0),
            ("12", 0, 12),
            ("340282366920938463463374607431768211455", 0, u128::MAX),
        ] {
            assert_eq!(parse(text, decimals).expect(text), base);
            assert_eq!(show(base, decimals), text);
        }
        assert_eq!(show(7, 255), format!("0.{}7", "0".repeat(254)));
        assert_eq!(show(7, u32::MAX), "7base");
        assert_eq!(parse(".5", 1).expect("half"), 5);
        assert_eq!(parse("007", 0).expect("seven"), 7);
        assert_eq!(parse("12base", 18).expect("base units"), 12);
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "decimal number"),
            ("-1", "decimal number"),
            ("1e3", "decimal number"),
            ("1.2.3", "decimal number"),
            ("0.1234567", "7 decimal places and the coin has 6"),
            ("340282366920938463463374607431769", "128 bits"),
            ("xbase", "whole number"),
        ] {
            let error = parse(text, 6).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
