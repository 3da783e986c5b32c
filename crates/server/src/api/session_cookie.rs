//! The cookie of a session.
//!
//! Its name begins with `__Host-`, so browsers take it only from this very host, for every path of it, over HTTPS
//! (or from `localhost`), and no other host can put one in its place.

use axum::http::{HeaderMap, HeaderValue, header};
use coffer_engine::TokenText;

/// The cookie's name.
const NAME: &str = "__Host-coffer_session";
/// What every such cookie is given along: sent to this host only, never by scripts' hands, never from other sites.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The text of the session cookie; `None` if there is none, or an empty one.
///
/// # Errors
/// A cookie that cannot hold one of our texts, or two of them.
pub(crate) fn session_text(headers: &HeaderMap) -> Option<Result<TokenText, NotOne>> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut texts = cookies
        .flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|cookie| {
            let value = cookie.trim_ascii().strip_prefix(NAME.as_bytes())?;
            value.strip_prefix(b"=").filter(|value| !value.is_empty())
        });
    let text = texts.next()?;
    if texts.next().is_some() {
        return Some(Err(NotOne));
    }
    let text = std::str::from_utf8(text).map_err(|_| NotOne);
    Some(text.and_then(|text| TokenText::parse(text).map_err(|_| NotOne)))
}

/// Cookies that are not those of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOne;

/// The header that gives a browser a session.
pub(crate) fn given(text: &TokenText) -> Option<HeaderValue> {
    let value = format!("{NAME}={}; {ATTRIBUTES}", text.expose_secret());
    let mut value = HeaderValue::try_from(zeroize::Zeroizing::new(value).as_str()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The header that takes it away.
pub(crate) fn taken_away() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-coffer_session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    )
}

#[cfg(test)]
mod tests {
    use coffer_crypto::{SystemRandom, TokenKind};

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_must_be_one() {
        let text = TokenText::generate(TokenKind::Session, &SystemRandom);
        let text = text.expose_secret();
        let found = |cookies: &[&str]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, cookie.parse().unwrap());
            }
            let found = session_text(&headers)?;
            Some(found.map(|found| found.expose_secret().to_owned()))
        };
        let ours = format!("{NAME}={text}");
        let right = Some(Ok(text.to_owned()));
        assert_eq!(found(&[&ours]), right);
        assert_eq!(found(&[&format!("a=b;{ours} ; c=\u{e9}")]), right);
        assert_eq!(found(&["a=b", &ours]), right);
        for none in [
            "",
            "a=b",
            NAME,
            &format!("{NAME}="),
            &format!("x{ours}"),
            &format!("{NAME}2=x"),
        ] {
            assert_eq!(found(&[none]), None, "{none}");
        }
        for wrong in [
            format!("{ours}; {ours}"),
            format!("{ours}x"),
            format!("{NAME}=\"{text}\""),
            format!("{NAME}=\u{e9}"),
        ] {
            assert_eq!(found(&[&wrong]), Some(Err(NotOne)), "{wrong}");
        }
        assert_eq!(found(&[&ours, &ours]), Some(Err(NotOne)));
    }

    #[test]
    fn it_is_given_and_taken_away_alike() {
        let text = TokenText::generate(TokenKind::Session, &SystemRandom);
        let value = given(&text).unwrap();
        assert!(value.is_sensitive());
        assert_eq!(
            value.to_str().unwrap(),
            format!("{NAME}={}; {ATTRIBUTES}", text.expose_secret())
        );
        assert_eq!(
            taken_away().to_str().unwrap(),
            format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")
        );
    }
}
