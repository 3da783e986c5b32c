//! `coffer completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::output;

/// Which shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer completions bash > ~/.local/share/bash-completion/completions/coffer\n  coffer completions fish > ~/.config/fish/completions/coffer.fish\n  coffer completions zsh > \"${fpath[1]}/_coffer\"\n  coffer completions powershell >> $PROFILE"
)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

/// Prints the shell's script.
pub(crate) fn run(completions: &Completions) {
    output::data(script(completions.shell).trim_end());
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "coffer", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn bash_loads_the_script_and_completes_commands() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("coffer");
        std::fs::write(&path, script(Shell::Bash)).unwrap();
        let completed = |words: &str, last: usize| {
            let ask = format!(
                "source {} && COMP_WORDS=({words}) COMP_CWORD={last} && \
                 _coffer coffer \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\" && echo \"${{COMPREPLY[@]}}\"",
                path.display()
            );
            let answer = Command::new("bash")
                .args(["--norc", "-c", &ask])
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&answer.stderr).into_owned();
            assert!(answer.status.success() && errors.is_empty(), "{errors}");
            String::from_utf8(answer.stdout).unwrap()
        };
        assert_eq!(completed("coffer compl", 1).trim(), "completions");
        assert_eq!(
            completed("coffer admin user remove", 3).trim(),
            "remove-second-factor"
        );
        assert!(completed("coffer serve --workers-", 2).contains("--workers-domain"));
    }

    #[test]
    fn every_shell_gets_a_script_with_every_command() {
        for shell in [Shell::Zsh, Shell::Fish, Shell::PowerShell] {
            let script = script(shell);
            for command in Arguments::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell} {command}");
            }
        }
    }
}
