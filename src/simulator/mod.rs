//! The simulator: one dispatcher that owns the cores and the children.

pub mod control;
