//! Knowing of saved files: directories are watched, by inotify, and what matters is sorted out after.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use tokio::sync::mpsc;

/// Editors write a file in several steps: nothing more for so long is the end of one save.
const QUIET: Duration = Duration::from_millis(25);
/// More directories than a project's own: what is beyond is not watched.
const MAX_DIRECTORIES: usize = 4096;
/// Room for many events at once.
const EVENT_BYTES: usize = 16 * 1024;
/// Events that wait to be looked at; the kernel keeps more of its own.
const MAX_WAITING: usize = 4096;

/// Tells of changes in directories.
pub(super) struct Watcher {
    inotify: Arc<OwnedFd>,
    events: mpsc::Receiver<Event>,
    by_path: HashMap<PathBuf, i32>,
    by_number: HashMap<i32, PathBuf>,
}

/// A change of a file in a watched directory.
struct Event {
    directory: i32,
    name: OsString,
    lost_some: bool,
}

/// What a project is made of, as far as saving it matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// Files, whether they are there or not.
    pub(super) files: BTreeSet<PathBuf>,
    /// Directories all of whose files matter.
    pub(super) trees: BTreeSet<PathBuf>,
    /// Whether any file beside one of these matters: after a failed build nobody knows which one mends it.
    pub(super) neighbours: bool,
}

/// What was changed: paths, or so much that some were lost.
#[derive(Debug, Default)]
pub(super) struct Changes {
    paths: BTreeSet<PathBuf>,
    lost_some: bool,
}

impl Watcher {
    pub(super) fn new() -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC)?);
        let (sender, events) = mpsc::channel(MAX_WAITING);
        let read = Arc::clone(&inotify);
        // It ends with the process, or when nobody listens any more.
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || read_events(&read, &sender))?;
        Ok(Self {
            inotify,
            events,
            by_path: HashMap::new(),
            by_number: HashMap::new(),
        })
    }

    /// Watches what is named, and nothing else any more.
    pub(super) fn watch(&mut self, watched: &Watched) {
        let wanted = watched.directories();
        let gone: Vec<_> = self
            .by_path
            .extract_if(|path, _| !wanted.contains(path))
            .collect();
        for (_, number) in gone {
            self.by_number.remove(&number);
            // A directory that was deleted is not watched any more by itself.
            let _ = inotify::remove_watch(&*self.inotify, number);
        }
        for directory in wanted {
            let flags = WatchFlags::CLOSE_WRITE
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::ONLYDIR;
            // Adding one again is harmless, and needed where it was made anew.
            if let Ok(number) = inotify::add_watch(&*self.inotify, &directory, flags) {
                self.by_number.insert(number, directory.clone());
                self.by_path.insert(directory, number);
            }
        }
    }

    /// Waits for changes, and for the end of the save that they belong to. May be dropped and called again.
    pub(super) async fn changed(&mut self) -> io::Result<Changes> {
        let mut changes = Changes::default();
        self.collect(&mut changes).await?;
        while let Ok(more) = tokio::time::timeout(QUIET, self.collect(&mut changes)).await {
            more?;
        }
        Ok(changes)
    }

    /// Waits for one event, and takes those that wait with it.
    async fn collect(&mut self, changes: &mut Changes) -> io::Result<()> {
        let ended = || io::Error::other("the thread that reads of changes has ended");
        let mut event = self.events.recv().await.ok_or_else(ended)?;
        loop {
            changes.lost_some |= event.lost_some;
            if let Some(directory) = self.by_number.get(&event.directory) {
                changes.paths.insert(directory.join(&event.name));
            }
            match self.events.try_recv() {
                Ok(next) => event = next,
                Err(_) => return Ok(()),
            }
        }
    }
}

fn read_events(inotify: &OwnedFd, sender: &mpsc::Sender<Event>) {
    let mut buffer = [MaybeUninit::uninit(); EVENT_BYTES];
    let mut reader = Reader::new(inotify, &mut buffer);
    loop {
        let event = match reader.next() {
            Ok(event) => event,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        };
        let name = event.file_name().map_or(&b""[..], |name| name.to_bytes());
        let event = Event {
            directory: event.wd(),
            lost_some: event.events().contains(ReadFlags::QUEUE_OVERFLOW),
            name: OsString::from_vec(name.to_vec()),
        };
        if sender.blocking_send(event).is_err() {
            return;
        }
    }
}

impl Watched {
    /// Whether changes concern the project.
    pub(super) fn concerns(&self, changes: &Changes) -> bool {
        changes.lost_some || changes.paths.iter().any(|path| self.has(path))
    }

    fn has(&self, path: &Path) -> bool {
        if path
            .file_name()
            .is_some_and(|name| is_of_an_editor(name.as_bytes()))
        {
            return false;
        }
        self.neighbours
            || self.files.contains(path)
            || self.trees.iter().any(|tree| path.starts_with(tree))
    }

    /// The directories to watch.
    fn directories(&self) -> BTreeSet<PathBuf> {
        let parents = self.files.iter().filter_map(|file| file.parent());
        let mut directories: BTreeSet<PathBuf> = parents.map(Path::to_owned).collect();
        for tree in &self.trees {
            // The tree itself may be made or deleted.
            directories.extend(tree.parent().map(Path::to_owned));
            add_tree(tree, &mut directories);
        }
        directories
    }
}

impl Changes {
    /// Whether something below one of these directories changed.
    pub(super) fn any_below(&self, directories: &[PathBuf]) -> bool {
        let below = |path: &PathBuf| directories.iter().any(|one| path.starts_with(one));
        self.lost_some || self.paths.iter().any(below)
    }
}

fn add_tree(directory: &Path, directories: &mut BTreeSet<PathBuf>) {
    const SKIPPED: [&str; 4] = ["node_modules", ".git", ".coffer", ".wrangler"];
    if directories.len() >= MAX_DIRECTORIES {
        return;
    }
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    directories.insert(directory.to_owned());
    for entry in entries.flatten() {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory && !SKIPPED.iter().any(|name| entry.file_name() == *name) {
            add_tree(&entry.path(), directories);
        }
    }
}

/// Files that editors put beside the one that is edited.
fn is_of_an_editor(name: &[u8]) -> bool {
    name.ends_with(b"~")
        || name.ends_with(b".swp")
        || name.ends_with(b".swx")
        || name.starts_with(b".#")
        || name == b"4913"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn saves_are_noticed_however_they_are_made() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().to_owned();
        fs::create_dir_all(top.join("public/deep")).unwrap();
        let file = top.join("index.js");
        fs::write(&file, "1").unwrap();
        let watched = Watched {
            files: [file.clone()].into(),
            trees: [top.join("public")].into(),
            neighbours: false,
        };
        let mut watcher = Watcher::new().unwrap();
        watcher.watch(&watched);

        fs::write(&file, "2").unwrap();
        assert!(watched.concerns(&watcher.changed().await.unwrap()));

        let other = top.join("index.js.new");
        fs::write(&other, "3").unwrap();
        fs::rename(&other, &file).unwrap();
        assert!(watched.concerns(&watcher.changed().await.unwrap()));

        fs::write(top.join("public/deep/a.txt"), "a").unwrap();
        assert!(watched.concerns(&watcher.changed().await.unwrap()));

        fs::write(top.join("notes.md"), "x").unwrap();
        fs::write(top.join("index.js~"), "x").unwrap();
        let changes = watcher.changed().await.unwrap();
        assert!(!watched.concerns(&changes), "{changes:?}");
        let failed = Watched {
            neighbours: true,
            ..watched
        };
        assert!(failed.concerns(&changes));
    }
}
