//! The schema, printed without the engine's own words, so that another engine's can be compared with it.

use std::fmt::Write;

use sqlx::{ConnectOptions, SqliteConnection};

use crate::support::Fixture;

#[tokio::test]
async fn the_schema() {
    let fixture = Fixture::new().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fixture.files().database());
    let mut connection = options.connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut printed = String::new();
    for table in tables {
        writeln!(printed, "{table}").unwrap();
        print_columns(&mut printed, &mut connection, &table).await;
        print_references(&mut printed, &mut connection, &table).await;
        print_indexes(&mut printed, &mut connection, &table).await;
        print_triggers(&mut printed, &mut connection, &table).await;
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("schema", printed);
    });
}

async fn print_columns(printed: &mut String, connection: &mut SqliteConnection, table: &str) {
    let columns: Vec<(String, String, i64, Option<String>, i64)> = sqlx::query_as(
        "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info($1) ORDER BY cid",
    )
    .bind(table.to_owned())
    .fetch_all(connection)
    .await
    .unwrap();
    for (name, kind, not_null, default, key) in columns {
        // A key is never null, whether the engine says so or not.
        let null = if not_null == 0 && key == 0 {
            " null"
        } else {
            ""
        };
        let default = default
            .map(|value| format!(" default {value}"))
            .unwrap_or_default();
        let key = if key == 0 {
            String::new()
        } else {
            format!(" key {key}")
        };
        writeln!(
            printed,
            "  {name} {}{null}{default}{key}",
            kind.to_lowercase()
        )
        .unwrap();
    }
}

async fn print_references(printed: &mut String, connection: &mut SqliteConnection, table: &str) {
    let references: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT \"from\", \"table\", \"to\", on_delete FROM pragma_foreign_key_list($1) ORDER BY \"from\"",
    )
    .bind(table.to_owned())
    .fetch_all(connection)
    .await
    .unwrap();
    for (from, other, to, on_delete) in references {
        let on_delete = on_delete.to_lowercase();
        writeln!(printed, "  {from} -> {other}.{to}, on delete {on_delete}").unwrap();
    }
}

async fn print_indexes(printed: &mut String, connection: &mut SqliteConnection, table: &str) {
    // The key's own index is printed with the columns.
    let indexes: Vec<(i64, String)> = sqlx::query_as(
        "SELECT list.\"unique\", group_concat(info.name, ', ') FROM pragma_index_list($1) AS list \
         JOIN pragma_index_info(list.name) AS info WHERE list.origin <> 'pk' GROUP BY list.name ORDER BY 2",
    )
    .bind(table.to_owned())
    .fetch_all(connection)
    .await
    .unwrap();
    for (unique, columns) in indexes {
        let kind = if unique == 0 { "index" } else { "unique" };
        writeln!(printed, "  {kind} ({columns})").unwrap();
    }
}

async fn print_triggers(printed: &mut String, connection: &mut SqliteConnection, table: &str) {
    let triggers: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 ORDER BY name",
    )
    .bind(table.to_owned())
    .fetch_all(connection)
    .await
    .unwrap();
    for name in triggers {
        writeln!(printed, "  trigger {name}").unwrap();
    }
}
