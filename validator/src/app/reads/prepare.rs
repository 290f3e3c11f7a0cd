//! Transactions of stake that have all but their signature. This node keeps nothing of them, and knows no key.
//!
//! ```text
//! request ─▶ body and header ─▶ EIP-712 as JSON, digest, bytes in front of the signature ─▶ tried on the tip ─▶ effect
//! ```

use plasmid_proto::{
    ledger::v1::{Attribute, Event as WireEvent},
    stake::v1::{PrepareRequest, PrepareResponse},
};

use super::{
    ReadError, Reader, Simulated, Trial, accounts,
    held::{at_tip, next_epoch},
};
use crate::{
    ledger::{
        Account, Event, Transaction,
        check::has_forced_form,
        eip712::digest,
        fees::{minimum_fee, quote_up},
        transaction::{Authentication, Body, Header, Scheme, StakeBody},
    },
    wire,
};

mod body;
#[cfg(test)]
mod tests;
mod typed;

/// Blocks behind the tip in which it may stand, when the request names no height.
const VALID_FOR: u64 = 5_000;

/// Prepares a transaction.
pub fn prepare(
    source: &Reader<'_>,
    request: &PrepareRequest,
) -> Result<PrepareResponse, ReadError> {
    let sender = wire::account(&request.sender)?;
    let scheme = scheme_of(sender)?;
    let body = Body::Stake(wanted(source, sender, request)?);
    let header = header(source, sender, request)?;
    // What is tried is what is signed: only where no fee is named is it the suggestion.
    let trial = match request.fee.as_str() {
        "" => Trial::Unsigned,
        _ => Trial::Exact,
    };
    let tried = source.simulate(&unsigned(scheme, header, &body), trial)?;
    let fee = match request.fee.as_str() {
        "" => quote_up(minimum_fee(
            &source.facts().parameters,
            tried.length,
            tried.leaves_made,
            tried.leaf_count,
        )),
        _ => header.fee,
    };
    let header = Header { fee, ..header };
    if has_forced_form(&header) {
        return Err(ReadError::Invalid(
            "without a fee and valid for ever anybody could hand it in on root: name a fee, or a height until which it is valid".into(),
        ));
    }
    Ok(answer(source, scheme, header, &body, tried))
}

fn answer(
    source: &Reader<'_>,
    scheme: Scheme,
    header: Header,
    body: &Body,
    tried: Simulated,
) -> PrepareResponse {
    let domain = &source.facts().domain;
    let numbers = tried.data.as_chunks::<8>().0.iter();
    PrepareResponse {
        typed_data: typed::data(domain, scheme, &header, body).to_string(),
        digest: digest(scheme, &header, body, domain).to_vec(),
        unsigned_transaction: unsigned(scheme, header, body),
        scheme: scheme.byte().into(),
        sequence: header.sequence,
        fee: header.fee.to_string(),
        valid_until: header.valid_until,
        code: tried.code.number(),
        log: tried.log,
        positions: numbers.map(|number| u64::from_be_bytes(*number)).collect(),
        events: tried.events.iter().map(told).collect(),
        height: tried.height,
    }
}

/// What an account signs with.
fn scheme_of(sender: Account) -> Result<Scheme, ReadError> {
    match sender.kind {
        Account::ETHEREUM => Ok(Scheme::Secp256k1),
        1 => Ok(Scheme::Ed25519),
        kind => Err(ReadError::Invalid(format!(
            "no key signs for accounts of kind {kind}"
        ))),
    }
}

fn wanted(
    source: &Reader<'_>,
    sender: Account,
    request: &PrepareRequest,
) -> Result<StakeBody, ReadError> {
    let action = request.action.as_ref().ok_or_else(|| {
        ReadError::Invalid("name what is to be done: one of the actions, such as delegate".into())
    })?;
    let parameters = &source.facts().parameters;
    at_tip(source, |held, height| {
        let epoch = next_epoch(parameters, height);
        body::of(held, (parameters, epoch), sender, action)
    })
}

fn header(
    source: &Reader<'_>,
    sender: Account,
    request: &PrepareRequest,
) -> Result<Header, ReadError> {
    let memo = match request.memo.len() {
        0 => Ok([0; 32]),
        length => <[u8; 32]>::try_from(request.memo.as_slice())
            .map_err(|_| ReadError::Invalid(format!("a memo has 32 bytes, this one {length}"))),
    };
    let valid_until = match request.valid_until {
        0 => source.moment().0.saturating_add(VALID_FOR),
        height => height,
    };
    Ok(Header {
        sender,
        lane: 0,
        sequence: match request.sequence {
            Some(sequence) => sequence,
            None => accounts::next_sequence(source, sender)?,
        },
        fee: match request.fee.as_str() {
            "" => 0,
            text => body::amount("the fee", text)?,
        },
        fee_payer: Account::NONE,
        valid_until,
        memo: memo?,
    })
}

/// The bytes in front of the authentication.
fn unsigned(scheme: Scheme, header: Header, body: &Body) -> Vec<u8> {
    let (authentication, length) = match scheme {
        Scheme::Ed25519 => {
            let (key, signature) = ([0; 32], [0; 64]);
            (Authentication::Ed25519 { key, signature }, 96)
        }
        _ => {
            let (r, s, v) = ([0; 32], [0; 32], 27);
            (Authentication::Secp256k1 { r, s, v }, 65)
        }
    };
    let transaction = Transaction {
        header,
        body: body.clone(),
        authentication,
        fee_payer_authentication: None,
    };
    let mut bytes = transaction.encode();
    bytes.truncate(bytes.len().saturating_sub(length));
    bytes
}

fn told(event: &Event) -> WireEvent {
    let attributes = event.attributes().into_iter();
    WireEvent {
        name: event.name().to_owned(),
        attributes: attributes
            .map(|attribute| Attribute {
                key: attribute.key.to_owned(),
                value: attribute.value,
            })
            .collect(),
    }
}
