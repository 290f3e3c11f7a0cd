//! Key files against the standards' own vectors, and against damage.

use super::*;
use crate::rpc::signer::Signer;

const EIP2335_VECTOR: &str = r#"{"crypto":{"kdf":{"function":"scrypt","params":{"dklen":32,"n":262144,"p":1,"r":8,"salt":"d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},"message":""},"checksum":{"function":"sha256","params":{},"message":"d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484"},"cipher":{"function":"aes-128-ctr","params":{"iv":"264daa3f303d7259501c93d997d84fe6"},"message":"06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f"}},"description":"This is a test keystore that uses scrypt to secure the secret.","pubkey":"9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07","path":"m/12381/60/3141592653/589793238","uuid":"1d85ae20-35c5-4611-98e8-aa14a633906f","version":4}"#;
const SECRET: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
const PASSWORD: &str = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";

/// A key file that go-ethereum's own tests read; its password is empty.
const WEB3_VECTOR: &str = r#"{"address":"45dea0fb0bba44f4fcf290bba71fd57d7117cbb8","crypto":{"cipher":"aes-128-ctr","ciphertext":"b87781948a1befd247bff51ef4063f716cf6c2d3481163e9a8f42e1f9bb74145","cipherparams":{"iv":"dc4926b48a105133d2f16b96833abf1e"},"kdf":"scrypt","kdfparams":{"dklen":32,"n":2,"p":1,"r":8,"salt":"004244bbdc51cadda545b1cfa43cff9ed2ae88e08c61f1479dbb45410722f8f0"},"mac":"39990c1684557447940d4c69e06b1b82b2aceacb43f284df65c956daf3046b85"},"id":"ce541d8d-c79b-40f8-9f8c-20f59616faba","version":3}"#;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn sample(kind: KeyKind) -> Description {
    Description {
        kind,
        public: "0x00112233445566778899aabbccddeeff00112233".into(),
    }
}

#[test]
fn the_vector_of_eip_2335_opens() {
    let folder = folder();
    let path = folder.path().join("vector.json");
    fs::write(&path, EIP2335_VECTOR).expect("write");
    let (about, secret) = open(&path, PASSWORD).expect("opens");
    assert_eq!(hex::encode(*secret), SECRET);
    assert_eq!(about.kind, KeyKind::Bls12381);
    assert!(about.public.starts_with("9612d7a7"));
}

#[test]
fn the_vector_of_web3_secret_storage_opens() {
    let folder = folder();
    let path = folder.path().join("vector.json");
    fs::write(&path, WEB3_VECTOR).expect("write");
    let (about, secret) = open(&path, "").expect("opens");
    assert_eq!(about.public, "0x45dea0fb0bba44f4fcf290bba71fd57d7117cbb8");
    let name = Signer::public_name(KeyKind::Secp256k1, &secret).expect("a key");
    assert_eq!(
        name.to_lowercase(),
        about.public,
        "the secret is not that address's"
    );
}

#[test]
fn every_kind_comes_back_as_it_was_and_no_other_password_opens_it() {
    let folder = folder();
    for kind in [KeyKind::Secp256k1, KeyKind::Ed25519, KeyKind::Bls12381] {
        let path = folder.path().join(kind.name());
        let secret = Zeroizing::new(rand::random::<[u8; 32]>());
        create(&path, &sample(kind), &secret, "right", Cost::Light).expect("creates");
        let (about, opened) = open(&path, "right").expect("opens");
        assert_eq!(*opened, *secret);
        assert_eq!(about, sample(kind));
        assert_eq!(describe(&path).expect("describes"), sample(kind));
        assert!(matches!(
            open(&path, "wrong"),
            Err(KeystoreError::WrongPassword(_))
        ));
        let text = fs::read_to_string(&path).expect("read");
        assert!(
            !text.contains(&hex::encode(*secret)),
            "the secret stands in the file"
        );
    }
}

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("deep/er/key.json");
    let secret = Zeroizing::new([7u8; 32]);
    create(&path, &sample(KeyKind::Ed25519), &secret, "a", Cost::Light).expect("creates");
    assert_eq!(
        fs::metadata(&path).expect("metadata").permissions().mode() & 0o777,
        0o600
    );
    let again = create(
        &path,
        &sample(KeyKind::Ed25519),
        &Zeroizing::new([8u8; 32]),
        "b",
        Cost::Light,
    );
    assert!(matches!(again, Err(KeystoreError::Exists(_))), "{again:?}");
    assert_eq!(*open(&path, "a").expect("still the first").1, [7u8; 32]);
}

#[test]
fn a_damaged_cipher_text_or_checksum_never_opens() {
    let folder = folder();
    let path = folder.path().join("key.json");
    create(
        &path,
        &sample(KeyKind::Bls12381),
        &Zeroizing::new([9u8; 32]),
        "p",
        Cost::Light,
    )
    .expect("creates");
    let whole: Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
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
    let huge = EIP2335_VECTOR.replace("262144", "1073741824");
    let odd = EIP2335_VECTOR.replace("262144", "1000");
    let long = " ".repeat(20_000);
    let cases = [
        ("{}", "no version"),
        ("not json", "not JSON"),
        (r#"{"version":9}"#, "version 9"),
        (huge.as_str(), "2^30"),
        (odd.as_str(), "no power of two"),
        (long.as_str(), "larger than"),
    ];
    for (text, reason) in cases {
        fs::write(&path, text).expect("write");
        let error = open(&path, "p").expect_err("refused").to_string();
        assert!(error.contains(reason), "{error} does not say {reason}");
        assert!(error.contains("key.json"), "{error} does not name the file");
    }
}
