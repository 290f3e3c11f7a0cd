//! What lists cost: sets are read once for all who ask, and the engine is not asked for the past.

use std::sync::atomic::Ordering;

use plasmid_proto::stake::v1::{ListDelegationsRequest, ListLinesRequest, ListValidatorsRequest};
use prost::Message;

use super::lists::{ENDED, owner};
use super::still::Still;
use super::*;
use crate::app::reads::{Door, validators::list_validators};

/// What the sets say is read once for all who ask about an epoch, of the tip or of a past height, and little of it is kept.
#[test]
fn the_sets_of_an_epoch_are_read_once_and_those_of_few_epochs_are_kept() {
    let mut tree = tree_of(&Scene::new());
    tree.mark(ENDED.1).expect("a mark");
    let still = Still::new(tree, HEIGHT - 1);
    let looks = |height| {
        *still.looks.lock().expect("a count") = 0;
        let request = ListValidatorsRequest {
            height,
            ..ListValidatorsRequest::default()
        };
        let page = still.ask(|reader| list_validators(reader, &request));
        assert_eq!(page.expect("a page").epoch, 3);
        *still.looks.lock().expect("a count")
    };
    let first = looks(ENDED.0);
    let second = looks(ENDED.0);
    let seats = usize::from(parameters().seats);
    assert!(first > second + 5 * seats, "{first} and {second} looks");
    assert_eq!(looks(ENDED.0), second);
    let at_tip = looks(0);
    assert!(at_tip < 10, "the tip is of the same epoch: {at_tip}");
    for epoch in 4..40 {
        let height = epoch * u64::from(parameters().epoch_blocks);
        still.height.store(height, Ordering::SeqCst);
        let page = still.ask(|reader| list_validators(reader, &ListValidatorsRequest::default()));
        assert_eq!(page.expect("a page").epoch, epoch);
        assert!(still.remembered_sets() <= 16);
    }
}

/// Through the engine, whose questions wait for each other, nobody lists the past: who wants a proof there is not kept out.
#[test]
fn the_engine_lists_the_tip_and_not_the_past() {
    let mut tree = tree_of(&Scene::new());
    tree.mark(ENDED.1).expect("a mark");
    let still = Still::new(tree, HEIGHT - 1);
    let stopped = std::sync::atomic::AtomicBool::new(false);
    let reader = crate::app::reads::Reader::new(&still, &stopped).by(Door::Engine);
    let (owner, operator) = (owner(), address_text(&operator(FOUNDER)));
    for (height, is_answered) in [(0, true), (ENDED.0, false)] {
        *still.looks.lock().expect("a count") = 0;
        let delegations = ListDelegationsRequest {
            owner: owner.clone(),
            height,
            ..ListDelegationsRequest::default()
        };
        let validators = ListValidatorsRequest {
            height,
            ..ListValidatorsRequest::default()
        };
        let lines = ListLinesRequest {
            operator: operator.clone(),
            height,
            ..ListLinesRequest::default()
        };
        for (name, request) in [
            ("ListDelegations", delegations.encode_to_vec()),
            ("ListValidators", validators.encode_to_vec()),
            ("ListLines", lines.encode_to_vec()),
        ] {
            let path = format!("/plasmid.stake.v1.StakeService/{name}");
            let said = crate::app::reads::answer(&reader, &path, &request);
            match is_answered {
                true => assert!(said.is_ok(), "{name}: {said:?}"),
                false => assert!(matches!(said, Err(ReadError::Unsupported(_))), "{name}"),
            }
        }
        let looks = *still.looks.lock().expect("a count");
        assert_eq!(looks > 0, is_answered, "a refusal reads nothing");
    }
}
