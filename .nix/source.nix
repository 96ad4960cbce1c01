# What the crate is built and tested from: every file of these folders, so also snapshots, `.v`, `.jsonl`, templates and
# prompts. Whatever else changes in the repository, nothing is built again. `.ci/run sandbox` runs the tests on these files
# alone, and reads their names from here.
lib:
lib.fileset.toSource {
  root = ../.;
  fileset = lib.fileset.unions [
    ../.config
    ../CHANGELOG.md
    ../CONTRIBUTING.md
    ../Cargo.lock
    ../Cargo.toml
    ../LICENSE-APACHE
    ../LICENSE-MIT
    ../README.md
    ../benches
    ../clippy.toml
    ../docs
    ../rustfmt.toml
    ../slurm
    ../src
    ../tests
  ];
}
