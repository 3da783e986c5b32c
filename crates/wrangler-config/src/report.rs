//! Collects what is found while a file is read, so that one reading tells all of it.

use std::cell::RefCell;

use crate::bounds::MAX_PROBLEMS;
use crate::problem::Problem;
use crate::source::Source;
use crate::syntax::Span;

/// Errors and warnings of one file.
pub(crate) struct Report<'a> {
    pub(crate) source: &'a Source,
    errors: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self {
            source,
            errors: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// Something that is wrong: the file cannot be used.
    pub(crate) fn error(&self, span: &Span, message: impl Into<String>) {
        add(&self.errors, || self.source.problem(span, message.into()));
    }

    /// Something to look at.
    pub(crate) fn warning(&self, span: &Span, message: impl Into<String>) {
        add(&self.warnings, || self.source.problem(span, message.into()));
    }

    /// Whether no more warnings are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.warnings.borrow().len() > MAX_PROBLEMS
    }

    /// Errors and warnings, each in the order of the file.
    pub(crate) fn into_parts(self) -> (Vec<Problem>, Vec<Problem>) {
        (
            in_order(self.errors.into_inner()),
            in_order(self.warnings.into_inner()),
        )
    }
}

/// Adds a problem. One more than are told is kept, which shows that there are more.
fn add(to: &RefCell<Vec<Problem>>, problem: impl FnOnce() -> Problem) {
    let mut all = to.borrow_mut();
    if all.len() <= MAX_PROBLEMS {
        all.push(problem());
    }
}

fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems.dedup();
    if problems.len() > MAX_PROBLEMS {
        problems.truncate(MAX_PROBLEMS);
        if let Some(last) = problems.last_mut() {
            last.message
                .push_str(" (there are more, which are not shown)");
        }
    }
    problems
}
