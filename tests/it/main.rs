//! One test binary: a file a step, and one each for the command line, the settings and the architecture.

mod architecture;
mod cli;
mod dataset;
mod export;
mod extract;
mod fault;
mod filter;
mod harness;
mod interruption;
mod judge;
mod kill;
mod library;
#[path = "../live/petanque.rs"]
mod live_petanque;
mod mathcomp;
mod measure;
mod model_server;
mod models;
mod obfuscate;
mod odd;
mod overview;
mod petanque;
mod petanque_fault;
mod project;
mod reason;
mod recorded;
mod report;
mod score;
mod select;
mod settings;
mod split;
mod status;
mod stop;
mod support;
mod telemetry;
mod views;
