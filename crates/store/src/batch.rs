//! Statements whose results nobody waits for, sent to the database together.
//!
//! Each statement sent alone costs two thread switches, several times what the statement itself costs.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// Nothing.
    Null,
}

/// Statements that wait to be sent, in order, with their parameters.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    text: String,
    values: Vec<Value>,
}

impl Batch {
    /// Adds a statement whose parameters are `$1`, `$2` and so on.
    pub(crate) fn push(&mut self, sql: &str, values: Vec<Value>) {
        append_renumbered(&mut self.text, sql, self.values.len());
        self.text.push_str(";\n");
        self.values.extend(values);
    }

    /// Forgets what waits.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Sends what waits and gives how many rows it changed. A failure leaves the statements after the
    /// failed one undone; those before it are for the caller to roll back.
    pub(crate) async fn send(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<u64, sqlx::Error> {
        if self.text.is_empty() {
            return Ok(0);
        }
        let mut arguments = SqliteArguments::default();
        for value in self.values.drain(..) {
            let added = match value {
                Value::Integer(number) => Arguments::add(&mut arguments, number),
                Value::Text(text) => Arguments::add(&mut arguments, text),
                Value::Blob(bytes) => Arguments::add(&mut arguments, bytes),
                Value::Null => Arguments::add(&mut arguments, None::<i64>),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        // The text is made of this crate's own literals; everything from outside is a parameter.
        let text = AssertSqlSafe(std::mem::take(&mut self.text));
        let done = sqlx::query_with(text, arguments)
            .execute(connection)
            .await?;
        Ok(done.rows_affected())
    }
}

/// Appends a statement whose parameters count from after `offset`.
fn append_renumbered(text: &mut String, sql: &str, offset: usize) {
    use std::fmt::Write;
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = after[..digits].parse().unwrap_or(0);
        text.push_str(before);
        // Writing to a string does not fail.
        let _ = write!(text, "${}", number + offset);
        rest = &after[digits..];
    }
    text.push_str(rest);
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_count_on_from_the_statement_before() {
        let mut batch = Batch::default();
        batch.push(
            "INSERT INTO a VALUES ($1, $2, $1)",
            vec![1.into(), 2.into()],
        );
        batch.push(
            "UPDATE b SET x = $2 WHERE y = $1",
            vec!["y".into(), Value::Null],
        );
        assert_eq!(
            batch.text,
            "INSERT INTO a VALUES ($1, $2, $1);\nUPDATE b SET x = $4 WHERE y = $3;\n"
        );
        assert_eq!(batch.values.len(), 4);
    }
}
