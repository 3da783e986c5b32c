//! `coffer man`: manual pages, one for each command.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output;

/// Which pages, and where to.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer man | man -l -\n  coffer man admin user create | man -l -\n  coffer man --output /usr/local/share/man/man1"
)]
pub(crate) struct Manual {
    /// The command whose page to print [default: the page of coffer itself].
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    pub(crate) of: Vec<String>,
    /// Write the pages of all commands into this directory, which is made if it is missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// Prints a page, or writes them all.
pub(crate) fn run(manual: &Manual) -> Result<(), Failure> {
    let root = pages();
    match &manual.output {
        Some(directory) => write_all(&root, directory),
        None => {
            let page = rendered(named(&root, &manual.of)?)
                .map_err(|error| Failure::error("failed to make the page", error))?;
            output::data(String::from_utf8_lossy(&page).trim_end());
            Ok(())
        }
    }
}

/// The command with its subcommands, each with a name such as `coffer-admin-user`.
fn pages() -> Command {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    root
}

fn named<'a>(root: &'a Command, names: &[String]) -> Result<&'a Command, Failure> {
    names.iter().try_fold(root, |command, name| {
        command.find_subcommand(name).ok_or_else(|| {
            Failure::not_found(format!(
                "{} has no command {name:?}: `{} --help` lists them",
                command.get_bin_name().unwrap_or("coffer"),
                command.get_bin_name().unwrap_or("coffer"),
            ))
        })
    })
}

fn write_all(root: &Command, directory: &Path) -> Result<(), Failure> {
    let mut written = 0_u32;
    fs::create_dir_all(directory)
        .and_then(|()| write(root, directory, &mut written))
        .map_err(|error| {
            let doing = format!("failed to write pages into {}", directory.display());
            Failure::error(&doing, error)
        })?;
    if output::is_json() {
        output::json(&serde_json::json!({ "directory": directory, "pages": written }));
    } else {
        output::note(format_args!("{written} pages in {}", directory.display()));
    }
    Ok(())
}

fn write(command: &Command, directory: &Path, written: &mut u32) -> io::Result<()> {
    let page = rendered(command)?;
    fs::write(directory.join(format!("{}.1", page_name(command))), page)?;
    *written += 1;
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write(command, directory, written))
}

fn rendered(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let title = page_name(command);
    Man::new(command.clone().display_name(title)).render(&mut page)?;
    Ok(page)
}

/// `coffer admin user` has the page `coffer-admin-user`.
fn page_name(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    name.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_that_man_renders() {
        let directory = tempfile::tempdir().unwrap();
        let mut written = 0;
        write(&pages(), directory.path(), &mut written).unwrap();
        for page in ["coffer", "coffer-serve", "coffer-admin-user-create"] {
            assert!(
                directory.path().join(format!("{page}.1")).exists(),
                "{page}"
            );
        }
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            usize::try_from(written).unwrap()
        );
        let page = directory.path().join("coffer-admin-user-create.1");
        let man = std::process::Command::new("man")
            .args(["--warnings", "-l"])
            .arg(&page)
            .env("MANPAGER", "cat")
            .env("MANWIDTH", "100")
            .output();
        // Without man, that the pages are written is all there is to see.
        let Ok(man) = man else { return };
        let text = String::from_utf8_lossy(&man.stdout);
        assert!(
            man.status.success(),
            "{}",
            String::from_utf8_lossy(&man.stderr)
        );
        assert!(text.contains("coffer-admin-user-create(1)"), "{text}");
        assert!(text.contains("--invite"), "{text}");
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let names = ["admin".to_owned(), "usr".to_owned()];
        let root = pages();
        let failure = named(&root, &names).unwrap_err();
        assert!(
            failure
                .message()
                .contains("coffer admin has no command \"usr\"")
        );
    }
}
