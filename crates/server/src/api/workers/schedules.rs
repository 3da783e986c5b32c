//! `…/schedules`: when a Worker is run by the clock.

use std::collections::HashSet;

use axum::extract::{Path, State};
use axum::http::Method;
use coffer_engine::{DeployWorkers, Error, Problem, ViewWorkers};
use coffer_protocol::workers::{Schedule, Schedules};
use coffer_types::cron::InvalidCron;
use coffer_types::limits::MAX_CRONS_PER_WORKER;
use coffer_types::{Cron, Permission};
use serde::Deserialize;

use super::fields::ScriptPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const PATH: &str = "/accounts/{account_id}/workers/scripts/{script_name}/schedules";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(&Method::GET, PATH, "List cron triggers", view, list),
        route(&Method::PUT, PATH, "Replace cron triggers", deploy, replace),
    ]
}

/// A schedule as clients send it; times that come along are what an answer had.
#[derive(Debug, Deserialize)]
struct Asked {
    cron: String,
}

async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Schedules>> {
    let schedules = app.engine.schedules(&permit, &path.name()?).await?;
    Ok(answer(schedules))
}

async fn replace(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Vec<Asked>>>,
) -> ApiResult<Answer<Schedules>> {
    let name = path.name()?;
    app.engine.check_worker(&permit, &name).await?;
    let crons = parsed(&asked)?;
    let schedules = app.engine.replace_schedules(&permit, name, crons).await?;
    Ok(answer(schedules))
}

fn answer(schedules: Vec<Schedule>) -> Answer<Schedules> {
    Answer::ok(Schedules { schedules })
}

/// All schedules, or all that is wrong with them.
fn parsed(asked: &[Asked]) -> Result<Vec<Cron>, Error> {
    if asked.len() > MAX_CRONS_PER_WORKER {
        return Err(Error::invalid(
            "",
            Problem::TooManyCrons(MAX_CRONS_PER_WORKER),
        ));
    }
    let mut crons = Vec::with_capacity(asked.len());
    let mut seen = HashSet::new();
    let mut problems = Vec::new();
    for (place, one) in asked.iter().enumerate() {
        let parsed = one.cron.parse::<Cron>().and_then(|cron| {
            let is_new = seen.insert(cron.as_str().to_owned());
            is_new.then_some(cron).ok_or(InvalidCron::Repeated)
        });
        match parsed {
            Ok(cron) => crons.push(cron),
            Err(error) => problems.push(coffer_engine::Invalid {
                pointer: format!("/{place}/cron"),
                problem: Problem::Cron(error),
            }),
        }
    }
    if problems.is_empty() {
        Ok(crons)
    } else {
        Err(Error::Invalid(problems))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::limits::MAX_CRONS_PER_WORKER;
    use serde_json::{Value, json};

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{Answer, TestApp, failure, result};

    fn path() -> String {
        format!("{SCRIPTS}/w/schedules")
    }

    fn texts(schedules: &Value) -> Vec<&str> {
        let schedules = schedules["schedules"].as_array().unwrap();
        schedules
            .iter()
            .map(|one| one["cron"].as_str().unwrap())
            .collect()
    }

    async fn put(app: &TestApp, crons: &[&str]) -> Answer {
        let crons: Vec<_> = crons.iter().map(|cron| json!({ "cron": cron })).collect();
        app.request(Method::PUT, &path(), Some(json!(crons))).await
    }

    #[tokio::test]
    async fn they_are_replaced_as_a_whole_and_told_to_the_edge() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let none = app.request(Method::GET, &path(), None).await;
        assert_eq!(result(&none), &json!({ "schedules": [] }));
        let first = put(&app, &["*/5 * * * *", "0 9 * * MON-FRI"]).await;
        assert_eq!(texts(result(&first)), ["*/5 * * * *", "0 9 * * MON-FRI"]);
        let second = put(&app, &["0 9 L * *", "*/5 * * * *"]).await;
        let found = app.request(Method::GET, &path(), None).await;
        assert_eq!(result(&found), result(&second));
        assert_eq!(texts(result(&found)), ["0 9 L * *", "*/5 * * * *"]);
        // What stays is as old as it is.
        let created =
            |answer: &Value, place: usize| answer["schedules"][place]["created_on"].clone();
        assert_eq!(created(result(&second), 1), created(result(&first), 0));
        let record = app.record_of("w").await.unwrap();
        let crons: Vec<_> = record.crons.iter().map(ToString::to_string).collect();
        assert_eq!(crons, ["0 9 L * *", "*/5 * * * *"]);
        // Another upload, other settings: they stay.
        app.upload("w", json!([])).await;
        let settings = json!({ "logpush": true });
        let patched = format!("{SCRIPTS}/w/script-settings");
        result(&app.request(Method::PATCH, &patched, Some(settings)).await);
        let found = app.request(Method::GET, &path(), None).await;
        assert_eq!(texts(result(&found)).len(), 2);
        let none = put(&app, &[]).await;
        assert_eq!(result(&none), &json!({ "schedules": [] }));
        assert!(app.record_of("w").await.unwrap().crons.is_empty());
    }

    #[tokio::test]
    async fn the_next_worker_of_the_name_has_none() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        result(&put(&app, &["* * * * *"]).await);
        let script = format!("{SCRIPTS}/w");
        result(&app.request(Method::DELETE, &script, None).await);
        let gone = app.request(Method::GET, &path(), None).await;
        assert!(failure(&gone).1[0].starts_with("10007 "));
        app.upload("w", json!([])).await;
        let found = app.request(Method::GET, &path(), None).await;
        assert_eq!(result(&found), &json!({ "schedules": [] }));
    }

    #[tokio::test]
    async fn what_is_no_schedule_is_refused_with_what_would_be_one() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        result(&put(&app, &["* * * * *"]).await);
        let answer = put(&app, &["* * * *", "0 0 * * *", "61 * * * *", "0 0 * * *"]).await;
        let (status, errors) = failure(&answer);
        assert_eq!(status, 400);
        let words = ["five fields", "0 to 59", "twice"];
        assert_eq!(errors.len(), words.len());
        for (error, word) in errors.iter().zip(words) {
            assert!(
                error.starts_with("10100 ") && error.contains(word),
                "{error}"
            );
        }
        let pointers: Vec<_> = (0..3)
            .map(|place| &answer.2["errors"][place]["source"]["pointer"])
            .collect();
        assert_eq!(pointers, ["/0/cron", "/2/cron", "/3/cron"]);

        let many: Vec<_> = (0..=MAX_CRONS_PER_WORKER)
            .map(|number| format!("{} {} * * *", number % 60, number / 60))
            .collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let (status, errors) = failure(&put(&app, &many).await);
        assert_eq!((status, &errors[0][..6]), (400, "10072 "));
        for body in [
            json!({}),
            json!([{}]),
            json!([{ "cron": 1 }]),
            json!(["* * * * *"]),
        ] {
            let answer = app.request(Method::PUT, &path(), Some(body)).await;
            assert_eq!(failure(&answer).0, 400);
        }
        let found = app.request(Method::GET, &path(), None).await;
        assert_eq!(texts(result(&found)), ["* * * * *"]);
        let missing = format!("{SCRIPTS}/nope/schedules");
        for (method, body) in [(Method::GET, None), (Method::PUT, Some(json!([])))] {
            let answer = app.request(method, &missing, body).await;
            assert!(failure(&answer).1[0].starts_with("10007 "));
        }
    }
}
