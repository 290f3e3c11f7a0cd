//! The key that a password gives: scrypt (RFC 7914) and PBKDF2 (RFC 8018), both over HMAC-SHA-256.
//!
//! A key file names its own parameters, so all of them are bounded before anything is computed: memory by [`MAX_MEMORY`],
//! time by [`MAX_WORK`] and [`MAX_ROUNDS`].
//!
//! scrypt is written out here because RFC 7914 allows `n` below 2^(16·r) only, which ready-made code enforces. Ethereum
//! wallets never did: eth-account wrote r = 1 with n = 2^18 for years, and those files hold money.

use pbkdf2::pbkdf2_hmac;
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::format::hex_field;
use crate::client::signer::Secret;

/// The most memory that a key file may make scrypt take, 128 · r · n bytes: n = 2^20 with r = 8.
const MAX_MEMORY: u64 = 1 << 30;
/// The most bytes that scrypt may mix in all, 128 · r · n · p: four passes over the most memory.
const MAX_WORK: u64 = 4 * MAX_MEMORY;
/// The most rounds of PBKDF2.
const MAX_ROUNDS: u32 = 10_000_000;
/// Bytes of a salt at most.
const MAX_SALT: usize = 1_024;
/// Words of 32 bits in a block of Salsa20.
const WORDS: usize = 16;

/// How a password becomes a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Derivation {
    salt: Vec<u8>,
    function: Function,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Scrypt { n: u32, r: u32, p: u32 },
    Pbkdf2 { rounds: u32 },
}

impl Derivation {
    /// scrypt with r = 8 and p = 1.
    pub(super) fn scrypt(n: u32, salt: &[u8]) -> Self {
        Self {
            salt: salt.to_vec(),
            function: Function::Scrypt { n, r: 8, p: 1 },
        }
    }

    /// What a key file says: the function's name and its parameters.
    pub(super) fn read(name: &Value, parameters: &Value) -> Result<Self, String> {
        let number = |field: &str| {
            let value = parameters[field].as_u64();
            value
                .and_then(|value| u32::try_from(value).ok())
                .ok_or_else(|| format!("its kdf has no parameter {field} below 2^32"))
        };
        let function = match name.as_str() {
            Some("scrypt") => Function::Scrypt {
                n: number("n")?,
                r: number("r")?,
                p: number("p")?,
            },
            Some("pbkdf2") => {
                let prf = parameters["prf"].as_str().unwrap_or_default();
                if prf != "hmac-sha256" {
                    return Err(format!("its pbkdf2 uses {prf:?}; only hmac-sha256 is read"));
                }
                Function::Pbkdf2 {
                    rounds: number("c")?,
                }
            }
            Some(other) => {
                return Err(format!(
                    "its kdf is {other:?}; only scrypt and pbkdf2 are read"
                ));
            }
            None => return Err("it has no kdf".into()),
        };
        // Only the first 32 bytes are used, and they do not depend on how many are made.
        if number("dklen")? < 32 {
            return Err("its kdf makes fewer than 32 bytes (dklen)".into());
        }
        let salt = hex_field(&parameters["salt"], "salt")?;
        if salt.len() > MAX_SALT {
            return Err(format!("its salt is longer than {MAX_SALT} bytes"));
        }
        function.check()?;
        Ok(Self { salt, function })
    }

    /// The parameters as a key file has them.
    pub(super) fn json(&self) -> Value {
        let salt = hex::encode(&self.salt);
        match self.function {
            Function::Scrypt { n, r, p } => {
                serde_json::json!({ "dklen": 32, "n": n, "p": p, "r": r, "salt": salt })
            }
            Function::Pbkdf2 { rounds } => {
                serde_json::json!({ "c": rounds, "dklen": 32, "prf": "hmac-sha256", "salt": salt })
            }
        }
    }

    /// The key that `password` gives.
    pub(super) fn derive(&self, password: &[u8]) -> Secret {
        let mut out = Zeroizing::new([0u8; 32]);
        match self.function {
            Function::Scrypt { n, r, p } => {
                scrypt(
                    password, &self.salt, n as usize, r as usize, p as usize, &mut out,
                );
            }
            Function::Pbkdf2 { rounds } => {
                pbkdf2_hmac::<Sha256>(password, &self.salt, rounds, out.as_mut_slice());
            }
        }
        out.into()
    }
}

impl Function {
    /// Refuses what would take too much memory or time, or is no parameter of the function.
    fn check(self) -> Result<(), String> {
        match self {
            Self::Scrypt { n, r, p } => {
                if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
                    return Err(format!(
                        "scrypt with n = {n}, r = {r}, p = {p} is not defined: n is a power of two above 1, r and p are not zero"
                    ));
                }
                let memory = u64::from(n)
                    .saturating_mul(u64::from(r))
                    .saturating_mul(128);
                let work = memory.saturating_mul(u64::from(p));
                if memory > MAX_MEMORY || work > MAX_WORK {
                    return Err(format!(
                        "scrypt with n = {n}, r = {r}, p = {p} takes {memory} bytes of memory and mixes {work} bytes; \
                         at most {MAX_MEMORY} and {MAX_WORK} are accepted"
                    ));
                }
                Ok(())
            }
            Self::Pbkdf2 { rounds } if !(1..=MAX_ROUNDS).contains(&rounds) => Err(format!(
                "pbkdf2 with {rounds} rounds is outside what is accepted, 1 to {MAX_ROUNDS}"
            )),
            Self::Pbkdf2 { .. } => Ok(()),
        }
    }
}

/// RFC 7914, section 6. Below here loops count by hand: these are the few lines whose every step counts, and iterators are only
/// as fast when the compiler sees through them, which it does not in every build.
fn scrypt(password: &[u8], salt: &[u8], n: usize, r: usize, p: usize, out: &mut [u8; 32]) {
    let blocks = r * 2;
    let mut bytes = Zeroizing::new(vec![0u8; p * blocks * WORDS * 4]);
    pbkdf2_hmac::<Sha256>(password, salt, 1, &mut bytes);
    let mut memory = vec![[0u32; WORDS]; n * blocks];
    let mut part = vec![[0u32; WORDS]; blocks];
    let mut spare = vec![[0u32; WORDS]; blocks];
    for bytes in bytes.chunks_exact_mut(blocks * WORDS * 4) {
        for (word, bytes) in part
            .as_flattened_mut()
            .iter_mut()
            .zip(bytes.as_chunks::<4>().0)
        {
            *word = u32::from_le_bytes(*bytes);
        }
        mix(&mut part, &mut memory, &mut spare);
        for (word, bytes) in part.as_flattened().iter().zip(bytes.as_chunks_mut::<4>().0) {
            *bytes = word.to_le_bytes();
        }
    }
    pbkdf2_hmac::<Sha256>(password, &bytes, 1, out);
}

/// A block of Salsa20.
type Block = [u32; WORDS];

/// scryptROMix: fills the memory with what the part becomes, then mixes the part with places of the memory that only it knows.
fn mix(part: &mut [Block], memory: &mut [Block], spare: &mut [Block]) {
    let blocks = part.len();
    for place in memory.chunks_exact_mut(blocks) {
        place.copy_from_slice(part);
        mix_blocks(part, spare);
    }
    let places = memory.len() / blocks;
    for _ in 0..places {
        // The number of places is a power of two, and the last block chooses one.
        let chosen = part[blocks - 1][0] as usize & (places - 1);
        let place = &memory[chosen * blocks..(chosen + 1) * blocks];
        let mut number = 0;
        while number < blocks {
            xor(&mut part[number], &place[number]);
            number += 1;
        }
        mix_blocks(part, spare);
    }
}

/// scryptBlockMix: each block takes in the one before it; those of even number come first.
fn mix_blocks(part: &mut [Block], spare: &mut [Block]) {
    let half = part.len() / 2;
    let mut state = part[part.len() - 1];
    let mut number = 0;
    while number < part.len() {
        xor(&mut state, &part[number]);
        salsa20_8(&mut state);
        spare[number / 2 + number % 2 * half] = state;
        number += 1;
    }
    part.copy_from_slice(spare);
}

#[inline(always)]
fn xor(block: &mut Block, other: &Block) {
    let mut word = 0;
    while word < WORDS {
        block[word] ^= other[word];
        word += 1;
    }
}

/// The Salsa20/8 core: four double rounds, columns and then rows, and the input added.
fn salsa20_8(state: &mut Block) {
    let mut x = *state;
    let mut round = 0;
    while round < 4 {
        quarter(&mut x, [0, 4, 8, 12]);
        quarter(&mut x, [5, 9, 13, 1]);
        quarter(&mut x, [10, 14, 2, 6]);
        quarter(&mut x, [15, 3, 7, 11]);
        quarter(&mut x, [0, 1, 2, 3]);
        quarter(&mut x, [5, 6, 7, 4]);
        quarter(&mut x, [10, 11, 8, 9]);
        quarter(&mut x, [15, 12, 13, 14]);
        round += 1;
    }
    let mut word = 0;
    while word < WORDS {
        state[word] = state[word].wrapping_add(x[word]);
        word += 1;
    }
}

#[inline(always)]
fn quarter(x: &mut Block, [a, b, c, d]: [usize; 4]) {
    x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
    x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
    x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
    x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_7914_come_out() {
        let cases: [(&str, &str, usize, usize, usize, &str); 3] = [
            (
                "",
                "",
                16,
                1,
                1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442",
            ),
            (
                "password",
                "NaCl",
                1_024,
                8,
                16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162",
            ),
            (
                "pleaseletmein",
                "SodiumChloride",
                16_384,
                8,
                1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2",
            ),
        ];
        for (password, salt, n, r, p, wanted) in cases {
            let mut out = [0u8; 32];
            scrypt(password.as_bytes(), salt.as_bytes(), n, r, p, &mut out);
            assert_eq!(hex::encode(out), wanted, "n = {n}, r = {r}, p = {p}");
        }
    }

    #[test]
    fn scrypt_is_what_the_library_makes_wherever_that_has_an_answer() {
        for (log_n, r, p) in [(1, 1, 1), (4, 3, 2), (10, 8, 1), (15, 1, 8), (6, 5, 7)] {
            let parameters = scrypt::Params::new(log_n, r, p, 32).expect("in the library's range");
            let (mut wanted, mut out) = ([0u8; 32], [0u8; 32]);
            scrypt::scrypt(b"correct horse", b"salt", &parameters, &mut wanted).expect("32 bytes");
            let (n, r, p) = (1 << log_n, r as usize, p as usize);
            scrypt(b"correct horse", b"salt", n, r, p, &mut out);
            assert_eq!(out, wanted, "n = {n}, r = {r}, p = {p}");
        }
    }

    #[test]
    fn parameters_that_take_too_much_are_refused_before_anything_is_computed() {
        let scrypt = |n: u64, r: u64, p: u64| serde_json::json!({ "dklen": 32, "n": n, "r": r, "p": p, "salt": "00" });
        let pbkdf2 =
            |c: u64| serde_json::json!({ "dklen": 32, "c": c, "prf": "hmac-sha256", "salt": "00" });
        let long = serde_json::json!({ "dklen": 32, "c": 1, "prf": "hmac-sha256", "salt": "00".repeat(1_025) });
        for (name, parameters, reason) in [
            ("scrypt", scrypt(1 << 20, 16, 1), "memory"),
            ("scrypt", scrypt(1 << 31, 1, 1), "memory"),
            ("scrypt", scrypt(1 << 20, 8, 5), "mixes"),
            ("scrypt", scrypt(2, 1, (1 << 32) - 1), "mixes"),
            ("scrypt", scrypt(2, (1 << 32) - 1, 1), "memory"),
            ("scrypt", scrypt(1 << 32, 8, 1), "below 2^32"),
            ("scrypt", scrypt(1_000, 8, 1), "power of two"),
            ("scrypt", scrypt(1, 8, 1), "power of two"),
            ("scrypt", scrypt(16, 0, 1), "not zero"),
            ("scrypt", scrypt(16, 1, 0), "not zero"),
            ("pbkdf2", pbkdf2(0), "0 rounds"),
            ("pbkdf2", pbkdf2(10_000_001), "10000001 rounds"),
            ("pbkdf2", long, "salt is longer"),
            ("argon2id", pbkdf2(1), "argon2id"),
        ] {
            let error = Derivation::read(&name.into(), &parameters).expect_err(reason);
            assert!(error.contains(reason), "{parameters}: {error}");
        }
        assert!(Derivation::read(&"scrypt".into(), &scrypt(1 << 20, 8, 4)).is_ok());
        assert!(Derivation::read(&"scrypt".into(), &scrypt(1 << 18, 1, 8)).is_ok());
        let other = serde_json::json!({ "dklen": 32, "c": 1, "prf": "hmac-sha512", "salt": "00" });
        let short = serde_json::json!({ "dklen": 16, "c": 1, "prf": "hmac-sha256", "salt": "00" });
        for (parameters, reason) in [(other, "hmac-sha512"), (short, "fewer than 32")] {
            let error = Derivation::read(&"pbkdf2".into(), &parameters).expect_err(reason);
            assert!(error.contains(reason), "{error}");
        }
    }
}
