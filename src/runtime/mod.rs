//! Instances of modules: processes and containers, their start, output and end.
