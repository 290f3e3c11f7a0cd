//! What must hold of stake after every block, by a scan of seats, sets and positions.

use std::collections::BTreeMap;

use plasmid::app::App;
use plasmid::chain::committed::leaf;
use plasmid::chain::tree::Tree;
use plasmid::ledger::leaf::{Burned, SetLeaf};
use plasmid::ledger::{Slot, ring_place};
use plasmid_bridge::proof::{bls, list, set};
use plasmid_staking::{
    Counter, Leaf, Line, LineId, Maturity, MemberLeaf, Position, Registration, Seat, account_of,
    epoch_of, power_down,
};

/// What was seen after earlier blocks.
#[derive(Default)]
pub struct Stakes {
    /// Sets that were looked at, by their epochs.
    sets: BTreeMap<u64, SetLeaf>,
    /// What positions hold that stand behind a member of an epoch's set.
    behind: BTreeMap<(LineId, u64), u128>,
    burned: u128,
}

fn read<T: Leaf>(tree: &Tree, name: T::Name) -> Option<T> {
    let (_, _, value) = tree.get(&Slot::from(T::key(name)).key())?;
    Some(T::decode(value).expect("a leaf decodes"))
}

fn get<T: Leaf>(tree: &Tree, name: T::Name) -> T {
    let key = T::key(name);
    read(tree, name).unwrap_or_else(|| panic!("{key:?} is not there"))
}

/// Every position that is not gone.
fn positions(tree: &Tree) -> Vec<Position> {
    let Counter(next) = get(tree, ());
    let all = (1..next).map(|number| get::<Position>(tree, number));
    all.filter(|position| !position.is_gone()).collect()
}

impl Stakes {
    /// The commitment of the set of an epoch, when it was seen.
    pub fn commitment(&self, epoch: u64) -> Option<[u8; 32]> {
        self.sets.get(&epoch).map(|set| set.commitment)
    }

    /// A line now.
    pub fn line(&self, app: &App, id: LineId) -> Line {
        get(&app.state().tree, id)
    }

    /// Everything.
    pub fn check(&mut self, app: &App) {
        let state = app.state();
        let (tree, parameters) = (&state.tree, app.parameters());
        let blocks = parameters.epoch_blocks;
        let now = epoch_of(state.next_height(), blocks).expect("heights have epochs");
        for epoch in [now, now + 1] {
            self.set(app, tree, epoch);
        }
        let positions = positions(tree);
        lines(tree, parameters.seats, &positions);
        let burned: Option<Burned> = leaf(tree, &Slot::Burned).expect("the state reads");
        let burned = burned.map_or(0, |burned| burned.amount);
        let before = std::mem::replace(&mut self.burned, burned);
        self.behind(app, tree, now, &positions, burned - before);
    }

    /// The set of an epoch is what its members make, who have the keys of the registry; and it never changes.
    fn set(&mut self, app: &App, tree: &Tree, epoch: u64) {
        let parameters = app.parameters();
        let place = ring_place(epoch, parameters.ring);
        let held: Option<SetLeaf> = leaf(tree, &Slot::Set { place }).expect("the state reads");
        let held = held.expect("the set of this epoch and of the next stand");
        assert_eq!(held.epoch, epoch);
        if let Some(seen) = self.sets.get(&epoch) {
            assert_eq!(*seen, held, "the set of {epoch} has changed");
            return;
        }
        let (mut keys, mut leaves, mut total) = (Vec::new(), Vec::new(), 0);
        for seat in 0..parameters.seats {
            let member: MemberLeaf = get(tree, (place, seat));
            let Some((standing, member)) = member.standing.clone().zip(member.member(seat)) else {
                continue;
            };
            let name = (standing.line.operator, standing.registration);
            let registered: Registration = get(tree, name);
            assert_eq!(registered.line, standing.line.line);
            let of_set = (standing.consensus_key, standing.checkpoint_key);
            let of_registry = (registered.consensus_key, registered.checkpoint_key);
            assert_eq!(of_set, of_registry, "keys of seat {seat} in epoch {epoch}");
            let power = power_down(standing.stake, parameters.unit).expect("power fits");
            assert!(standing.stake == 0 || standing.power == power);
            total += standing.power;
            leaves.push(set::member_leaf(&member));
            keys.push(registered.checkpoint_key);
        }
        let aggregate = bls::aggregate_keys(&keys).expect("keys add up");
        let count = u16::try_from(keys.len()).expect("few seats");
        let root = list::root(&leaves);
        assert_eq!(held.members_root, root.0, "members root of {epoch}");
        assert_eq!(held.aggregate_key, aggregate, "aggregate key of {epoch}");
        assert_eq!((held.count, held.total_power), (count, total));
        let commitment = set::commitment(&root, count, &aggregate, total);
        assert_eq!(held.commitment, commitment.0, "commitment of {epoch}");
        self.sets.insert(epoch, held);
    }

    /// What positions hold that back an epoch is the member's stake of it less what was burned of it since, for every epoch that has
    /// not matured and that the ring still holds.
    fn behind(&mut self, app: &App, tree: &Tree, now: u64, positions: &[Position], burned: u128) {
        let parameters = app.parameters();
        let Maturity { matured, .. } = get(tree, ());
        let first = matured.max((now + 2).saturating_sub(u64::from(parameters.ring)));
        let before = std::mem::take(&mut self.behind);
        for epoch in first..=now + 1 {
            for seat in 0..parameters.seats {
                let member: MemberLeaf = get(tree, (ring_place(epoch, parameters.ring), seat));
                assert_eq!(member.epoch, epoch, "the ring holds the epoch");
                let standing = member.standing.filter(|standing| standing.stake > 0);
                let Some(standing) = standing else { continue };
                let until = get::<Line>(tree, standing.line).until;
                let backs = |position: &&Position| {
                    let mut legs = position.legs();
                    legs.any(|leg| {
                        let backed = leg.first..=leg.last.min(until);
                        leg.line == standing.line && backed.contains(&epoch)
                    })
                };
                let sum: u128 = positions
                    .iter()
                    .filter(backs)
                    .map(Position::held_down)
                    .sum();
                let place = (standing.line, epoch);
                let most = before.get(&place).copied().unwrap_or(standing.stake);
                assert!(
                    sum <= most && most - sum <= burned,
                    "behind {place:?} stood {most}, {burned} was burned, and {sum} stands there"
                );
                self.behind.insert(place, sum);
            }
        }
    }
}

/// The stake of every line that has a seat or that a position backs is what bonded positions hold behind it, and its seat says so.
fn lines(tree: &Tree, seats: u16, positions: &[Position]) {
    let mut stakes: BTreeMap<LineId, (u128, u128)> = BTreeMap::new();
    for position in positions {
        for leg in position.legs() {
            stakes.entry(leg.line).or_default();
        }
        if position.is_bonded() {
            let line = position.newest().line;
            let held = position.held_down();
            let own = position.owner == account_of(line.operator);
            let stake = stakes.entry(line).or_default();
            *stake = (stake.0 + held, stake.1 + if own { held } else { 0 });
        }
    }
    for number in 0..seats {
        let seat: Seat = get(tree, number);
        if seat != Seat::default() {
            let (stake, _) = *stakes.entry(seat.line).or_default();
            assert_eq!(seat.stake, stake, "seat {number}");
            assert_eq!(get::<Line>(tree, seat.line).seat, number);
        }
    }
    for (id, stake) in stakes {
        let line: Line = get(tree, id);
        assert_eq!((line.stake, line.self_stake), stake, "{id:?}");
    }
}
