//! `GET …/stores/{store_id}/secrets`.

use axum::extract::{Path, State};
use coffer_engine::{
    Direction, Error, Problem, SecretFilter, SecretList, SecretOrder, ViewSecrets,
};
use coffer_protocol::secrets_store::Secret;
use coffer_types::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use coffer_types::{Scope, Scopes};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};
use crate::api::permitted::Permitted;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// A page of a store's secrets.
pub(in crate::api::secrets_store) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    path: Path<StorePath>,
    query: Query,
) -> ApiResult<Answer<Vec<Secret>>> {
    let page = query.page(0..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let filter = SecretFilter {
        store_id: StorePath::id(&path)?,
        search: query.value("search").map(str::to_owned),
        scopes: scopes(&query)?,
        pending: None,
    };
    let list = SecretList {
        filter,
        order: order(&query)?,
        direction: query.direction(Direction::Descending)?,
        slice: page.slice(),
    };
    let found = app.engine.list_secrets(&permit, list).await?;
    let info = page.info(found.secrets.len(), found.total);
    Ok(Answer::page(found.secrets, info))
}

fn order(query: &Query) -> ApiResult<SecretOrder> {
    Ok(match query.value("order") {
        None | Some("created") => SecretOrder::Created,
        Some("name") => SecretOrder::Name,
        Some("comment") => SecretOrder::Comment,
        Some("modified") => SecretOrder::Modified,
        Some("status") => SecretOrder::Status,
        Some(_) => {
            return Err(refused(
                "order",
                "must be name, comment, created, modified or status",
            ));
        }
    })
}

/// Clients send scopes as repeated parameters; the API's description joins them with commas.
fn scopes(query: &Query) -> ApiResult<Scopes> {
    let names = query.values("scopes").flat_map(|value| value.split(','));
    let parsed = names
        .map(str::parse::<Scope>)
        .collect::<Result<Scopes, _>>();
    Ok(parsed.map_err(|error| Error::invalid("scopes", Problem::ScopeUnknown(error)))?)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_protocol::feed::{ChangeSource, Seq};
    use coffer_types::EdgeId;
    use serde_json::json;

    use crate::testing::{Answer, TestApp, failure, result};

    async fn list(app: &TestApp, store: &str, query: &str) -> Answer {
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets?{query}");
        app.request(Method::GET, &path, None).await
    }

    fn names(answer: &Answer) -> Vec<&str> {
        let secrets = result(answer).as_array().unwrap().iter();
        secrets
            .map(|secret| secret["name"].as_str().unwrap())
            .collect()
    }

    /// Four secrets, made a second apart.
    async fn app() -> (TestApp, String) {
        let (app, store) = TestApp::with_store().await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        for (name, comment, scopes) in [
            ("STRIPE_KEY", json!("100% billing"), json!(["workers"])),
            (
                "stripe-test",
                json!("Billing_test!"),
                json!(["workers", "dex"]),
            ),
            ("AxB", json!(null), json!(["ai_gateway"])),
            ("A_B", json!("ÄRGER"), json!(["dex"])),
        ] {
            app.clock.advance_seconds(1);
            let body =
                json!([{ "name": name, "value": "hidden", "scopes": scopes, "comment": comment }]);
            result(&app.request(Method::POST, &path, Some(body)).await);
        }
        (app, store)
    }

    #[tokio::test]
    async fn search_takes_nothing_as_a_wildcard_and_no_case_apart() {
        let (app, store) = app().await;
        for (search, expected) in [
            ("stripe", vec!["stripe-test", "STRIPE_KEY"]),
            ("BILLING", vec!["stripe-test", "STRIPE_KEY"]),
            ("100%25", vec!["STRIPE_KEY"]),
            ("%25", vec!["STRIPE_KEY"]),
            ("A_B", vec!["A_B"]),
            ("_", vec!["A_B", "stripe-test", "STRIPE_KEY"]),
            ("!", vec!["stripe-test"]),
            ("%5C", vec![]),
            ("'", vec![]),
            ("billing+test", vec![]),
            ("hidden", vec![]),
            ("", vec!["A_B", "AxB", "stripe-test", "STRIPE_KEY"]),
        ] {
            let answer = list(&app, &store, &format!("search={search}")).await;
            assert_eq!(names(&answer), expected, "{search}");
            assert_eq!(
                answer.2["result_info"]["total_count"],
                expected.len(),
                "{search}"
            );
        }
    }

    #[tokio::test]
    async fn scopes_filter_in_both_encodings() {
        let (app, store) = app().await;
        for (query, expected) in [
            ("scopes=dex", vec!["A_B", "stripe-test"]),
            (
                "scopes=dex&scopes=ai_gateway",
                vec!["A_B", "AxB", "stripe-test"],
            ),
            ("scopes=dex,ai_gateway", vec!["A_B", "AxB", "stripe-test"]),
            ("scopes=dex%2Cai_gateway", vec!["A_B", "AxB", "stripe-test"]),
            ("scopes=containers", vec![]),
            ("scopes=dex&search=stripe", vec!["stripe-test"]),
            ("scopes=", vec!["A_B", "AxB", "stripe-test", "STRIPE_KEY"]),
        ] {
            assert_eq!(names(&list(&app, &store, query).await), expected, "{query}");
        }
        for query in [
            "scopes=zones",
            "scopes=dex,zones",
            "scopes=dex,",
            "scopes=DEX",
        ] {
            let (status, errors) = failure(&list(&app, &store, query).await);
            assert_eq!(status, 400, "{query}");
            assert!(
                errors[0].starts_with("1001 secret_scope_invalid"),
                "{errors:?}"
            );
        }
    }

    #[tokio::test]
    async fn sorted_by_every_column_in_both_directions() {
        let (app, store) = app().await;
        for (order, expected) in [
            ("created", ["STRIPE_KEY", "stripe-test", "AxB", "A_B"]),
            ("modified", ["STRIPE_KEY", "stripe-test", "AxB", "A_B"]),
            ("name", ["A_B", "AxB", "STRIPE_KEY", "stripe-test"]),
            ("comment", ["AxB", "STRIPE_KEY", "stripe-test", "A_B"]),
        ] {
            let ascending = list(&app, &store, &format!("order={order}&direction=asc")).await;
            assert_eq!(names(&ascending), expected, "{order}");
            let mut reversed = expected;
            reversed.reverse();
            let descending = list(&app, &store, &format!("order={order}&direction=desc")).await;
            assert_eq!(names(&descending), reversed, "{order}");
        }
        for query in [
            "order=value",
            "order=id",
            "direction=DESC",
            "page=0",
            "per_page=101",
        ] {
            assert_eq!(failure(&list(&app, &store, query).await).0, 400, "{query}");
        }
    }

    #[tokio::test]
    async fn pages_cover_the_list_once_and_end_empty() {
        let (app, store) = app().await;
        let mut seen = Vec::new();
        for page in 1..=3 {
            let answer = list(&app, &store, &format!("per_page=2&page={page}")).await;
            seen.extend(names(&answer).into_iter().map(str::to_owned));
            let count = if page == 3 { 0 } else { 2 };
            assert_eq!(
                answer.2["result_info"],
                json!({ "page": page, "per_page": 2, "count": count, "total_count": 4, "total_pages": 2 })
            );
        }
        assert_eq!(seen, ["A_B", "AxB", "stripe-test", "STRIPE_KEY"]);
    }

    #[tokio::test]
    async fn a_secret_is_pending_until_every_edge_has_it() {
        let (app, store) = app().await;
        let (near, far) = (EdgeId::from_bytes([1; 16]), EdgeId::from_bytes([2; 16]));
        let last = *app.store.last_change().borrow();
        app.engine.acknowledge(near, Seq(last)).await;
        app.engine.acknowledge(far, Seq(last - 1)).await;
        let answer = list(&app, &store, "order=status&direction=desc").await;
        let statuses = result(&answer).as_array().unwrap().iter();
        let statuses: Vec<_> = statuses
            .map(|secret| (&secret["name"], &secret["status"]))
            .collect();
        assert_eq!(statuses[0], (&json!("A_B"), &json!("pending")));
        assert!(
            statuses[1..].iter().all(|(_, status)| *status == "active"),
            "{statuses:?}"
        );
        assert_eq!(
            names(&list(&app, &store, "order=status&direction=asc").await)[3],
            "A_B"
        );

        app.engine.acknowledge(far, Seq(last)).await;
        let answer = list(&app, &store, "").await;
        assert!(
            result(&answer)
                .as_array()
                .unwrap()
                .iter()
                .all(|secret| secret["status"] == "active")
        );
    }
}
