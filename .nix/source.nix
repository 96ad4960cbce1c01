# What the crate is built and tested from: every file of these folders, so also snapshots, `.v`, `.jsonl`, templates and
# prompts. Whatever else changes in the repository, nothing is built again.
lib:
lib.fileset.toSource {
  root = ../.;
  fileset = lib.fileset.unions [
    ../.config
    ../Cargo.lock
    ../Cargo.toml
    ../README.md
    ../benches
    ../clippy.toml
    ../rustfmt.toml
    ../src
    ../tests
  ];
}
