//! The checks of each step, each with a sabotage: an alteration of what was seen that the check must notice.

use super::observe::{Moved, Observations, Set, Total, WorkSeen};

mod court;
pub mod fraud;
mod stake;

/// What a check says: what was checked, or what does not hold.
pub type Verdict = Result<String, String>;

/// One check.
pub struct Check {
    /// The step that it belongs to, from 1.
    pub step: u8,
    /// Its name, which is also its sabotage's.
    pub name: &'static str,
    /// Looks at what was seen.
    pub verify: fn(&Observations) -> Verdict,
    /// Alters what was seen so that the check must fail.
    pub sabotage: fn(&mut Observations),
}

/// Every check of the main job; those of `--fraud` stand in `fraud`.
pub fn all() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter().chain(&stake::CHECKS).chain(&court::CHECKS)
}

/// All but those of stake and of the Court, in the order of the steps.
const CHECKS: [Check; 26] = [
    Check {
        step: 1,
        name: "deployment-id",
        verify: deployment_id,
        sabotage: |o| alter(&mut root(o).id_on_root),
    },
    Check {
        step: 1,
        name: "genesis-state-root",
        verify: genesis_root,
        sabotage: |o| alter(&mut root(o).state_root_on_root),
    },
    Check {
        step: 1,
        name: "genesis-sets",
        verify: genesis_sets,
        sabotage: |o| alter(&mut root(o).set_on_root),
    },
    Check {
        step: 1,
        name: "operators-agree",
        verify: operators_agree,
        sabotage: |o| root(o).agreed -= 1,
    },
    Check {
        step: 1,
        name: "stakes-in-escrow",
        verify: stakes_in_escrow,
        sabotage: |o| alter(&mut root(o).escrow),
    },
    Check {
        step: 2,
        name: "chain-id",
        verify: chain_id,
        sabotage: |o| alter(&mut o.validators.get_or_insert_default().chain_ids[1]),
    },
    Check {
        step: 2,
        name: "first-blocks",
        verify: first_blocks,
        sabotage: |o| o.validators.get_or_insert_default().heights[0] = 0,
    },
    Check {
        step: 2,
        name: "first-app-hashes",
        verify: first_app_hashes,
        sabotage: |o| alter(&mut o.validators.get_or_insert_default().app_hashes[2]),
    },
    Check {
        step: 2,
        name: "engine-set",
        verify: engine_set,
        sabotage: |o| o.validators.get_or_insert_default().engine_set[0].1 += 1,
    },
    Check {
        step: 3,
        name: "deposits-credited",
        verify: deposits_credited,
        sabotage: |o| unmove(&mut o.deposits.get_or_insert_default().credited[0]),
    },
    Check {
        step: 3,
        name: "deposits-total",
        verify: deposits_total,
        sabotage: |o| alter(&mut o.deposits.get_or_insert_default().totals[0].deposited),
    },
    Check {
        step: 4,
        name: "transfers-moved",
        verify: transfers_moved,
        sabotage: |o| unmove(&mut o.transfers.get_or_insert_default().moved[1]),
    },
    Check {
        step: 4,
        name: "bad-transactions-refused",
        verify: refused,
        sabotage: |o| o.transfers.get_or_insert_default().refused[3].code = 0,
    },
    Check {
        step: 5,
        name: "checkpoint-digest",
        verify: checkpoint_digest,
        sabotage: |o| alter(&mut checkpoint(o).digest_on_root),
    },
    Check {
        step: 5,
        name: "checkpoint-carrier",
        verify: checkpoint_carrier,
        sabotage: |o| checkpoint(o).carrier = checkpoint(o).operators[0].clone(),
    },
    Check {
        step: 5,
        name: "checkpoint-power",
        verify: checkpoint_power,
        sabotage: |o| checkpoint(o).signed_power = checkpoint(o).total_power * 2 / 3,
    },
    Check {
        step: 6,
        name: "claim-paid",
        verify: claim_paid,
        sabotage: |o| unmove(&mut o.withdrawal.get_or_insert_default().paid),
    },
    Check {
        step: 6,
        name: "claim-window",
        verify: claim_window,
        sabotage: |o| o.withdrawal.get_or_insert_default().waited_secs = 0,
    },
    Check {
        step: 6,
        name: "claim-once",
        verify: claim_once,
        sabotage: |o| o.withdrawal.get_or_insert_default().second_claim.clear(),
    },
    Check {
        step: 7,
        name: "forced-moved",
        verify: forced_moved,
        sabotage: |o| unmove(&mut o.forced.get_or_insert_default().moved[1]),
    },
    Check {
        step: 7,
        name: "inbox-link",
        verify: inbox_link,
        sabotage: |o| alter(&mut o.forced.get_or_insert_default().link_on_child),
    },
    Check {
        step: 8,
        name: "crash-and-return",
        verify: crash_and_return,
        sabotage: |o| alter(&mut o.crashes.get_or_insert_default().kills[0].own_app_hash),
    },
    Check {
        step: 18,
        name: "every-app-hash",
        verify: every_app_hash,
        sabotage: alter_one_hash,
    },
    Check {
        step: 18,
        name: "set-at-the-end",
        verify: last_set,
        sabotage: |o| o.accounts.get_or_insert_default().set.engine[0].1 += 1,
    },
    Check {
        step: 18,
        name: "segments-reexecuted",
        verify: segments,
        sabotage: |o| o.accounts.get_or_insert_default().work[0].reexecuted -= 1,
    },
    Check {
        step: 18,
        name: "conservation",
        verify: conservation,
        sabotage: |o| alter(&mut o.accounts.get_or_insert_default().totals[0].claims),
    },
];

fn root(seen: &mut Observations) -> &mut super::observe::RootSeen {
    seen.root.get_or_insert_default()
}

fn checkpoint(seen: &mut Observations) -> &mut super::observe::CheckpointSeen {
    seen.checkpoint.get_or_insert_default()
}

/// Changes the first digit of a number or a hash.
fn alter(text: &mut String) {
    let digit = if text.starts_with('1') { "2" } else { "1" };
    if text.is_empty() {
        text.push_str(digit);
    } else {
        let first = text.chars().next().map_or(0, char::len_utf8);
        text.replace_range(..first, digit);
    }
}

/// Makes a movement that did not happen.
fn unmove(moved: &mut Moved) {
    moved.after.clone_from(&moved.before);
}

fn alter_one_hash(seen: &mut Observations) {
    let accounts = seen.accounts.get_or_insert_default();
    if let Some(hash) = accounts
        .app_hashes
        .values_mut()
        .next_back()
        .and_then(|hashes| hashes.last_mut())
    {
        alter(hash);
    }
}

fn seen<'a, T>(part: Option<&'a T>, step: &str) -> Result<&'a T, String> {
    part.ok_or_else(|| format!("{step} was not seen"))
}

fn equal(what: &str, left: (&str, &str), right: (&str, &str)) -> Verdict {
    if left.1 == right.1 && !left.1.is_empty() {
        return Ok(format!("{what} {}", short(left.1)));
    }
    Err(format!(
        "{what} is {} by {} and {} by {}",
        left.1, left.0, right.1, right.0
    ))
}

fn short(text: &str) -> &str {
    text.get(..text.len().min(14)).unwrap_or(text)
}

fn deployment_id(o: &Observations) -> Verdict {
    let root = seen(o.root.as_ref(), "the deployment")?;
    equal(
        "deployment id",
        ("RootChain", &root.id_on_root),
        ("the genesis", &root.id_computed),
    )
}

fn genesis_root(o: &Observations) -> Verdict {
    let root = seen(o.root.as_ref(), "the deployment")?;
    equal(
        "genesis state root",
        ("RootChain", &root.state_root_on_root),
        ("the genesis", &root.state_root_computed),
    )
}

fn genesis_sets(o: &Observations) -> Verdict {
    let root = seen(o.root.as_ref(), "the deployment")?;
    equal(
        "set commitment",
        ("RootChain", &root.set_on_root),
        ("the genesis", &root.set_computed),
    )
}

fn operators_agree(o: &Observations) -> Verdict {
    let root = seen(o.root.as_ref(), "the deployment")?;
    if root.operators > 0 && root.agreed == root.operators {
        return Ok(format!("{} operators agreed", root.agreed));
    }
    Err(format!(
        "{} of {} operators agreed",
        root.agreed, root.operators
    ))
}

fn stakes_in_escrow(o: &Observations) -> Verdict {
    let root = seen(o.root.as_ref(), "the deployment")?;
    equal(
        "escrow",
        ("the Vault", &root.escrow),
        ("the genesis", &root.sigma),
    )
}

fn chain_id(o: &Observations) -> Verdict {
    let validators = seen(o.validators.as_ref(), "the validators")?;
    match validators
        .chain_ids
        .iter()
        .position(|id| *id != validators.chain_id)
    {
        None if !validators.chain_ids.is_empty() => Ok(format!("chain id {}", validators.chain_id)),
        None => Err("no node was asked for its chain id".into()),
        Some(node) => Err(format!(
            "node {node} serves {}, not {}",
            validators.chain_ids[node], validators.chain_id
        )),
    }
}

fn first_blocks(o: &Observations) -> Verdict {
    let validators = seen(o.validators.as_ref(), "the validators")?;
    match validators.heights.iter().position(|height| *height < 3) {
        None if !validators.heights.is_empty() => Ok(format!("heights {:?}", validators.heights)),
        None => Err("no node was asked for its height".into()),
        Some(node) => Err(format!(
            "node {node} is at height {}",
            validators.heights[node]
        )),
    }
}

fn first_app_hashes(o: &Observations) -> Verdict {
    same_hashes(
        "the first compared height",
        &seen(o.validators.as_ref(), "the validators")?.app_hashes,
    )
    .map(|hash| format!("app hash {}", short(&hash)))
}

/// The one hash that all nodes have.
fn same_hashes(at: &str, hashes: &[String]) -> Result<String, String> {
    let Some(first) = hashes.first().filter(|hash| hash.len() == 64) else {
        return Err(format!("at {at} there is no app hash"));
    };
    match hashes.iter().position(|hash| hash != first) {
        None if hashes.len() > 1 => Ok(first.clone()),
        None => Err(format!("at {at} only one node was asked")),
        Some(node) => Err(format!(
            "at {at} node {node} has app hash {} and node 0 has {first}",
            hashes[node]
        )),
    }
}

fn engine_set(o: &Observations) -> Verdict {
    let validators = seen(o.validators.as_ref(), "the validators")?;
    equal_sets(&validators.engine_set, &validators.root_set)
}

fn last_set(o: &Observations) -> Verdict {
    stake::one_set(&seen(o.accounts.as_ref(), "the last comparison")?.set)
}

fn equal_sets(engine: &Set, root: &Set) -> Verdict {
    if engine == root && !root.is_empty() {
        return Ok(format!(
            "{} members equal in CometBFT and in the Registry",
            root.len()
        ));
    }
    Err(format!("CometBFT has {engine:?}, root {root:?}"))
}

fn number(text: &str) -> Result<i128, String> {
    text.parse()
        .map_err(|error| format!("{text:?} is not an amount: {error}"))
}

/// Every balance moved by exactly what was asked for.
fn all_moved(movements: &[Moved], least: usize) -> Verdict {
    if movements.len() < least {
        return Err(format!(
            "{} movements were seen, {least} were made",
            movements.len()
        ));
    }
    for moved in movements {
        let (before, after, expected) = (
            number(&moved.before)?,
            number(&moved.after)?,
            number(&moved.expected)?,
        );
        if expected == 0 || after.checked_sub(before) != Some(expected) {
            return Err(format!(
                "{} went from {before} to {after}, and not by {expected}",
                moved.what
            ));
        }
    }
    Ok(movements
        .iter()
        .map(|moved| moved.what.as_str())
        .collect::<Vec<_>>()
        .join(", "))
}

fn deposits_credited(o: &Observations) -> Verdict {
    all_moved(&seen(o.deposits.as_ref(), "the deposits")?.credited, 4)
}

fn deposits_total(o: &Observations) -> Verdict {
    let totals = &seen(o.deposits.as_ref(), "the deposits")?.totals;
    for total in totals {
        equal(
            "total",
            ("the Vault", &total.deposited),
            ("the child", &total.credited),
        )
        .map_err(|why| format!("{}: {why}", total.token))?;
    }
    if totals.len() < 2 {
        return Err(format!(
            "{} assets were seen, 2 were deposited",
            totals.len()
        ));
    }
    Ok(format!("deposited = credited for {} assets", totals.len()))
}

fn transfers_moved(o: &Observations) -> Verdict {
    all_moved(&seen(o.transfers.as_ref(), "the transfers")?.moved, 2)
}

fn refused(o: &Observations) -> Verdict {
    let refused = &seen(o.transfers.as_ref(), "the refusals")?.refused;
    for one in refused {
        if one.code != one.expected || one.code == 0 || one.log.is_empty() {
            return Err(format!(
                "{}: code {} ({:?}), and {} was due",
                one.what, one.code, one.log, one.expected
            ));
        }
    }
    if refused.len() < 5 {
        return Err(format!(
            "{} refusals were seen, 5 were tried",
            refused.len()
        ));
    }
    Ok(refused
        .iter()
        .map(|one| format!("{} → {}", one.what, one.code))
        .collect::<Vec<_>>()
        .join(", "))
}

fn checkpoint_digest(o: &Observations) -> Verdict {
    let checkpoint = seen(o.checkpoint.as_ref(), "the checkpoint")?;
    equal(
        "digest",
        ("root", &checkpoint.digest_on_root),
        ("the child", &checkpoint.digest_on_child),
    )
    .map(|said| format!("epoch {}: {said}, {} gas", checkpoint.epoch, checkpoint.gas))
}

fn checkpoint_carrier(o: &Observations) -> Verdict {
    let checkpoint = seen(o.checkpoint.as_ref(), "the checkpoint")?;
    if checkpoint.carrier.is_empty()
        || checkpoint.operators.is_empty()
        || checkpoint.operators.contains(&checkpoint.carrier)
    {
        return Err(format!(
            "it was carried by {:?}, who must be no operator",
            checkpoint.carrier
        ));
    }
    Ok(format!(
        "carried by {}, no operator",
        short(&checkpoint.carrier)
    ))
}

fn checkpoint_power(o: &Observations) -> Verdict {
    let checkpoint = seen(o.checkpoint.as_ref(), "the checkpoint")?;
    let (signed, total) = (
        u128::from(checkpoint.signed_power),
        u128::from(checkpoint.total_power),
    );
    if signed * 3 > total * 2 && signed <= total {
        return Ok(format!("{signed} of {total} power signed"));
    }
    Err(format!(
        "{signed} of {total} power signed; more than two thirds must"
    ))
}

fn claim_paid(o: &Observations) -> Verdict {
    let withdrawal = seen(o.withdrawal.as_ref(), "the withdrawal")?;
    all_moved(std::slice::from_ref(&withdrawal.paid), 1)
        .map(|what| format!("{what}, withdrawal {}", withdrawal.number))
}

fn claim_window(o: &Observations) -> Verdict {
    let withdrawal = seen(o.withdrawal.as_ref(), "the withdrawal")?;
    if withdrawal.window_secs > 0 && withdrawal.waited_secs >= withdrawal.window_secs {
        return Ok(format!(
            "after {} s of a window of {} s",
            withdrawal.waited_secs, withdrawal.window_secs
        ));
    }
    Err(format!(
        "paid after {} s, inside the window of {} s",
        withdrawal.waited_secs, withdrawal.window_secs
    ))
}

fn claim_once(o: &Observations) -> Verdict {
    let withdrawal = seen(o.withdrawal.as_ref(), "the withdrawal")?;
    if withdrawal.nullified && withdrawal.second_claim.contains("was paid already") {
        return Ok("second claim refused".into());
    }
    Err(format!(
        "a second claim was not refused as claimed already, but: {:?}",
        withdrawal.second_claim
    ))
}

fn forced_moved(o: &Observations) -> Verdict {
    all_moved(
        &seen(o.forced.as_ref(), "the forced transactions")?.moved,
        2,
    )
}

fn inbox_link(o: &Observations) -> Verdict {
    let forced = seen(o.forced.as_ref(), "the forced transactions")?;
    if forced.messages.is_empty() || forced.messages.iter().any(|index| *index > forced.cursor) {
        return Err(format!(
            "the child is at message {} and must have consumed {:?}",
            forced.cursor, forced.messages
        ));
    }
    equal(
        "inbox link",
        ("the Inbox", &forced.link_on_root),
        ("the child", &forced.link_on_child),
    )
}

fn crash_and_return(o: &Observations) -> Verdict {
    let kills = &seen(o.crashes.as_ref(), "the kills")?.kills;
    for kill in kills {
        if kill.height_at_return <= kill.height_at_kill {
            return Err(format!(
                "{}: the others stood still at height {}",
                kill.what, kill.height_at_kill
            ));
        }
        if kill.height_reached < kill.height_at_return {
            return Err(format!(
                "{}: it came to height {}, the others were at {}",
                kill.what, kill.height_reached, kill.height_at_return
            ));
        }
        equal(
            "app hash",
            ("the one killed", &kill.own_app_hash),
            ("another", &kill.other_app_hash),
        )
        .map_err(|why| format!("{}: {why}", kill.what))?;
    }
    if kills.len() < 2 {
        return Err(format!("{} kills were seen, 2 were made", kills.len()));
    }
    Ok(kills
        .iter()
        .map(|kill| {
            format!(
                "{} at {}, level at {}",
                kill.what, kill.height_at_kill, kill.height_reached
            )
        })
        .collect::<Vec<_>>()
        .join("; "))
}

fn every_app_hash(o: &Observations) -> Verdict {
    let accounts = seen(o.accounts.as_ref(), "the last comparison")?;
    for height in 1..=accounts.height {
        let hashes = accounts
            .app_hashes
            .get(&height)
            .ok_or_else(|| format!("height {height} was not compared"))?;
        if hashes.len() != accounts.nodes {
            return Err(format!(
                "at height {height} {} of {} nodes answered",
                hashes.len(),
                accounts.nodes
            ));
        }
        same_hashes(&format!("height {height}"), hashes)?;
    }
    if accounts.height == 0 {
        return Err("no height was compared".into());
    }
    Ok(format!(
        "{} nodes equal at each of {} heights",
        accounts.nodes, accounts.height
    ))
}

/// Every segment of every block that a node's process executed was executed again; each block has a segment of its record at least.
fn segments(o: &Observations) -> Verdict {
    let accounts = seen(o.accounts.as_ref(), "the last comparison")?;
    let whole = |work: &WorkSeen| {
        let blocks = work.height.saturating_add(1).saturating_sub(work.first);
        work.first > 0 && work.segments >= blocks && work.reexecuted == work.segments
    };
    if accounts.work.len() == accounts.nodes && accounts.work.iter().all(whole) {
        let counts: Vec<_> = accounts.work.iter().map(|work| work.segments).collect();
        return Ok(format!(
            "every segment re-executed from its witness alone: {counts:?} on the nodes"
        ));
    }
    Err(format!(
        "not every segment was re-executed on each of {} nodes: {:?}",
        accounts.nodes, accounts.work
    ))
}

fn conservation(o: &Observations) -> Verdict {
    let totals = &seen(o.accounts.as_ref(), "the last comparison")?.totals;
    for total in totals {
        conserved(total).map_err(|why| format!("{}: {why}", total.token))?;
    }
    if totals.len() < 2 {
        return Err(format!("{} assets were seen, 2 are in use", totals.len()));
    }
    Ok(format!(
        "credited = deposited, withdrawn ≥ paid, Σ claims = credited − withdrawn, for {} assets",
        totals.len()
    ))
}

/// Checks for one asset that credited = deposited, withdrawn ≥ paid, and claims = credited − withdrawn.
fn conserved(total: &Total) -> Result<(), String> {
    let (deposited, paid) = (number(&total.deposited)?, number(&total.paid)?);
    let (credited, withdrawn, claims) = (
        number(&total.credited)?,
        number(&total.withdrawn)?,
        number(&total.claims)?,
    );
    if credited != deposited {
        return Err(format!("credited is {credited}, deposited {deposited}"));
    }
    if withdrawn < paid {
        return Err(format!("withdrawn is {withdrawn}, and {paid} was paid"));
    }
    if Some(claims) != credited.checked_sub(withdrawn) {
        return Err(format!(
            "claims add up to {claims}, credited − withdrawn is {}",
            credited - withdrawn
        ));
    }
    Ok(())
}
