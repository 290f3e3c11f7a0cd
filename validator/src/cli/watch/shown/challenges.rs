//! What is said of challenges of data.

use plasmid_bridge::client::watcher::challenges::DataNotice;
use plasmid_bridge::relay::challenges::{DataEvent, DataTarget};
use serde_json::{Value, json};

use crate::plain;

/// An object about what is asked for.
pub fn named(event: &str, target: &DataTarget) -> Value {
    match target {
        DataTarget::Segment {
            epoch,
            block,
            number,
        } => json!({ "event": event, "checkpoint": epoch, "block": block, "segment": number }),
        DataTarget::Leaf { epoch, index } => {
            json!({ "event": event, "checkpoint": epoch, "leaf": index })
        }
    }
}

/// One object and one line.
pub fn shown(notice: &DataNotice) -> (Value, String) {
    let of =
        |event: &str, target: &DataTarget, rest: Value| super::with(named(event, target), rest);
    match notice {
        DataNotice::Root(event) => told(event),
        DataNotice::Unanswered {
            target,
            deadline,
            reason,
        } => {
            let reason = plain::words(reason);
            (
                of(
                    "unanswered",
                    target,
                    json!({ "deadline": deadline, "reason": reason }),
                ),
                format!(
                    "{target}: root is asked for it until root time {deadline}, and nobody shows it: {reason}"
                ),
            )
        }
        DataNotice::OverBudget {
            target,
            price,
            left,
        } => (
            of(
                "not_asked",
                target,
                json!({ "price": price.to_string(), "left": left.to_string() }),
            ),
            format!(
                "{target}: nobody shows it, and it is not asked for: that costs {price} wei with room for a rise, and {left} wei of --challenge-budget are left"
            ),
        ),
        DataNotice::Hidden { target, block } => (
            of("hidden_answer", target, json!({ "block": block })),
            format!(
                "{target}: it is answered in root block {block}, and this endpoint of root does not give the event that shows the answer; it is asked for again, and another endpoint may give it"
            ),
        ),
        DataNotice::FalseAnswer { target } => (
            of("false_answer", target, json!({})),
            format!(
                "{target}: what an endpoint of root shows as its answer is none; it is asked for again, of the other endpoint where there is one"
            ),
        ),
        DataNotice::Untold {
            place,
            target,
            count,
        } => (
            of("untold", target, json!({ "place": place, "count": count })),
            format!(
                "{target}: somebody asks for it on root, and {place} does not tell that; the second endpoint does, so it is answered once both say in root's state that it is open (questions that are left out by now: {count}). Use another first endpoint"
            ),
        ),
        DataNotice::Unheard { epoch } => (
            json!({ "event": "unheard", "checkpoint": epoch }),
            format!(
                "checkpoint {epoch}: root holds it up for a question for data that no event tells of: events are read again. If this comes again, what is asked for is not known here and not answered: use another endpoint of root"
            ),
        ),
        DataNotice::LeftOut { count } => (
            json!({ "event": "challenges_left_out", "count": count }),
            format!(
                "{count} more challenges are open than are kept: those with the latest deadlines are not answered here before a new start"
            ),
        ),
    }
}

fn told(event: &DataEvent) -> (Value, String) {
    let of =
        |event: &str, target: &DataTarget, rest: Value| super::with(named(event, target), rest);
    match event {
        DataEvent::Asked {
            target,
            challenger,
            price,
            deadline,
        } => (
            of(
                "asked",
                target,
                json!({
                    "challenger": challenger.to_string(), "price": price.to_string(), "deadline": deadline,
                }),
            ),
            format!(
                "{target}: {challenger} asks for it on root and paid {price} wei; unless somebody answers until root time {deadline}, the checkpoint can be made void"
            ),
        ),
        DataEvent::Answered {
            target,
            answerer,
            paid,
        } => (
            of(
                "answered",
                target,
                json!({ "answerer": answerer.to_string(), "paid": paid.to_string() }),
            ),
            format!("{target}: answered by {answerer}, who was paid {paid} wei"),
        ),
        DataEvent::Withheld { target } => (
            of("expired", target, json!({})),
            format!(
                "{target}: nobody answered in time, and the checkpoint is void with all behind it"
            ),
        ),
        DataEvent::PaidBack {
            target,
            challenger,
            amount,
        } => (
            of(
                "paid_back",
                target,
                json!({ "challenger": challenger.to_string(), "amount": amount.to_string() }),
            ),
            format!("{target}: {amount} wei are paid back to {challenger}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};

    use super::*;

    /// Everything that is said of a challenge names what is asked for, in both forms.
    #[test]
    fn what_is_said_of_a_challenge_names_what_is_asked_for() {
        let target = DataTarget::Segment {
            epoch: 3,
            block: 5,
            number: 2,
        };
        let (one, sum) = (Address::repeat_byte(7), U256::from(41));
        let notices = [
            (
                DataNotice::Root(DataEvent::Asked {
                    target,
                    challenger: one,
                    price: sum,
                    deadline: 77,
                }),
                "asked",
                json!({ "challenger": one.to_string(), "price": "41", "deadline": 77 }),
            ),
            (
                DataNotice::Root(DataEvent::Answered {
                    target,
                    answerer: one,
                    paid: sum,
                }),
                "answered",
                json!({ "answerer": one.to_string(), "paid": "41" }),
            ),
            (
                DataNotice::Root(DataEvent::Withheld { target }),
                "expired",
                json!({}),
            ),
            (
                DataNotice::Root(DataEvent::PaidBack {
                    target,
                    challenger: one,
                    amount: sum,
                }),
                "paid_back",
                json!({ "challenger": one.to_string(), "amount": "41" }),
            ),
            (
                DataNotice::Unanswered {
                    target,
                    deadline: 77,
                    reason: "node 0: gone".into(),
                },
                "unanswered",
                json!({ "deadline": 77, "reason": "node 0: gone" }),
            ),
            (
                DataNotice::OverBudget {
                    target,
                    price: sum,
                    left: sum,
                },
                "not_asked",
                json!({ "price": "41", "left": "41" }),
            ),
            (
                DataNotice::Hidden { target, block: 9 },
                "hidden_answer",
                json!({ "block": 9 }),
            ),
            (
                DataNotice::FalseAnswer { target },
                "false_answer",
                json!({}),
            ),
            (
                DataNotice::Untold {
                    place: "a node".into(),
                    target,
                    count: 2,
                },
                "untold",
                json!({ "place": "a node", "count": 2 }),
            ),
        ];
        for (notice, event, rest) in notices {
            let (object, sentence) = shown(&notice);
            let own = json!({ "event": event, "checkpoint": 3, "block": 5, "segment": 2 });
            assert_eq!(object, super::super::with(own, rest));
            assert!(sentence.contains(&target.to_string()), "{sentence}");
        }
        let leaf = DataTarget::Leaf { epoch: 3, index: 9 };
        let own = json!({ "event": "sent", "checkpoint": 3, "leaf": 9 });
        assert_eq!(named("sent", &leaf), own);
        let (object, sentence) = shown(&DataNotice::Unheard { epoch: 5 });
        assert_eq!(object, json!({ "event": "unheard", "checkpoint": 5 }));
        assert!(sentence.starts_with("checkpoint 5: "));
        let (object, sentence) = shown(&DataNotice::LeftOut { count: 4 });
        assert_eq!(object["count"], 4);
        assert!(sentence.starts_with("4 more"));
    }
}
