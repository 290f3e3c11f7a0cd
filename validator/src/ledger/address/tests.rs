//! EIP-55's own vectors, and every letter whose case is changed.

use super::*;

const VECTORS: [&str; 4] = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
];

#[test]
fn one_case_has_no_checksum_and_mixed_case_has_the_right_one() {
    for text in VECTORS {
        let address = parse(text).unwrap();
        assert_eq!(address.to_string(), text);
        assert_eq!(parse(&text.to_lowercase()), Ok(address));
        let capitals = format!("0x{}", text[2..].to_uppercase());
        assert_eq!(parse(&capitals), Ok(address));
    }
}

#[test]
fn no_letter_can_change_its_case_unseen() {
    let mut changed = 0;
    for text in VECTORS {
        for position in 2..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            if !bytes[position].is_ascii_alphabetic() {
                continue;
            }
            bytes[position] ^= 0x20;
            let wrong = String::from_utf8(bytes).unwrap();
            let expected = text.to_owned();
            assert_eq!(parse(&wrong), Err(AddressTextError::Checksum { expected }));
            changed += 1;
        }
    }
    assert!(changed > 60, "{changed} letters");
}

#[test]
fn what_is_no_address_is_refused_with_the_reason() {
    let address = VECTORS[0];
    for (text, reason) in [
        (String::new(), "begins with 0x"),
        (address[2..].to_owned(), "begins with 0x"),
        (format!(" {address}"), "begins with 0x"),
        ("0x".to_owned(), "got 0 characters"),
        (format!("{address}0"), "got 41 characters"),
        (format!("{address}\n"), "got 41 characters"),
        (format!("0x0x{}", "1".repeat(38)), "'x' at position 3"),
        (format!("0x{}é", "1".repeat(39)), "'é' at position 41"),
        ("x".repeat(1_000), "begins with 0x"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text:?}: {error}");
        assert!(error.len() < 200, "{error}");
    }
}

#[test]
fn files_write_the_checksum_and_refuse_a_wrong_one() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Both {
        #[serde(with = "text")]
        one: Address,
        #[serde(with = "texts")]
        list: Vec<Address>,
    }
    let [one, two] = [parse(VECTORS[0]).unwrap(), parse(VECTORS[1]).unwrap()];
    let list = vec![one, two];
    let written = serde_json::to_string(&Both { one, list }).unwrap();
    assert_eq!(
        written,
        format!(
            r#"{{"one":"{0}","list":["{0}","{1}"]}}"#,
            VECTORS[0], VECTORS[1]
        )
    );
    assert!(serde_json::from_str::<Both>(&written).is_ok());
    let wrong = written.replacen("0x5aA", "0x5AA", 1);
    for wrong in [wrong, written.replacen("0xfB", "0xFB", 1)] {
        let error = serde_json::from_str::<Both>(&wrong)
            .unwrap_err()
            .to_string();
        assert!(error.contains("EIP-55"), "{error}");
    }
}
