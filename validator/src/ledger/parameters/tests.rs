//! Parameters: 287 bytes that come back, a preset that holds, and a refusal for everything that does not.

use super::*;

fn local() -> Parameters {
    Parameters::local()
}

#[test]
fn the_local_preset_holds_and_has_the_protocols_width() {
    assert_eq!(local().validate(), Ok(()));
    assert_eq!(local().encode().len(), 417);
    assert_eq!(Parameters::decode(&local().encode()), Ok(local()));
    let other = Parameters {
        root_chain_id: 1_337,
        finality_rule: FinalityRule::Depth,
        registry: [7; 20].into(),
        ..local()
    };
    assert_eq!(other.validate(), Ok(()));
    assert_eq!(Parameters::decode(&other.encode()), Ok(other));
}

#[test]
fn fields_stand_in_the_protocols_order() {
    let bytes = local().encode();
    assert_eq!(bytes[..4], 1u32.to_be_bytes());
    assert_eq!(bytes[4..12], 31_337u64.to_be_bytes());
    assert_eq!(bytes[12..16], 64u32.to_be_bytes());
    assert_eq!(bytes[16..18], local().seats.to_be_bytes());
    assert_eq!(bytes[24..40], local().unit.to_be_bytes());
    assert_eq!(bytes[88..92], local().leaf_step.to_be_bytes());
    assert_eq!(bytes[140..142], local().relay_share_bps.to_be_bytes());
    assert_eq!(bytes[150], 0);
    assert_eq!(bytes[155..163], local().challenge_secs.to_be_bytes());
    assert_eq!(bytes[203..207], local().reveal_blocks.to_be_bytes());
    assert_eq!(bytes[255..263], local().evidence_age_secs.to_be_bytes());
    assert_eq!(bytes[263..267], local().block_time_ms.to_be_bytes());
    assert_eq!(bytes[267..283], local().min_seat.to_be_bytes());
    assert_eq!(bytes[299..303], local().drip.to_be_bytes());
    assert_eq!(bytes[313..321], local().answer_secs.to_be_bytes());
    assert_eq!(bytes[353..357], local().flat_cut.to_be_bytes());
    assert_eq!(bytes[361..377], local().reporter_reward.to_be_bytes());
    assert_eq!(bytes[377..], [0; 40]);
}

#[test]
fn every_byte_belongs_to_a_field() {
    let bytes = local().encode();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let decoded = Parameters::decode(&changed).unwrap();
        assert_ne!(decoded, local(), "byte {position}");
        assert_eq!(decoded.encode(), changed);
    }
}

#[test]
fn what_cannot_run_or_cannot_be_safe_is_refused_with_both_numbers() {
    let cases: Vec<(Parameters, &[&str])> = vec![
        (
            Parameters {
                root_chain_id: 1,
                ..local()
            },
            &["root chain id 1", "31337"],
        ),
        (
            Parameters {
                rules: 2,
                ..local()
            },
            &["rules is 2", "1 to 1"],
        ),
        (
            Parameters {
                epoch_blocks: 15,
                ..local()
            },
            &["(K) is 15", "16 to 65535"],
        ),
        (
            Parameters {
                epoch_blocks: 65_536,
                ..local()
            },
            &["(K) is 65536", "16 to 65535"],
        ),
        (
            Parameters {
                seats: 0,
                ..local()
            },
            &["(N) is 0", "1 to 512"],
        ),
        (
            Parameters {
                seats: 513,
                ..local()
            },
            &["(N) is 513", "1 to 512"],
        ),
        (
            Parameters {
                inbox_batch: 0,
                ..local()
            },
            &["(M) is 0", "1 to"],
        ),
        (
            Parameters {
                unit: (1 << 53) - 1,
                ..local()
            },
            &["unit is 9007199254740991", "9007199254740992 to"],
        ),
        (
            Parameters {
                root_block_secs: 61,
                ..local()
            },
            &["root_block_secs is 61", "1 to 60"],
        ),
        (
            Parameters {
                base_fee: 0,
                ..local()
            },
            &["base_fee is 0"],
        ),
        (
            Parameters {
                base_fee: u128::MAX,
                ..local()
            },
            &["base_fee is 340"],
        ),
        (
            Parameters {
                byte_fee: (1 << 64) + 1,
                ..local()
            },
            &["byte_fee is 18446744073709551617"],
        ),
        (
            Parameters {
                leaf_fee: 0,
                ..local()
            },
            &["leaf_fee is 0"],
        ),
        (
            Parameters {
                leaf_step: 0,
                ..local()
            },
            &["leaf_step is 0"],
        ),
        (
            Parameters {
                flat_leaf_fee: 0,
                ..local()
            },
            &["flat_leaf_fee is 0"],
        ),
        (
            Parameters {
                relay_share_bps: 10_001,
                ..local()
            },
            &["relay_share_bps is 10001", "10000"],
        ),
        (
            Parameters {
                reveal_blocks: 1,
                ..local()
            },
            &["(R) is 1", "2 to 256"],
        ),
        (
            Parameters {
                reveal_blocks: 257,
                ..local()
            },
            &["(R) is 257", "2 to 256"],
        ),
        (
            Parameters {
                finality_depth: 0,
                ..local()
            },
            &["finality_depth is 0"],
        ),
        (
            Parameters {
                evidence_secs: 8,
                ..local()
            },
            &["(E) is 8", "at least 9"],
        ),
        (
            Parameters {
                unbonding_secs: 25,
                ..local()
            },
            &["(U) is 25", "at least 26"],
        ),
        (
            Parameters {
                exit_timeout_secs: 1_919,
                ..local()
            },
            &["(T) is 1919", "at least 1920"],
        ),
        (
            Parameters {
                evidence_age_secs: 29,
                ..local()
            },
            &["evidence_age_secs is 29", "at least 30"],
        ),
        (
            Parameters {
                evidence_age_blocks: 15,
                ..local()
            },
            &["evidence_age_blocks is 15", "at least 16"],
        ),
        (
            Parameters {
                challenge_secs: 0,
                ..local()
            },
            &["(W) is 0"],
        ),
        (
            Parameters {
                inbox_delay_secs: u64::MAX,
                ..local()
            },
            &["(D) is 18446744073709551615"],
        ),
        (
            Parameters {
                epoch_max_secs: 0,
                ..local()
            },
            &["epoch_max_secs is 0"],
        ),
        (
            Parameters {
                inbox_interval_ms: 0,
                ..local()
            },
            &["inbox_interval_ms is 0"],
        ),
        (
            Parameters {
                inbox_interval_ms: 86_400_001,
                ..local()
            },
            &["inbox_interval_ms is 86400001", "1 to 86400000"],
        ),
        (
            Parameters {
                root_block_secs: 0,
                ..local()
            },
            &["root_block_secs is 0"],
        ),
        (
            Parameters {
                block_time_ms: 9,
                ..local()
            },
            &["block_time_ms is 9", "10 to 60000"],
        ),
        (
            Parameters {
                block_time_ms: 1_876,
                ..local()
            },
            &["block_time_ms is 120064", "1000 to 120000"],
        ),
        (
            Parameters {
                block_time_ms: 15,
                ..local()
            },
            &["block_time_ms is 960", "1000 to 120000"],
        ),
        (
            Parameters { ring: 6, ..local() },
            &["ring is 6", "at least 7"],
        ),
        (
            Parameters {
                ring: 65_537,
                ..local()
            },
            &["ring is 65537", "8 to 65536"],
        ),
        (
            Parameters {
                inbox_batch: 56,
                ..local()
            },
            &["(M) / 3 is 1194", "at least 1201"],
        ),
        (
            Parameters {
                max_evidence_bytes: 16_385,
                ..local()
            },
            &["max_evidence_bytes is 16385", "16384"],
        ),
        (
            Parameters {
                max_block_bytes: 104_857_601,
                ..local()
            },
            &["max_block_bytes is 104857601"],
        ),
        (
            Parameters {
                max_block_transactions: 376,
                ..local()
            },
            &["max_block_transactions is 376", "at least 377"],
        ),
    ];
    for (parameters, parts) in cases {
        let error = parameters.validate().unwrap_err().to_string();
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{parts:?}: {error}"
        );
    }
}

#[test]
fn a_block_too_small_for_its_worst_case_is_refused_and_one_byte_decides() {
    for (seats, inbox_batch) in [(1, 64), (16, 64), (512, 64), (512, 4_096)] {
        let wide = Parameters {
            seats,
            inbox_batch,
            max_block_transactions: 10_000,
            ..local()
        };
        let worst = worst_case(&wide);
        assert!(worst.bytes > 302 * u64::from(seats) + 589 * u64::from(inbox_batch) + 2 * 16_384);
        assert_eq!(
            Parameters {
                max_block_bytes: worst.bytes,
                ..wide
            }
            .validate(),
            Ok(())
        );
        let error = Parameters {
            max_block_bytes: worst.bytes - 1,
            ..wide
        }
        .validate()
        .unwrap_err();
        let (name, found, least) = (
            "max_block_bytes",
            u128::from(worst.bytes) - 1,
            u128::from(worst.bytes),
        );
        let why =
            "the worst case: evidence, N votes with extensions, M messages and what 64 users need";
        assert_eq!(
            error,
            ParametersError::TooSmall {
                name,
                found,
                least,
                why
            }
        );
    }
}

#[test]
fn extreme_parameters_are_refused_without_a_panic() {
    let extreme = Parameters::decode(&{
        let mut bytes = vec![0xff; 417];
        bytes[150] = 1;
        bytes
    });
    assert!(extreme.unwrap().validate().is_err());
    let bytes = vec![0; 417];
    assert!(Parameters::decode(&bytes).unwrap().validate().is_err());
    for position in 0..417 {
        let mut bytes = local().encode();
        bytes[position] = 0xff;
        if let Ok(parameters) = Parameters::decode(&bytes) {
            let _verdict = parameters.validate();
        }
    }
}

#[test]
fn a_signature_of_a_commit_takes_as_many_bytes_as_the_worst_case_says() {
    use prost::Message;
    use tendermint_proto::{
        google::protobuf::Timestamp,
        v0_38::types::{BlockIdFlag, Commit, CommitSig},
    };
    // The longest numbers: seconds before 1970, and nanoseconds of thirty bits.
    let signature = CommitSig {
        block_id_flag: BlockIdFlag::Commit.into(),
        validator_address: vec![0xff; 20],
        timestamp: Some(Timestamp {
            seconds: i64::MIN,
            nanos: 999_999_999,
        }),
        signature: vec![0xff; 64],
    };
    let bytes = |count| {
        let commit = Commit {
            signatures: vec![signature.clone(); count],
            ..Commit::default()
        };
        commit.encoded_len() as u64
    };
    let worst = |seats| worst_case(&Parameters { seats, ..local() }).bytes;
    // What is ours of each vote stands in the record.
    const VOTE: u64 = 2 + 2 + 244 + 64;
    assert_eq!(worst(101) - worst(1), 100 * VOTE + bytes(101) - bytes(1));
}
