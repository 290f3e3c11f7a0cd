//! What a node said of one block's state. Whoever decides by an answer, and compares it with another node's later, must compare that very answer: a node that is asked
//! twice may answer differently.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes};

/// Bytes of answers that are remembered of one block, at most.
const MAX_BYTES: usize = 64 << 20;

/// What was asked of a block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StateQuestion {
    /// What a contract returns for these bytes.
    Call(Address, Bytes),
    /// How many transactions an account has sent.
    Nonce(Address),
}

impl StateQuestion {
    fn bytes(&self) -> usize {
        match self {
            Self::Call(_, data) => data.len(),
            Self::Nonce(_) => 0,
        }
    }
}

/// The answers about the block that was asked about last.
#[derive(Debug, Default)]
pub(super) struct Memory {
    block: B256,
    answers: BTreeMap<StateQuestion, Bytes>,
    bytes: usize,
}

impl Memory {
    /// What was answered before.
    pub fn answer(&self, block: &B256, asked: &StateQuestion) -> Option<Bytes> {
        let same = self.block == *block;
        self.answers.get(asked).filter(|_| same).cloned()
    }

    /// Keeps an answer, unless there is an older one. Gives the one that holds, and none where there is no room for it.
    pub fn keep(&mut self, block: B256, asked: StateQuestion, answer: Bytes) -> Option<Bytes> {
        if self.block != block {
            *self = Self {
                block,
                ..Self::default()
            };
        }
        if let Some(older) = self.answers.get(&asked) {
            return Some(older.clone());
        }
        let bytes = asked.bytes().saturating_add(answer.len());
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES {
            return None;
        }
        self.answers.insert(asked, answer.clone());
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_about_a_block_holds_until_another_block_is_asked_about() {
        let (one, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let asked = StateQuestion::Call(Address::ZERO, Bytes::from_static(b"a call"));
        let answers = [b"first", b"other"].map(|answer| Bytes::from_static(answer));
        let mut memory = Memory::default();
        assert_eq!(memory.answer(&B256::ZERO, &asked), None);
        for answer in &answers {
            let kept = memory.keep(one, asked.clone(), answer.clone());
            assert_eq!(kept.as_ref(), answers.first());
        }
        assert_eq!(memory.answer(&one, &asked).as_ref(), answers.first());
        assert_eq!(memory.answer(&other, &asked), None);
        assert_eq!(
            memory.answer(&one, &StateQuestion::Nonce(Address::ZERO)),
            None
        );
        let kept = memory.keep(other, asked.clone(), answers[1].clone());
        assert_eq!(kept.as_ref(), answers.last());
        assert_eq!(memory.answer(&one, &asked), None);
    }

    #[test]
    fn what_does_not_fit_is_not_given_as_an_answer_that_holds() {
        let block = B256::repeat_byte(1);
        let nonce = |byte| StateQuestion::Nonce(Address::repeat_byte(byte));
        let mut memory = Memory::default();
        let large = Bytes::from(vec![0; MAX_BYTES]);
        assert!(memory.keep(block, nonce(1), large).is_some());
        let more = Bytes::from_static(b"1");
        assert_eq!(memory.keep(block, nonce(2), more), None);
        assert!(memory.answer(&block, &nonce(1)).is_some());
    }
}
