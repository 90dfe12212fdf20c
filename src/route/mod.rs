//! The routing language: parsing and evaluation. Knows nothing of who is connected; see `edgehub`.
