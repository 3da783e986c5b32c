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

impl Value {
    /// Makes it the next parameter.
    pub(crate) fn add_to(
        self,
        arguments: &mut SqliteArguments,
    ) -> Result<(), sqlx::error::BoxDynError> {
        match self {
            Self::Integer(number) => Arguments::add(arguments, number),
            Self::Text(text) => Arguments::add(arguments, text),
            Self::Blob(bytes) => Arguments::add(arguments, bytes),
            Self::Null => Arguments::add(arguments, None::<i64>),
        }
    }
}

/// Statements of one text. A text is prepared once and stays prepared, so its size is bounded; the usual group
/// of waiting writes, eight of five statements, fits one.
const MAX_STATEMENTS: usize = 40;

/// Statements that wait to be sent, in order, with their parameters.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    texts: Vec<Text>,
}

/// Statements that are prepared and run as one.
#[derive(Debug, Default)]
struct Text {
    sql: String,
    statements: usize,
    values: Vec<Value>,
}

impl Batch {
    /// Adds a statement whose parameters are `$1`, `$2` and so on.
    pub(crate) fn push(&mut self, sql: &str, values: Vec<Value>) {
        match self.texts.last_mut() {
            Some(text) if text.statements < MAX_STATEMENTS => text.push(sql, values),
            _ => {
                let mut text = Text::default();
                text.push(sql, values);
                self.texts.push(text);
            }
        }
    }

    /// Forgets what waits.
    pub(crate) fn clear(&mut self) {
        self.texts.clear();
    }

    /// Sends what waits and gives how many rows it changed. A failure leaves the statements after the
    /// failed one undone; those before it are for the caller to roll back.
    pub(crate) async fn send(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<u64, sqlx::Error> {
        let mut changed = 0;
        for text in std::mem::take(&mut self.texts) {
            changed += text.send(connection).await?;
        }
        Ok(changed)
    }
}

impl Text {
    fn push(&mut self, sql: &str, values: Vec<Value>) {
        append_renumbered(&mut self.sql, sql, self.values.len());
        self.sql.push_str(";\n");
        self.statements += 1;
        self.values.extend(values);
    }

    async fn send(self, connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
        let mut arguments = SqliteArguments::default();
        for value in self.values {
            value.add_to(&mut arguments).map_err(sqlx::Error::Encode)?;
        }
        // The text is made of this crate's own literals; everything from outside is a parameter.
        let done = sqlx::query_with(AssertSqlSafe(self.sql), arguments)
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
        let [text] = batch.texts.as_slice() else {
            panic!("{batch:?}");
        };
        assert_eq!(
            text.sql,
            "INSERT INTO a VALUES ($1, $2, $1);\nUPDATE b SET x = $4 WHERE y = $3;\n"
        );
        assert_eq!(text.values.len(), 4);
    }

    #[tokio::test]
    async fn a_text_is_bounded_and_every_statement_is_done_in_order() {
        use sqlx::Connection;
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let mut batch = Batch::default();
        batch.push("CREATE TABLE numbers (number INTEGER UNIQUE)", vec![]);
        batch.send(&mut connection).await.unwrap();
        let total = 3 * MAX_STATEMENTS + 1;
        for number in 0..total {
            let number = i64::try_from(number).unwrap();
            batch.push("INSERT INTO numbers VALUES ($1)", vec![number.into()]);
        }
        let sizes: Vec<_> = batch.texts.iter().map(|text| text.statements).collect();
        assert_eq!(sizes, [MAX_STATEMENTS, MAX_STATEMENTS, MAX_STATEMENTS, 1]);
        let changed = batch.send(&mut connection).await.unwrap();
        assert_eq!(changed, total as u64);

        // What follows a failure is not done, at once or with a later sending.
        for number in [1000, 0] {
            batch.push("INSERT INTO numbers VALUES ($1)", vec![number.into()]);
        }
        for number in 2000..2100 {
            batch.push("INSERT INTO numbers VALUES ($1)", vec![number.into()]);
        }
        assert!(batch.send(&mut connection).await.is_err());
        assert_eq!(batch.send(&mut connection).await.unwrap(), 0);
        let sum = "SELECT COUNT(*) FROM numbers WHERE number >= 1000";
        let late: i64 = sqlx::query_scalar(sum)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(late, 1);
    }
}
