//! What the tests that need a real Rocq share: the installed library, and small libraries compiled on the spot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the installed libraries; the tests do not pass without Rocq.
#[track_caller]
pub(crate) fn installed() -> PathBuf {
    let output = Command::new(program()).arg("-where").output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()).join("user-contrib")
}

/// The version of Rocq.
#[track_caller]
pub(crate) fn version() -> String {
    let output = Command::new(program()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("version ").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

/// `coqidetop` or `coqidetop.opt`.
#[track_caller]
fn program() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = ["coqidetop", "coqidetop.opt"];
    names
        .iter()
        .find_map(|name| std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()))
        .expect("this test needs Rocq: run it as `containers/with-rocq cargo nextest run`")
}

/// Writes sources into a folder and compiles them, in this order, as the library `L`.
#[track_caller]
pub(crate) fn compile(folder: &Path, sources: &[(&str, &str)]) {
    program();
    for (name, text) in sources {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let output = Command::new("coqc").args(["-q", "-R", ".", "L"]).arg(name).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
