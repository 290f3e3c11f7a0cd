//! Text of accounts: EIP-55's own vectors, bech32m, and every way to mistype one.

use std::collections::BTreeSet;

use super::*;

fn ed(byte: u8) -> Account {
    Account {
        kind: Account::ED25519,
        id: [byte; 20],
    }
}

#[test]
fn ethereum_accounts_are_written_as_eip_55_says() {
    for text in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        let account: Account = text.parse().unwrap();
        assert_eq!((account.kind, account.to_string().as_str()), (0, text));
        assert_eq!(
            text.to_lowercase().parse(),
            Ok(account),
            "without capitals there is no checksum to fail"
        );
        assert_eq!(
            format!("0x{}", text[2..].to_uppercase()).parse(),
            Ok(account)
        );
    }
}

#[test]
fn a_wrong_capital_is_refused_with_the_right_text() {
    let expected = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".to_string();
    let error = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
        .parse::<Account>()
        .unwrap_err();
    assert_eq!(error, AddressTextError::Checksum { expected }.into());
}

#[test]
fn ed25519_accounts_are_bech32m_and_come_back() {
    for byte in [0, 1, 0x7f, 0xff] {
        let text = ed(byte).to_string();
        assert!(text.starts_with("plasmid1"), "{text}");
        assert_eq!(text.parse(), Ok(ed(byte)));
        assert_eq!(
            text.to_uppercase().parse(),
            Ok(ed(byte)),
            "bech32 allows all capitals"
        );
    }
}

#[test]
fn the_account_of_a_key_is_the_first_twenty_bytes_of_its_sha_256() {
    let hash: [u8; 32] = Sha256::digest([5; 32]).into();
    assert_eq!(Account::ed25519(&[5; 32]).id[..], hash[..20]);
    assert_eq!(Account::ed25519(&[5; 32]).kind, 1);
}

#[test]
fn no_single_mistyped_character_names_another_account() {
    let text = ed(0x5c).to_string();
    let mut refused = 0;
    for position in 0..text.len() {
        for c in "023456789acdefghjklmnpqrstuvwxyz1b ".chars() {
            let mut changed: Vec<char> = text.chars().collect();
            if changed[position] != c {
                changed[position] = c;
                let changed: String = changed.into_iter().collect();
                assert!(changed.parse::<Account>().is_err(), "{changed}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000);
}

#[test]
fn what_is_no_account_is_refused_with_the_reason() {
    let bech32 = |prefix: &str, bytes: &[u8]| {
        bech32::encode::<Bech32m>(Hrp::parse(prefix).unwrap(), bytes).unwrap()
    };
    let cases = [
        (String::new(), "begins with"),
        ("hello".into(), "begins with"),
        ("0x12".into(), "got 2 characters"),
        (format!("0x{}", "1".repeat(41)), "got 41 characters"),
        (format!("0x{}g", "1".repeat(39)), "'g' at position 41"),
        (format!("0x{}é", "1".repeat(39)), "'é' at position 41"),
        (bech32("cosmos", &ed(1).bytes()), "begins with cosmos1"),
        (bech32("plasmid", &[1; 20]), "holds 20 bytes"),
        (bech32("plasmid", &[1; 22]), "holds 22 bytes"),
        (
            bech32("plasmid", &Account::ethereum([4; 20]).bytes()),
            "kind 0",
        ),
        (bech32("plasmid", &[2; 21]), "kind 2"),
        (
            bech32::encode::<bech32::Bech32>(Hrp::parse("plasmid").unwrap(), &ed(1).bytes())
                .unwrap(),
            "bech32m",
        ),
        (format!("plasmid1{}", "q".repeat(200)), "begins with"),
    ];
    for (text, reason) in cases {
        let error = text.parse::<Account>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text:?}: {error}");
    }
}

#[test]
fn bytes_come_back_and_texts_of_different_accounts_differ() {
    let mut texts = BTreeSet::new();
    for kind in 0..=3 {
        for byte in 0..=255 {
            let account = Account {
                kind,
                id: [byte; 20],
            };
            assert_eq!(Account::from_bytes(&account.bytes()), account);
            assert!(texts.insert(account.to_string()));
            assert_eq!(account.can_receive(), kind <= 1 && account != Account::NONE);
        }
    }
}
