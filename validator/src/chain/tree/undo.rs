//! Values as they were before their first change since a mark, by place.

/// First values by place: in the order of the changes while it is open, by place once it is closed.
#[derive(Clone, Default)]
pub(super) struct Undo<T> {
    entries: Vec<(u32, T)>,
    /// By place, one more than the position in `entries`, and 0 where there is none; of an open one only.
    positions: Vec<u32>,
    is_closed: bool,
}

impl<T> Undo<T> {
    /// An open one for places below `width`.
    pub fn new(width: u32) -> Self {
        Self {
            entries: Vec::new(),
            positions: vec![0; width as usize],
            is_closed: false,
        }
    }

    pub fn get(&self, place: u32) -> Option<&T> {
        let position = if self.is_closed {
            let found = self.entries.binary_search_by_key(&place, |entry| entry.0);
            found.ok()?
        } else {
            let position = self.positions.get(place as usize)?;
            position.checked_sub(1)? as usize
        };
        self.entries.get(position).map(|(_, value)| value)
    }

    /// Adds the value of a place that has none; to a closed one only past all other places.
    pub fn push(&mut self, place: u32, value: T) {
        self.entries.push((place, value));
        if let Some(position) = self.positions.get_mut(place as usize) {
            *position = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        }
    }

    pub fn entries(&self) -> &[(u32, T)] {
        &self.entries
    }

    pub fn close(&mut self) {
        self.entries.sort_unstable_by_key(|(place, _)| *place);
        self.entries.shrink_to_fit();
        self.positions = Vec::new();
        self.is_closed = true;
    }
}
