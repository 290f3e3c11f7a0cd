//! `plasmid version`: what this program is, and which promises of the design do not hold yet.

use serde_json::json;

use super::output::Output;
use crate::engine::version::COMETBFT_VERSION;

/// What does not hold yet (DESIGN section 1), said plainly.
pub const DOES_NOT_HOLD: [&str; 11] = [
    "the court judges two votes or two checkpoints of one key, wrong links, users' signatures, and what segments of records, messages and native transactions do, and nothing with stake in it yet: two thirds of validator power can take the escrow; contracts refuse every root chain id but 31337 and 1337",
    "without validators balances, tokens, withdrawals and deposits leave, and stakes, their rewards and bounty bonds do not yet",
    "a withdrawal that was given away or sold is still listed under its first recipient by nodes, plasmid query withdrawal and plasmid exit leave --account; plasmid bridge offered asks root whose it is",
    "plasmid watch takes two votes that a block has evidence of to the court, and two shares or certificates that nodes serve or root was sent; what nobody serves has to be handed to it; misbehavior that CometBFT reports tombstones a key, and takes no stake by itself; it shows root wrong links, signatures and segments in accepted checkpoints; of a false segment with stake, evidence or the end of an epoch in it, it can only say so",
    "nobody is jailed on a local network but the demo's",
    "a bounty bond is locked until it has a way out: it can be raised, and the court pays reports from it",
    "no validator answers questions for data by itself: somebody has to run plasmid watch, which does, one answer a root block, or one question that nobody answers ends an honest network; it asks for what nobody shows only with --challenge-budget; nodes do not follow challenges, so what they call final root may hold up, but they throw nothing away before root made it final",
    "the possession proof of a consensus key is made from CometBFT's key file: a remote signer can take the key over only afterwards",
    "commands and gRPC replace a waiting transaction only when that is asked for; between nodes whatever pays a tenth more takes the place of the same sequence",
    "CometBFT 0.38.25 can stay behind an application that ended: whatever supervises the two has to kill it",
    "fee payers, nonce lanes above 0, multisig and generic messages are refused for now, with an error that says so",
];

/// Prints it.
pub fn run(output: Output) {
    let mut about = json!({
        "name": "plasmid",
        "version": env!("CARGO_PKG_VERSION"),
        "engine": format!("CometBFT {COMETBFT_VERSION}, unmodified, over the ABCI 2.0 socket"),
    });
    if output.is_json() {
        about["does_not_hold"] = json!(DOES_NOT_HOLD);
        return output.object(&about);
    }
    output.object(&about);
    output.say("what does not hold yet:");
    for sentence in DOES_NOT_HOLD {
        output.say(&format!("  - {sentence}"));
    }
}
