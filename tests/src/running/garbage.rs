//! Answers that no sound endpoint gives, each of another kind than the one before, from a seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::proxy::http;

/// Kinds of garbage.
const KINDS: u32 = 13;

/// A source of garbage.
#[derive(Debug)]
pub struct Garbage(ChaCha8Rng);

impl Garbage {
    /// What follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Bytes that are written in place of the answer with body `honest`.
    pub fn instead_of(&mut self, honest: &[u8]) -> Vec<u8> {
        let id = serde_json::from_slice::<Value>(honest).unwrap_or_default()["id"].clone();
        let result = |result: Value| {
            let body = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            http("200 OK", body.to_string().as_bytes())
        };
        match self.0.random_range(0..KINDS) {
            0 => http("200 OK", b""),
            1 => http("200 OK", b"<html><body>502 Bad Gateway</body></html>"),
            2 => http("200 OK", &honest[..honest.len() / 2]),
            3 => {
                let whole = http("200 OK", honest);
                whole[..whole.len() - honest.len() / 2 - 1].to_vec()
            }
            4 => http(
                "200 OK",
                json!({ "jsonrpc": "2.0", "id": 0, "result": "0x1" })
                    .to_string()
                    .as_bytes(),
            ),
            5 => result(Value::Null),
            6 => result(json!(42)),
            7 => http("500 Internal Server Error", b"out of memory"),
            8 => b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n".to_vec(),
            9 => http(
                "200 OK",
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32_000, "message": "header not found" } })
                    .to_string()
                    .as_bytes(),
            ),
            10 => {
                let mut noise = vec![0; 700];
                self.0.fill(&mut noise[..]);
                noise
            }
            // The chain id of somebody else, whatever was asked.
            11 => result(json!("0x1")),
            _ => result(json!([])),
        }
    }
}
