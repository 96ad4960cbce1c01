# shellcheck shell=bash disable=SC2034 # the parts use what is set here
# What the parts of the checks share; to be sourced by a script that stands in the repository's root.

target=${CARGO_TARGET_DIR:-$PWD/target}
program=$target/release/rocq-distill
# What the main job writes, and what the other parts then read.
main_run=$target/ci/export

step() { printf '\n--- %s\n' "$1"; }
not_run() { printf 'NOT RUN: %s\n' "$1"; }

# need COMMAND[:PACKAGE]...: installs the Debian packages of the commands that this machine lacks.
need() {
  local tool missing=()
  for tool in "$@"; do
    command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

install_packages() {
  step "install $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# need_crate COMMAND:CRATE...: the same for programs that cargo installs.
need_crate() {
  local tool
  for tool in "$@"; do
    command -v "${tool%:*}" >/dev/null || {
      step "install ${tool%:*}"
      cargo install --locked "${tool#*:}"
    }
  done
}

release_build() { cargo build --release --locked; }

# The main job's run directory is there, made if no part has made it yet, and the program that read it last.
need_main_run() {
  [[ -e $main_run/dataset/dataset.jsonl ]] || .ci/parts/main-job
  release_build
}

# run_docs PART: runs the commands of the docs that are marked for a part, in this folder.
run_docs() {
  local commands
  commands=$(.ci/doc-commands "$1")
  bash -euo pipefail -x -c "$commands"
}
