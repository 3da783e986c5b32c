//! Processes and their signals, as the kernel shows them.

use std::fs;
use std::io;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Sends a signal to one process.
///
/// # Errors
/// The kernel's: the process is gone, or belongs to somebody else.
pub fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    Ok(kill_process(as_pid(pid)?, signal)?)
}

/// Sends a signal to a whole process group.
///
/// # Errors
/// As [`signal`].
pub fn signal_group(leader: u32, signal: Signal) -> io::Result<()> {
    Ok(kill_process_group(as_pid(leader)?, signal)?)
}

/// The process and all its descendants that are there now.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn tree(root: u32) -> io::Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat"))
            && let Some(parent) = parent_in(&stat)
        {
            parents.push((pid, parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == pid)
                .map(|(child, _)| child),
        );
        next += 1;
    }
    Ok(found)
}

/// The fourth field of `/proc/<pid>/stat`; the second, in parentheses, may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

fn as_pid(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_in_the_tree_until_it_is_killed() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let here = std::process::id();
        assert!(tree(here).unwrap().contains(&child.id()));
        signal(child.id(), Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(!tree(here).unwrap().contains(&child.id()));
    }

    #[test]
    fn the_parent_is_found_behind_a_strange_name() {
        assert_eq!(parent_in("12 (a) b (c) S 7 12 12"), Some(7));
        assert_eq!(parent_in("12"), None);
    }
}
