//! Images of modules: names, tags, platforms, build contexts.
