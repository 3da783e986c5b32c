//! Serving a project until it is to end: built, published, watched, built again.

use std::time::Instant;

use async_trait::async_trait;
use coffer_types::WorkerId;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::bindings::Row;
use super::keys::{Key, Keys};
use super::machine::Machine;
use super::watch::{Changes, Watched, Watcher};
use super::{Serving, browser, gateway, show};
use crate::failure::Failure;
use crate::local::LocalDirectory;
use crate::{logging, output};

/// What is developed.
#[async_trait]
pub(super) trait Project: Send {
    /// Port and address that its configuration names.
    fn configured_address(&self) -> (Option<u16>, Option<String>);

    /// The host name that it has in its own Coffer.
    fn host(&self) -> String;

    /// Builds it as it is now and lets it answer; `changes` is what was saved since the last time.
    ///
    /// # Errors
    /// Why it does not build or start; what answered before goes on.
    async fn publish(
        &mut self,
        machine: &Machine,
        changes: Option<&Changes>,
    ) -> Result<Published, Failure>;

    /// What it is made of, as of the last attempt to build it.
    fn watched(&self) -> Watched;

    /// Takes away what is not to outlive the session.
    async fn leave(&mut self, machine: &Machine);
}

/// What answers now.
pub(super) struct Published {
    /// The Worker.
    pub(super) worker: WorkerId,
    /// What `env` holds.
    pub(super) bindings: Vec<Row>,
    /// What may not be as it is wanted.
    pub(super) warnings: Vec<String>,
}

/// What a session does next.
enum Next {
    Build(Changes),
    Key(Key),
    End,
}

/// Serves a project until a signal or a key ends it.
pub(super) async fn run(serving: &Serving, mut project: Box<dyn Project>) -> Result<(), Failure> {
    // Whatever can be refused is refused before anything is made.
    let (port, ip) = project.configured_address();
    let (ip, port) = serving.address(port, ip.as_deref())?;
    let workerd = crate::serve::workerd(serving.workerd.as_deref())?;
    let (listener, bound) = gateway::bind(ip, port)?;
    let place = LocalDirectory::prepare(&serving.directory())?;
    logging::start_quietly()?;
    let mut ends = Ends::listen()?;
    let mut watcher =
        Watcher::new().map_err(|error| Failure::error("files cannot be watched", error))?;
    let machine = Machine::start(&place, workerd, listener, project.host()).await?;
    let url = gateway::url(bound);
    let mut shown = Shown::default();
    shown.attempt(&mut *project, &machine, None).await;
    watcher.watch(&project.watched());
    let mut keys = Keys::listen();
    show::ready(&url, place.path(), keys.are_there());
    loop {
        match next(&mut watcher, &mut keys, &mut ends).await? {
            Next::End | Next::Key(Key::Quit) => break,
            Next::Key(Key::Browser) => browser::open(&url),
            Next::Key(Key::Clear) => show::clear(),
            Next::Key(Key::Help) => show::keys(),
            Next::Build(changes) => {
                if !project.watched().concerns(&changes) {
                    continue;
                }
                tokio::select! {
                    () = shown.attempt(&mut *project, &machine, Some(&changes)) => {}
                    () = ends.any() => break,
                }
                watcher.watch(&project.watched());
            }
        }
    }
    drop(keys);
    output::note("stopping");
    project.leave(&machine).await;
    machine.stop().await;
    Ok(())
}

async fn next(watcher: &mut Watcher, keys: &mut Keys, ends: &mut Ends) -> Result<Next, Failure> {
    tokio::select! {
        changes = watcher.changed() => changes
            .map(Next::Build)
            .map_err(|error| Failure::error("files cannot be watched any more", error)),
        key = keys.next() => Ok(Next::Key(key)),
        () = ends.any() => Ok(Next::End),
    }
}

/// What was told already.
#[derive(Default)]
struct Shown {
    has_last: bool,
    bindings: Vec<Row>,
    warnings: Vec<String>,
}

impl Shown {
    async fn attempt(
        &mut self,
        project: &mut dyn Project,
        machine: &Machine,
        changes: Option<&Changes>,
    ) {
        let began = Instant::now();
        match project.publish(machine, changes).await {
            Ok(published) => {
                self.tell(published, machine).await;
                if changes.is_some() {
                    show::reloaded(began.elapsed());
                }
                self.has_last = true;
            }
            Err(failure) => show::kept(&failure.message(), self.has_last),
        }
    }

    /// Tells of bindings and warnings that are others than before.
    async fn tell(&mut self, published: Published, machine: &Machine) {
        let Published {
            worker,
            bindings,
            warnings,
        } = published;
        machine.follow(worker).await;
        if bindings != self.bindings {
            show::bindings(&bindings);
            self.bindings = bindings;
        }
        for warning in &warnings {
            if !self.warnings.contains(warning) {
                output::warning(warning);
            }
        }
        self.warnings = warnings;
    }
}

/// Signals that end a session.
struct Ends([Signal; 3]);

impl Ends {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::error("failed to listen for signals", error))
        };
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
