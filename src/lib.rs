//! Turns a Rocq library into training data for a prover.
//!
//! This page is what to read first: ten minutes, after which every file has its place.
//!
//! # What a run is
//!
//! A *library* is a folder of `.v` files that Rocq has compiled. A run takes it through a chain of stages. Each stage is
//! a verb of its own (`rocq-distill filter`), reads one folder of records, writes another, and never touches the first:
//!
//! ```text
//!  .v files   what a stage adds to a record                                  what it rejects
//!     │
//!  extract    statement, script, states, term, premises, notations, axioms  what Rocq refuses, or has no script
//!  verify     verification: a fresh prover found all of that again          what differs
//!  measure    tokens                                                        nothing
//!  filter     –                                                             what is too long or too short
//!  select     selection: its rank in a diverse subset                       duplicates, and the rest
//!  reason     reasonings: a large model, from the term to the script        what has no usable reasoning
//!  score      scores: how well a small model then foresees the script       what does not fit into that model
//!  judge      verdicts, and the reasoning that is kept                      what gives its answer away
//!     │
//!  export ──▶ dataset/: JSON, JSON lines, Parquet, views in splits, card
//!  report ──▶ report.html
//! ```
//!
//! In `run`, `extract` also rejects at once what `filter` would reject for its number of steps, so that nothing is
//! asked about it.
//!
//! All of it lies in one *run directory*, a folder a stage, each of the same shape; [`store::layout`] is the only place
//! that knows its paths. `run` is the chain from one set of settings ([`pipeline`]); it stops before the first model
//! stage whose server is not named.
//!
//! # Words
//!
//! - A *sentence* is what Rocq executes at once: a command or a tactic, up to its period, or a bullet or a brace.
//! - A *record* is one proved theorem ([`record::Record`]). Its `id` is the logical path of its file and its full name;
//!   nothing in it tells of a machine, a time or a process.
//! - A *unit* is all records of one source file: three files (`div.jsonl`, `div.rejected.jsonl`, `div.unit.json`), of
//!   which the last, the *seal*, is written last. A unit is whole or absent, done or not.
//! - The *key* of a unit is a digest of its input (of a source file also what it requires), of the settings it depends on
//!   and of the versions; a seal with another key is as good as none, so nothing stale is ever taken for done.
//! - A *refusal* is what Rocq or a server says no to; a *fault* is a prover that hung, died, or took or said too much.
//! - A *shard* is a set of units; shards of one stage write disjoint files, and nothing has to be merged.
//! - A *rejection* is a record that does not go on, with a typed reason ([`record::Reason`]). What a prover or a model
//!   refuses is such data; a missing program, a full disk or a wrong key is an error and stops the run.
//! - A *journal* is where every answer of a model is kept, one line each, before it counts.
//!
//! # The way of a record
//!
//! 1. **Out of the file.** [`rocq::library`] finds the `.v` files and what Rocq calls them. One `coqidetop` walks one
//!    file from front to back ([`rocq::file_walk`]): [`rocq::sentence`] cuts the text, [`rocq::vernac`] tells a
//!    statement from a tactic, [`rocq::wire`] speaks the protocol's XML. After each sentence of a proof the goals are
//!    read; at its end the term is printed, and each name is asked for as it is written there, with what the `.glob`
//!    file says of it ([`rocq::glob`]) for a check ([`stages::extract`]). A prover that hangs, floods or dies costs one proof: another one catches up behind it.
//! 2. **Through a fresh prover.** [`stages::verify`] replays every proof in the unmodified file, `Qed` included, in
//!    [`rocq::petanque`] or a second `coqidetop` ([`rocq::prover`] is what both can do), and compares every state.
//! 3. **Down to a subset.** [`stages::measure`] counts with [`text::tokenizer`]; [`stages::filter`] compares;
//!    [`stages::select`] walks to the farthest record again and again ([`text::farthest_first`]), by the similarity of
//!    [`text::bm25`].
//! 4. **Past the models.** A request is built from a record and a template, without asking anyone ([`stages::reason`],
//!    [`stages::score`], [`stages::judge`]). [`llm::Session::ask`] looks into the journal, waits for the limits, counts
//!    against the budget, sends, classifies what comes back and tries again; what is answered is on disk before the
//!    stage sees it. Before a reasoning is scored, [`text::obfuscate`] hides what would give the script away.
//! 5. **Out to the users.** [`dataset`] puts connected records (same file, statement or term, by
//!    [`text::normal_form`]) on one side of a split, writes each view with one schema, and describes all of it in a card
//!    that is computed and never typed. [`report`] draws the same run for a person.
//!
//! A unit of a stage without models is made by `stages::units`: open the [`store::ledger`] (which locks the shard, drops
//! what is stale and says what is left), transform, commit, and at the end assemble the [`store::manifest`]. The ledger
//! refuses a unit in which records in are not records kept plus records rejected.
//!
//! # The house
//!
//! A module imports only from the modules before it (`a_module_imports_only_from_the_modules_before_it`):
//!
//! - [`tls`]: which implementation of TLS is used.
//! - [`exit_code`]: how the program can end.
//! - [`hint`]: what an error says about what to do.
//! - [`text`]: pure functions on text: tokens, BM25, selection, obfuscation, normal forms.
//! - [`record`]: plain data that flows through the pipeline; no input or output.
//! - [`rocq`]: the prover's processes and what they say.
//! - [`check`]: whether a script proves a theorem, honestly.
//! - [`store`]: the run directory: paths, atomic units, manifests, shards, locks.
//! - [`settings`]: defaults, file, environment and flags, resolved once.
//! - [`llm`]: model servers: requests, limits, budget, and the journal of everything that was answered.
//! - [`stages`]: one file a stage, and the events that they tell.
//! - [`dataset`]: what is published: views, splits, card.
//! - [`pipeline`]: the order of the stages.
//! - [`status`]: how far a run is, and whether every record is accounted for.
//! - [`report`]: one HTML page about a run.
//! - [`telemetry`]: the events as traces, metrics and logs.
//! - [`failure`]: everything that stops the program.
//! - [`doctor`]: whether everything that the settings need is here.
//! - [`console`]: all that a person sees.
//! - [`cli`]: the command line; only `run` sees it.
//! - [`run`]: the table of contents of the program.
//!
//! What is said on the wire, what flows between stages ([`record`]) and what is published (`dataset`) are three
//! sets of types with explicit conversions: a change of a server or of a column stays where it is. Stages know nothing
//! of terminals: they tell [`stages::event::Event`]s, to which the console and telemetry listen. Errors are one enum for
//! each boundary ([`rocq::RocqError`], [`llm::LlmError`], [`store::StoreError`], [`stages::StageError`]), and each says
//! itself what to do and how the program ends ([`hint`]).
//!
//! # What always holds
//!
//! | invariant | test |
//! |---|---|
//! | A stage never edits its input. | `no_step_edits_its_input` |
//! | Records in are records kept plus records rejected, in every unit of every stage. | `a_unit_that_loses_a_record_is_not_written`, `records_that_got_lost_between_two_stages_are_noticed` |
//! | The same input, settings and answers give the same bytes, for any number of workers and shards. | `shards_and_jobs_make_no_difference_to_the_bytes`, `forty_shards_at_once_give_the_same_bytes_and_leave_the_manifest_behind` |
//! | A run that is killed at any moment comes to the same bytes and leaves no process. | `a_run_that_is_ended_at_thirty_moments_comes_to_the_same_bytes_and_leaves_no_process` |
//! | No answer that was paid for is lost or asked for twice. | `m24_m26_killed_at_a_hundred_random_moments_a_run_ends_with_the_same_bytes_and_asks_nothing_twice` |
//! | A record says what Rocq said. | `tests/live/audit`, a script that asks Rocq and shares nothing with us; the snapshots of `tests/it/mathcomp.rs` |
//! | A mistake of the user ends with an exit code, the error and a hint, and costs nothing. | the tests of `tests/it/wrong_input.rs` |
//! | A key is in no file, message or trace. | `the_key_is_nowhere_in_what_the_program_writes_and_says` |
//! | No two splits share a file, a statement or a proof term. | the tests of `tests/it/split.rs`; `tests/live/dataset/load.py`, with a normal form of its own |
//! | Only [`console`] prints, and only [`store::layout`] joins paths of the run directory. | `only_console_prints`, `only_the_layout_joins_paths_of_the_run_directory` |
//!
//! # How to add something
//!
//! **A stage.** Write `stages/NAME.rs`: its first lines say what it reads, writes and rejects; `run` does the reading and
//! writing, most often one call of `map_units` (all records of a file at once) or of `model_units::map_records` (a model),
//! with a pure function that does the thinking. Its `ENTRY` is its row in [`stages::table`]: what it reads, adds and
//! rejects, its settings, and whether it asks a prover or a model; the verb and its help, `run`, `status` and
//! `docs/stages.md` come from there. Then follow the compiler: a variant of [`store::layout::Stage`] (which fixes its place
//! in the chain), a field of [`record::Record`] for what it adds, a variant of [`record::Reason`] for each way to be
//! rejected, and a table of [`settings::Settings`]. Its tests go into `tests/it/NAME.rs`.
//!
//! **A setting.** One line in its table in `settings/`, as `settings/declare.rs` shows: flag, help, range check and
//! `docs/settings.md` follow from it.
//!
//! **A view.** Write `dataset/NAME.rs` with a `row!`, which declares each column once: name, type, value and description;
//! rows, schema, card and Croissant all come from there. Then a variant of [`settings::View`] and a paragraph in
//! `card.md.jinja`. `every_view_is_written_in_parquet_with_the_rows_of_its_json_lines` finds it by itself.
//!
//! **An engine to replay proofs in.** Implement [`rocq::prover::ProverSession`] and add it to [`rocq::engine`], which decides
//! by the settings and by what the machine has. It is to give the same verdicts as `coqidetop`: `tests/it/petanque.rs`
//! shows how that is tried, with answers recorded from real servers and with one that misbehaves.
//!
//! **A kind of model server.** Nothing, if it speaks `OpenAI`'s protocol. What it says otherwise goes into
//! [`llm::classify`] (errors), [`llm::chat`] (answers) or [`llm::completions`] (logprobs), each with a recorded body as
//! its test.
//!
//! The library serves the binary of the same name; it promises no stable interface.

pub mod check;
pub mod cli;
pub mod console;
pub mod dataset;
pub mod doctor;
pub mod exit_code;
pub mod failure;
pub mod hint;
pub mod llm;
pub mod pipeline;
pub mod record;
pub mod report;
pub mod rocq;
pub mod run;
pub mod settings;
pub mod stages;
pub mod status;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod tls;
