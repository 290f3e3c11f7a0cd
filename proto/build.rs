//! Generates the protobuf types and services, and the descriptor set that reflection serves, without `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 4] = [
    "plasmid/bridge/v1/bridge.proto",
    "plasmid/chain/v1/chain.proto",
    "plasmid/ledger/v1/ledger.proto",
    "plasmid/stake/v1/stake.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=plasmid");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost_bytes(&descriptors))?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

fn prost_bytes(set: &impl prost::Message) -> Vec<u8> {
    set.encode_to_vec()
}
