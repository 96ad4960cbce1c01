//! Whether everything that the settings need is here, and what to do about what is not.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::hint::Hint;
use crate::llm::classify::Trouble;
use crate::llm::client::Client;
use crate::llm::endpoint::Endpoint;
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, Library, SourceFile};
use crate::rocq::requires::Requires;
use crate::settings::{self, EndpointSettings, Settings, TelemetrySettings, VerifySettings};
use crate::stages::table::{Entry, Work};
use crate::telemetry::Telemetry;
use crate::text::tokenizer::Tokenizer;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// One for each thing that is needed.
    pub checks: Vec<Check>,
    /// Whether a run can start.
    pub is_ready: bool,
}

/// What was found of one thing.
#[derive(Debug, Serialize)]
pub struct Check {
    /// The thing.
    pub what: &'static str,
    /// Whether it is here.
    pub finding: Finding,
    /// What was found, or why it cannot be used.
    pub detail: String,
    /// What to type or to change, where it is missing and that would not be said twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Whether a thing is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It can be used.
    Ok,
    /// It is not asked for.
    Off,
    /// A run would stop without it.
    Missing,
}

/// Less free space than this is not enough for a run.
const LEAST_FREE_BYTES: u64 = 1 << 30;

/// Looks at everything; `file` is the settings file that was named.
pub async fn examine(settings: &Settings, file: Option<&Path>) -> Diagnosis {
    let rocq = Installation::find(&settings.rocq.program).await;
    let mut models = Vec::new();
    for entry in Entry::all() {
        if let Work::Ask { server, .. } = &entry.work {
            models.push(model_server(entry.stage.as_str(), &server(settings)).await);
        }
    }
    let mut checks = vec![
        settings_file(file),
        match &rocq {
            Ok(rocq) => ok("rocq", format!("{}, {}", rocq.version, rocq.program.display())),
            Err(error) => missing("rocq", error),
        },
        match &rocq {
            Ok(rocq) => library(&rocq.library, settings),
            Err(_) => lacking("library", "cannot be found without Rocq".to_owned(), None),
        },
        match &rocq {
            Ok(rocq) => engine(&settings.verify, rocq).await,
            Err(_) => lacking("engine", "cannot be found without Rocq".to_owned(), None),
        },
        tokenizer(settings.measure.tokenizer.as_deref()),
        output(&settings.output),
        telemetry(&settings.telemetry),
    ];
    checks.extend(models);
    let is_ready = checks.iter().all(|check| check.finding != Finding::Missing);
    Diagnosis { checks, is_ready }
}

fn settings_file(file: Option<&Path>) -> Check {
    match file {
        Some(file) => ok("settings", file.display().to_string()),
        None if Path::new(settings::DEFAULT_FILE).is_file() => ok("settings", settings::DEFAULT_FILE.to_owned()),
        None => off("settings", format!("no {} here: the defaults are used", settings::DEFAULT_FILE)),
    }
}

/// The files that a run reads: how many there are, which of them have what the compiler writes, and how they are compiled.
fn library(installed: &Path, settings: &Settings) -> Check {
    let input = &settings.extract.input;
    let Library { files, left_out } = match library::find(input, &settings.rocq.args, installed) {
        Ok(library) => library,
        Err(error) => return missing("library", &error),
    };
    let requires = Requires::of(&files)
        .and_then(|mut requires| files.iter().try_for_each(|file| requires.compiled_for(file).map(drop)));
    if let Err(error) = requires {
        return missing("library", &error);
    }
    let count = |is_it: fn(&SourceFile) -> bool| files.iter().filter(|file| is_it(file)).count();
    let n_compiled = count(|file| file.path.with_extension("vo").is_file());
    let n_globs = count(|file| file.has_glob);
    let flags: BTreeSet<_> = files.iter().map(|file| file.load_path.arguments().join(" ")).collect();
    let flags: Vec<_> = flags.into_iter().filter(|flags| !flags.is_empty()).collect();
    let place = if input.is_empty() { vec![PathBuf::from(library::DEFAULT)] } else { input.clone() };
    let place: Vec<_> = place.iter().map(|path| path.display().to_string()).collect();
    let mut detail = format!(
        "{}: {} files, compiled: {n_compiled}, with a .glob file of their text: {n_globs}",
        place.join(", "),
        files.len()
    );
    if n_globs < files.len() {
        detail.push_str(" (those of the others are made again with coqc, elsewhere)");
    }
    if !left_out.is_empty() {
        let _ = write!(detail, ", left out for a name that Rocq cannot load: {}", left_out.len());
    }
    if !flags.is_empty() {
        let _ = write!(detail, ", flags: {}", flags.join(" and "));
    }
    ok("library", detail)
}

/// What proofs are replayed in.
async fn engine(settings: &VerifySettings, rocq: &Installation) -> Check {
    match Engine::find(settings.engine, &settings.pet, settings.pet_server.as_deref(), rocq).await {
        Ok(engine) => ok("engine", engine.to_string()),
        Err(error) => missing("engine", &error),
    }
}

fn tokenizer(name: Option<&str>) -> Check {
    match Tokenizer::load(name) {
        Ok(tokenizer) => ok("tokenizer", tokenizer.name().to_owned()),
        Err(error) => {
            let advice = "leave `measure.tokenizer` out to use the built-in one";
            lacking("tokenizer", explain(&error), Some(advice.to_owned()))
        }
    }
}

/// Whether files can be written into the folder, or into the nearest one above it that is there.
fn output(folder: &Path) -> Check {
    const ADVICE: &str = "name another folder with `--output` or `output`";
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| std::path::absolute(folder).unwrap_or_default());
    let Some(there) = folder.ancestors().find(|folder| folder.exists()) else {
        return lacking("output", format!("no folder above `{}`", folder.display()), Some(ADVICE.to_owned()));
    };
    if let Err(error) = tempfile::tempfile_in(there) {
        return lacking("output", format!("cannot write in `{}`: {error}", there.display()), Some(ADVICE.to_owned()));
    }
    match rustix::fs::statvfs(there) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let detail = format!("{}, {} MiB free", folder.display(), free >> 20);
            if free < LEAST_FREE_BYTES {
                let least = LEAST_FREE_BYTES >> 20;
                lacking("output", format!("{detail}, of {least} MiB that a run should have"), Some(ADVICE.to_owned()))
            } else {
                ok("output", detail)
            }
        }
        Err(error) => lacking(
            "output",
            format!("cannot read the free space of `{}`: {error}", there.display()),
            Some(ADVICE.to_owned()),
        ),
    }
}

/// How long a model server may take to say which models it has.
const MODELS_LIMIT: Duration = Duration::from_secs(10);

/// Asks the server of a stage which models it has; that costs nothing.
async fn model_server(stage: &'static str, settings: &EndpointSettings) -> Check {
    if settings.base_url.is_none() {
        return off(stage, format!("no `{stage}.base_url` is set"));
    }
    let endpoint = match Endpoint::resolve(settings, stage) {
        Ok(endpoint) if endpoint.is_rehearsal() => return ok(stage, "a rehearsal without a server".to_owned()),
        Ok(endpoint) => endpoint,
        Err(error) => return missing(stage, &error),
    };
    let client = match Client::new(&endpoint) {
        Ok(client) => client,
        Err(error) => return missing(stage, &error),
    };
    let key = if endpoint.key.is_some() {
        format!("with the key in {}", settings.api_key_env)
    } else {
        "without a key".to_owned()
    };
    let asked = format!("{} ({key})", endpoint.address());
    match client.models(MODELS_LIMIT).await {
        Ok(models) if models.contains(&endpoint.model) => ok(stage, format!("{asked}, {}", endpoint.model)),
        // Not every server names all that it answers to.
        Ok(_) => ok(stage, format!("{asked}, which does not name {}", endpoint.model)),
        Err(Trouble::Fatal { status: status @ 401..=403, message }) => {
            let advice =
                format!("put the key for this server into the environment variable `{}`", settings.api_key_env);
            lacking(stage, format!("{asked}: status {status}: {message}"), Some(advice))
        }
        Err(Trouble::Fatal { status, .. }) => ok(stage, format!("{asked}, which does not list its models ({status})")),
        Err(trouble) => lacking(stage, format!("{asked}: {}", trouble.message()), Some(SERVER_ADVICE.to_owned())),
    }
}

const SERVER_ADVICE: &str = "start that server, or write its address as its client libraries take it";

/// Sends one span.
fn telemetry(settings: &TelemetrySettings) -> Check {
    let Some(endpoint) = &settings.endpoint else {
        return off("telemetry", "no `telemetry.endpoint` is set".to_owned());
    };
    let settings = settings.clone();
    // Its client must not be made inside a runtime.
    let sent = thread::spawn(move || Telemetry::start(&settings, "doctor")?.finish(ExitCode::Success)).join();
    match sent {
        Ok(Ok(())) => ok("telemetry", endpoint.clone()),
        Ok(Err(error)) => missing("telemetry", &error),
        Err(_) => lacking("telemetry", format!("the client of `{endpoint}` failed"), None),
    }
}

/// An error and its causes in one line.
fn explain(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn ok(what: &'static str, detail: String) -> Check {
    Check { what, finding: Finding::Ok, detail, advice: None }
}

fn off(what: &'static str, detail: String) -> Check {
    Check { what, finding: Finding::Off, detail, advice: None }
}

/// What cannot be used, and what its error says about that.
fn missing(what: &'static str, error: &(impl Hint + 'static)) -> Check {
    lacking(what, explain(error), Some(error.hint()))
}

fn lacking(what: &'static str, detail: String, advice: Option<String>) -> Check {
    Check { what, finding: Finding::Missing, detail, advice }
}
