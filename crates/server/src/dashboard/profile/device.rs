//! What a browser says of itself, in words.

/// Names of browsers by what tells them apart. Most claim to be others too, so the particular come first.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// Characters that are shown of a client that is none of these.
const MAX_CHARS: usize = 40;

/// A client as people know it, such as `Firefox on Linux`.
pub(super) fn device(user_agent: Option<&str>) -> String {
    let Some(user_agent) = user_agent else {
        return "Unknown client".to_owned();
    };
    let named = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(part, _)| user_agent.contains(part));
        found.map(|(_, name)| *name)
    };
    match (named(BROWSERS), named(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => user_agent.chars().take(MAX_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_named_as_people_know_them() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
                    Safari/537.36 Edg/142.0.0.0";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.0 Mobile/15E148 Safari/604.1";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        for (agent, name) in [
            (Some(edge), "Edge on Windows"),
            (Some(safari), "Safari on iPhone"),
            (Some(firefox), "Firefox on Linux"),
            (Some("curl/8.5.0"), "curl"),
            (Some("something else"), "something else"),
            (None, "Unknown client"),
        ] {
            assert_eq!(device(agent), name);
        }
        assert_eq!(device(Some(&"é".repeat(200))).chars().count(), MAX_CHARS);
    }
}
