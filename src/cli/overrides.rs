//! Which settings each verb takes as flags, and what its other arguments say about settings.

use std::path::Path;

use clap::ArgMatches;
use serde::Serialize;

use super::Verb;
use crate::settings::{NotText, Overrides};

/// The tables and keys whose flags a verb takes, by its name.
pub(super) fn flags_of(verb: &str) -> &'static [&'static str] {
    match verb {
        "run" => &[
            "jobs",
            "rocq.args",
            "rocq.max_memory",
            "verify.engine",
            "measure",
            "filter",
            "select",
            "reason.num_gen",
            "budget",
        ],
        "extract" => &["extract", "jobs", "rocq.args", "rocq.max_memory", "shard"],
        "verify" => &["verify", "jobs", "rocq.args", "rocq.max_memory", "shard"],
        "check" => &["check", "verify", "jobs", "rocq.args", "rocq.max_memory", "shard"],
        "measure" => &["measure", "jobs", "shard"],
        "filter" => &["filter", "jobs", "shard"],
        "select" => &["select", "jobs"],
        "reason" => &["reason", "shard"],
        "score" => &["score", "shard"],
        "judge" => &["judge", "shard"],
        "export" => &["export", "jobs"],
        _ => &[],
    }
}

/// What a verb's command line sets.
pub(super) fn overrides(verb: &Verb, matches: &ArgMatches) -> Result<Overrides, NotText> {
    let mut overrides = Overrides::of(matches, flags_of(verb.name()))?;
    let (library, run_dir, shard) = match verb {
        Verb::Run(args) => (&*args.input, args.output.as_deref(), None),
        Verb::Extract(args) => (&*args.input, None, args.shard.resolve()),
        Verb::Verify(args) => (&*args.library, None, args.shard.resolve()),
        Verb::Check(args) => (&*args.library, None, args.shard.resolve()),
        Verb::Measure(args) | Verb::Filter(args) => (&[][..], None, args.shard.resolve()),
        Verb::Reason(args) | Verb::Score(args) | Verb::Judge(args) => (&[][..], None, args.shard.resolve()),
        Verb::Status(args) => (&[][..], args.dir.as_deref(), None),
        Verb::Report(args) => (&[][..], args.dir.as_deref(), None),
        Verb::Select(_)
        | Verb::Export(_)
        | Verb::Doctor
        | Verb::Example { .. }
        | Verb::Completions { .. }
        | Verb::Man
        | Verb::Reference { .. }
        | Verb::Tether { .. } => (&[][..], None, None),
    };
    set(&mut overrides, "extract.input", (!library.is_empty()).then_some(library))?;
    set::<Path>(&mut overrides, "output", run_dir)?;
    set(&mut overrides, "shard", shard.as_ref())?;
    Ok(overrides)
}

fn set<T: Serialize + ?Sized>(overrides: &mut Overrides, key: &str, value: Option<&T>) -> Result<(), NotText> {
    value.map_or(Ok(()), |value| overrides.set(key, value))
}
