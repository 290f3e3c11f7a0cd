//! The binary: everything it does is a command of `plasmid::cli`.

fn main() {}
