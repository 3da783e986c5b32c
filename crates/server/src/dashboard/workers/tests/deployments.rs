//! Dividing traffic among versions, and going back.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{WORKER, below};
use crate::testing::browser::Browser;
use crate::testing::{TestApp, result};

async fn split(app: &TestApp) -> Value {
    let path = "/accounts/{account_id}/workers/scripts/shop/deployments";
    let answer = app.request(Method::GET, path, None).await;
    result(&answer)["deployments"][0]["versions"].clone()
}

#[tokio::test]
async fn traffic_is_divided_gradually_and_sent_back() {
    let app = TestApp::new().await;
    let first = app.upload("shop", json!([])).await;
    let second = app.upload_version("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    // The form begins with the newest version, and the rest where all is now.
    let page = browser.open(&below("deploy")).await;
    assert!(
        page.between("name=\"version\"", "</select>")
            .contains(&format!("{second}\" selected"))
    );
    assert!(
        page.between("name=\"other\"", "</select>")
            .contains(&format!("{first}\" selected"))
    );
    let fields = [
        ("version", second.as_str()),
        ("percentage", "12.5"),
        ("other", &first),
        ("message", "try <b>it"),
    ];
    let page = browser.submit(&below("deploy"), &fields).await;
    assert!(
        page.location().ends_with("/deployments?done=deployed"),
        "{}",
        page.html
    );
    assert_eq!(
        split(&app).await,
        json!([{ "version_id": second, "percentage": 12.5 }, { "version_id": first, "percentage": 87.5 }])
    );
    let page = browser.open(page.location()).await;
    assert!(page.html.contains("12.5%") && page.html.contains("87.5%"));
    assert!(page.html.contains("try &#60;b&#62;it") && !page.html.contains("<b>"));
    assert!(browser.open(WORKER).await.html.contains("12.5%"));
    let list = browser.open(super::LIST).await;
    assert!(list.html.contains("v2 12.5% · v1 87.5%"), "{}", list.html);
    // Back to where it was, as the history links to it.
    let rollback = page.between("title=\"Roll back", "</tr>");
    assert!(!rollback.is_empty());
    let fields = [
        ("version", first.as_str()),
        ("percentage", "100"),
        ("rollback", "1"),
    ];
    let path = below(&format!("deploy?version={first}&rollback=1"));
    let page = browser.submit(&path, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(
        split(&app).await,
        json!([{ "version_id": first, "percentage": 100 }])
    );
}

#[tokio::test]
async fn a_share_that_is_none_is_told() {
    let app = TestApp::new().await;
    let first = app.upload("shop", json!([])).await;
    let second = app.upload_version("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    for (percentage, other, told) in [
        ("", "", "between 0.01 and 100"),
        ("0", "", "between 0.01 and 100"),
        ("NaN", "", "between 0.01 and 100"),
        ("12.345", "", "between 0.01 and 100"),
        ("10", "", "Choose the version that the rest"),
        ("10", second.as_str(), "A version must appear once"),
    ] {
        let fields = [
            ("version", second.as_str()),
            ("percentage", percentage),
            ("other", other),
        ];
        let page = browser.submit(&below("deploy"), &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{percentage}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
        // What was chosen is still chosen, nothing included.
        let typed = page.between("name=\"percentage\"", "required");
        assert!(
            typed.contains(&format!("value=\"{percentage}\"")),
            "{typed}"
        );
        for (name, chosen) in [("version", second.as_str()), ("other", other)] {
            let select = page.between(&format!("name=\"{name}\""), "</select>");
            let count = select.matches(" selected").count();
            assert_eq!(count, usize::from(!chosen.is_empty()), "{select}");
            assert!(chosen.is_empty() || select.contains(&format!("{chosen}\" selected")));
        }
    }
    let fields = [("version", "nonsense"), ("percentage", "100")];
    let page = browser.submit(&below("deploy"), &fields).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(
        split(&app).await,
        json!([{ "version_id": first, "percentage": 100 }])
    );
}

#[tokio::test]
async fn older_secrets_come_back_only_if_that_is_meant() {
    let app = TestApp::new().await;
    let first = app
        .upload(
            "shop",
            json!([{ "name": "T", "type": "secret_text", "text": "old" }]),
        )
        .await;
    result(&app.put_secret("shop", "T", "new").await);
    let browser = Browser::of_administrator(&app).await;
    let fields = [
        ("version", first.as_str()),
        ("percentage", "100"),
        ("rollback", "1"),
    ];
    let page = browser.submit(&below("deploy"), &fields).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.html.contains("brings back their older values")
            && page.html.contains("<code>T</code>")
    );
    assert_eq!(app.env("shop").await["T"], "new");
    let fields = [&fields[..], &[("force", "1")]].concat();
    let page = browser.submit(&below("deploy"), &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(app.env("shop").await["T"], "old");
}
