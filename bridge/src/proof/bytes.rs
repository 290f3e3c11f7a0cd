//! Reading bytes from a stranger: the reader lives in the lowest room that has leaves to decode.

pub use plasmid_staking::bytes::{DecodeError, Reader};
