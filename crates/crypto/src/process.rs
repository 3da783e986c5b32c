//! What the process does for the secrets in its memory.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps this process's memory out of core dumps and from other processes of the same user: no dump is
/// written, no debugger attaches, and `/proc/<pid>` belongs to root. A child process is not covered: it
/// becomes dumpable again when it executes a program, but inherits the limit of zero.
///
/// # Errors
/// What the operating system answers.
pub fn harden() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_core_is_dumped_afterwards() {
        harden().unwrap();
        let limit = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
        // It may be called again.
        harden().unwrap();
    }
}
