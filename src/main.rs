//! Parses the command line, runs, and turns the outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rocq_distill::run::run(std::env::args_os()).into()
}
