//! The digest of a transaction's bytes, read as widely as a court reads them: no limit of length or number, no meaning of a text or a flag is asked.
//! Twin: `SignatureJudge.sol`.

use alloy_primitives::{B256, Keccak256, keccak256};
use plasmid_bridge::proof::bytes::{DecodeError, Reader};

use super::{Account, TYPES, Words, account_hash, nonce_hash, typed};

/// The fields of a kind's body: `a` account, `l` 20 bytes to the left of their word, `w` a whole word, `1` `2` `8` `6` a number of 1, 2, 8 and 16 bytes, `d` data
/// behind their length, `p` numbers of positions behind their count, `s` `m` `e` a text of 32, 64 and 96 bytes.
const fn widths(kind: u8) -> Option<&'static [u8]> {
    Some(match kind {
        0x01 => b"al6",
        0x02 => b"ll6",
        0x03 => b"l",
        0x04 => b"wd",
        0x10 => b"l682",
        0x11 => b"86",
        0x12 | 0x17 | 0x19 => b"8",
        0x13 => b"86l82",
        0x14 | 0x16 => b"8a",
        0x15 => b"ap",
        0x18 => b"81",
        0x1a => b"88",
        0x1b..=0x1e => b"",
        0x1f => b"2226",
        0x20 => b"smme",
        _ => return None,
    })
}

/// The digest that the sender of these bytes has to sign, and the authentication behind the fields; nothing of what users cannot sign.
pub(crate) fn digest_of<'a>(bytes: &'a [u8], separator: &B256) -> Option<(B256, &'a [u8])> {
    let widths = widths(*bytes.first()?)?;
    let mut reader = Reader::new(bytes);
    let content = read(&mut reader, widths).ok()??;
    let behind = reader.slice(reader.left()).ok()?;
    Some((typed(separator, &content), behind))
}

/// The EIP-712 hash of the transaction; `None` where a lane or a fee payer is named.
fn read(reader: &mut Reader<'_>, widths: &[u8]) -> Result<Option<B256>, DecodeError> {
    let (kind, scheme, sender) = (reader.u8()?, reader.u8()?, account(reader)?);
    let (lane, sequence, fee) = (reader.u16()?, reader.u64()?, reader.u128()?);
    let payer = account(reader)?;
    let mut words = Words::new(&TYPES.bodies[usize::from(kind)]);
    words.number(u128::from(scheme));
    words.hash(&account_hash(&sender));
    words.hash(&nonce_hash(lane, sequence));
    words.number(fee);
    words.hash(&account_hash(&payer));
    words.number(u128::from(reader.u64()?));
    words.hash(&reader.array()?.into());
    for width in widths {
        put(&mut words, reader, *width)?;
    }
    Ok((lane == 0 && payer.is_none()).then(|| words.finish()))
}

fn put(words: &mut Words, reader: &mut Reader<'_>, width: u8) -> Result<(), DecodeError> {
    match width {
        b'a' => words.hash(&account_hash(&account(reader)?)),
        b'l' => words.left(&reader.array()?),
        b'w' => words.hash(&reader.array()?.into()),
        b'1' => words.number(u128::from(reader.u8()?)),
        b'2' => words.number(u128::from(reader.u16()?)),
        b'8' => words.number(u128::from(reader.u64()?)),
        b'6' => words.number(reader.u128()?),
        b'd' => {
            let length = usize::from(reader.u16()?);
            words.hash(&keccak256(reader.slice(length)?));
        }
        b'p' => {
            let mut list = Words(Keccak256::new());
            for _ in 0..reader.u8()? {
                list.number(u128::from(reader.u64()?));
            }
            words.hash(&list.finish());
        }
        b's' => text(words, reader.slice(32)?),
        b'm' => text(words, reader.slice(64)?),
        _ => text(words, reader.slice(96)?),
    }
    Ok(())
}

/// Without the first zero and what is behind it.
fn text(words: &mut Words, padded: &[u8]) {
    let text = padded.split(|byte| *byte == 0).next();
    words.hash(&keccak256(text.unwrap_or_default()));
}

fn account(reader: &mut Reader<'_>) -> Result<Account, DecodeError> {
    let bytes: [u8; 21] = reader.array()?;
    Ok(Account::from_bytes(&bytes))
}
