use axum::http::{HeaderMap, Method};
use coffer_types::Role;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::testing::members::{MEMBERS, accept as accept_by_call, invite, invited, text_of};
use crate::testing::{TestApp, result};

const PASSWORD: &str = "correct+horse+battery";

struct Shown {
    status: u16,
    headers: HeaderMap,
    html: String,
}

async fn ask(app: &TestApp, request: Request<Body>) -> Shown {
    let response = app.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Shown {
        status: parts.status.as_u16(),
        headers: parts.headers,
        html: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn open(app: &TestApp, text: &str) -> Shown {
    let request = Request::get(format!("/invitations/{text}"));
    ask(app, request.body(Body::empty()).unwrap()).await
}

async fn submit(app: &TestApp, text: &str, form: &str) -> Shown {
    let request = Request::post(format!("/invitations/{text}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "null")
        .body(Body::from(form.to_owned()));
    ask(app, request.unwrap()).await
}

fn twice(password: &str) -> String {
    format!("email=x&password={password}&repeat={password}")
}

#[tokio::test]
async fn the_page_tells_who_invites_whom_to_what() {
    let app = TestApp::new().await;
    let rename = json!({ "name": "Acme <script>alert(1)</script> & Co" });
    result(
        &app.request(Method::PUT, "/accounts/{account_id}", Some(rename))
            .await,
    );
    let new = invited(&app, "new@example.com").await;
    let page = open(&app, &new.text).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for told in [
        "new@example.com",
        "<strong>admin@example.com</strong> invites you",
        "Acme &#60;script&#62;alert(1)&#60;/script&#62; &#38; Co",
        "method=\"post\">",
        "autocomplete=\"new-password\"",
        "2026-11-29",
    ] {
        assert!(page.html.contains(told), "{told} in {}", page.html);
    }
    assert!(
        !page.html.contains("<script>") && !page.html.contains(&new.text),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn every_page_keeps_its_address_to_itself_and_runs_only_our_file() {
    let app = TestApp::new().await;
    let new = invited(&app, "new@example.com").await;
    for page in [
        open(&app, &new.text).await,
        open(&app, "unknown").await,
        submit(&app, &new.text, "password=short&repeat=short").await,
        submit(&app, &new.text, &twice(PASSWORD)).await,
    ] {
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.headers[name], value);
        }
    }
    let style = Request::get("/assets/dashboard.css")
        .body(Body::empty())
        .unwrap();
    let style = ask(&app, style).await;
    assert_eq!(
        (style.status, &style.headers["content-type"]),
        (200, &"text/css; charset=utf-8".parse().unwrap())
    );
    assert!(style.html.contains("light-dark("));
}

#[tokio::test]
async fn looking_as_often_as_one_likes_uses_nothing_up() {
    let app = TestApp::new().await;
    let new = invited(&app, "new@example.com").await;
    let events = app.audit_events().await.len();
    for method in ["GET", "HEAD", "GET"] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/invitations/{}", new.text));
        assert_eq!(
            ask(&app, request.body(Body::empty()).unwrap()).await.status,
            200
        );
    }
    assert_eq!(app.audit_events().await.len(), events);
    let joined = submit(&app, &new.text, &twice(PASSWORD)).await;
    assert_eq!(joined.status, 200);
    assert!(joined.html.contains("You have joined"), "{}", joined.html);
    result(
        &app.sign_in_with("new@example.com", "correct horse battery")
            .await,
    );
    let member = app
        .request(Method::GET, &format!("{MEMBERS}/{}", new.id), None)
        .await;
    assert_eq!(result(&member)["status"], "accepted");
    // Its address is in the log without the text.
    let again = open(&app, &new.text).await;
    assert_eq!(again.status, 404);
    assert!(
        again.html.contains("This link does not work"),
        "{}",
        again.html
    );
    assert_eq!(submit(&app, &new.text, &twice(PASSWORD)).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field_and_no_password_comes_back() {
    let app = TestApp::new().await;
    let new = invited(&app, "somebody@example.com").await;
    let long = "y".repeat(300);
    for (form, at, told) in [
        ("", "password-problem", "Enter a password."),
        (
            "password=%ff&repeat=%ff",
            "password-problem",
            "Enter a password.",
        ),
        (
            "password=zzshort&repeat=zzshort",
            "password-problem",
            "Use at least 12 characters.",
        ),
        (
            &*twice(&long),
            "password-problem",
            "Use at most 256 characters.",
        ),
        (
            "password=somebody%40example.com&repeat=somebody%40example.com",
            "password-problem",
            "Use something else",
        ),
        (
            "password=zzlong+enough+one&repeat=zzlong+enough+two",
            "repeat-problem",
            "The two passwords differ.",
        ),
        (
            "password=zzlong+enough+one",
            "repeat-problem",
            "The two passwords differ.",
        ),
    ] {
        let page = submit(&app, &new.text, form).await;
        assert_eq!(page.status, 400, "{form}");
        let problem = format!("<p class=\"problem\" id=\"{at}\" role=\"alert\">{told}");
        assert!(page.html.contains(&problem), "{problem} in {}", page.html);
        assert!(
            page.html.contains(&format!("aria-describedby=\"{at}\"")),
            "{}",
            page.html
        );
        assert!(
            !page.html.contains("zz") && !page.html.contains("yyy"),
            "{}",
            page.html
        );
    }
    let huge = submit(&app, &new.text, &twice(&"z".repeat(10_000))).await;
    assert_eq!(huge.status, 413);
    assert_eq!(submit(&app, &new.text, &twice(PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn links_that_do_not_work_say_so() {
    let app = TestApp::new().await;
    let new = invited(&app, "new@example.com").await;
    for text in ["x", "cfi_", &new.text[..20], "%ff", "%00", "..%2f.."] {
        assert_eq!(open(&app, text).await.status, 404, "{text}");
    }
    app.clock.advance_seconds(7 * 24 * 3600);
    for page in [
        open(&app, &new.text).await,
        submit(&app, &new.text, &twice(PASSWORD)).await,
    ] {
        assert_eq!(page.status, 410);
        assert!(
            page.html.contains("The invitation has expired"),
            "{}",
            page.html
        );
    }
}

#[tokio::test]
async fn whoever_has_a_password_is_asked_for_it_once() {
    let app = TestApp::new().await;
    let first = invited(&app, "new@example.com").await;
    result(&accept_by_call(&app, &first.text, "correct horse battery").await);
    result(
        &app.request(Method::DELETE, &format!("{MEMBERS}/{}", first.id), None)
            .await,
    );
    let body = json!({ "email": "new@example.com", "roles": [Role::WorkersReadOnly.id()] });
    let text = text_of(&invite(&app, body).await);
    let page = open(&app, &text).await;
    assert!(
        page.html.contains("autocomplete=\"current-password\""),
        "{}",
        page.html
    );
    assert!(!page.html.contains("Password again"), "{}", page.html);
    let wrong = submit(&app, &text, "password=something+else+entirely").await;
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.html.contains("This is not your password."),
        "{}",
        wrong.html
    );
    assert_eq!(
        submit(&app, &text, &format!("password={PASSWORD}"))
            .await
            .status,
        200
    );
}
