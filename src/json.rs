//! JSON text with places: parsing that keeps positions, and errors shown under a caret. Owns `jsonc-parser`.
