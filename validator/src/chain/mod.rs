//! Skeleton: this room is being built.

pub mod tree;
