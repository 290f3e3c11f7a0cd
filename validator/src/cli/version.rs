//! `plasmid version`: what this program is, and which promises of the design do not hold yet.

use serde_json::json;

use super::output::Output;

/// What does not hold yet (DESIGN section 1), said plainly.
pub const DOES_NOT_HOLD: [&str; 4] = [
    "no court yet: two thirds of validator power can take the escrow; contracts refuse every root chain id but 31337 and 1337",
    "no exit mode yet: balances leave by withdrawal under a checkpoint, not without the validators",
    "no cuts, rewards, jailing, unbonding or rotation yet: the genesis set stays",
    "no data challenges yet: a checkpoint's block data must have been seen",
];

/// Prints it.
pub fn run(output: Output) {
    output.object(&json!({
        "name": "plasmid",
        "version": env!("CARGO_PKG_VERSION"),
        "engine": "CometBFT 0.38.25, unmodified, over the ABCI 2.0 socket",
    }));
    if output.is_json() {
        return;
    }
    output.say("what does not hold yet:");
    for sentence in DOES_NOT_HOLD {
        output.say(&format!("  - {sentence}"));
    }
}
