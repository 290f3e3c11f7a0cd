//! What happened to stake, from a place of the chain on.

use clap::Args;
use plasmid_proto::{
    ledger::v1::Event,
    stake::v1::{FollowEventsRequest, FollowEventsResponse},
};
use serde_json::{Map, Value, json};
use tonic::Status;

use crate::cli::{
    CliError,
    connect::Connection,
    keys::KeyOptions,
    output::{self, Output},
};

/// Which events are shown.
#[derive(Clone, Debug, Args)]
pub struct Events {
    /// The first height; 0 for the next block.
    #[arg(long)]
    from_height: u64,
    /// The first index in that block.
    #[arg(long, default_value_t = 0)]
    from_index: u32,
    /// Only what involves this account or a line that its positions back: an account (0x… or plasmid1…) or the name of one of your keys.
    #[arg(long, value_name = "ACCOUNT")]
    owner: Option<String>,
    /// Only what involves this operator: an address on root, or the name of one of your keys.
    #[arg(long)]
    operator: Option<String>,
    /// Goes on with new blocks until it is interrupted.
    #[arg(long)]
    follow: bool,
}

/// `plasmid query stake events`.
pub(super) async fn run(
    connection: &Connection,
    output: Output,
    keys: &KeyOptions,
    wanted: Events,
) -> Result<(), CliError> {
    let named = |text: &Option<String>| match text {
        None => Ok(String::new()),
        Some(text) => keys.stated_account(text).map(|account| account.to_string()),
    };
    let mut request = FollowEventsRequest {
        owner: named(&wanted.owner)?,
        operator: named(&wanted.operator)?,
        from_height: wanted.from_height,
        from_index: wanted.from_index,
        follow: wanted.follow,
    };
    loop {
        let begun = (request.from_height, request.from_index);
        let status = match told(connection, output, &mut request).await? {
            StreamEnd::Whole => return Ok(()),
            StreamEnd::Broken(status) => status,
        };
        let reached = (request.from_height, request.from_index);
        if !wanted.follow || reached == begun {
            output::note(&format!(
                "what was shown ends before --from-height {} --from-index {}",
                reached.0, reached.1
            ));
            return Err(status.into());
        }
    }
}

/// How a stream that was shown ended.
enum StreamEnd {
    /// The node told all that it was asked for.
    Whole,
    /// It stopped before that, and says why.
    Broken(Status),
}

/// Shows one stream to its end; `request` is where to go on.
async fn told(
    connection: &Connection,
    output: Output,
    request: &mut FollowEventsRequest,
) -> Result<StreamEnd, CliError> {
    let mut client = connection.stake().await?;
    let mut stream = match client.follow_events(request.clone()).await {
        Ok(stream) => stream.into_inner(),
        Err(status) => return Ok(StreamEnd::Broken(status)),
    };
    loop {
        let one = match stream.message().await {
            Ok(Some(one)) => one,
            Ok(None) => return Ok(StreamEnd::Whole),
            Err(status) => return Ok(StreamEnd::Broken(status)),
        };
        let begun = (request.from_height, request.from_index);
        if (one.next_height, one.next_index) < begun {
            return Err(CliError::new(
                "the node tells what stands before the place that it was asked for",
            ));
        }
        (request.from_height, request.from_index) = (one.next_height, one.next_index);
        if !one.events.is_empty() {
            show(output, &one);
        }
    }
}

fn show(output: Output, one: &FollowEventsResponse) {
    match output.is_json() {
        true => output.object(&event_object(one)),
        false => {
            let told = one.events.iter().filter(|event| event.name != "plasmid");
            let told: Vec<String> = told.map(in_words).collect();
            output.say(&format!(
                "{} #{} code {}: {}",
                one.height,
                one.index,
                one.code,
                told.join("; ")
            ));
        }
    }
}

fn in_words(event: &Event) -> String {
    let attributes = event.attributes.iter();
    let words = attributes.map(|one| format!(" {} {}", one.key, one.value));
    format!("{}{}", event.name, words.collect::<String>())
}

fn event_object(one: &FollowEventsResponse) -> Value {
    let event = |event: &Event| {
        let attributes = event.attributes.iter();
        let attributes = attributes.map(|one| (one.key.clone(), Value::from(one.value.clone())));
        json!({ "name": event.name, "attributes": attributes.collect::<Map<String, Value>>() })
    };
    json!({
        "height": one.height,
        "index": one.index,
        "hash": hex::encode(&one.hash),
        "digest": hex::encode(&one.digest),
        "code": one.code,
        "events": one.events.iter().map(event).collect::<Vec<Value>>(),
        "next_height": one.next_height,
        "next_index": one.next_index,
    })
}

#[cfg(test)]
mod tests {
    use plasmid_proto::ledger::v1::Attribute;

    use super::*;

    #[test]
    fn what_is_told_of_an_event_stands_under_its_names() {
        let one = FollowEventsResponse {
            height: 1,
            index: 2,
            hash: vec![3],
            digest: vec![4],
            code: 5,
            events: vec![Event {
                name: "opened".into(),
                attributes: vec![Attribute {
                    key: "position".into(),
                    value: "6".into(),
                }],
            }],
            next_height: 7,
            next_index: 8,
        };
        assert_eq!(
            event_object(&one),
            json!({
                "height": 1, "index": 2, "hash": "03", "digest": "04", "code": 5,
                "events": [{ "name": "opened", "attributes": { "position": "6" } }],
                "next_height": 7, "next_index": 8,
            })
        );
        assert_eq!(in_words(&one.events[0]), "opened position 6");
    }
}
