//! Running the program.

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::Given;
use super::mask::{MIN_BYTES, Mask, Patterns};
use crate::failure::Failure;
use crate::output;

/// Bytes of output that are looked at together.
const PIECE_BYTES: usize = 16 * 1024;
/// What shells exit with where there is no such program.
const NOT_FOUND: u8 = 127;
/// What shells exit with where it is none.
const NOT_EXECUTABLE: u8 = 126;
/// What shells add to a signal's number.
const BY_SIGNAL: i32 = 128;

/// Becomes the program: its signals and its exit code are its own. Returns only if it cannot be run.
pub(super) fn replace_by(command: &[OsString], given: &[Given]) -> Failure {
    let Some((program, arguments)) = command.split_first() else {
        return nothing();
    };
    let mut command = std::process::Command::new(program);
    command.args(arguments);
    command.envs(given.iter().map(|one| (&one.name, one.value.as_str())));
    not_run(program, &command.exec())
}

/// Runs the program and shows what it prints without the values.
///
/// # Errors
/// With the program's own exit code unless that is 0.
pub(super) async fn run_masked(command: &[OsString], given: Vec<Given>) -> Result<(), Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(nothing());
    };
    tell_of_short_ones(&given);
    let patterns = Patterns::new(given.iter().map(|one| one.value.as_str()));
    let mut signals = Passed::listen()?;
    let child = Command::new(program)
        .args(arguments)
        .envs(given.iter().map(|one| (&one.name, one.value.as_str())))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| not_run(program, &error))?;
    drop(given);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let id = child.id();
    let shown = async {
        tokio::join!(
            show(stdout, &patterns, output::raw_data),
            show(stderr, &patterns, output::raw_note),
        );
    };
    let ended = ended(&mut child, id, &mut signals);
    // Output goes on for as long as somebody has the pipe, as children of the program.
    let (status, ()) = tokio::join!(ended, shown);
    let status = status.map_err(|error| Failure::error("failed to wait for the program", error))?;
    match exit_code(status) {
        0 => Ok(()),
        code => Err(Failure::of_program(code)),
    }
}

async fn ended(child: &mut Child, id: Option<u32>, signals: &mut Passed) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            signal = signals.next() => pass_on(id, signal),
        }
    }
}

async fn show(from: Option<impl AsyncRead + Unpin>, patterns: &Patterns, print: fn(&[u8])) {
    let Some(mut from) = from else { return };
    let mut mask = Mask::new(patterns);
    let mut piece = zeroize::Zeroizing::new(vec![0; PIECE_BYTES]);
    loop {
        match from.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(read) => print(&mask.take(&piece[..read])),
        }
    }
    print(&mask.end());
}

fn tell_of_short_ones(given: &[Given]) {
    let short: Vec<_> = given
        .iter()
        .filter(|one| one.value.len() < MIN_BYTES)
        .map(|one| one.name.as_str())
        .collect();
    if !short.is_empty() {
        output::warning(format_args!(
            "not masked, for values of less than {MIN_BYTES} bytes are found everywhere: {}",
            short.join(", ")
        ));
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn nothing() -> Failure {
    Failure::usage("name the program to run, after --")
}

fn not_run(program: &OsString, error: &io::Error) -> Failure {
    let program = program.display();
    match error.kind() {
        ErrorKind::NotFound => {
            Failure::no_program(format!("there is no program {program}"), NOT_FOUND)
        }
        _ => Failure::no_program(format!("{program} cannot be run: {error}"), NOT_EXECUTABLE),
    }
}

/// Signals that are meant for the program.
struct Passed(Vec<(Signal, tokio::signal::unix::Signal)>);

impl Passed {
    fn listen() -> Result<Self, Failure> {
        let kinds = [
            (Signal::INT, SignalKind::interrupt()),
            (Signal::TERM, SignalKind::terminate()),
            (Signal::HUP, SignalKind::hangup()),
            (Signal::QUIT, SignalKind::quit()),
            (Signal::USR1, SignalKind::user_defined1()),
            (Signal::USR2, SignalKind::user_defined2()),
        ];
        let listening = kinds
            .into_iter()
            .map(|(number, kind)| Ok((number, signal(kind)?)));
        listening
            .collect::<io::Result<_>>()
            .map(Self)
            .map_err(|error| Failure::error("failed to listen for signals", error))
    }

    async fn next(&mut self) -> Signal {
        let waits = self.0.iter_mut().map(|(number, listener)| {
            let number = *number;
            Box::pin(async move {
                listener.recv().await;
                number
            })
        });
        futures::future::select_all(waits).await.0
    }
}

/// Passes a signal on. What keys of a terminal send, the program has got by itself.
fn pass_on(id: Option<u32>, signal: Signal) {
    let by_keys = [Signal::INT, Signal::QUIT].contains(&signal) && io::stdin().is_terminal();
    let id = id
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let (Some(id), false) = (id, by_keys) {
        // It may have ended just now.
        let _ = rustix::process::kill_process(id, signal);
    }
}
