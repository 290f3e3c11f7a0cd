//! Faults that are seeded into the engine: each corrupts what one rule writes, or what the boundary, the court or the ledger does.

use plasmid_staking::{
    CutNode, Key, LeafError, Leg, Line, LineId, LineState, Mark, Maturity, MemberLeaf, Position,
    Registration, Rewards, Seat, Value,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    MarkOneEpochLate,
    MarkOfTheEndNotOverwritten,
    LineFreezeDropped,
    EpochFreezeDropped,
    MinimaNotWritten,
    MinimaTopNotWritten,
    SeatKeepsOldStake,
    SeatKeepsOldCommission,
    SeatKeepsOldKeys,
    UntilOneLate,
    UntilKept,
    LostSeatForgotten,
    SeatKeptByWhoLeft,
    SeatKeptByTheTombstoned,
    FirstLegForgotten,
    RewardsRoundedUp,
    OwnStakeNotCounted,
    CutOneEpochLate,
    CutOnLowestLevelOnly,
    CutBaseOneLate,
    ClosedLineStaysOpen,
    JailOneEpochShort,
    TombstoneForgotten,
    MemberWithoutCommission,
    OwedLosesOneUnit,
    LegBeginsOneEarly,
    LegEndsOneLate,
    CutOfPositionHalved,
    RestakeFlagForgotten,
    // What the driver does wrong.
    ReleaseForgotten,
    VotesOfAnotherSeat,
    SettledOneEpochLate,
    LastRewardsForgotten,
    RolledBeforeRewards,
    MaturedByOwnCheckpoint,
    BurnedIsPaid,
    NewStakeEnded,
}

pub const ALL: [Fault; 37] = [
    Fault::MarkOneEpochLate,
    Fault::MarkOfTheEndNotOverwritten,
    Fault::LineFreezeDropped,
    Fault::EpochFreezeDropped,
    Fault::MinimaNotWritten,
    Fault::MinimaTopNotWritten,
    Fault::SeatKeepsOldStake,
    Fault::SeatKeepsOldCommission,
    Fault::SeatKeepsOldKeys,
    Fault::UntilOneLate,
    Fault::UntilKept,
    Fault::LostSeatForgotten,
    Fault::SeatKeptByWhoLeft,
    Fault::SeatKeptByTheTombstoned,
    Fault::FirstLegForgotten,
    Fault::RewardsRoundedUp,
    Fault::OwnStakeNotCounted,
    Fault::CutOneEpochLate,
    Fault::CutOnLowestLevelOnly,
    Fault::CutBaseOneLate,
    Fault::ClosedLineStaysOpen,
    Fault::JailOneEpochShort,
    Fault::TombstoneForgotten,
    Fault::MemberWithoutCommission,
    Fault::OwedLosesOneUnit,
    Fault::LegBeginsOneEarly,
    Fault::LegEndsOneLate,
    Fault::CutOfPositionHalved,
    Fault::RestakeFlagForgotten,
    Fault::ReleaseForgotten,
    Fault::VotesOfAnotherSeat,
    Fault::SettledOneEpochLate,
    Fault::LastRewardsForgotten,
    Fault::RolledBeforeRewards,
    Fault::MaturedByOwnCheckpoint,
    Fault::BurnedIsPaid,
    Fault::NewStakeEnded,
];

/// What is written, or nothing.
type Written = Option<(Key, Vec<u8>)>;

impl Fault {
    pub fn corrupt(
        self,
        key: Key,
        bytes: Vec<u8>,
        held: Option<&[u8]>,
    ) -> Result<Written, LeafError> {
        let bytes = match key {
            Key::Mark { line, epoch } => return Ok(self.mark(line, epoch, bytes, held)),
            Key::Minima { level, .. } => {
                let skipped = self == Self::MinimaNotWritten
                    || (self == Self::MinimaTopNotWritten && level > 0);
                return Ok((!skipped).then_some((key, bytes)));
            }
            Key::Cut { line, level, index } => return self.cut(line, level, index, bytes),
            Key::Line(_) => self.line(&bytes, held)?,
            Key::Seat(_) => self.seat(&bytes, held)?,
            Key::Position(_) => self.position(&bytes, held)?,
            Key::Maturity if self == Self::EpochFreezeDropped => {
                let freezes = Default::default();
                let maturity = Maturity::decode(&bytes)?;
                Maturity {
                    freezes,
                    ..maturity
                }
                .encode()
            }
            Key::Registration { .. } if self == Self::TombstoneForgotten => {
                let registration = Registration::decode(&bytes)?;
                let tombstoned = false;
                Registration {
                    tombstoned,
                    ..registration
                }
                .encode()
            }
            Key::Rewards if self == Self::OwedLosesOneUnit => {
                let rewards = Rewards::decode(&bytes)?;
                let owed = rewards.owed.saturating_sub(1);
                Rewards { owed, ..rewards }.encode()
            }
            Key::Member { .. } if self == Self::MemberWithoutCommission => {
                let mut member = MemberLeaf::decode(&bytes)?;
                if let Some(standing) = &mut member.standing {
                    standing.commission = 0;
                }
                member.encode()
            }
            _ => bytes,
        };
        Ok(Some((key, bytes)))
    }

    fn mark(self, line: LineId, epoch: u64, bytes: Vec<u8>, held: Option<&[u8]>) -> Written {
        let overwrites = held.is_some();
        match self {
            Self::MarkOneEpochLate => {
                let epoch = epoch + 1;
                Some((Key::Mark { line, epoch }, bytes))
            }
            Self::MarkOfTheEndNotOverwritten if overwrites => None,
            _ => Some((Key::Mark { line, epoch }, bytes)),
        }
        .filter(|(_, bytes)| bytes.len() == Mark::WIDTH)
    }

    fn cut(
        self,
        line: LineId,
        level: u8,
        index: u16,
        bytes: Vec<u8>,
    ) -> Result<Written, LeafError> {
        let key = Key::Cut { line, level, index };
        if self == Self::CutOnLowestLevelOnly && level > 0 {
            return Ok(None);
        }
        if self == Self::CutOneEpochLate && level == 0 {
            let mut node = CutNode::decode(&bytes)?;
            node.0.rotate_right(1);
            return Ok(Some((key, node.encode())));
        }
        Ok(Some((key, bytes)))
    }

    fn line(self, bytes: &[u8], held: Option<&[u8]>) -> Result<Vec<u8>, LeafError> {
        let mut line = Line::decode(bytes)?;
        let before = held.map(Line::decode).transpose()?;
        let before = before.unwrap_or_else(|| line.clone());
        match self {
            Self::LineFreezeDropped => line.freezes = before.freezes,
            Self::UntilOneLate if before.seated() && !line.seated() => line.until += 1,
            Self::UntilKept if before.seated() && !line.seated() => line.until = before.until,
            Self::LostSeatForgotten if before.seated() && !line.seated() => {
                line.seat = Line::NO_SEAT;
            }
            Self::SeatKeptByWhoLeft if before.seated() && !line.seated() => line.seat = before.seat,
            Self::SeatKeptByTheTombstoned if !before.seated() && !line.seated() => {
                line.seat = before.seat;
            }
            Self::OwnStakeNotCounted => line.self_stake = before.self_stake,
            Self::CutBaseOneLate if line.cut_base != before.cut_base => line.cut_base += 1,
            Self::ClosedLineStaysOpen if line.state == LineState::Retired => {
                line.state = LineState::Open;
            }
            Self::JailOneEpochShort if line.jailed != before.jailed => line.jailed -= 1,
            _ => {}
        }
        Ok(line.encode())
    }

    fn seat(self, bytes: &[u8], held: Option<&[u8]>) -> Result<Vec<u8>, LeafError> {
        let mut seat = Seat::decode(bytes)?;
        let before = held.map(Seat::decode).transpose()?.unwrap_or_default();
        if seat.line != before.line {
            return Ok(seat.encode());
        }
        match self {
            Self::SeatKeepsOldStake => seat.stake = before.stake,
            Self::SeatKeepsOldCommission => seat.commission = before.commission,
            Self::SeatKeepsOldKeys => {
                seat.registration = before.registration;
                seat.consensus_key = before.consensus_key;
            }
            _ => {}
        }
        Ok(seat.encode())
    }

    fn position(self, bytes: &[u8], held: Option<&[u8]>) -> Result<Vec<u8>, LeafError> {
        let mut position = Position::decode(bytes)?;
        let before = held.map(Position::decode).transpose()?;
        if position.is_gone() {
            return Ok(position.encode());
        }
        let pending = before.as_ref().map_or(0, |before| before.pending);
        match self {
            Self::FirstLegForgotten if position.has_two_legs() => {
                position.legs = [position.legs[1], Leg::default()];
                position.cuts = [position.cuts[1], 0];
            }
            Self::RewardsRoundedUp if position.pending > pending => position.pending += 1,
            Self::LegBeginsOneEarly if before.is_none() && position.legs[0].first > 1 => {
                position.legs[0].first -= 1;
            }
            Self::LegEndsOneLate if before.is_some() && !position.is_bonded() => {
                position.newest_mut().last += 1;
            }
            Self::CutOfPositionHalved => position.cuts[0] /= 2,
            Self::RestakeFlagForgotten => position.restake = false,
            _ => {}
        }
        Ok(position.encode())
    }
}
