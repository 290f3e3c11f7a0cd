//! Writing `config.toml` over one that an operator has changed: what the chain relies on and what the command was told is ours, every
//! other line stays.

use toml::{Table, Value};

use super::CometError;
use super::config::Config;

/// What an operator may set: it stays when it is there. All that [`Config`] does not know stays too.
const OPERATORS: [(&str, &[&str]); 5] = [
    ("", &["log_level"]),
    (
        "p2p",
        &[
            "flush_throttle_timeout",
            "persistent_peers_max_dial_period",
            "send_rate",
            "recv_rate",
        ],
    ),
    (
        "consensus",
        &[
            "timeout_propose",
            "timeout_propose_delta",
            "timeout_prevote",
            "timeout_prevote_delta",
            "timeout_precommit",
            "timeout_precommit_delta",
            "peer_gossip_sleep_duration",
        ],
    ),
    ("storage", &["discard_abci_responses"]),
    ("tx_index", &["indexer"]),
];

/// `wanted` over the file `found`, but for the lines of `unnamed` (section, key) that stand there.
///
/// # Errors
/// [`CometError::Config`] when what stands in the file cannot be read or the result is refused.
pub(super) fn merged(
    found: &str,
    wanted: &Config,
    unnamed: &[(&str, &str)],
) -> Result<String, CometError> {
    let refuse = |said: String| CometError::Config(said);
    let mut file: Table = found.parse().map_err(|error| refuse(format!("{error}")))?;
    let ours = Value::try_from(wanted).map_err(|error| refuse(error.to_string()))?;
    let Value::Table(ours) = ours else {
        return Err(refuse("it is not a table".to_owned()));
    };
    for (name, value) in ours {
        match value {
            Value::Table(section) => merge_section(&mut file, &name, section, unnamed)?,
            value => put(&mut file, ("", &name), value, unnamed),
        }
    }
    let text = toml::to_string(&file).map_err(|error| refuse(error.to_string()))?;
    let config = Config::from_text(&text).map_err(refuse)?;
    config.check()?;
    Ok(Config::with_header(&text))
}

fn merge_section(
    file: &mut Table,
    name: &str,
    section: Table,
    unnamed: &[(&str, &str)],
) -> Result<(), CometError> {
    let place = file
        .entry(name)
        .or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(place) = place else {
        return Err(CometError::Config(format!("{name} is not a table")));
    };
    for (key, value) in section {
        put(place, (name, &key), value, unnamed);
    }
    Ok(())
}

fn put(place: &mut Table, (section, key): (&str, &str), value: Value, unnamed: &[(&str, &str)]) {
    let known = OPERATORS.iter().find(|(name, _)| *name == section);
    let operators = known.is_some_and(|(_, keys)| keys.contains(&key));
    let found = place.get(key);
    // The pool's limits are the least that the chain runs with.
    let larger = section == "mempool"
        && found.and_then(Value::as_integer) > value.as_integer()
        && value.is_integer();
    if found.is_some() && (operators || larger || unnamed.contains(&(section, key))) {
        return;
    }
    place.insert(key.to_owned(), value);
}
