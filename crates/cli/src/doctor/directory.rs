//! The data directory: whose it is, who else can reach it, and whether there is room.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use coffer_crypto::RootKey;
use coffer_server::operator_socket_path;

use super::finding::Finding;
use crate::config::Config;
use crate::installation::root_key_path;

/// Below this, writes may fail soon.
const LITTLE_SPACE_MIB: u64 = 1024;
/// Below this, they fail.
const NO_SPACE_MIB: u64 = 64;

/// Looks at the directory, the root key and the socket.
pub(super) fn look(config: &Config) -> Vec<Finding> {
    let directory = &config.data;
    let metadata = match std::fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return vec![Finding::fail(
                "data directory",
                format!("{} is no directory", directory.display()),
                "name another with --data",
            )];
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![Finding::warn(
                "data directory",
                format!("{} is not there", directory.display()),
                "`coffer serve` or `coffer init` makes it; if it should be there, name it with --data",
            )];
        }
        Err(error) => {
            return vec![Finding::fail(
                "data directory",
                format!("{}: {error}", directory.display()),
                "run the command as the user that runs the server, or as root",
            )];
        }
    };
    let mut findings = vec![permissions(directory, &metadata)];
    findings.extend(root_key(config));
    findings.extend(socket(directory));
    findings.push(space(directory));
    findings
}

fn permissions(directory: &Path, metadata: &Metadata) -> Finding {
    let check = "data directory";
    let shown = directory.display();
    let (owner, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != own && own != 0 {
        return Finding::fail(
            check,
            format!("{shown} belongs to the user {owner}, this is {own}"),
            "run the command as the user that runs the server, or as root",
        );
    }
    match metadata.mode() & 0o777 {
        mode if mode & 0o077 != 0 => Finding::fail(
            check,
            format!("others can reach {shown} (mode {mode:03o})"),
            format!("chmod 700 {shown}"),
        ),
        _ => Finding::ok(check, format!("{shown}, for its owner alone")),
    }
}

fn root_key(config: &Config) -> Option<Finding> {
    let path = root_key_path(config);
    if !path.exists() && !coffer_engine::Installation::exists(&config.data) {
        return None;
    }
    Some(match RootKey::load(&path) {
        Ok(_) => Finding::ok("root key", path.display().to_string()),
        Err(error) => Finding::fail(
            "root key",
            error.to_string(),
            "do what it says; if the file is lost, put the copy that you keep in its place, mode 0400",
        ),
    })
}

fn socket(directory: &Path) -> Option<Finding> {
    let path = operator_socket_path(directory);
    let metadata = std::fs::metadata(&path).ok()?;
    let mode = metadata.mode() & 0o777;
    Some(if mode & 0o077 == 0 {
        Finding::ok("operator's socket", "for its owner alone")
    } else {
        Finding::warn(
            "operator's socket",
            format!("others can reach {} (mode {mode:03o})", path.display()),
            format!("chmod 600 {}", path.display()),
        )
    })
}

fn space(directory: &Path) -> Finding {
    let check = "disk space";
    let free = match rustix::fs::statvfs(directory) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024),
        Err(error) => {
            return Finding::warn(check, error.to_string(), "look at the disk by other means");
        }
    };
    let found = format!("{free} MiB free");
    match free {
        free if free < NO_SPACE_MIB => {
            Finding::fail(check, found, "make room: without it nothing can be written")
        }
        free if free < LITTLE_SPACE_MIB => Finding::warn(check, found, "make room soon"),
        _ => Finding::ok(check, found),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::doctor::finding::Outcome;

    #[test]
    fn a_directory_that_others_reach_is_told_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, expected) in [
            (0o700, Outcome::Ok),
            (0o755, Outcome::Fail),
            (0o770, Outcome::Fail),
        ] {
            std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(mode)).unwrap();
            let metadata = std::fs::metadata(directory.path()).unwrap();
            let finding = permissions(directory.path(), &metadata);
            assert_eq!(finding.outcome, expected, "{mode:o}");
            if expected == Outcome::Fail {
                assert!(finding.advice.unwrap().starts_with("chmod 700 "));
            }
        }
    }
}
