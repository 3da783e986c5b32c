//! Opening the page in the browser, where there is one.

use std::process::Stdio;

use tokio::process::Command;

use crate::environment;

/// Opens an address if a browser would show it here; `false` if the user has to do it.
pub(super) fn open(address: &str) -> bool {
    // Over SSH the browser is where the user is, and a server has no screen.
    let is_far = environment::first(&["SSH_CONNECTION", "SSH_TTY"]).is_some();
    let has_screen = cfg!(target_os = "macos")
        || environment::first(&["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"]).is_some();
    // What the server told is opened only if it is a page.
    let is_page = address.starts_with("https://") || address.starts_with("http://");
    if is_far || !has_screen || !is_page {
        return false;
    }
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let program = environment::first(&["BROWSER"]).unwrap_or_else(|| opener.to_owned());
    Command::new(program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}
