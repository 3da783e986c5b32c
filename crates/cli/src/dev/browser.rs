//! Opening an address in the browser.

use std::process::Stdio;

use tokio::process::Command;

use crate::output;

/// Opens an address with what the desktop opens addresses with; says it where there is none.
pub(super) fn open(url: &str) {
    let program = crate::environment::first(&["BROWSER"]).unwrap_or_else(|| "xdg-open".to_owned());
    let started = Command::new(&program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        output::warning(format_args!(
            "{program} cannot be run ({error}): open {url} yourself"
        ));
    }
}
