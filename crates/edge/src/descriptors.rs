//! File descriptors: how many there may be, and whether there are none left.
//!
//! Each client that a Worker answers takes two here and one in the Worker's process.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for each client connection: its own, one to the process, and its share of everything else.
const FOR_EACH_CONNECTION: u64 = 3;

/// Lets this process, and the runtimes that it starts from here on, have as many as the system allows. Programs begin
/// with far fewer, for the sake of old ones that cannot count further: commonly 1024, which 500 WebSockets use up.
///
/// # Errors
/// What the system answers.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// As many client connections as there are descriptors for.
pub(crate) fn affordable_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit / FOR_EACH_CONNECTION).unwrap_or(usize::MAX)
}

/// Whether something failed because there are none left, here or on the whole machine: it then says nothing of the
/// other side.
pub(crate) fn are_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Takes all descriptors that this process may still have, for tests of what happens then.
#[cfg(test)]
pub(crate) fn exhaust() -> Vec<std::fs::File> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let few = Rlimit {
        current: Some(256),
        maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let mut taken = Vec::new();
    loop {
        match std::fs::File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert!(are_exhausted(&error), "{error}");
                return taken;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let few = Rlimit {
            current: Some(300),
            maximum,
        };
        setrlimit(Resource::Nofile, few).unwrap();
        assert_eq!(affordable_connections(), 100);
        raise_descriptor_limit().unwrap();
        let now = getrlimit(Resource::Nofile);
        assert_eq!((now.current, now.maximum), (maximum, maximum));
        assert!(affordable_connections() > 100);
    }
}
