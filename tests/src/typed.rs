//! EIP-712 by its text alone: the digest of typed data as a wallet computes it from the JSON that it is shown. It shares nothing with the
//! code that made the JSON.

use alloy_primitives::{B256, U256, keccak256};
use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The members of a struct: name and type.
fn members(data: &Value, name: &str) -> Vec<(String, String)> {
    let members = data["types"][name].as_array().expect("a struct's members");
    let member = |member: &Value| {
        (
            text(&member["name"]).to_owned(),
            text(&member["type"]).to_owned(),
        )
    };
    members.iter().map(member).collect()
}

fn is_struct(data: &Value, name: &str) -> bool {
    data["types"].get(name).is_some()
}

/// "encodeType": the struct, then those that it refers to, by name.
fn type_of(data: &Value, name: &str) -> String {
    let mut others = Vec::new();
    let mut open = vec![name.to_owned()];
    while let Some(one) = open.pop() {
        for (_, of) in members(data, &one) {
            let of = of.trim_end_matches("[]").to_owned();
            if is_struct(data, &of) && of != name && !others.contains(&of) {
                others.push(of.clone());
                open.push(of);
            }
        }
    }
    others.sort();
    let alone = |name: &String| {
        let members = members(data, name).into_iter();
        let members: Vec<String> = members.map(|(name, of)| format!("{of} {name}")).collect();
        format!("{name}({})", members.join(","))
    };
    let all = std::iter::once(name.to_owned()).chain(others);
    all.map(|name| alone(&name)).collect()
}

fn hash_struct(data: &Value, name: &str, value: &Value) -> B256 {
    let mut words = keccak256(type_of(data, name)).to_vec();
    let members = members(data, name);
    let given = value.as_object().expect("an object");
    assert_eq!(
        given.len(),
        members.len(),
        "{name} has what is not signed: {value}"
    );
    for (member, of) in members {
        words.extend(word(data, &of, &given[&member]));
    }
    keccak256(words)
}

/// "encodeData" of one member.
fn word(data: &Value, of: &str, value: &Value) -> B256 {
    if let Some(of) = of.strip_suffix("[]") {
        let values = value.as_array().expect("a list");
        let words: Vec<B256> = values.iter().map(|value| word(data, of, value)).collect();
        return keccak256(words.concat());
    }
    if is_struct(data, of) {
        return hash_struct(data, of, value);
    }
    let bytes = || hex::decode(text(value).trim_start_matches("0x")).expect("hex");
    match of {
        "string" => keccak256(text(value)),
        "bytes" => keccak256(bytes()),
        "bool" => U256::from(u8::from(value.as_bool().expect("a flag"))).into(),
        "address" => B256::left_padding_from(&bytes()),
        of if of.starts_with("bytes") => {
            let bytes = bytes();
            assert_eq!(of, format!("bytes{}", bytes.len()));
            B256::right_padding_from(&bytes)
        }
        of if of.starts_with("uint") => {
            let number = match value {
                Value::String(text) => text.parse::<U256>().expect("a number"),
                value => U256::from(value.as_u64().expect("a number")),
            };
            number.into()
        }
        of => panic!("type {of}"),
    }
}

/// The digest that a wallet signs.
///
/// # Panics
/// When it is not typed data.
pub fn digest(json: &str) -> B256 {
    let data: Value = serde_json::from_str(json).expect("JSON");
    let domain = hash_struct(&data, "EIP712Domain", &data["domain"]);
    let message = hash_struct(&data, text(&data["primaryType"]), &data["message"]);
    keccak256([&[0x19, 0x01], domain.as_slice(), message.as_slice()].concat())
}
