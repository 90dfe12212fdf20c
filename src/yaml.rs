//! YAML text to values and back. Owns `serde_yaml`.
