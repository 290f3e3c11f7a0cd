//! Test machinery that more than one test of the workspace uses.

pub mod harness;
