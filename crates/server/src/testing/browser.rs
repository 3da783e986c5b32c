//! A browser without a script: it signs in, keeps the cookie, opens pages and sends their forms.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use coffer_types::Role;
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use tower::ServiceExt;

use super::members::{accept, invite, text_of};
use super::{TestApp, result};

/// The browser of one user.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
}

/// A page as it was answered.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    /// Where the answer leads on to.
    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The text between the first `begin` and the next `end`.
    pub(crate) fn between(&self, begin: &str, end: &str) -> &str {
        let (_, rest) = self.html.split_once(begin).expect(begin);
        rest.split_once(end).expect(end).0
    }
}

impl<'a> Browser<'a> {
    /// One that is not signed in.
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            cookie: String::new(),
        }
    }

    /// That of the first account's Super Administrator, signed in.
    pub(crate) async fn of_administrator(app: &'a TestApp) -> Self {
        let mut browser = Self::new(app);
        let password = app.first.password.expose_secret();
        let page = browser.sign_in("admin@example.com", password).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        browser
    }

    /// That of a new member of the first account with these roles, signed in.
    pub(crate) async fn of_member(app: &'a TestApp, roles: &[Role]) -> Self {
        const PASSWORD: &str = "correct horse battery";
        let email = format!("member-{}@example.com", app.audit_events().await.len());
        let roles: Vec<&str> = roles.iter().map(|role| role.id()).collect();
        let invitation = invite(app, json!({ "email": email, "roles": roles })).await;
        result(&accept(app, &text_of(&invitation), PASSWORD).await);
        let mut browser = Self::new(app);
        let page = browser.sign_in(&email, PASSWORD).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        browser
    }

    /// Fills in the page for signing in, and keeps the cookie.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Page {
        let fields = [("email", email), ("password", password), ("to", "/")];
        let page = self.send("/sign-in", &fields).await;
        if let Some(cookie) = page.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            cookie
                .split(';')
                .next()
                .unwrap()
                .clone_into(&mut self.cookie);
        }
        page
    }

    /// Keeps one more cookie, such as `name=value`.
    pub(crate) fn keep(&mut self, cookie: &str) {
        self.cookie = format!("{}; {cookie}", self.cookie);
    }

    /// Opens a page; `{account_id}` stands for the first account's id.
    pub(crate) async fn open(&self, path: &str) -> Page {
        self.ask(Request::get(self.path(path)), Body::empty()).await
    }

    /// Opens a page and sends its form with these fields.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.open(path).await;
        let token = page
            .between("name=\"form_token\" value=\"", "\"")
            .to_owned();
        let fields = [&[("form_token", token.as_str())], fields].concat();
        self.send(path, &fields).await
    }

    /// Sends a form with these fields and no others.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = fields.iter();
        let pairs = pairs.map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let request = Request::post(self.path(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.ask(request, Body::from(body)).await
    }

    fn path(&self, path: &str) -> String {
        path.replace("{account_id}", &self.app.first.account_id.to_string())
    }

    /// Sends a request with the cookie.
    pub(crate) async fn ask(&self, request: axum::http::request::Builder, body: Body) -> Page {
        let request = request.header(header::COOKIE, &self.cookie);
        let response = self.app.router.clone().oneshot(request.body(body).unwrap());
        let (parts, body) = response.await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Page {
            status: parts.status,
            headers: parts.headers,
            html: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}
