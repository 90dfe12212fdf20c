//! Scaffolds: list, plan, render, write. Owns `handlebars` and `include_dir`.
