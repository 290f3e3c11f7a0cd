//! What must hold after every step, looked up in all leaves.

use std::collections::BTreeMap;

use super::*;
use crate::leaf::Key;

impl World {
    fn all<T: Leaf>(&self, kind: u8) -> Vec<(Key, T)> {
        let of_kind = self.leaves.iter().filter(|(key, _)| key.kind() == kind);
        of_kind
            .map(|(key, bytes)| (*key, T::decode(bytes).unwrap()))
            .collect()
    }

    pub(super) fn positions(&self) -> Vec<(u64, Position)> {
        let all = self.all::<Position>(Position::KIND);
        let all = all.into_iter().filter_map(|(key, position)| match key {
            Key::Position(number) if !position.is_gone() => Some((number, position)),
            _ => None,
        });
        all.collect()
    }

    pub(super) fn lines(&self) -> Vec<(LineId, Line)> {
        let all = self.all::<Line>(Line::KIND);
        let all = all.into_iter().filter_map(|(key, line)| match key {
            Key::Line(id) => Some((id, line)),
            _ => None,
        });
        all.collect()
    }

    /// Every sum, every seat, and the minima, from the leaves alone.
    pub(super) fn check(&mut self) {
        self.check_lines();
        self.check_seats();
        let held: u128 = self.positions().iter().map(|(_, p)| p.held_down()).sum();
        let Rewards { pool, owed } = self.leaf(());
        let accounts: i128 = self.accounts.values().sum();
        let inside = (held + pool + owed + self.burned) as i128;
        assert_eq!(inside + accounts, self.given as i128, "conservation");
        let pending: u128 = self.positions().iter().map(|(_, p)| p.pending).sum();
        let commission: u128 = self.lines().iter().map(|(_, line)| line.owed).sum();
        assert!(pending + commission <= owed, "more is promised than owed");
    }

    fn check_lines(&self) {
        let mut sums: BTreeMap<LineId, (u128, u128)> = BTreeMap::new();
        for (_, position) in self.positions() {
            let id = position.newest().line;
            if position.is_bonded() {
                let (all, own) = sums.entry(id).or_default();
                *all += position.held_down();
                if position.owner == account_of(id.operator) {
                    *own += position.held_down();
                }
            }
        }
        for (id, line) in self.lines() {
            let sum = sums.get(&id).copied().unwrap_or_default();
            assert_eq!((line.stake, line.self_stake), sum, "{id:?}");
            assert!(line.state == LineState::Open || !line.seated(), "{id:?}");
            let names = line.seat < self.rules.seats;
            assert!(
                names || (line.seat == Line::NO_SEAT && !line.seated()),
                "{id:?}"
            );
            assert!(!names || line.until > 0, "{id:?}");
        }
    }

    fn check_seats(&mut self) {
        let mut weights = Vec::new();
        for number in 0..self.rules.seats {
            let seat: Seat = self.leaf(number);
            weights.push(seat.weight());
            if seat.state != SeatState::Empty {
                let line = self.line(seat.line);
                assert_eq!(line.seat, number);
                assert_eq!((line.stake, line.commission), (seat.stake, seat.commission));
                assert!(line.stake >= self.rules.min_seat);
                assert!(line.self_stake >= line.min_self_stake);
            }
        }
        for (id, line) in self.lines() {
            if line.seated() {
                assert_eq!(self.leaf::<Seat>(line.seat).line, id);
            }
        }
        for (level, nodes) in (0u8..).zip(minima::build(&weights)) {
            for (index, node) in (0u16..).zip(nodes) {
                assert_eq!(self.leaf::<minima::MinimaNode>((level, index)), node);
            }
        }
    }

    /// Everybody takes out what is theirs: cuts are applied, all is undelegated, matured, and claimed. Nothing may be stuck.
    pub(super) fn drain(mut self) -> Self {
        let maturity: Maturity = self.leaf(());
        for _ in 0..maturity.freezes.count {
            self.act(Input::ReleaseEpoch(maturity.freezes.lowest));
        }
        for (id, line) in self.lines() {
            for _ in 0..line.freezes.count {
                let registration = id.line;
                self.act(Input::Settle(Settle {
                    operator: id.operator,
                    registration,
                    epoch: line.freezes.lowest,
                    fraction: 10 * PERCENT,
                }));
            }
        }
        let mut most = 0;
        for (number, _) in self.positions() {
            let _ = self.try_act(apply_cut(number));
            let position = self.position(number);
            if position.is_bonded() {
                self.end_all(number, &position);
            }
            let legs = self.position(number);
            most = legs.legs().map(|leg| leg.last).max().unwrap().max(most);
        }
        self.check();
        self.to(most + 2);
        self.mature(most + 1);
        for (number, position) in self.positions() {
            self.act(claim_stake(position.owner, number));
        }
        for (line, held) in self.lines() {
            let to = account_of(line.operator);
            if held.owed > 0 {
                let claim = crate::rules::claim_commission::ClaimCommission { line, to };
                self.act(Input::ClaimCommission(claim));
            }
        }
        self.check();
        assert!(self.positions().is_empty());
        self
    }

    /// Ends a position. A first leg that matured meanwhile is folded into its base first, so the base may be less than it was.
    fn end_all(&mut self, number: u64, position: &Position) {
        let owner = position.owner;
        match self.try_act(undelegate(owner, number, position.base)) {
            Err(Reject::NotEnough { held, .. }) => {
                self.act(undelegate(owner, number, held));
            }
            done => assert!(done.is_ok(), "{done:?}"),
        }
    }
}
