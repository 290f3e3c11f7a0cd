//! What tmkms' own `main.rs` does, in a package whose lock file is committed.

fn main() {
    abscissa_core::boot(&tmkms::application::APP);
}
