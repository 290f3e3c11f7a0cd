//! What a root node's JSON means, and what it may not be.
//!
//! Quantities are `0x` and hex digits, data is `0x` and whole bytes, as the Ethereum JSON-RPC specification (execution-apis) says. Nodes that
//! write leading zeros, or a number of JSON, mean one thing by it, and are understood; what could mean two things is malformed. Fields that are
//! not needed are not looked at, so that a node may leave them out or write them as it likes.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde_json::Value;

use super::RpcError;
use crate::relay::seen::{Block, Log};

/// A block's header with what fees are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The block.
    pub block: Block,
    /// Its base fee in wei per gas, or `None` before EIP-1559.
    pub base_fee: Option<u128>,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction's hash.
    pub hash: B256,
    /// Whether it took effect; false when it reverted.
    pub succeeded: bool,
    /// The number of its block.
    pub block: u64,
    /// The hash of its block.
    pub block_hash: B256,
    /// Gas used.
    pub gas_used: u64,
    /// Wei paid per gas, or `None` when the node does not say.
    pub gas_price: Option<u128>,
    /// The contract it made, if it made one.
    pub contract: Option<Address>,
    /// Its events.
    pub logs: Vec<Log>,
}

fn malformed(what: impl Into<String>) -> RpcError {
    RpcError::Malformed(what.into())
}

/// Takes the result out of an answer to request `id`.
pub fn answer(body: &[u8], id: u64) -> Result<Value, RpcError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|e| malformed(format!("not JSON ({} bytes): {e}", body.len())))?;
    let mut object = match value {
        Value::Object(object) => object,
        other => return Err(malformed(format!("not an object: {}", shorten(&other)))),
    };
    if let Some(error) = object.get("error").filter(|error| !error.is_null()) {
        return Err(refusal(error));
    }
    match object.get("id").and_then(Value::as_u64) {
        Some(seen) if seen == id => {}
        Some(seen) => return Err(malformed(format!("id {seen} where {id} was sent"))),
        None => return Err(malformed(format!("no id where {id} was sent"))),
    }
    object.remove("result").ok_or_else(|| {
        let rest = shorten(&Value::Object(object));
        malformed(format!("neither result nor error: {rest}"))
    })
}

/// Codes by which nodes and providers say "too many requests".
const RATE_CODES: [i64; 2] = [429, -32_029];

fn refusal(error: &Value) -> RpcError {
    let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
    let mut message = match error.get("message") {
        // It becomes part of a sentence, which is one line.
        Some(Value::String(text)) => text.replace(char::is_control, " "),
        _ => "no message".to_owned(),
    };
    message.truncate(message.floor_char_boundary(300));
    if RATE_CODES.contains(&code) {
        return RpcError::RateLimited(Duration::from_secs(1));
    }
    let data = error
        .get("data")
        .map(|data| data.get("data").unwrap_or(data));
    RpcError::Refused {
        code,
        message,
        data: data.and_then(revert_data),
    }
}

/// The bytes that a call reverted with: hex alone, or in words, as Nethermind writes them (`Reverted 0x…`, `err: 0x… (supplied gas …)`).
fn revert_data(value: &Value) -> Option<Bytes> {
    let (_, after) = value.as_str()?.split_once("0x")?;
    let end = after.find(|c: char| !c.is_ascii_hexdigit());
    let digits = after.get(..end.unwrap_or(after.len()))?;
    hex::decode(digits).map(Bytes::from).ok()
}

pub fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value, RpcError> {
    value
        .get(name)
        .filter(|found| !found.is_null())
        .ok_or_else(|| malformed(format!("no field {name:?}: {}", shorten(value))))
}

fn optional<T>(
    value: &Value,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T, RpcError>,
) -> Result<Option<T>, RpcError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(found) => read(found).map(Some),
    }
}

fn digits<'a>(value: &'a Value, what: &str) -> Result<&'a str, RpcError> {
    value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .ok_or_else(|| {
            malformed(format!(
                "{what} is not a string that begins with 0x: {}",
                shorten(value)
            ))
        })
}

fn shorten(value: &Value) -> String {
    let mut text = value.to_string();
    text.truncate(text.floor_char_boundary(80));
    text
}

/// A quantity of up to 256 bits.
pub fn quantity(value: &Value) -> Result<U256, RpcError> {
    if let Some(number) = value.as_u64() {
        return Ok(U256::from(number));
    }
    let text = digits(value, "a quantity")?;
    if text.is_empty() || text.len() > 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(malformed(format!("not a quantity: {}", shorten(value))));
    }
    U256::from_str_radix(text, 16).map_err(|e| malformed(format!("not a quantity: {e}")))
}

/// A quantity of up to 64 bits.
pub fn quantity_u64(value: &Value) -> Result<u64, RpcError> {
    quantity(value)?
        .try_into()
        .map_err(|_| malformed(format!("above 64 bits: {}", shorten(value))))
}

/// A quantity of up to 128 bits.
pub fn quantity_u128(value: &Value) -> Result<u128, RpcError> {
    quantity(value)?
        .try_into()
        .map_err(|_| malformed(format!("above 128 bits: {}", shorten(value))))
}

/// Bytes of any length.
pub fn data(value: &Value) -> Result<Bytes, RpcError> {
    let text = digits(value, "data")?;
    hex::decode(text).map(Bytes::from).map_err(|e| {
        malformed(format!(
            "data is not whole bytes in hex ({e}): {}",
            shorten(value)
        ))
    })
}

fn fixed<const N: usize>(value: &Value, what: &str) -> Result<[u8; N], RpcError> {
    let text = digits(value, what)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| malformed(format!("{what} is not {N} bytes: {}", shorten(value))))?;
    Ok(bytes)
}

/// 32 bytes.
pub fn hash(value: &Value) -> Result<B256, RpcError> {
    fixed(value, "a hash").map(B256::from)
}

fn address(value: &Value) -> Result<Address, RpcError> {
    fixed(value, "an address").map(Address::from)
}

/// A header, or `None` when the node knows no such block.
pub fn header(value: &Value) -> Result<Option<Seen>, RpcError> {
    if value.is_null() {
        return Ok(None);
    }
    let block = Block {
        number: quantity_u64(field(value, "number")?)?,
        hash: hash(field(value, "hash")?)?,
        parent: hash(field(value, "parentHash")?)?,
        time: quantity_u64(field(value, "timestamp")?)?,
    };
    let base_fee = optional(value, "baseFeePerGas", quantity_u128)?;
    Ok(Some(Seen { block, base_fee }))
}

/// The calldata of a block's transactions that call `to`.
pub fn calldata(block: &Value, to: Address) -> Result<Vec<Bytes>, RpcError> {
    let transactions = field(block, "transactions")?;
    let list = transactions.as_array().ok_or_else(|| {
        let shown = shorten(transactions);
        malformed(format!("transactions are not a list: {shown}"))
    })?;
    let mut found = Vec::new();
    for transaction in list {
        if !transaction.is_object() {
            let shown = shorten(transaction);
            return Err(malformed(format!(
                "a transaction without its fields: {shown}"
            )));
        }
        if optional(transaction, "to", address)? == Some(to) {
            found.push(data(field(transaction, "input")?)?);
        }
    }
    Ok(found)
}

/// The events of an answer; one that the node says was removed makes the whole answer malformed.
pub fn logs(value: &Value) -> Result<Vec<Log>, RpcError> {
    let list = value
        .as_array()
        .ok_or_else(|| malformed(format!("events are not a list: {}", shorten(value))))?;
    list.iter().map(log).collect()
}

fn log(value: &Value) -> Result<Log, RpcError> {
    if value.get("removed").and_then(Value::as_bool) == Some(true) {
        let shown = shorten(value);
        return Err(malformed(format!("an event that was removed: {shown}")));
    }
    let topics = field(value, "topics")?;
    let topics = topics
        .as_array()
        .filter(|list| list.len() <= 4)
        .ok_or_else(|| {
            let shown = shorten(topics);
            malformed(format!("topics are not a list of at most four: {shown}"))
        })?;
    Ok(Log {
        address: address(field(value, "address")?)?,
        topics: topics.iter().map(hash).collect::<Result<_, _>>()?,
        data: data(field(value, "data")?)?,
        block: quantity_u64(field(value, "blockNumber")?)?,
        index: quantity_u64(field(value, "logIndex")?)?,
    })
}

/// A receipt of `expected`, or `None` while the transaction is in no block.
pub fn receipt(value: &Value, expected: B256) -> Result<Option<Receipt>, RpcError> {
    if value.is_null() {
        return Ok(None);
    }
    let seen = optional(value, "transactionHash", hash)?.unwrap_or(expected);
    if seen != expected {
        return Err(malformed(format!(
            "the receipt of {seen} where {expected} was asked for"
        )));
    }
    let (Some(block), Some(block_hash)) = (
        optional(value, "blockNumber", quantity_u64)?,
        optional(value, "blockHash", hash)?,
    ) else {
        // Some nodes give receipts of transactions that wait in their pool.
        return Ok(None);
    };
    let succeeded = match quantity_u64(field(value, "status")?)? {
        0 => false,
        1 => true,
        other => {
            return Err(malformed(format!(
                "receipt status {other}, which is neither 0 nor 1"
            )));
        }
    };
    Ok(Some(Receipt {
        hash: expected,
        succeeded,
        block,
        block_hash,
        gas_used: optional(value, "gasUsed", quantity_u64)?.unwrap_or(0),
        gas_price: optional(value, "effectiveGasPrice", quantity_u128)?,
        contract: optional(value, "contractAddress", address)?,
        logs: logs(field(value, "logs")?)?,
    }))
}
