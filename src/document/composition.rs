//! Which documents the parts of a composed one come from.

use std::collections::HashMap;

use super::Document;
use crate::text::Pointer;

/// The documents that another one was made of, and which of its parts come from where.
#[derive(Debug)]
pub struct Composition {
    documents: Vec<Document>,
    parts: HashMap<Pointer, Part>,
}

/// Where a part of a composed document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of the document among those that were composed.
    pub document: usize,
    /// Where it stands there.
    pub pointer: Pointer,
}

impl Composition {
    /// Creates the composition of documents; of two parts on the way to a value the inner one tells of it.
    pub fn new(documents: Vec<Document>, parts: impl IntoIterator<Item = (Pointer, Part)>) -> Self {
        Self { documents, parts: parts.into_iter().collect() }
    }

    /// Returns where a value comes from, or `None` if it is none of the parts and stands in none.
    pub(super) fn source(&self, pointer: &Pointer) -> Option<(&Document, Pointer)> {
        let steps = pointer.steps();
        let mut way = Some(pointer.clone());
        while let Some(at) = way {
            if let Some(part) = self.parts.get(&at) {
                let inside = steps.iter().skip(at.steps().len());
                let pointer = inside.fold(part.pointer.clone(), |pointer, step| pointer.key(step));
                return self.documents.get(part.document).map(|document| (document, pointer));
            }
            way = at.parent();
        }
        None
    }
}
