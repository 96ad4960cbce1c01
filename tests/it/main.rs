//! One test binary: a file a step, and one each for the command line, the settings and the architecture.

mod architecture;
mod cli;
mod export;
mod filter;
mod harness;
mod measure;
mod settings;
mod status;
mod support;
mod telemetry;
