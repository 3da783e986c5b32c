//! Tables for people, as wide as the terminal at the most.

use std::io::IsTerminal;

use anstyle::Style;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement};

use super::{data, printable, spoken};

/// A table that is printed at once.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(NOTHING);
        // Where it is not read on a terminal, each row is a line, however long.
        table.set_content_arrangement(if std::io::stdout().is_terminal() {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        let header = columns.iter().map(|column| {
            let cell = Cell::new(column);
            if spoken().colour_on_stdout {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        });
        table.set_header(header);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        if spoken().colour_on_stdout {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        Self(table)
    }

    /// Never breaks the lines of a column, as of ids, which are copied.
    pub(crate) fn keep_whole(&mut self, column: usize) {
        if let Some(column) = self.0.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }

    /// Adds a row; control characters in it are made harmless.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0
            .add_row(cells.into_iter().map(|cell| printable(cell.as_ref())));
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        let text: Vec<_> = self
            .0
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        data(&text.join("\n"));
    }
}

/// Prints names with their values, one a line, the values below each other.
pub(crate) fn facts(facts: &[(&str, String)]) {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in facts {
        let name = super::on_stdout(&format!("{name:width$}"), Style::new().dimmed());
        data(&format!("{name}  {}", printable(value)));
    }
}
