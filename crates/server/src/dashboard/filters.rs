//! What templates write in more than letters: icons, times, numbers.

#![allow(
    unreachable_pub,
    reason = "the attribute makes public types of functions that are not"
)]

use std::fmt;

use askama::filters::HtmlSafe;
use askama::{Result, Values};
use coffer_types::{Scope, Timestamp};

use super::assets::VERSION;

/// One of the icons in `icons.svg`, by name. It tells nothing that the text beside it does not.
#[derive(Clone, Copy)]
pub(super) struct Icon<'n>(&'n str);

impl fmt::Display for Icon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0;
        write!(
            f,
            "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"/assets/icons.svg?v={VERSION}#{name}\"/></svg>"
        )
    }
}

/// Names of icons are ours, never a client's.
impl HtmlSafe for Icon<'_> {}

/// The icon of this name, for HTML that no template makes.
pub(super) fn icon_named(name: &str) -> Icon<'_> {
    Icon(name)
}

/// `{{ "vault"|icon }}`
#[askama::filter_fn]
pub(super) fn icon<'n>(name: &'n str, _: &dyn Values) -> Result<Icon<'n>> {
    Ok(Icon(name))
}

/// A moment: to the minute in UTC, until a script writes it in the reader's zone.
#[derive(Clone, Copy)]
pub(super) struct Moment(Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.to_string();
        let (day, time) = exact.split_once('T').unwrap_or((&exact, ""));
        let minute = time.get(..5).unwrap_or_default();
        write!(f, "<time datetime=\"{exact}\">{day} {minute} UTC</time>")
    }
}

/// A time has digits and punctuation only.
impl HtmlSafe for Moment {}

/// `{{ secret.modified|moment }}`
#[askama::filter_fn]
pub(super) fn moment(at: &Timestamp, _: &dyn Values) -> Result<Moment> {
    Ok(Moment(*at))
}

/// `{{ scope|scope_label }}`: a permission scope as people read it.
#[askama::filter_fn]
pub(super) fn scope_label(
    scope: impl std::borrow::Borrow<Scope>,
    _: &dyn Values,
) -> Result<&'static str> {
    Ok(match scope.borrow() {
        Scope::Access => "Access",
        Scope::AiGateway => "AI Gateway",
        Scope::Containers => "Containers",
        Scope::Dex => "DEX",
        Scope::Websearch => "Web search",
        Scope::Workers => "Workers",
    })
}

/// `{{ total|count }}`: a number with a comma between thousands.
#[askama::filter_fn]
pub(super) fn count<N: fmt::Display>(number: N, _: &dyn Values) -> Result<String> {
    Ok(grouped(&number.to_string()))
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (digits, text) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("1234567", "1,234,567"),
        ] {
            assert_eq!(grouped(digits), text);
        }
    }

    #[test]
    fn a_moment_is_exact_for_programs_and_short_for_people() {
        let at = Timestamp::from_micros(1_763_776_698_854_321);
        assert_eq!(
            Moment(at).to_string(),
            "<time datetime=\"2025-11-22T01:58:18.854321Z\">2025-11-22 01:58 UTC</time>"
        );
    }
}
