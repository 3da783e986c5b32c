//! `GET …/coffer/secrets/unused`: secrets without a read in so many days.

use axum::extract::State;
use coffer_engine::{UnusedList, ViewSecrets};
use coffer_protocol::usage::UnusedSecret;
use coffer_types::limits::{
    DEFAULT_PAGE_SIZE, DEFAULT_UNUSED_DAYS, MAX_PAGE_SIZE, MAX_UNUSED_DAYS,
};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// A page of the account's secrets that nothing reads, the longest idle first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    query: Query,
) -> ApiResult<Answer<Vec<UnusedSecret>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let list = UnusedList {
        days: query.number("days", 1..=MAX_UNUSED_DAYS, DEFAULT_UNUSED_DAYS)?,
        slice: page.slice(),
    };
    let found = app.engine.unused_secrets(&permit, list).await?;
    let info = page.info(found.secrets.len(), found.total);
    Ok(Answer::page(found.secrets, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_protocol::feed::{AccessReport, ChangeSource};
    use coffer_types::{Clock, Role, ValueVersion, VersionId, WorkerId};
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    const DAY: i64 = 24 * 3600;

    async fn unused(app: &TestApp, query: &str) -> Answer {
        let path = format!("/accounts/{{account_id}}/coffer/secrets/unused{query}");
        app.request(Method::GET, &path, None).await
    }

    async fn names(app: &TestApp, query: &str) -> Vec<String> {
        let answer = unused(app, query).await;
        let secrets = result(&answer).as_array().unwrap();
        let name = |secret: &Value| secret["name"].as_str().unwrap().to_owned();
        secrets.iter().map(name).collect()
    }

    async fn read(app: &TestApp, store: &str, secret: &str, worker: u8) {
        let now = app.clock.now();
        let report = AccessReport {
            account_id: app.first.account_id,
            store_id: store.parse().unwrap(),
            secret_id: secret.parse().unwrap(),
            value_version: ValueVersion::FIRST,
            worker_id: WorkerId::from_bytes([worker; 16]),
            version_id: VersionId::random(&coffer_crypto::SystemRandom),
            first_at: now,
            last_at: now,
            reads: 1,
        };
        app.engine.report_access(&[report]).await.unwrap();
    }

    #[tokio::test]
    async fn the_longest_idle_comes_first_and_what_was_read_is_left_out() {
        let (app, store) = TestApp::with_store().await;
        assert_eq!(names(&app, "").await, [""; 0]);
        let start = app.clock.now();
        let read_long_ago = app.create_secret(&store, "READ_LONG_AGO", "v").await;
        app.clock.advance_seconds(1);
        app.create_secret(&store, "NEVER", "v").await;
        app.clock.advance_seconds(1);
        read(&app, &store, &read_long_ago, 1).await;
        let read_lately = app.create_secret(&store, "READ_LATELY", "v").await;
        read(&app, &store, &read_lately, 1).await;
        app.clock.advance_seconds(20 * DAY + 5);
        read(&app, &store, &read_lately, 2).await;
        app.clock.advance_seconds(10 * DAY);
        app.create_secret(&store, "NEW", "v").await;
        let bound = json!([{
            "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "NEVER",
        }]);
        app.upload("w", bound).await;

        let answer = unused(&app, "?days=30").await;
        let found = result(&answer);
        assert_eq!(
            found[0],
            json!({
                "id": found[0]["id"], "store_id": store, "name": "NEVER",
                "created": start.plus_micros(1_000_000), "last_read": null, "bound": true,
            })
        );
        assert_eq!(
            found[1],
            json!({
                "id": read_long_ago, "store_id": store, "name": "READ_LONG_AGO",
                "created": start, "last_read": start.plus_micros(2_000_000), "bound": false,
            })
        );
        let all = ["NEVER", "READ_LONG_AGO", "READ_LATELY", "NEW"];
        let some = ["NEVER", "READ_LONG_AGO", "NEW"];
        assert_eq!(names(&app, "").await, some);
        // A read so many days ago to the microsecond is in time.
        assert_eq!(names(&app, "?days=10").await, some);
        app.clock.advance_micros(1);
        assert_eq!(names(&app, "?days=10").await, all);
        assert_eq!(names(&app, "?days=31").await, ["NEVER", "NEW"]);
        assert_eq!(names(&app, "?days=3650").await, ["NEVER", "NEW"]);
        assert_eq!(names(&app, "?days=1").await, all);

        let answer = unused(&app, "?days=1&page=2&per_page=3").await;
        assert_eq!(result(&answer)[0]["name"], "NEW");
        let info = &answer.2["result_info"];
        assert_eq!(
            (&info["total_count"], &info["count"]),
            (&json!(4), &json!(1))
        );
        assert_eq!(names(&app, "?days=1&page=3&per_page=3").await, [""; 0]);
    }

    #[tokio::test]
    async fn other_accounts_secrets_are_not_told_of() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "MINE", "v").await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/coffer/secrets/unused", other.id);
        let answer = app.request_as(&other.admin, Method::GET, &path, None).await;
        assert_eq!(result(&answer), &json!([]));
        let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
        let path = "/accounts/{account_id}/coffer/secrets/unused";
        let answer = app.request_as(&viewer, Method::GET, path, None).await;
        assert_eq!(failure(&answer).0, 403);
    }

    #[tokio::test]
    async fn what_is_no_number_of_days_is_refused() {
        let (app, _) = TestApp::with_store().await;
        for bad in ["0", "-1", "3651", "thirty", "1.5", "99999999999", "%20"] {
            let (status, errors) = failure(&unused(&app, &format!("?days={bad}")).await);
            assert_eq!(status, 400, "{bad}");
            let expected = "1001 invalid parameter: days must be a number from 1 to 3650 at days";
            assert_eq!(errors, [expected], "{bad}");
        }
        for bad in ["?page=0", "?per_page=101", "?per_page=0"] {
            assert_eq!(failure(&unused(&app, bad).await).0, 400, "{bad}");
        }
    }
}
