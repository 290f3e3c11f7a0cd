//! Eight (AVX-512) or four (AVX2) keccak permutations side by side, one in each 64-bit lane.
//!
//! The permutation (FIPS 202, section 3) is written once, as a macro over the few vector operations that it needs, each of them
//! a safe function of its instruction set. The only unsafe act is to enter such a function, and [`Lanes`] is the proof that
//! makes it sound: it is made by [`Lanes::detect`] alone, after the processor has been asked.

// Calling a function of an instruction set that the build does not assume is unsafe by its nature; see above.
#![allow(
    unsafe_code,
    reason = "intrinsics of the lanes that were detected at run time"
)]
#![allow(
    clippy::arithmetic_side_effects,
    reason = "places in a state of 25 words, each below 25 by construction"
)]

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_andnot_si256, _mm256_extract_epi64, _mm256_or_si256,
    _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_slli_epi64, _mm256_srli_epi64, _mm256_xor_si256,
    _mm512_extracti64x4_epi64, _mm512_rol_epi64, _mm512_set_epi64, _mm512_set1_epi64,
    _mm512_ternarylogic_epi64, _mm512_xor_si512,
};

use super::{Block, Hash, MAX_WIDTH};

/// Round constants (FIPS 202, section 3.2.5).
#[rustfmt::skip]
const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
];

/// Words of a digest.
const DIGEST_WORDS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Avx512,
    Avx2,
}

/// That the processor has an instruction set with lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lanes(Set);

impl Lanes {
    /// The widest lanes of this processor.
    pub(super) fn detect() -> Option<Self> {
        Self::avx512().or_else(Self::avx2)
    }

    pub(super) fn avx512() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx2"))
            .then_some(Self(Set::Avx512))
    }

    pub(super) fn avx2() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(Set::Avx2))
    }

    /// Preimages at once.
    pub(super) fn width(self) -> usize {
        match self.0 {
            Set::Avx512 => MAX_WIDTH,
            Set::Avx2 => 4,
        }
    }

    /// Appends the digests of the first [`Lanes::width`] blocks to `out`.
    pub(super) fn hash(self, blocks: &[Block], out: &mut Vec<Hash>) {
        let mut digests = [[0; DIGEST_WORDS]; MAX_WIDTH];
        match self.0 {
            // SAFETY: this value was made only after the processor said that it has AVX-512F and AVX2.
            Set::Avx512 => unsafe { eight::digest(blocks, &mut digests) },
            // SAFETY: this value was made only after the processor said that it has AVX2.
            Set::Avx2 => unsafe { four::digest(blocks, &mut digests) },
        }
        let used = digests.iter().take(self.width()).zip(blocks);
        out.extend(used.map(|(digest, _)| to_hash(digest)));
    }
}

fn to_hash(digest: &[u64; DIGEST_WORDS]) -> Hash {
    let mut hash = Hash::ZERO;
    for (bytes, word) in hash.chunks_mut(8).zip(digest) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    hash
}

/// The permutation over `$vector` for `$features`, with `xor`, `xor5`, `rotate`, `chi` and `splat` of the module it stands in.
macro_rules! permutation {
    ($vector:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        fn permute(state: &mut [$vector; 25]) {
            for round in ROUNDS {
                theta(state);
                let turned = rho_and_pi(state);
                for row in (0..25).step_by(5) {
                    for x in 0..5 {
                        let next = turned[row + (x + 1) % 5];
                        state[row + x] = chi(turned[row + x], next, turned[row + (x + 2) % 5]);
                    }
                }
                state[0] = xor(state[0], splat(round));
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn theta(state: &mut [$vector; 25]) {
            let s = &*state;
            let column = |x: usize| xor5(s[x], s[x + 5], s[x + 10], s[x + 15], s[x + 20]);
            let columns = [column(0), column(1), column(2), column(3), column(4)];
            for x in 0..5 {
                let turned = rotate::<1, 63>(columns[(x + 1) % 5]);
                let change = xor(columns[(x + 4) % 5], turned);
                for row in (0..25).step_by(5) {
                    state[row + x] = xor(state[row + x], change);
                }
            }
        }

        /// Lane (x, y) turns by its offset and goes to (y, 2x + 3y).
        #[inline]
        #[target_feature(enable = $features)]
        fn rho_and_pi(s: &[$vector; 25]) -> [$vector; 25] {
            [
                s[0],
                rotate::<44, 20>(s[6]),
                rotate::<43, 21>(s[12]),
                rotate::<21, 43>(s[18]),
                rotate::<14, 50>(s[24]),
                rotate::<28, 36>(s[3]),
                rotate::<20, 44>(s[9]),
                rotate::<3, 61>(s[10]),
                rotate::<45, 19>(s[16]),
                rotate::<61, 3>(s[22]),
                rotate::<1, 63>(s[1]),
                rotate::<6, 58>(s[7]),
                rotate::<25, 39>(s[13]),
                rotate::<8, 56>(s[19]),
                rotate::<18, 46>(s[20]),
                rotate::<27, 37>(s[4]),
                rotate::<36, 28>(s[5]),
                rotate::<10, 54>(s[11]),
                rotate::<15, 49>(s[17]),
                rotate::<56, 8>(s[23]),
                rotate::<62, 2>(s[2]),
                rotate::<55, 9>(s[8]),
                rotate::<39, 25>(s[14]),
                rotate::<41, 23>(s[15]),
                rotate::<2, 62>(s[21]),
            ]
        }

        /// Digests of as many blocks as there are lanes; lanes without a block hash zeros.
        #[target_feature(enable = $features)]
        pub(super) fn digest(blocks: &[Block], digests: &mut [[u64; DIGEST_WORDS]; MAX_WIDTH]) {
            let mut state = [splat(0); 25];
            for (at, lanes) in state.iter_mut().enumerate() {
                *lanes = gather(|lane| {
                    let word = blocks.get(lane).and_then(|block| block.get(at));
                    word.copied().unwrap_or(0)
                });
            }
            permute(&mut state);
            for at in 0..DIGEST_WORDS {
                for (digest, word) in digests.iter_mut().zip(scatter(state[at])) {
                    digest[at] = word;
                }
            }
        }
    };
}

/// Eight lanes of AVX-512. (`digest` gets by with AVX-512F and AVX2, which every processor with the former has.)
mod eight {
    use super::*;

    permutation!(__m512i, "avx512f,avx2");

    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn xor(a: __m512i, b: __m512i) -> __m512i {
        _mm512_xor_si512(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn xor5(a: __m512i, b: __m512i, c: __m512i, d: __m512i, e: __m512i) -> __m512i {
        const A_XOR_B_XOR_C: i32 = 0x96;
        let abc = _mm512_ternarylogic_epi64::<A_XOR_B_XOR_C>(a, b, c);
        _mm512_ternarylogic_epi64::<A_XOR_B_XOR_C>(abc, d, e)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m512i) -> __m512i {
        _mm512_rol_epi64::<LEFT>(a)
    }

    /// a ^ (!b & c)
    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        const A_XOR_NOT_B_AND_C: i32 = 0xd2;
        _mm512_ternarylogic_epi64::<A_XOR_NOT_B_AND_C>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn splat(word: u64) -> __m512i {
        _mm512_set1_epi64(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn gather(word: impl Fn(usize) -> u64) -> __m512i {
        let w = |lane| word(lane).cast_signed();
        _mm512_set_epi64(w(7), w(6), w(5), w(4), w(3), w(2), w(1), w(0))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx2")]
    fn scatter(lanes: __m512i) -> [u64; 8] {
        let low = four::scatter(_mm512_extracti64x4_epi64::<0>(lanes));
        let high = four::scatter(_mm512_extracti64x4_epi64::<1>(lanes));
        [
            low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3],
        ]
    }
}

/// Four lanes of AVX2.
mod four {
    use super::*;

    permutation!(__m256i, "avx2");

    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor(a: __m256i, b: __m256i) -> __m256i {
        _mm256_xor_si256(a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor5(a: __m256i, b: __m256i, c: __m256i, d: __m256i, e: __m256i) -> __m256i {
        xor(xor(xor(a, b), xor(c, d)), e)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m256i) -> __m256i {
        const { assert!(LEFT + RIGHT == 64) };
        _mm256_or_si256(_mm256_slli_epi64::<LEFT>(a), _mm256_srli_epi64::<RIGHT>(a))
    }

    /// a ^ (!b & c)
    #[inline]
    #[target_feature(enable = "avx2")]
    fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        xor(a, _mm256_andnot_si256(b, c))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn splat(word: u64) -> __m256i {
        _mm256_set1_epi64x(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn gather(word: impl Fn(usize) -> u64) -> __m256i {
        let w = |lane| word(lane).cast_signed();
        _mm256_set_epi64x(w(3), w(2), w(1), w(0))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn scatter(lanes: __m256i) -> [u64; 4] {
        [
            _mm256_extract_epi64::<0>(lanes).cast_unsigned(),
            _mm256_extract_epi64::<1>(lanes).cast_unsigned(),
            _mm256_extract_epi64::<2>(lanes).cast_unsigned(),
            _mm256_extract_epi64::<3>(lanes).cast_unsigned(),
        ]
    }
}
