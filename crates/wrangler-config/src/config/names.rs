//! The names by which a Worker knows what is bound to it: each once.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::field::Field;
use crate::words::quoted;

/// The names that were read so far, and where each was first.
pub(super) struct Names {
    pages: bool,
    taken: RefCell<HashMap<String, String>>,
}

impl Names {
    pub(super) fn new(pages: bool) -> Self {
        Self {
            pages,
            taken: RefCell::default(),
        }
    }

    /// Takes a name for what `field` describes; tells if it is taken already.
    pub(super) fn take(&self, name: &str, field: &Field<'_>) {
        if self.pages && name == "ASSETS" {
            field.error(
                "the name \"ASSETS\" belongs to a Pages project's own files; give this another",
            );
        }
        let mut taken = self.taken.borrow_mut();
        if let Some(earlier) = taken.get(name) {
            let name = quoted(name);
            field.error(format!(
                "the name {name} is taken by \"{earlier}\"; what is bound to a Worker needs a name each"
            ));
        } else {
            taken.insert(name.to_owned(), field.path.clone());
        }
    }
}
