//! The log, on stderr.

use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use crate::arguments::LogFormat;
use crate::config::Config;
use crate::failure::Failure;

/// Starts logging.
///
/// # Errors
/// If the filter is none.
pub(crate) fn start(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        Failure::usage(format!("the log filter {:?} is wrong: {error}", config.log))
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(crate::output::has_colour());
    match config.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Starts logging for a command whose own words are what matters: only what went wrong, unless `COFFER_LOG` asks for
/// more.
///
/// # Errors
/// If the filter is none.
pub(crate) fn start_quietly() -> Result<(), Failure> {
    let filter = crate::environment::first(&["COFFER_LOG"]).unwrap_or_else(|| "error".to_owned());
    let parsed = EnvFilter::try_new(&filter)
        .map_err(|error| Failure::usage(format!("the log filter {filter:?} is wrong: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(crate::output::has_colour())
        .init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Logs where a panic happened. Its text may quote anything, a value too, so it is left out.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(place, "panicked");
}
