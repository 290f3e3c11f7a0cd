//! What an Ed25519 point is shown by, and that 32 bytes are none: hints that the contract takes and checks (`IEd25519Verifier.sol`).
//!
//! ```text
//! −x² + y² = 1 + d x² y²  (mod p = 2^255 − 19)      x² = u / v, u = y² − 1, v = d y² + 1      RFC 8032, section 5.1.3
//! no such x:  w² = 2 u / v, as 2 is no square modulo p; of the two w the even one
//! ```
//! Public values only: nothing here runs in constant time.

use alloy_primitives::U256;

/// 2^255 − 19.
const P: U256 = U256::from_limbs([
    0xffff_ffff_ffff_ffed,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
]);

/// The order of the base point: a signature's s is below it.
const ORDER: U256 = U256::from_limbs([
    0x5812_631a_5cf5_d3ed,
    0x14de_f9de_a2f7_9cd6,
    0,
    0x1000_0000_0000_0000,
]);

/// The x-coordinate of the point that these 32 bytes encode, or `None` when they encode none. Reduces a y of p or more, as ZIP-215 does.
#[must_use]
pub fn x_coordinate(encoded: &[u8; 32]) -> Option<U256> {
    let root = square_root(x_squared(encoded)?)?;
    let is_odd = encoded[31] >> 7 == 1;
    let flip = root.bit(0) != is_odd && !root.is_zero();
    Some(if flip { sub(U256::ZERO, root) } else { root })
}

/// The hints of key and R with which `IEd25519Verifier.decide` proves its answer, whichever it is.
#[must_use]
pub fn hints(key: &[u8; 32], signature: &[u8; 64]) -> [U256; 2] {
    let (r, s) = signature.split_first_chunk().unwrap_or((&[0; 32], &[]));
    if U256::try_from_le_slice(s).is_none_or(|s| s >= ORDER) {
        return [U256::ZERO; 2];
    }
    match x_coordinate(key) {
        Some(x) => [x, x_coordinate(r).unwrap_or_else(|| absence(r))],
        None => [absence(key), U256::ZERO],
    }
}

/// The even w that shows that these bytes are no point; 0, which shows nothing, of a point.
fn absence(encoded: &[u8; 32]) -> U256 {
    let twice = x_squared(encoded).map(|square| square.add_mod(square, P));
    let root = twice.and_then(square_root).unwrap_or_default();
    if root.bit(0) {
        sub(U256::ZERO, root)
    } else {
        root
    }
}

/// What x² must be: u / v.
fn x_squared(encoded: &[u8; 32]) -> Option<U256> {
    let mut bytes = *encoded;
    bytes[31] &= 0x7f;
    let y = U256::from_le_bytes(bytes).reduce_mod(P);
    let one = U256::from(1);
    // d = −121665 / 121666.
    let d = sub(U256::ZERO, U256::from(121_665)).mul_mod(U256::from(121_666).inv_mod(P)?, P);
    let y2 = y.mul_mod(y, P);
    let inverse = d.mul_mod(y2, P).add_mod(one, P).inv_mod(P)?;
    Some(sub(y2, one).mul_mod(inverse, P))
}

fn sub(left: U256, right: U256) -> U256 {
    left.add_mod(P.saturating_sub(right), P)
}

/// A square root modulo p, p being 5 modulo 8.
fn square_root(square: U256) -> Option<U256> {
    // (p + 3) / 8 and (p − 1) / 4.
    let eighth = P.saturating_add(U256::from(3)).wrapping_shr(3);
    let quarter = P.saturating_sub(U256::from(1)).wrapping_shr(2);
    let candidate = square.pow_mod(eighth, P);
    let minus_one_root = U256::from(2).pow_mod(quarter, P);
    [candidate, candidate.mul_mod(minus_one_root, P)]
        .into_iter()
        .find(|root| root.mul_mod(*root, P) == square)
}

/// Key and signature of every record of `vectors/ed25519.bin`, with ed25519-zebra's verdict.
#[cfg(test)]
pub(crate) fn recorded() -> Vec<([u8; 32], [u8; 64], bool)> {
    let mut rest = &include_bytes!("../../vectors/ed25519.bin")[4..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let length = usize::from(u16::from_be_bytes([rest[98], rest[99]]));
        let (key, signature) = (rest[2..34].try_into(), rest[34..98].try_into());
        all.push((key.expect("32"), signature.expect("64"), rest[1] == 1));
        rest = &rest[100 + length..];
    }
    all
}

#[cfg(test)]
mod tests {
    use alloy_primitives::uint;

    use super::*;

    #[test]
    fn the_base_point_has_the_x_of_rfc_8032() {
        let mut base = [0x66; 32];
        base[0] = 0x58;
        let x = uint!(
            15112221349535400772501151409588531511454012693041857206046113283949847762202_U256
        );
        assert_eq!(x_coordinate(&base), Some(x));
        base[31] |= 0x80;
        assert_eq!(x_coordinate(&base), Some(P - x));
    }

    #[test]
    fn every_point_satisfies_the_curve_and_the_sign_and_half_of_all_bytes_are_none() {
        let mut none = 0;
        for seed in 0u64..200 {
            let bytes = alloy_primitives::keccak256(seed.to_be_bytes()).0;
            let Some(x) = x_coordinate(&bytes) else {
                none += 1;
                continue;
            };
            assert_eq!(x.bit(0), bytes[31] >> 7 == 1);
            let mut y = bytes;
            y[31] &= 0x7f;
            let y = U256::from_le_bytes(y).reduce_mod(P);
            let (x2, y2) = (x.mul_mod(x, P), y.mul_mod(y, P));
            let d = sub(U256::ZERO, U256::from(121_665))
                .mul_mod(U256::from(121_666).inv_mod(P).unwrap(), P);
            let left = sub(y2, x2);
            let right = d.mul_mod(x2, P).mul_mod(y2, P).add_mod(U256::from(1), P);
            assert_eq!(left, right);
        }
        assert!((60..140).contains(&none), "{none}");
    }

    /// Exactly bytes that are no point have a w, and it shows that.
    #[test]
    fn the_hints_of_all_signatures_that_we_have_show_which_bytes_are_points() {
        let d = sub(U256::ZERO, U256::from(121_665))
            .mul_mod(U256::from(121_666).inv_mod(P).unwrap(), P);
        let (mut points, mut none, mut unneeded) = (0, 0, 0);
        for (key, signature, valid) in recorded() {
            let hints = hints(&key, &signature);
            let r: [u8; 32] = signature[..32].try_into().unwrap();
            let decodes = [key, r].map(|bytes| x_coordinate(&bytes).is_some());
            assert!(!valid || decodes == [true, true]);
            if U256::from_le_slice(&signature[32..]) >= ORDER {
                assert_eq!(hints, [U256::ZERO; 2]);
                unneeded += 1;
                continue;
            }
            if !decodes[0] {
                assert_eq!(hints[1], U256::ZERO);
            }
            for ((bytes, hint), decodes) in [key, r].into_iter().zip(hints).zip(decodes) {
                if decodes {
                    points += 1;
                } else if !hint.is_zero() {
                    let mut y = bytes;
                    y[31] &= 0x7f;
                    let y = U256::from_le_bytes(y).reduce_mod(P);
                    let y2 = y.mul_mod(y, P);
                    let v = d.mul_mod(y2, P).add_mod(U256::from(1), P);
                    let u = sub(y2, U256::from(1));
                    assert_eq!(hint.mul_mod(hint, P).mul_mod(v, P), u.add_mod(u, P));
                    assert!(!hint.bit(0) && hint < P);
                    none += 1;
                }
            }
        }
        assert!(
            points > 15_000 && none > 500 && unneeded > 500,
            "{points} {none} {unneeded}"
        );
    }

    #[test]
    fn the_points_with_x_zero_have_it_whatever_the_sign() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(x_coordinate(&identity), Some(U256::ZERO));
        identity[31] = 0x80;
        assert_eq!(x_coordinate(&identity), Some(U256::ZERO));
    }
}
