//! Refusing to start without the runtime, before anything is made.

use std::fs;
use std::path::{Path, PathBuf};

use coffer_testkit::{Instance, Settings};
use tempfile::TempDir;
use tokio::process::Command;

use crate::refusals::{contents, refused};

/// Far away from every `node_modules`: a copy of the command, and a directory for its data.
struct Away {
    directory: TempDir,
    instance: Instance,
}

impl Away {
    async fn new() -> Self {
        let instance = Instance::initialise(Settings::default()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let command = instance.command().unwrap();
        let built = PathBuf::from(command.as_std().get_program());
        fs::copy(built, directory.path().join("coffer")).unwrap();
        Self {
            directory,
            instance,
        }
    }

    fn fresh(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// `coffer serve` on any ports, where no runtime can be found.
    fn serve(&self, data: &Path) -> Command {
        let mut command = Command::new(self.directory.path().join("coffer"));
        command
            .env_clear()
            .env("PATH", self.directory.path())
            .current_dir(self.directory.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--workers-listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .kill_on_drop(true);
        command
    }
}

#[tokio::test]
async fn a_runtime_that_is_nowhere() {
    let away = Away::new().await;
    let output = away.serve(&away.fresh()).output().await.unwrap();
    refused(
        &output,
        &["workerd is not installed", "npm install workerd"],
    );
    assert!(!away.fresh().exists(), "nothing is made");
}

#[tokio::test]
async fn a_runtime_that_is_not_where_it_should_be() {
    let away = Away::new().await;
    let missing = away.directory.path().join("no/workerd");
    let named = missing.to_str().unwrap();
    let mut by_flag = away.serve(&away.fresh());
    by_flag.args(["--workerd", named]);
    let mut by_variable = away.serve(&away.fresh());
    by_variable.env("COFFER_WORKERD", named);
    for mut command in [by_flag, by_variable] {
        let output = command.output().await.unwrap();
        refused(&output, &["there is no workerd at", named]);
        assert!(!away.fresh().exists(), "nothing is made");
    }
}

#[tokio::test]
async fn a_directory_with_data_is_left_as_it_is() {
    let mut away = Away::new().await;
    let data = away.instance.data_dir();
    let before = contents(&data);
    let output = away.serve(&data).output().await.unwrap();
    refused(&output, &["workerd is not installed"]);
    assert_eq!(contents(&data), before);
    away.instance.serve().await.unwrap();
}
