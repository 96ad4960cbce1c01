//! Turns a Rocq library into training data for a prover.
//!
//! # What happens
//!
//! A *library* is a folder of `.v` files that Rocq has compiled. The pipeline reads it in steps, each a program of its
//! own that reads one directory of records and writes another:
//!
//! ```text
//! .v files ── extract ─▶ verify ─▶ measure ─▶ filter ─▶ select ─▶ (reason ─▶ score ─▶ judge) ─▶ export
//! ```
//!
//! # Words
//!
//! - A *sentence* is what Rocq executes at once: a command or a tactic, up to its period, or a bullet or a brace.
//! - A *record* is one proved theorem: statement, proof script with the state around each step, proof term, premises,
//!   notations, axioms.
//! - A *unit* is all records of one source file; it is written whole or not at all, and it is done or not.
//! - A *shard* is a set of units; shards of one step write disjoint files.
//! - A *rejection* is a record that does not go on, with the reason. What goes in comes out: kept or rejected.
//!
//! # The house
//!
//! A module imports only from the modules before it:
//!
//! - [`tls`]: which implementation of TLS is used.
//! - [`text`]: pure functions on text: tokens, BM25, selection.
//! - [`record`]: plain data that flows through the pipeline; no input or output.
//! - [`rocq`]: the prover's process and what it says.
//! - [`store`]: the run directory: paths, atomic units, manifests, shards, locks.
//! - [`settings`]: defaults, file, environment and flags, resolved once.
//! - [`llm`]: model servers: requests, limits, budget, and the journal of everything that was answered.
//! - [`steps`]: one file a step, and the events that they tell.
//! - [`pipeline`]: the order of the steps.
//! - [`status`]: how far a run is, and whether every record is accounted for.
//! - [`report`]: one HTML page about a run.
//! - [`exit_code`]: how the program can end.
//! - [`telemetry`]: the events as traces, metrics and logs.
//! - [`failure`]: everything that stops the program, with its exit code and what to do about it.
//! - [`doctor`]: whether everything that the settings need is here.
//! - [`console`]: all that a person sees.
//! - [`cli`]: the command line; only `run` sees it.
//! - [`run`]: the table of contents of the program.
//!
//! # What always holds
//!
//! - A step never edits its input.
//! - The number of records in is the number kept plus the number rejected.
//! - The same input and settings give the same bytes, for any number of workers, shards and restarts.
//! - Only `console` prints.
//!
//! The library serves the binary of the same name; it promises no stable interface.

pub mod cli;
pub mod console;
pub mod doctor;
pub mod exit_code;
pub mod failure;
pub mod llm;
pub mod pipeline;
pub mod record;
pub mod report;
pub mod rocq;
pub mod run;
pub mod settings;
pub mod status;
pub mod steps;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod tls;
