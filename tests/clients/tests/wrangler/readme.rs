//! The README's tour, pasted: every command of it runs, and the Worker answers what the text promises.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use coffer_testkit::Instance;

use crate::client::Wrangler;

#[tokio::test]
async fn the_tour_works_when_pasted() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let home = tempfile::tempdir().unwrap();
    let (tour, promised) = tour();
    assert!(
        tour.contains("wrangler deploy") && promised.len() == 3,
        "the README has its tour"
    );
    // What the reader's npx would do, with the Wrangler that is here.
    let npx = home.path().join("npx");
    std::fs::write(&npx, wrangler.as_npx()).unwrap();
    std::fs::set_permissions(&npx, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        home.path().display(),
        std::env::var_os("PATH").unwrap().display()
    );
    let port = format!(":{}/", instance.workers_port());
    let output = wrangler
        .shell(home.path())
        .env("PATH", path)
        .args(["-eu", "-c", &tour.replace(":7080/", &port)])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{printed}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut rest = printed.as_str();
    for answer in promised {
        let (_, after) = rest
            .split_once(&answer)
            .unwrap_or_else(|| panic!("{answer:?} is not next in {rest}"));
        rest = after;
    }
    assert!(
        instance
            .output()
            .contains("Secret \"STRIPE_KEY\" not found")
    );
}

/// The commands of the tour, and the answers that its text promises, in order.
fn tour() -> (String, Vec<String>) {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let mut commands = String::new();
    let mut promised = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match line {
            "```sh tour" => inside = true,
            "```" => inside = false,
            _ if inside => {
                commands.push_str(line);
                commands.push('\n');
            }
            _ => promised.extend(
                line.strip_prefix("It answers `")
                    .and_then(|rest| rest.strip_suffix("`."))
                    .map(str::to_owned),
            ),
        }
    }
    (commands, promised)
}
