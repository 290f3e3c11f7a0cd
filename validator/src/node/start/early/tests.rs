//! How long root is asked.

use std::{
    future::ready,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

#[tokio::test]
async fn a_root_that_is_silent_is_asked_until_it_answers_and_one_that_answers_once() {
    for (silent, said) in [(1_000, true), (0, true), (3, false)] {
        let asked = AtomicU32::new(0);
        let answer = again(Duration::ZERO, || {
            ready(match asked.fetch_add(1, Ordering::SeqCst) {
                number if number < silent => Err(AcceptedError::NothingFinal),
                number if said => Ok(number),
                _ => Err(AcceptedError::NotStanding { epoch: 1, count: 1 }),
            })
        });
        assert_eq!(answer.await.ok(), said.then_some(silent));
        assert_eq!(asked.load(Ordering::SeqCst), silent + 1);
    }
}
