//! Reward funding (message 6): money that came to the Vault enters the reward pool, by staking's rule `fund`.
//!
//! ```text
//! leaves   asset of the native coin w, rewards w
//! records  (21) an amount of 0, a sum that overflows
//! ```

use plasmid_bridge::proof::inbox::Message;
use plasmid_staking::Input;

use super::{Outcome, attempt, of_stake};
use crate::ledger::context::Context;
use crate::ledger::leaf::{AssetLeaf, NATIVE};
use crate::ledger::leaves::{LeafFault, Leaves, expect, write};
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;
use crate::ledger::stake;

pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    amount: u128,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    let tried = attempt(leaves, |leaves| {
        let asset: AssetLeaf = expect(leaves, &Slot::Asset(NATIVE))?;
        let overflow = Reject::Overflow {
            what: "what was credited of the asset",
            left: asset.credited,
            right: amount,
        };
        let credited = asset.credited.checked_add(amount).ok_or(overflow)?;
        let asset = AssetLeaf { credited, ..asset };
        write(leaves, &Slot::Asset(NATIVE), &asset)?;
        stake::apply(leaves, context, &Input::Fund(amount))
    })?;
    Ok(of_stake(message, tried))
}
