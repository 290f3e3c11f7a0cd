//! The digest that both kinds of key sign: EIP-712 over the typed fields (PROTOCOL section 4).
//!
//! ```text
//! digest      = H(0x19 0x01 ‖ domain separator ‖ struct hash)
//! struct hash = H(type hash ‖ one word a field); structs and bytes stand there as their hash, bytes20 left-aligned,
//!               integers right-aligned (EIP-712, "Definition of encodeData")
//! ```
//!
//! The salt carries the deployment id, so a signature holds in one deployment only.

use std::sync::LazyLock;

use alloy_primitives::{B256, Keccak256, keccak256};

use super::account::Account;
use super::transaction::{Body, Header, Scheme, Transaction};

mod stake;
#[cfg(test)]
mod tests;
mod wide;

pub(crate) use wide::digest_of;

/// `name` of the EIP-712 domain.
pub const NAME: &str = "Plasmid";

/// `version` of the EIP-712 domain.
pub const VERSION: &str = "1";

const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)";
const ACCOUNT: &str = "Account(uint8 kind,bytes20 id)";
const NAMING: &str = "ExitPayout(bytes20 account,address payout,uint64 nonce,uint64 deadline)";
const NONCE: &str = "Nonce(uint16 lane,uint64 sequence)";
const SEVEN: &str = "uint8 scheme,Account sender,Nonce nonce,uint128 fee,Account feePayer,uint64 validUntil,bytes32 memo";

/// Where signatures hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Chain id of the root chain.
    pub root_chain_id: u64,
    /// Address of the RootChain contract.
    pub root_chain: [u8; 20],
    /// The deployment id.
    pub deployment: [u8; 20],
}

impl Domain {
    /// The domain separator.
    pub fn separator(&self) -> B256 {
        let mut words = Words::new(&keccak256(DOMAIN));
        words.hash(&keccak256(NAME));
        words.hash(&keccak256(VERSION));
        words.number(u128::from(self.root_chain_id));
        words.right(&self.root_chain);
        words.left(&self.deployment);
        words.finish()
    }
}

/// The digest by which an account of kind 1 says where root pays its leaves once the deployment is over. Twin: `Exits.namingDigest`.
/// It is taken until the deadline, a time of root in seconds.
pub fn naming_digest(
    domain: &Domain,
    account: &[u8; 20],
    payout: &[u8; 20],
    (nonce, deadline): (u64, u64),
) -> B256 {
    let mut words = Words::new(&keccak256(NAMING));
    words.left(account);
    words.right(payout);
    words.number(u128::from(nonce));
    words.number(u128::from(deadline));
    typed(&domain.separator(), &words.finish())
}

fn typed(separator: &B256, content: &B256) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update([0x19, 0x01]);
    hasher.update(separator);
    hasher.update(content);
    hasher.finalize()
}

struct TypeHashes {
    account: B256,
    nonce: B256,
    /// By kind; those of no kind are never used.
    bodies: [B256; 256],
}

static TYPES: LazyLock<TypeHashes> = LazyLock::new(|| {
    let account = keccak256(ACCOUNT);
    let nonce = keccak256(NONCE);
    TypeHashes {
        account,
        nonce,
        bodies: std::array::from_fn(|kind| {
            keccak256(type_string(u8::try_from(kind).unwrap_or(u8::MAX)))
        }),
    }
});

/// encodeType of the struct of a kind: the struct, then what it refers to, by name.
pub fn type_string(kind: u8) -> String {
    let (name, fields) = match kind {
        0x01 => ("Transfer", "Account to,bytes20 token,uint128 amount"),
        0x02 => ("Withdraw", "bytes20 recipient,bytes20 token,uint128 amount"),
        0x03 => ("SetPayout", "bytes20 payout"),
        0x04 => ("Record", "bytes32 topic,bytes data"),
        0x05 => (
            "Message",
            "Account target,bytes20 token,uint128 amount,bytes data",
        ),
        kind => stake::fields(kind),
    };
    let comma = if fields.is_empty() { "" } else { "," };
    format!("{name}({SEVEN}{comma}{fields}){ACCOUNT}{NONCE}")
}

/// The digest of a transaction that is about to be signed under `scheme`.
pub fn digest(scheme: Scheme, header: &Header, body: &Body, domain: &Domain) -> B256 {
    digest_under(&domain.separator(), scheme, header, body)
}

impl Transaction {
    /// The digest that its sender signed, and by which it can be looked up.
    pub fn digest(&self, domain: &Domain) -> B256 {
        self.digest_under(&domain.separator())
    }

    /// The digest under this separator, which callers with many transactions compute once.
    pub(super) fn digest_under(&self, separator: &B256) -> B256 {
        digest_under(
            separator,
            self.authentication.scheme(),
            &self.header,
            &self.body,
        )
    }
}

fn digest_under(separator: &B256, scheme: Scheme, header: &Header, body: &Body) -> B256 {
    typed(separator, &struct_hash(scheme, header, body))
}

fn struct_hash(scheme: Scheme, header: &Header, body: &Body) -> B256 {
    let mut words = Words::new(&TYPES.bodies[usize::from(body.kind())]);
    words.number(u128::from(scheme.byte()));
    words.hash(&account_hash(&header.sender));
    words.hash(&nonce_hash(header.lane, header.sequence));
    words.number(header.fee);
    words.hash(&account_hash(&header.fee_payer));
    words.number(u128::from(header.valid_until));
    words.hash(&B256::from(header.memo));
    put_body(&mut words, body);
    words.finish()
}

fn put_body(words: &mut Words, body: &Body) {
    match body {
        Body::Transfer { to, token, amount } => {
            words.hash(&account_hash(to));
            words.left(token);
            words.number(*amount);
        }
        Body::Withdraw {
            recipient,
            token,
            amount,
        } => {
            words.left(recipient);
            words.left(token);
            words.number(*amount);
        }
        Body::SetPayout { payout } => words.left(payout),
        Body::Record { topic, data } => {
            words.hash(&B256::from(*topic));
            words.hash(&keccak256(data.as_slice()));
        }
        Body::Message {
            target,
            token,
            amount,
            data,
        } => {
            words.hash(&account_hash(target));
            words.left(token);
            words.number(*amount);
            words.hash(&keccak256(data.as_slice()));
        }
        Body::Stake(body) => stake::put(words, body),
    }
}

fn account_hash(account: &Account) -> B256 {
    let mut words = Words::new(&TYPES.account);
    words.number(u128::from(account.kind));
    words.left(&account.id);
    words.finish()
}

fn nonce_hash(lane: u16, sequence: u64) -> B256 {
    let mut words = Words::new(&TYPES.nonce);
    words.number(u128::from(lane));
    words.number(u128::from(sequence));
    words.finish()
}

/// Words of 32 bytes on their way into a hash.
struct Words(Keccak256);

impl Words {
    fn new(type_hash: &B256) -> Self {
        let mut words = Self(Keccak256::new());
        words.hash(type_hash);
        words
    }

    fn hash(&mut self, word: &B256) {
        self.0.update(word);
    }

    fn number(&mut self, number: u128) {
        self.0.update([0; 16]);
        self.0.update(number.to_be_bytes());
    }

    fn left(&mut self, id: &[u8; 20]) {
        self.0.update(id);
        self.0.update([0; 12]);
    }

    fn right(&mut self, address: &[u8; 20]) {
        self.0.update([0; 12]);
        self.0.update(address);
    }

    fn finish(self) -> B256 {
        self.0.finalize()
    }
}
