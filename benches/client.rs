//! A thousand requests under way at once, against a server of our own that answers each after a second.
//!
//! Reports answers per second, what the client takes of the processor, and its memory a quarter of the way and at the
//! end; every answer is synced to the journal. The server is another process, so that only the client is measured.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use axum::Router;
use axum::routing::post;
use futures::StreamExt;
use rocq_distill::llm::budget::Limit;
use rocq_distill::llm::chat::{self, Completion};
use rocq_distill::llm::endpoint::Endpoint;
use rocq_distill::llm::{Request, Route, Session};
use rocq_distill::record::RecordId;
use rocq_distill::settings::EndpointSettings;
use rocq_distill::store::layout::StageDir;
use rocq_distill::store::shard::Shard;

const WORKERS: usize = 1000;
const REQUESTS: usize = 30_000;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    if env::args().nth(1).as_deref() == Some("serve") {
        runtime.block_on(serve());
    } else {
        let server = Server::start();
        runtime.block_on(ask(&server.base_url));
    }
}

async fn serve() {
    let answer = serde_json::json!({
        "id": "chatcmpl-1",
        "model": "bench",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "reasoning": "I think. ".repeat(400), "content": "\\boxed{by [].}" },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 1000 },
    })
    .to_string();
    let answer = move || async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ([("content-type", "application/json")], answer)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    report(&format!("{}", listener.local_addr().expect("an address")));
    axum::serve(listener, Router::new().route("/v1/chat/completions", post(answer))).await.expect("a server");
}

async fn ask(base_url: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = EndpointSettings {
        base_url: Some(base_url.to_owned()),
        model: Some("bench".to_owned()),
        max_workers: WORKERS,
        ..EndpointSettings::default()
    };
    let endpoint = Endpoint::resolve(&settings, "reason").expect("an endpoint");
    let session =
        Session::open(endpoint, &StageDir::new(folder.path()), Shard::WHOLE, Limit::default()).expect("a session");
    let body = session.endpoint().body([("messages", chat::messages(&"Why does this hold? ".repeat(200)))]);
    let request = Request::new(RecordId::new("bench:x"), 0, Route::ChatCompletions, &body, 1000);
    let (started, cpu_before) = (Instant::now(), cpu_seconds());
    let mut answers = futures::stream::iter(0..REQUESTS)
        .map(|sample| {
            let (session, request) = (&session, request.of_sample(sample));
            async move { session.ask::<Completion>(&request).await }
        })
        .buffer_unordered(WORKERS);
    let (mut n_answers, mut early) = (0, String::new());
    while let Some(answer) = answers.next().await {
        answer.expect("an answer");
        n_answers += 1;
        if n_answers == REQUESTS / 4 {
            early = memory();
        }
    }
    drop(answers);
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
    session.close().expect("a good end");
    report(&format!(
        "{REQUESTS} answers, {WORKERS} under way: {:.0} answers/s over {wall:.1} s; {cpu:.1} s of CPU, {:.2} cores; \
         memory {early} after a quarter, {} at the end",
        f64::from(u32::try_from(REQUESTS).expect("a small number")) / wall,
        cpu / wall,
        memory()
    ));
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("/proc");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().expect("a number")).sum();
    ticks / 100.0
}

fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().to_owned()
}

#[expect(clippy::print_stdout, reason = "what a bench is for")]
fn report(line: &str) {
    println!("{line}");
}

struct Server {
    process: Child,
    base_url: String,
}

impl Server {
    fn start() -> Self {
        let program = env::current_exe().expect("this program");
        let mut process = Command::new(program).arg("serve").stdout(Stdio::piped()).spawn().expect("a server");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("its output")).read_line(&mut line).expect("its address");
        Self { process, base_url: format!("http://{}/v1", line.trim()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
