//! Who validates, with what power: pure rules over leaves that a port provides.

mod member;

pub use member::Member;
