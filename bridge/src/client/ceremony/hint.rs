//! The x-coordinate of an Ed25519 point, which the contract takes as a hint and checks.
//!
//! ```text
//! −x² + y² = 1 + d x² y²  (mod p = 2^255 − 19)      x² = (y² − 1) / (d y² + 1)      RFC 8032, section 5.1.3
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

/// The x-coordinate of the point that these 32 bytes encode, or `None` when they encode none. Reduces a y of p or more, as ZIP-215 does.
pub fn x_coordinate(encoded: &[u8; 32]) -> Option<U256> {
    let mut bytes = *encoded;
    let is_odd = bytes[31] >> 7 == 1;
    bytes[31] &= 0x7f;
    let y = U256::from_le_bytes(bytes).reduce_mod(P);
    let one = U256::from(1);
    // d = −121665 / 121666.
    let d = sub(U256::ZERO, U256::from(121_665)).mul_mod(U256::from(121_666).inv_mod(P)?, P);
    let y2 = y.mul_mod(y, P);
    let square = sub(y2, one).mul_mod(d.mul_mod(y2, P).add_mod(one, P).inv_mod(P)?, P);
    let root = square_root(square)?;
    let flip = root.bit(0) != is_odd && !root.is_zero();
    Some(if flip { sub(U256::ZERO, root) } else { root })
}

fn sub(left: U256, right: U256) -> U256 {
    left.add_mod(P.saturating_sub(right), P)
}

/// A square root modulo p, p being 5 modulo 8.
fn square_root(square: U256) -> Option<U256> {
    // (p + 3) / 8 and (p − 1) / 4.
    let eighth = P.saturating_add(U256::from(3)) >> 3;
    let quarter = P.saturating_sub(U256::from(1)) >> 2;
    let candidate = square.pow_mod(eighth, P);
    let minus_one_root = U256::from(2).pow_mod(quarter, P);
    [candidate, candidate.mul_mod(minus_one_root, P)]
        .into_iter()
        .find(|root| root.mul_mod(*root, P) == square)
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

    #[test]
    fn the_points_with_x_zero_have_it_whatever_the_sign() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(x_coordinate(&identity), Some(U256::ZERO));
        identity[31] = 0x80;
        assert_eq!(x_coordinate(&identity), Some(U256::ZERO));
    }
}
