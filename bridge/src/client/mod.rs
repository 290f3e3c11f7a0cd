//! Skeleton: this room is being built.
