//! What the certificates that root keeps show of a checkpoint key.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use plasmid_bridge::{proof::checkpoint::certificate, relay::acceptance::Acceptance};

/// What root shows of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShownOfKey {
    /// It has signed the checkpoint of this epoch.
    Signed(u64),
    /// It may have signed the checkpoint of this epoch, and no newer one that can be judged: the set that signed it is not known.
    Unknown(u64),
    /// It has signed no checkpoint that root keeps.
    Nothing,
}

/// What the certificates' own bits say of member `number` of the set with this commitment.
pub(super) fn newest_signed(
    acceptances: &BTreeMap<u64, Acceptance>,
    number: Option<usize>,
    commitment: Option<B256>,
) -> ShownOfKey {
    let mut unknown = None;
    for (epoch, record) in acceptances.iter().rev() {
        // Sets 0 and 1 are genesis's; set e + 1, which signs checkpoint e, is stated by checkpoint e - 1.
        let set = match epoch.checked_sub(1) {
            None => commitment,
            Some(before) => acceptances
                .get(&before)
                .map(|before| before.checkpoint.next_set),
        };
        if set != commitment {
            unknown = unknown.or(Some(*epoch));
        } else if number.is_some_and(|number| certificate::has(&record.signers, number)) {
            return ShownOfKey::Signed(*epoch);
        }
    }
    unknown.map_or(ShownOfKey::Nothing, ShownOfKey::Unknown)
}
