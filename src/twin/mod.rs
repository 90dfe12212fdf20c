//! Twin documents: merge, versions, metadata, limits.
