//! Which engine drives this application: the pinned CometBFT, or a newer one.

/// The pinned CometBFT, equal to `validator/cometbft/go.mod`.
pub const COMETBFT_VERSION: &str = "0.38.25";

/// Whether an engine of this version is older than the pinned one; a version that cannot be read counts as older.
#[must_use]
pub fn is_old(version: &str) -> bool {
    match (triple(version), triple(COMETBFT_VERSION)) {
        (Some(found), Some(least)) => found < least,
        _ => true,
    }
}

/// `0.38.25`, `v0.38.25` or `0.38.25+commit` as three numbers.
#[must_use]
pub fn triple(version: &str) -> Option<(u32, u32, u32)> {
    let plain = version.strip_prefix('v').unwrap_or(version);
    let plain = plain.split(['+', '-']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    let triple = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(triple)
}
