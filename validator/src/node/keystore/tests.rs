//! Key files against the standards' own vectors, what other programs write, and damage.

use super::*;

const EIP2335_SCRYPT: &str = r#"{"crypto":{"kdf":{"function":"scrypt","params":{"dklen":32,"n":262144,"p":1,"r":8,"salt":"d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},"message":""},"checksum":{"function":"sha256","params":{},"message":"d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484"},"cipher":{"function":"aes-128-ctr","params":{"iv":"264daa3f303d7259501c93d997d84fe6"},"message":"06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f"}},"description":"This is a test keystore that uses scrypt to secure the secret.","pubkey":"9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07","path":"m/12381/60/3141592653/589793238","uuid":"1d85ae20-35c5-4611-98e8-aa14a633906f","version":4}"#;
const EIP2335_PBKDF2: &str = r#"{"crypto":{"kdf":{"function":"pbkdf2","params":{"dklen":32,"c":262144,"prf":"hmac-sha256","salt":"d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},"message":""},"checksum":{"function":"sha256","params":{},"message":"8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1"},"cipher":{"function":"aes-128-ctr","params":{"iv":"264daa3f303d7259501c93d997d84fe6"},"message":"cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad"}},"description":"This is a test keystore that uses PBKDF2 to secure the secret.","pubkey":"9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07","path":"m/12381/60/0/0","uuid":"64625def-3331-4eea-ab6f-782f3ed16a83","version":4}"#;
const SECRET: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
const PASSWORD: &str = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";

/// A key file that go-ethereum's own tests read; its password is empty.
const WEB3_VECTOR: &str = r#"{"address":"45dea0fb0bba44f4fcf290bba71fd57d7117cbb8","crypto":{"cipher":"aes-128-ctr","ciphertext":"b87781948a1befd247bff51ef4063f716cf6c2d3481163e9a8f42e1f9bb74145","cipherparams":{"iv":"dc4926b48a105133d2f16b96833abf1e"},"kdf":"scrypt","kdfparams":{"dklen":32,"n":2,"p":1,"r":8,"salt":"004244bbdc51cadda545b1cfa43cff9ed2ae88e08c61f1479dbb45410722f8f0"},"mac":"39990c1684557447940d4c69e06b1b82b2aceacb43f284df65c956daf3046b85"},"id":"ce541d8d-c79b-40f8-9f8c-20f59616faba","version":3}"#;

/// What `cast wallet` writes: no address. It and [`WRONG_ADDRESS`] hold the second of anvil's accounts.
const NO_ADDRESS: &str = include_str!("cases/no-address.json");
/// The key of [`NO_ADDRESS`]; the file says that it is another account's.
const WRONG_ADDRESS: &str = include_str!("cases/wrong-address.json");
/// eth-account's default for years: r = 1 with a large n.
const SCRYPT_R1: &str = include_str!("cases/scrypt-r1.json");
const PBKDF2: &str = include_str!("cases/pbkdf2.json");
/// A key whose leading zero was not written; its password is `foo`.
const SHORT_KEY: &str = include_str!("cases/short-key.json");

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Opens a key file of this text.
fn open_text(text: &str, password: &str) -> Result<(KeyDescription, Secret), KeystoreError> {
    let folder = folder();
    let path = folder.path().join("key.json");
    fs::write(&path, text).expect("write");
    open(&path, password)
}

/// A secret that is a key of every kind.
fn secret(first: u8) -> Secret {
    let mut bytes: [u8; 32] = rand::random();
    bytes[0] = first;
    Secret::new(bytes)
}

fn key_file(kind: KeyKind, secret: &Secret) -> Value {
    let folder = folder();
    let path = folder.path().join("key.json");
    create(&path, kind, secret, "p", Cost::Light).expect("creates");
    serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON")
}

#[test]
fn the_vectors_of_eip_2335_open() {
    for vector in [EIP2335_SCRYPT, EIP2335_PBKDF2] {
        let (about, secret) = open_text(vector, PASSWORD).expect("opens");
        assert_eq!(hex::encode(*secret), SECRET);
        assert_eq!(about.kind, KeyKind::Bls12381);
        assert_eq!(about.public.len(), 192, "uncompressed: {}", about.public);
    }
}

#[test]
fn what_other_wallets_write_opens_with_the_accounts_that_they_show() {
    let second = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let shared = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
    for (text, password, account) in [
        (
            WEB3_VECTOR,
            "",
            "0x45DeA0FB0bBA44f4fcF290bbA71fD57D7117CbB8",
        ),
        (NO_ADDRESS, "testpassword", second),
        (SCRYPT_R1, "testpassword", shared),
        (PBKDF2, "testpassword", shared),
    ] {
        let (about, secret) = open_text(text, password).expect(account);
        assert_eq!(about.public.to_lowercase(), account.to_lowercase());
        let name = Signer::public_name(KeyKind::Secp256k1, &secret).expect("a key");
        assert_eq!(about.public, name);
        assert!(matches!(
            open_text(text, "another"),
            Err(KeystoreError::WrongPassword(_))
        ));
    }
}

#[test]
fn a_key_without_its_leading_zero_opens_as_the_number_that_it_is() {
    let (about, secret) = open_text(SHORT_KEY, "foo").expect("opens");
    assert_eq!(
        hex::encode(*secret),
        "00fa7b3db73dc7dfdf8c5fbdb796d741e4488628c41fc4febd9160a866ba0f35"
    );
    let name = Signer::public_name(KeyKind::Secp256k1, &secret).expect("a key");
    assert_eq!(about.public, name);
}

#[test]
fn keys_of_other_lengths_are_refused() {
    for length in [0, 1, 29, 33, 64] {
        assert!(super::secret(KeyKind::Secp256k1, &vec![1; length]).is_err());
    }
    for kind in [KeyKind::Ed25519, KeyKind::Bls12381] {
        for length in [0, 30, 31, 33] {
            let error = super::secret(kind, &vec![1; length]).expect_err("refused");
            assert!(
                error.contains(&format!("{length} bytes, not 32")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_file_that_names_another_key_than_its_own_is_not_opened() {
    let error = open_text(WRONG_ADDRESS, "testpassword").expect_err("refused");
    let text = error.to_string();
    assert!(matches!(error, KeystoreError::OtherKey { .. }), "{text}");
    assert!(text.contains("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"));
    assert!(text.contains("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"));
    for (kind, field) in [
        (KeyKind::Secp256k1, "address"),
        (KeyKind::Ed25519, "pubkey"),
        (KeyKind::Bls12381, "pubkey"),
    ] {
        let mut own = key_file(kind, &secret(1));
        let other = key_file(kind, &secret(2));
        assert!(open_text(&own.to_string(), "p").is_ok());
        own[field] = other[field].clone();
        let error = open_text(&own.to_string(), "p").expect_err("refused");
        assert!(matches!(error, KeystoreError::OtherKey { .. }), "{error}");
    }
}

#[test]
fn what_a_file_says_is_spelled_as_searches_find_it_or_refused() {
    let stated = |text: &str| Sealed::read(&serde_json::from_str(text).expect("JSON"));
    let lower = "45dea0fb0bba44f4fcf290bba71fd57d7117cbb8";
    let right = stated(WEB3_VECTOR).map(|sealed| sealed.stated.public);
    let right = right.expect("reads").expect("an address");
    assert_eq!(right.to_lowercase(), format!("0x{lower}"));
    assert_ne!(right, right.to_lowercase(), "no checksum: {right}");
    for spelling in [right.clone(), right[2..].to_owned(), lower.to_uppercase()] {
        let text = WEB3_VECTOR.replace(lower, &spelling);
        let (about, _) = open_text(&text, "").expect(&spelling);
        assert_eq!(about.public, right);
    }
    let capital = right
        .rfind(|c: char| c.is_ascii_uppercase())
        .expect("a capital");
    let mut wrong = right.clone().into_bytes();
    wrong[capital] ^= 0x20;
    let wrong = String::from_utf8(wrong).expect("text");
    let why = stated(&WEB3_VECTOR.replace(lower, &wrong))
        .err()
        .expect("refused");
    assert!(why.contains("EIP-55"), "{why}");
    let none = stated(NO_ADDRESS).map(|sealed| sealed.stated.public);
    assert_eq!(none, Ok(None));
    for wrong in ["[]", "12", "\"0x12\"", "\"hello\""] {
        let text = WEB3_VECTOR.replace(&format!("\"{lower}\""), wrong);
        let why = stated(&text).err().expect(wrong);
        assert!(why.contains("its address"), "{why}");
    }
    for (text, kind) in [(EIP2335_SCRYPT, "BLS"), (EIP2335_PBKDF2, "BLS")] {
        let why = stated(&text.replace("9612d7", "9612")).err().expect(kind);
        assert!(why.contains("its pubkey") && why.contains(kind), "{why}");
    }
}

#[test]
fn every_kind_comes_back_as_it_was_and_no_other_password_opens_it() {
    let folder = folder();
    for kind in [KeyKind::Secp256k1, KeyKind::Ed25519, KeyKind::Bls12381] {
        let path = folder.path().join(kind.name());
        let secret = secret(3);
        let made = create(&path, kind, &secret, "right", Cost::Light).expect("creates");
        let (about, opened) = open(&path, "right").expect("opens");
        assert_eq!(*opened, *secret);
        assert_eq!(about, made);
        assert_eq!(
            describe(&path).expect("describes"),
            Stated {
                kind,
                public: Some(made.public)
            }
        );
        assert!(matches!(
            open(&path, "wrong"),
            Err(KeystoreError::WrongPassword(_))
        ));
        for other in [KeyKind::Secp256k1, KeyKind::Ed25519, KeyKind::Bls12381] {
            let found = open_kind(&path, other, "right");
            assert_eq!(found.is_ok(), other == kind, "{found:?}");
        }
        let text = fs::read_to_string(&path).expect("read");
        assert!(
            !text.contains(&hex::encode(*secret)),
            "the secret stands in the file"
        );
    }
}

#[test]
fn secrets_and_passwords_are_not_in_debug_output() {
    let secret = Secret::new([0xab; 32]);
    let password = Password::from("correct horse".to_owned());
    let said = format!("{secret:?} {password:?} {:?}", (&secret, Some(&password)));
    for told in ["171", "ab", "correct", "horse"] {
        assert!(!said.contains(told), "{said}");
    }
}

#[test]
fn a_secret_that_is_no_key_of_its_kind_makes_no_file() {
    let folder = folder();
    let path = folder.path().join("key.json");
    for kind in [KeyKind::Secp256k1, KeyKind::Bls12381] {
        for bytes in [[0; 32], [0xff; 32]] {
            let made = create(&path, kind, &Secret::new(bytes), "p", Cost::Light);
            assert!(matches!(made, Err(KeystoreError::Malformed { .. })));
            assert!(!path.exists());
        }
    }
}

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("deep/er/key.json");
    let first = Secret::new([7u8; 32]);
    create(&path, KeyKind::Ed25519, &first, "a", Cost::Light).expect("creates");
    assert_eq!(
        fs::metadata(&path).expect("metadata").permissions().mode() & 0o777,
        0o600
    );
    let second = Secret::new([8u8; 32]);
    let again = create(&path, KeyKind::Ed25519, &second, "b", Cost::Light);
    assert!(matches!(again, Err(KeystoreError::Exists(_))), "{again:?}");
    assert_eq!(*open(&path, "a").expect("still the first").1, [7u8; 32]);
}

#[test]
fn a_damaged_cipher_text_or_checksum_never_opens() {
    let folder = folder();
    let path = folder.path().join("key.json");
    let whole = key_file(KeyKind::Bls12381, &Secret::new([9u8; 32]));
    for part in [
        "/crypto/cipher/message",
        "/crypto/checksum/message",
        "/crypto/kdf/params/salt",
    ] {
        let bytes = hex::decode(
            whole
                .pointer(part)
                .and_then(Value::as_str)
                .expect("a hex field"),
        )
        .expect("hex");
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            let mut file = whole.clone();
            *file.pointer_mut(part).expect("the field") = Value::String(hex::encode(damaged));
            fs::write(&path, file.to_string()).expect("write");
            let outcome = open(&path, "p");
            assert!(
                matches!(outcome, Err(KeystoreError::WrongPassword(_))),
                "{part} byte {position}: {outcome:?}"
            );
        }
    }
}

#[test]
fn hostile_files_are_refused_with_their_reason() {
    let folder = folder();
    let path = folder.path().join("key.json");
    let huge = EIP2335_SCRYPT.replace("262144", "1073741824");
    let odd = EIP2335_SCRYPT.replace("262144", "1000");
    let slow = EIP2335_PBKDF2.replace("262144", "4000000000");
    let fat = EIP2335_PBKDF2.replace("cee03fde", &"00".repeat(500));
    let long = " ".repeat(20_000);
    let cases = [
        ("{}", "no version"),
        ("not json", "not JSON"),
        (r#"{"version":9}"#, "version 9"),
        (huge.as_str(), "bytes of memory"),
        (odd.as_str(), "power of two"),
        (slow.as_str(), "4000000000 rounds"),
        (fat.as_str(), "longer than 64 bytes"),
        (long.as_str(), "larger than"),
    ];
    for (text, reason) in cases {
        fs::write(&path, text).expect("write");
        let error = open(&path, "p").expect_err("refused").to_string();
        assert!(error.contains(reason), "{error} does not say {reason}");
        assert!(error.contains("key.json"), "{error} does not name the file");
    }
}
