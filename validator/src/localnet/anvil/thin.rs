//! What is still needed of a root chain's state when it is loaded.
//!
//! ```text
//! state.json.gz = gzip of { block, accounts, best_block_number, blocks: [{ header: { number, … }, transactions }],
//!                           transactions: [{ info: { traces, … }, receipt, block_number, … }], … }
//! ```
//! Accounts, transactions and receipts stay: whoever follows the chain may read all events since the first block. Of older blocks without
//! transactions those stay that a block with transactions follows, since a deployment names its parent; traces of older ones go.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::Value;

/// The number of newest blocks that are kept with all that belongs to them.
const WHOLE_BLOCKS: u64 = 512;
/// The largest state that is read: what a dump of the largest size may unpack to, and not more than memory holds.
const MAX_JSON_BYTES: u64 = 2 << 30;

/// The state without what is not needed any more, packed as it was.
///
/// # Errors
/// When it cannot be unpacked or is no state, or is too large.
pub(super) fn thinned(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut unpacked = GzDecoder::new(packed).take(MAX_JSON_BYTES + 1);
    unpacked.read_to_end(&mut text)?;
    if text.len() as u64 > MAX_JSON_BYTES {
        let problem = format!("it unpacks to more than {MAX_JSON_BYTES} bytes");
        return Err(io::Error::other(problem));
    }
    let mut state: Value = serde_json::from_slice(&text)?;
    drop(text);
    thin(&mut state);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&serde_json::to_vec(&state)?)?;
    packed.finish()
}

fn thin(state: &mut Value) {
    let Some(newest) = state.get("best_block_number").and_then(number) else {
        return;
    };
    let is_old = |block: u64| block.saturating_add(WHOLE_BLOCKS) < newest;
    if let Some(Value::Array(blocks)) = state.get_mut("blocks") {
        let busy: BTreeSet<u64> = blocks.iter().filter_map(busy).collect();
        blocks.retain(|block| {
            let number = block.pointer("/header/number").and_then(number);
            number.is_none_or(|number| {
                number == 0
                    || !is_old(number)
                    || busy.contains(&number)
                    || busy.contains(&number.saturating_add(1))
            })
        });
    }
    if let Some(Value::Array(transactions)) = state.get_mut("transactions") {
        for transaction in transactions {
            let block = transaction.get("block_number").and_then(number);
            if block.is_some_and(is_old)
                && let Some(traces) = transaction.pointer_mut("/info/traces")
            {
                *traces = Value::Array(Vec::new());
            }
        }
    }
}

/// The number of a block that holds transactions.
fn busy(block: &Value) -> Option<u64> {
    let transactions = block.get("transactions")?.as_array()?;
    let number = block.pointer("/header/number").and_then(number)?;
    (!transactions.is_empty()).then_some(number)
}

fn number(value: &Value) -> Option<u64> {
    let hex = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    value.as_u64().or_else(|| hex(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pack(state: &Value) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(state.to_string().as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    fn unpack(packed: &[u8]) -> Value {
        serde_json::from_reader(GzDecoder::new(packed)).unwrap()
    }

    #[test]
    fn old_empty_blocks_and_old_traces_go_and_all_else_stays() {
        let newest = WHOLE_BLOCKS + 100;
        let holds = |number: u64| number == 50 || number == newest;
        let blocks: Vec<_> = (0..=newest)
            .map(|number| {
                let transactions = if holds(number) { json!(["0x02"]) } else { json!([]) };
                json!({ "header": { "number": format!("{number:#x}") }, "transactions": transactions })
            })
            .collect();
        let transactions: Vec<_> = [50, newest]
            .map(|block| json!({ "info": { "traces": [1], "nonce": 3 }, "receipt": {}, "block_number": block }))
            .into();
        let accounts =
            json!({ "0x01": { "balance": "0xffffffffffffffffffff", "nonce": u64::MAX } });
        let state = json!({
            "accounts": accounts, "best_block_number": newest, "blocks": blocks, "transactions": transactions,
            "historical_states": null,
        });
        let thin = unpack(&thinned(&pack(&state)).unwrap());
        let numbers = thin["blocks"].as_array().unwrap().iter();
        let numbers: Vec<_> = numbers
            .map(|block| number(&block["header"]["number"]).unwrap())
            .collect();
        let wanted: Vec<_> = [0, 49, 50].into_iter().chain(100..=newest).collect();
        assert_eq!(numbers, wanted);
        assert_eq!(thin["accounts"], state["accounts"]);
        assert_eq!(
            thin["transactions"][0]["info"],
            json!({ "traces": [], "nonce": 3 })
        );
        assert_eq!(thin["transactions"][1], state["transactions"][1]);
        // What is thin stays as it is.
        assert_eq!(unpack(&thinned(&pack(&thin)).unwrap()), thin);
    }

    #[test]
    fn what_is_no_state_is_refused() {
        assert!(thinned(b"").is_err());
        assert!(thinned(b"no gzip").is_err());
        let whole = pack(&json!({ "best_block_number": 1 }));
        assert!(thinned(&whole[..whole.len() - 9]).is_err());
    }
}
