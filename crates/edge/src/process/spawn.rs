//! Spawning: the one module with unsafe code.
//!
//! Between fork and exec the child gets its three descriptors, dies with its parent, can gain no privileges,
//! leaves no core file and closes every other descriptor.

#![allow(
    unsafe_code,
    reason = "what a child does between fork and exec has no safe interface; everything called there is async-signal-safe"
)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Where the child finds the pipe on which it reports that it listens.
pub(super) const CONTROL_FD: RawFd = 3;
/// Where the child finds the listener of requests.
pub(super) const HTTP_FD: RawFd = 4;
/// Where the child finds the listener of heartbeats.
pub(super) const HEARTBEAT_FD: RawFd = 5;
/// The first descriptor that the child does not inherit.
const FIRST_CLOSED_FD: libc::c_uint = 6;
/// Descriptors are first copied above this, so that none is overwritten before it is in place.
const PARKING_FD: libc::c_int = 100;

/// What the child is given, beside its standard streams.
pub(super) struct Descriptors {
    pub(super) control: OwnedFd,
    pub(super) http: OwnedFd,
    pub(super) heartbeat: OwnedFd,
}

/// Spawns every process from one thread that lives as long as this value.
///
/// A child is killed when the thread that spawned it ends, not when the process does; threads of a runtime
/// may end early, this one does not.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    command: Command,
    descriptors: Descriptors,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("coffer-spawner".to_owned())
            .spawn(move || {
                while let Ok(mut job) = queue.recv() {
                    let _runtime = job.runtime.enter();
                    let spawned = job.command.spawn();
                    // The parent's copies are closed before anyone hears of the child: a listener without
                    // a process must refuse.
                    drop(job.descriptors);
                    // Nobody waits any more: the child is killed by being dropped.
                    let _ = job.answer.send(spawned);
                }
            })?;
        Ok(Self { jobs })
    }

    /// Runs the program with these arguments, an empty environment and piped standard streams.
    pub(super) async fn spawn(
        &self,
        program: &Path,
        arguments: &[String],
        directory: &Path,
        descriptors: Descriptors,
        data_bytes: u64,
    ) -> io::Result<Child> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            // The one variable, and the same for all: it leaves restartable sequences to workerd's allocator,
            // which then keeps memory by core. See docs/decisions/0004.
            .env("GLIBC_TUNABLES", "glibc.pthread.rseq=0")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        prepare(&mut command, &descriptors, data_bytes);
        let (answer, spawned) = oneshot::channel();
        let job = Job {
            command,
            descriptors,
            runtime: Handle::current(),
            answer,
        };
        let ended = || io::Error::other("the spawning thread has ended");
        self.jobs.send(job).map_err(|_| ended())?;
        spawned.await.map_err(|_| ended())?
    }
}

fn prepare(command: &mut Command, descriptors: &Descriptors, data_bytes: u64) {
    let sources = [
        (descriptors.control.as_raw_fd(), CONTROL_FD),
        (descriptors.http.as_raw_fd(), HTTP_FD),
        (descriptors.heartbeat.as_raw_fd(), HEARTBEAT_FD),
    ];
    // SAFETY: getpid has no preconditions.
    let parent = unsafe { libc::getpid() };
    // SAFETY: the closure runs between fork and exec. It allocates nothing, takes no lock and calls only
    // async-signal-safe functions; it captures plain numbers, and the descriptors stay open in `Job` until
    // the spawn is over.
    unsafe {
        command.pre_exec(move || child_setup(sources, parent, data_bytes));
    }
}

fn child_setup(
    sources: [(RawFd, RawFd); 3],
    parent: libc::pid_t,
    data_bytes: u64,
) -> io::Result<()> {
    let mut parked = [(0, 0); 3];
    for (slot, (source, target)) in parked.iter_mut().zip(sources) {
        // SAFETY: plain system calls on descriptors that are open in this process.
        *slot = (
            check(unsafe { libc::fcntl(source, libc::F_DUPFD_CLOEXEC, PARKING_FD) })?,
            target,
        );
    }
    for (source, target) in parked {
        // SAFETY: as above.
        check(unsafe { libc::dup2(source, target) })?;
    }
    let core = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let data = libc::rlimit {
        rlim_cur: data_bytes,
        rlim_max: data_bytes,
    };
    // SAFETY: plain system calls; the limits live on this stack.
    unsafe {
        // On exec rather than now: the error pipe of the spawn must live until then. Every descriptor of ours
        // is opened that way already, so a system that lacks the call loses nothing.
        libc::syscall(
            libc::SYS_close_range,
            FIRST_CLOSED_FD,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        check(libc::setrlimit(libc::RLIMIT_CORE, &raw const core))?;
        check(libc::setrlimit(libc::RLIMIT_DATA, &raw const data))?;
        // The parent may have died before the signal was asked for.
        if libc::getppid() != parent {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
    }
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
