//! Whether everything that the settings need is here, and what to do about what is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::failure::{CERTIFICATES_HINT, NO_ROCQ_HINT, PETANQUE_HINT};
use crate::llm::LlmError;
use crate::llm::classify::Trouble;
use crate::llm::client::Client;
use crate::llm::endpoint::Endpoint;
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::settings::{self, EndpointSettings, Settings, TelemetrySettings, VerifySettings};
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
    let servers = [
        ("reason", settings.reason.endpoint()),
        ("score", settings.score.endpoint()),
        ("judge", settings.judge.endpoint()),
    ];
    let mut models = Vec::new();
    for (stage, endpoint) in servers {
        models.push(model_server(stage, &endpoint).await);
    }
    let mut checks = vec![
        settings_file(file),
        match &rocq {
            Ok(rocq) => ok("rocq", format!("{}, {}", rocq.version, rocq.program.display())),
            Err(error) => missing("rocq", explain(error), NO_ROCQ_HINT),
        },
        match &rocq {
            Ok(rocq) => library(&rocq.library, &settings.extract.input),
            Err(_) => Check { advice: None, ..missing("library", "cannot be found without Rocq".to_owned(), "") },
        },
        match &rocq {
            Ok(rocq) => engine(&settings.verify, rocq).await,
            Err(_) => Check { advice: None, ..missing("engine", "cannot be found without Rocq".to_owned(), "") },
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

/// The files that a run reads, where the installed library has them.
fn library(library: &Path, input: &[PathBuf]) -> Check {
    let wanted = if input.is_empty() { vec![PathBuf::from("mathcomp")] } else { input.to_vec() };
    match wanted.iter().find(|path| !path.exists() && !library.join(path).exists()) {
        None => ok("library", library.display().to_string()),
        Some(path) => missing(
            "library",
            format!("no `{}` here or in `{}`", path.display(), library.display()),
            "install MathComp for this Rocq, or name the files with `--input` or `extract.input`",
        ),
    }
}

/// What proofs are replayed in.
async fn engine(settings: &VerifySettings, rocq: &Installation) -> Check {
    match Engine::find(settings.engine, &settings.pet, settings.pet_server.as_deref(), rocq).await {
        Ok(engine) => ok("engine", engine.to_string()),
        Err(error) => missing("engine", explain(&error), PETANQUE_HINT),
    }
}

fn tokenizer(name: Option<&str>) -> Check {
    match Tokenizer::load(name) {
        Ok(tokenizer) => ok("tokenizer", tokenizer.name().to_owned()),
        Err(error) => missing("tokenizer", explain(&error), "leave `measure.tokenizer` out to use the built-in one"),
    }
}

/// Whether files can be written into the folder, or into the nearest one above it that is there.
fn output(folder: &Path) -> Check {
    const ADVICE: &str = "name another folder with `--output` or `output`";
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| std::path::absolute(folder).unwrap_or_default());
    let Some(there) = folder.ancestors().find(|folder| folder.exists()) else {
        return missing("output", format!("no folder above `{}`", folder.display()), ADVICE);
    };
    if let Err(error) = tempfile::tempfile_in(there) {
        return missing("output", format!("cannot write in `{}`: {error}", there.display()), ADVICE);
    }
    match rustix::fs::statvfs(there) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let detail = format!("{}, {} MiB free", folder.display(), free >> 20);
            if free < LEAST_FREE_BYTES {
                let least = LEAST_FREE_BYTES >> 20;
                missing("output", format!("{detail}, of {least} MiB that a run should have"), ADVICE)
            } else {
                ok("output", detail)
            }
        }
        Err(error) => {
            missing("output", format!("cannot read the free space of `{}`: {error}", there.display()), ADVICE)
        }
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
        Err(error) => return missing(stage, explain(&error), SERVER_ADVICE),
    };
    let client = match Client::new(&endpoint) {
        Ok(client) => client,
        Err(error @ LlmError::NoClient { .. }) => return missing(stage, explain(&error), CERTIFICATES_HINT),
        Err(error) => return missing(stage, explain(&error), SERVER_ADVICE),
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
            missing(stage, format!("{asked}: status {status}: {message}"), &advice)
        }
        Err(Trouble::Fatal { status, .. }) => ok(stage, format!("{asked}, which does not list its models ({status})")),
        Err(trouble) => missing(stage, format!("{asked}: {}", trouble.message()), SERVER_ADVICE),
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
        Ok(Err(error)) => missing("telemetry", explain(&error), TELEMETRY_ADVICE),
        Err(_) => missing("telemetry", format!("the client of `{endpoint}` failed"), TELEMETRY_ADVICE),
    }
}

const TELEMETRY_ADVICE: &str = "start a collector there, or unset `telemetry.endpoint` and OTEL_EXPORTER_OTLP_ENDPOINT";

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

fn missing(what: &'static str, detail: String, advice: &str) -> Check {
    Check { what, finding: Finding::Missing, detail, advice: Some(advice.to_owned()) }
}
