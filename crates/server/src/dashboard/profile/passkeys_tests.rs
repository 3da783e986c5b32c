use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use coffer_crypto::{OneTimeSecret, PasswordHasher, SystemRandom};
use coffer_engine::{AttemptLimits, Engine, Installation};
use coffer_testkit::wait;
use coffer_types::limits::PASSKEYS_PER_USER;
use coffer_types::{Clock, Role};
use serde_json::Value;

use crate::testing::TestApp;
use crate::testing::authenticator::{
    Algorithm, Authenticator, Fields, PRESENT, SYNCED, VERIFIED, options_in,
};
use crate::testing::browser::{Browser, Page};

const ADD: &str = "/profile/passkeys/add";
const CREATE: &str = "/profile/passkeys/create";
const SIGN_IN: &str = "/sign-in/passkey";
const MEMBERS_PASSWORD: &str = "correct horse battery";

/// Sends a form with the token that this page has.
async fn send(browser: &Browser<'_>, page: &Page, path: &str, fields: &Fields) -> Page {
    let token = page.between("name=\"form_token\" value=\"", "\"");
    let fields = fields.iter();
    let fields = fields.map(|(name, value)| (*name, value.as_str()));
    let fields: Vec<_> = [("form_token", token)].into_iter().chain(fields).collect();
    browser.send(path, &fields).await
}

/// The page that has the browser make a passkey.
async fn begun(browser: &Browser<'_>, name: &str, password: &str) -> Page {
    let fields = [("name", name), ("password", password)];
    let page = browser.submit(ADD, &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(!page.html.contains(password));
    page
}

/// Makes a passkey and sends it.
async fn add(
    browser: &Browser<'_>,
    name: &str,
    password: &str,
    device: &mut Authenticator,
) -> Page {
    let page = begun(browser, name, password).await;
    let mut fields = device.create(&options_in(&page));
    fields.push(("name", name.to_owned()));
    send(browser, &page, CREATE, &fields).await
}

/// The administrator's browser, and a device with a passkey of the administrator.
async fn with_passkey(app: &TestApp, algorithm: Algorithm) -> (Browser<'_>, Authenticator) {
    let browser = Browser::of_administrator(app).await;
    let mut device = Authenticator::new(algorithm);
    device.sign_count = 1;
    let password = app.first.password.expose_secret();
    let page = add(&browser, "Laptop", password, &mut device).await;
    assert_eq!(
        page.location(),
        "/profile?done=passkey-added",
        "{}",
        page.html
    );
    (browser, device)
}

/// What the page for signing in asks for now.
async fn asked(app: &TestApp) -> Value {
    options_in(&Browser::new(app).open("/sign-in?to=/profile").await)
}

async fn answer(app: &TestApp, fields: &Fields) -> Page {
    let fields = fields.iter();
    let fields = fields.map(|(name, value)| (*name, value.as_str()));
    let fields: Vec<_> = fields.chain([("to", "/profile")]).collect();
    Browser::new(app).send(SIGN_IN, &fields).await
}

async fn sign_in(app: &TestApp, device: &Authenticator) -> Page {
    answer(app, &device.sign(&asked(app).await)).await
}

fn assert_refused(page: &Page, why: &str) {
    assert_eq!(
        page.status,
        StatusCode::UNAUTHORIZED,
        "{why}: {}",
        page.html
    );
    assert!(!page.headers.contains_key(header::SET_COOKIE), "{why}");
    assert!(page.html.contains("id=\"problem\""), "{why}");
}

/// Waits for an event about a refused sign-in: such are written behind their answers.
async fn refusal(app: &TestApp, reason: &str) {
    let found = wait::until(reason, async || {
        let events = app.audit_events().await;
        let reasons = events.iter().map(|event| event.details["reason"].as_str());
        let reasons: Vec<_> = reasons.flatten().map(ToOwned::to_owned).collect();
        let found = reasons.iter().any(|one| one.contains(reason));
        if found {
            Ok(())
        } else {
            Err(reasons.join(", "))
        }
    });
    found.await.unwrap();
}

#[tokio::test]
async fn a_passkey_of_each_algorithm_signs_in() {
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519, Algorithm::Rs256] {
        let app = TestApp::new().await;
        let (owner, mut device) = with_passkey(&app, algorithm).await;
        let page = owner.open("/profile").await;
        assert!(page.html.contains("Laptop") && page.html.contains("one device"));
        assert!(page.html.contains(">never<"));
        let mut sessions = Vec::new();
        for count in 2..4 {
            device.sign_count = count;
            let page = sign_in(&app, &device).await;
            assert_eq!(page.location(), "/profile", "{algorithm:?}: {}", page.html);
            sessions.push(page.headers[header::SET_COOKIE].clone());
        }
        assert_ne!(sessions[0], sessions[1]);
        let mut browser = Browser::new(&app);
        let cookie = sessions[0].to_str().unwrap();
        browser.keep(cookie.split(';').next().unwrap());
        let page = browser.open("/profile").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.html.contains(">never<"));
        let events = app.audit_events().await;
        let signed_in = events
            .iter()
            .filter(|event| event.details["passkey"]["name"] == "Laptop");
        assert_eq!(signed_in.count(), 2);
        // Another device's signature is none of this passkey's.
        let mut other = Authenticator::new(algorithm);
        other.credential_id.clone_from(&device.credential_id);
        other.user_handle.clone_from(&device.user_handle);
        other.sign_count = 9;
        assert_refused(&sign_in(&app, &other).await, "another key");
        refusal(&app, "wrong signature").await;
    }
}

#[tokio::test]
async fn what_is_not_wholly_right_signs_nobody_in() {
    let app = TestApp::new().await;
    let (_, mut device) = with_passkey(&app, Algorithm::Es256).await;
    device.sign_count = 2;
    for origin in [
        "https://localhost:7070",
        "http://localhost",
        "http://evil.example",
    ] {
        let right = std::mem::replace(&mut device.origin, origin.to_owned());
        assert_refused(&sign_in(&app, &device).await, origin);
        device.origin = right;
    }
    device.relying_party = Some("evil.example");
    assert_refused(&sign_in(&app, &device).await, "another site's");
    refusal(&app, "for another site").await;
    device.relying_party = None;
    device.kind = Some("webauthn.create");
    assert_refused(&sign_in(&app, &device).await, "a registration");
    device.kind = None;
    for flags in [0, PRESENT, VERIFIED] {
        device.flags = flags;
        let page = sign_in(&app, &device).await;
        assert_refused(&page, "not verified");
        assert!(page.html.contains("did not find out who you are"));
    }
    refusal(&app, "the user was not verified").await;
    device.flags = PRESENT | VERIFIED | SYNCED;
    assert_refused(&sign_in(&app, &device).await, "synced all at once");
    device.flags = PRESENT | VERIFIED;
    let handle = std::mem::replace(&mut device.user_handle, vec![7; 16]);
    assert_refused(&sign_in(&app, &device).await, "another user's");
    device.user_handle = Vec::new();
    assert_refused(&sign_in(&app, &device).await, "nobody's");
    device.user_handle = handle;
    let id = std::mem::replace(&mut device.credential_id, vec![7; 32]);
    assert_refused(&sign_in(&app, &device).await, "an unknown passkey");
    device.credential_id = id;
    // Every field is needed, and none may be something else.
    let whole = device.sign(&asked(&app).await);
    for index in 0..whole.len() {
        for other in ["", "AAAA", "not base64!", &"A".repeat(6000)] {
            let mut fields = whole.clone();
            fields[index].1 = other.to_owned();
            assert_refused(&answer(&app, &fields).await, fields[index].0);
        }
    }
    assert_eq!(answer(&app, &whole).await.location(), "/profile");
}

#[tokio::test]
async fn a_challenge_counts_once_and_not_for_long() {
    let app = TestApp::new().await;
    let (owner, mut device) = with_passkey(&app, Algorithm::Ed25519).await;
    device.sign_count = 2;
    let options = asked(&app).await;
    let first = device.sign(&options);
    assert_eq!(answer(&app, &first).await.location(), "/profile");
    assert_refused(&answer(&app, &first).await, "the same again");
    device.sign_count = 3;
    assert_refused(
        &answer(&app, &device.sign(&options)).await,
        "a new signature of it",
    );
    refusal(&app, "answered before").await;

    let options = asked(&app).await;
    let text = options["challenge"].as_str().unwrap();
    for other in [
        "",
        "AAAA",
        &text[..text.len() - 2],
        &format!("AAAA{}", &text[4..]),
    ] {
        let mut options = options.clone();
        options["challenge"] = other.into();
        assert_refused(&answer(&app, &device.sign(&options)).await, other);
    }
    // One that was for adding a passkey.
    let page = begun(&owner, "Phone", app.first.password.expose_secret()).await;
    let mut elsewhere = options.clone();
    elsewhere["challenge"] = options_in(&page)["challenge"].clone();
    assert_refused(&answer(&app, &device.sign(&elsewhere)).await, "for adding");
    app.clock.advance_seconds(5 * 60);
    let late = answer(&app, &device.sign(&options)).await;
    assert_refused(&late, "late");
    assert!(late.html.contains("took too long"));
}

#[tokio::test]
async fn a_start_of_the_server_ends_what_was_under_way() {
    let mut app = TestApp::new().await;
    let mut device = with_passkey(&app, Algorithm::Es256).await.1;
    device.sign_count = 2;
    let signed = device.sign(&asked(&app).await);
    let installation = Installation::of_parts(
        app.store.clone(),
        Arc::clone(&app.keyring),
        app.clock.clone(),
        Arc::new(SystemRandom),
    );
    app.router = TestApp::router_over(Engine::new(
        installation,
        app.start_check.clone(),
        AttemptLimits::default(),
        PasswordHasher::fast_for_tests(2),
    ));
    assert_refused(&answer(&app, &signed).await, "asked before the start");
    assert_eq!(sign_in(&app, &device).await.location(), "/profile");
}

#[tokio::test]
async fn a_copy_that_counts_less_is_refused() {
    let app = TestApp::new().await;
    let (_, mut device) = with_passkey(&app, Algorithm::Es256).await;
    device.sign_count = 10;
    assert_eq!(sign_in(&app, &device).await.location(), "/profile");
    for copy in [10, 9, 0] {
        device.sign_count = copy;
        let page = sign_in(&app, &device).await;
        assert_refused(&page, "a copy");
        assert!(page.html.contains("copy of it may be in use"));
    }
    refusal(&app, "the signature counter went back").await;
    device.sign_count = 11;
    assert_eq!(sign_in(&app, &device).await.location(), "/profile");

    // A device that does not count may go on not to.
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let mut device = Authenticator::new(Algorithm::Es256);
    device.flags |= SYNCED;
    let password = app.first.password.expose_secret();
    add(&owner, "Phone", password, &mut device).await;
    assert!(owner.open("/profile").await.html.contains("your devices"));
    for _ in 0..2 {
        assert_eq!(sign_in(&app, &device).await.location(), "/profile");
    }
}

#[tokio::test]
async fn only_what_this_session_asked_for_is_added() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let other = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let password = app.first.password.expose_secret();
    for (name, password, told) in [
        ("Laptop", "wrong", "password-problem"),
        ("Laptop", "", "password-problem"),
        ("", password, "name-hint\" role=\"alert\""),
        (&"x".repeat(61), password, "at most 60 characters"),
    ] {
        let page = owner
            .submit(ADD, &[("name", name), ("password", password)])
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.html.contains(told), "{}", page.html);
        assert!(page.html.contains(&format!("value=\"{name}\"")));
    }
    let page = begun(&owner, "Laptop", password).await;
    let options = options_in(&page);
    let create = async |browser: &Browser<'_>, page: &Page, device: &mut Authenticator| {
        let mut fields = device.create(&options);
        fields.push(("name", "Laptop".to_owned()));
        send(browser, page, CREATE, &fields).await
    };
    let refused = |page: &Page, told: &str| {
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
    };
    let mut device = Authenticator::new(Algorithm::Es256);
    device.origin = "http://evil.example".to_owned();
    refused(
        &create(&owner, &page, &mut device).await,
        "for another address",
    );
    let mut device = Authenticator::new(Algorithm::Es256);
    device.relying_party = Some("evil.example");
    refused(
        &create(&owner, &page, &mut device).await,
        "for another address",
    );
    device.relying_party = None;
    device.flags = PRESENT;
    refused(
        &create(&owner, &page, &mut device).await,
        "did not find out who you are",
    );
    device.flags |= VERIFIED;
    device.kind = Some("webauthn.get");
    refused(
        &create(&owner, &page, &mut device).await,
        "not what a browser sends",
    );
    device.kind = None;
    // Another session of the same user, and another user, asked for nothing.
    let second = Browser::of_administrator(&app).await;
    for browser in [&second, &other] {
        let page = browser.open("/profile/name").await;
        refused(&create(browser, &page, &mut device).await, "took too long");
    }
    assert_eq!(
        create(&owner, &page, &mut device).await.location(),
        "/profile?done=passkey-added"
    );
    refused(
        &create(&owner, &page, &mut Authenticator::new(Algorithm::Es256)).await,
        "sent twice",
    );
    // The same credential, as another user's.
    let page = add(&other, "Theirs", MEMBERS_PASSWORD, &mut device).await;
    refused(&page, "in use here already");
    // What a browser is told of the passkeys that there are.
    let again = options_in(&begun(&owner, "Again", password).await);
    assert_eq!(again["excludeCredentials"].as_array().unwrap().len(), 1);
    for _ in 1..PASSKEYS_PER_USER {
        let mut device = Authenticator::new(Algorithm::Ed25519);
        assert_eq!(
            add(&owner, "More", password, &mut device).await.status,
            StatusCode::SEE_OTHER
        );
    }
    let page = owner
        .submit(ADD, &[("name", "Full"), ("password", password)])
        .await;
    refused(&page, "At most 20 passkeys");
}

#[tokio::test]
async fn whoever_has_a_second_factor_adds_with_a_code_and_signs_in_without() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let password = app.first.password.expose_secret();
    let page = owner
        .submit("/profile/second-factor/set-up", &[("password", password)])
        .await;
    let secret = OneTimeSecret::of_base32(page.between("secret=", "&")).unwrap();
    let code = || {
        app.clock.advance_seconds(30);
        secret.code_at(app.clock.now())
    };
    let confirm = "/profile/second-factor/confirm";
    send(&owner, &page, confirm, &vec![("code", code())]).await;
    for wrong in ["", "000"] {
        let fields = [("name", "Laptop"), ("password", password), ("code", wrong)];
        let page = owner.submit(ADD, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(
            page.html
                .contains("This is no code of your authenticator app")
        );
    }
    let right = code();
    let fields = [("name", "Laptop"), ("password", password), ("code", &right)];
    let page = owner.submit(ADD, &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    let again = owner.submit(ADD, &fields).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "a code counts once");
    let mut device = Authenticator::new(Algorithm::Es256);
    let mut made = device.create(&options_in(&page));
    made.push(("name", "Laptop".to_owned()));
    send(&owner, &page, CREATE, &made).await;
    assert_eq!(sign_in(&app, &device).await.location(), "/profile");
}

#[tokio::test]
async fn it_is_renamed_and_removed_by_its_owner_alone() {
    let app = TestApp::new().await;
    let (owner, mut device) = with_passkey(&app, Algorithm::Es256).await;
    let other = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let page = owner.open("/profile").await;
    let id = page
        .between("/profile/passkeys/", "/name")
        .rsplit('/')
        .next()
        .unwrap();
    let (name, remove) = (
        format!("/profile/passkeys/{id}/name"),
        format!("/profile/passkeys/{id}/remove"),
    );
    for path in [name.as_str(), &remove, "/profile/passkeys/none/name"] {
        assert_eq!(
            other.open(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        let page = other.open("/profile/name").await;
        let fields = vec![("name", "Mine".to_owned())];
        let page = send(&other, &page, path, &fields).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = owner.submit(&name, &[("name", "a\u{7}b")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let hostile = "<script>alert(1)</script>\"";
    let page = owner.submit(&name, &[("name", hostile)]).await;
    assert_eq!(page.location(), "/profile?done=profile-saved");
    for path in ["/profile", &name, &remove] {
        let page = owner.open(path).await;
        assert!(
            !page.html.contains("<script>alert") && page.html.contains("alert(1)"),
            "{path}"
        );
    }
    let page = owner.submit(&remove, &[]).await;
    assert_eq!(page.location(), "/profile?done=passkey-removed");
    device.sign_count = 2;
    let page = sign_in(&app, &device).await;
    assert_refused(&page, "removed");
    assert!(page.html.contains("may have been removed"));
    let events = app.audit_events().await;
    for step in ["begun", "added", "renamed", "removed"] {
        assert!(
            events.iter().any(|event| event.details["passkey"] == step),
            "{step}"
        );
    }
    assert_eq!(
        owner.submit(&remove, &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn wrong_answers_count_as_wrong_passwords_of_the_address() {
    let app = TestApp::new().await;
    let peer = |last: u8| ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, last], 4711)));
    let ask = async |last: u8, body: &str| {
        let request = Request::post(SIGN_IN)
            .extension(peer(last))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let page = Browser::new(&app)
            .ask(request, Body::from(body.to_owned()))
            .await;
        page.status
    };
    let mut tries = 0;
    while ask(1, "signature=AAAA").await == StatusCode::UNAUTHORIZED {
        tries += 1;
        assert!(tries < 100);
    }
    assert_eq!(
        ask(1, "signature=AAAA").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(ask(2, "signature=AAAA").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn where_there_can_be_none_the_pages_say_so() {
    for (url, told) in [
        ("http://0.0.0.0:7070", "reached at an address without one"),
        ("http://coffer.example.com", "without encryption"),
    ] {
        let app = TestApp::reached_at(url).await;
        let page = Browser::new(&app).open("/sign-in").await;
        assert!(!page.html.contains("passkey"), "{}", page.html);
        let owner = Browser::of_administrator(&app).await;
        let page = owner.open("/profile").await;
        assert!(
            page.html.contains(told) && !page.html.contains(ADD),
            "{}",
            page.html
        );
        let page = owner.open(ADD).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.html.contains(told));
        let answered = Browser::new(&app)
            .send(SIGN_IN, &[("signature", "AAAA")])
            .await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND);
    }
}
