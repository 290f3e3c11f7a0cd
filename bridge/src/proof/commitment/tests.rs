//! Attacks on what stands beside.
