//! Random steps of everybody: no fault, no sum that is off, nothing stuck at the end, nobody paid more than was released.

use rand::Rng;

use super::*;

const PLAYERS: u8 = 6;

/// The stake that a position held in each epoch that its legs backed is what rewards of that epoch were weighed by.
fn check_members(world: &mut World) {
    for epoch in [world.epoch, world.epoch + 1] {
        for seat in 0..world.rules.seats {
            let place = ring_place(epoch, world.rules.ring);
            let member: MemberLeaf = world.leaf((place, seat));
            let Some(standing) = member.standing else {
                continue;
            };
            let mut sum = 0;
            for (_, position) in world.positions() {
                let backs = position.legs().any(|leg| {
                    leg.line == standing.line && leg.first <= epoch && epoch <= leg.last
                });
                if backs {
                    sum += position.held_down();
                }
            }
            assert!(
                sum <= standing.stake || standing.stake == 0,
                "epoch {epoch}"
            );
        }
    }
}

struct Player {
    rng: ChaCha8Rng,
    /// Freezes that are open, each an operator, a registration and an epoch.
    open: Vec<(u8, u64, u64)>,
    epochs: Vec<u64>,
    next_registration: u64,
    next_key: u8,
    accepted: BTreeMap<String, (u32, u32)>,
}

impl Player {
    fn operator(&mut self) -> u8 {
        self.rng.random_range(1..=PLAYERS)
    }

    fn position(&mut self, world: &World) -> (u64, Position) {
        let positions = world.positions();
        let place = self.rng.random_range(0..positions.len().max(1));
        let none = || (9_999, Position::gone());
        positions.get(place).cloned().unwrap_or_else(none)
    }

    /// A position that a cut waits for.
    fn cut_position(&mut self, world: &World) -> Option<u64> {
        let positions = world.positions().into_iter();
        let waits = |number: &u64| world.clone().try_act(apply_cut(*number)).is_ok();
        positions.map(|(number, _)| number).find(waits)
    }

    fn part(&mut self, base: u128) -> u128 {
        match self.rng.random_bool(0.5) {
            true => base,
            false => self.rng.random_range(0..=base + 1),
        }
    }

    fn input(&mut self, world: &World) -> Input {
        let (number, position) = self.position(world);
        let owner = position.owner;
        let amount = self.part(position.base);
        let operator = self.operator();
        match self.rng.random_range(0..20) {
            0..=2 => {
                let from = match self.rng.random_bool(0.3) {
                    true => account_of(op(operator)),
                    false => who(self.rng.random_range(1..4)),
                };
                let amount = self.rng.random_range(0..5 * UNIT);
                delegate(from, world.clone().newest(operator), amount)
            }
            3..=4 => undelegate(owner, number, amount),
            5..=6 => redelegate_to(owner, number, amount, world.clone().newest(operator)),
            7 => cancel(owner, number),
            8 => claim_stake(owner, number),
            9 => claim_rewards(owner, &[number]),
            10 => restake(owner, number),
            11 => self.merge(world, number, &position),
            12..=13 => take_seat(operator),
            14 => leave(operator),
            15 => unjail(operator),
            16 => apply_cut(self.cut_position(world).unwrap_or(number)),
            17 => self.edit(operator),
            18 => self.registers(operator),
            _ => self.rare(operator),
        }
    }

    fn merge(&mut self, world: &World, number: u64, position: &Position) -> Input {
        let alike = world.positions().into_iter().find(|(other, held)| {
            *other != number
                && held.owner == position.owner
                && held.newest().line == position.newest().line
        });
        merge(
            position.owner,
            number,
            alike.map_or(number, |(other, _)| other),
        )
    }

    fn edit(&mut self, operator: u8) -> Input {
        let commission = Some(self.rng.random_range(0..2_000));
        let min_self_stake = self
            .rng
            .random_bool(0.1)
            .then_some(self.rng.random_range(0..500));
        Input::Edit(Edit {
            commission,
            min_self_stake,
            ..edit(operator)
        })
    }

    fn registers(&mut self, operator: u8) -> Input {
        self.next_registration += 1;
        self.next_key = self.next_key.wrapping_add(1);
        registration(operator, self.next_registration, self.next_key)
    }

    fn rare(&mut self, operator: u8) -> Input {
        match self.rng.random_range(0..10) {
            0 => retire(operator),
            1 => Input::Tombstone([self.rng.random_range(1..30); 20]),
            2 => Input::Fund(self.rng.random_range(0..10_000)),
            _ => undelegate(who(9), 1, 1),
        }
    }

    fn note(&mut self, input: &Input, accepted: bool) {
        let shown = format!("{input:?}");
        let name = shown.split('(').next().unwrap().to_string();
        let (yes, all) = self.accepted.entry(name).or_default();
        *yes += u32::from(accepted);
        *all += 1;
    }

    /// The court freezes what is not matured, and settles later.
    fn court(&mut self, world: &mut World) {
        let matured = world.leaf::<Maturity>(()).matured;
        let epoch = self.rng.random_range(matured..=world.epoch);
        match self.rng.random_range(0..6) {
            0 => {
                let sets: Vec<Member> = world.set(epoch);
                if let Some(member) = sets.first() {
                    let (operator, registration) = (member.operator[0], member.registration);
                    self.open.push((operator, registration, epoch));
                    world.freeze(operator, registration, epoch);
                }
            }
            1 if self.rng.random_bool(0.3) => {
                self.epochs.push(epoch);
                world.act(Input::FreezeEpoch(epoch));
            }
            2 => {
                if let Some(epoch) = self.epochs.pop() {
                    world.act(Input::ReleaseEpoch(epoch));
                }
            }
            3 | 4 => {
                if let Some((operator, registration, epoch)) = self.open.pop() {
                    let fraction = u64::from(self.rng.random_range(0..=WHOLE));
                    world.settle(operator, registration, epoch, fraction);
                }
            }
            _ => {}
        }
    }
}

fn run(seed: u64, epochs: u64) -> (World, Player) {
    let mut world = World::new(3, &[5 * UNIT, 4 * UNIT]);
    world.rules.drip = 10_000_000;
    let mut player = Player {
        rng: rng(seed),
        open: Vec::new(),
        epochs: Vec::new(),
        next_registration: 10,
        next_key: 20,
        accepted: BTreeMap::new(),
    };
    for operator in 3..=PLAYERS {
        world.act(registration(operator, u64::from(operator), operator));
    }
    while world.epoch < epochs {
        for _ in 0..player.rng.random_range(0..12) {
            let input = player.input(&world);
            let accepted = world.try_act(input.clone()).is_ok();
            player.note(&input, accepted);
            world.check();
        }
        if player.rng.random_bool(0.5) {
            player.court(&mut world);
            world.check();
        }
        check_members(&mut world);
        let votes = [15, 15, 15, 8, 7, 0][player.rng.random_range(0..6)];
        let absent = player.rng.random_range(0..4);
        let fees = player.rng.random_range(0..1_000_000);
        world.boundary_with(fees, |seat| if seat == absent { votes } else { COUNTED });
        let lag = player.rng.random_range(1..5);
        world.mature(world.epoch.saturating_sub(lag).max(1) - 1);
    }
    (world, player)
}

#[test]
fn random_steps_find_no_fault_and_leave_nothing_stuck() {
    let mut accepted: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for seed in 0..20 {
        let (world, player) = run(seed, 30);
        for (name, (yes, all)) in player.accepted {
            let sum = accepted.entry(name).or_default();
            *sum = (sum.0 + yes, sum.1 + all);
        }
        world.drain();
    }
    println!("accepted of all, by kind: {accepted:#?}");
    for (name, (yes, all)) in accepted {
        assert!(yes * 100 > all, "{name} is accepted in {yes} of {all}");
    }
}
