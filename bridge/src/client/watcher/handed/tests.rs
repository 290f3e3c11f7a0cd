//! What people hand over is read as it was written, within bounds, and what does not decode is named.

use super::*;

fn checkpoint(byte: u8) -> Checkpoint {
    Checkpoint::decode(&[byte; Checkpoint::BYTES]).expect("any bytes are one")
}

fn vote(byte: u8) -> SignedBallot {
    SignedBallot {
        ballot: Ballot {
            step: VoteStep::Prevote,
            height: 31,
            round: 2,
            block: (byte != 0).then_some(VotedBlock {
                hash: [byte; 32],
                parts: 1,
                parts_hash: [byte; 32],
            }),
            secs: -5,
            nanos: 7,
        },
        signature: [byte; 64],
    }
}

fn statements() -> Vec<DoubleStatement> {
    let certificate = Certificate {
        bitmap: [3; 64],
        signature: [4; 192],
    };
    let certificates = |first| {
        DoubleStatement::Certificates(Box::new(TwoCertificates {
            checkpoints: [checkpoint(1), checkpoint(2)],
            first,
            second: certificate,
        }))
    };
    vec![
        DoubleStatement::Votes(Box::new(TwoVotes {
            voter: [6; 20],
            first: vote(0),
            second: vote(1),
        })),
        DoubleStatement::Shares(Box::new(TwoShares {
            number: 3,
            checkpoints: [checkpoint(1), checkpoint(2)],
            shares: [[1; 192], [2; 192]],
        })),
        certificates(None),
        certificates(Some(certificate)),
    ]
}

#[test]
fn a_file_says_what_was_written_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("evidence.json");
    let text = write(&statements()).expect("it encodes");
    for name in [
        "votes",
        "shares",
        "certificates",
        "kind",
        "parts_hash",
        "voter",
        "member",
    ] {
        assert!(text.contains(&format!("\"{name}\"")), "{name}: {text}");
    }
    std::fs::write(&path, &text).expect("it is written");
    assert_eq!(read(&path).expect("it is read"), statements());
}

#[test]
fn what_is_no_evidence_or_too_much_of_it_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("evidence.json");
    let refused = |text: &str| {
        std::fs::write(&path, text).expect("it is written");
        read(&path).expect_err("it is refused").to_string()
    };
    let right = write(&statements()[1..2]).expect("it encodes");
    let short = right.replacen("0x01", "0x", 1);
    assert!(
        refused(&short).contains("statement 1 has a checkpoint"),
        "{}",
        refused(&short)
    );
    assert!(refused("{}").contains("statements"));
    assert!(refused(&right.replace("member", "number")).contains("holds no evidence"));
    let many = vec![statements()[1].clone(); MAX_HANDED + 1];
    assert!(refused(&write(&many).expect("it encodes")).contains("split it"));
    assert!(refused(&" ".repeat((1 << 20) + 1)).contains("split it"));
    std::fs::remove_file(&path).expect("it is removed");
    assert!(
        read(&path)
            .expect_err("there is none")
            .to_string()
            .contains("evidence.json")
    );
}
