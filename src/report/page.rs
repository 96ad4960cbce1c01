//! The page around the facts and the packed records.

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde::Serialize;

use super::ReportError;
use super::facts::Facts;

#[derive(Debug, Serialize)]
struct Page<'a> {
    facts: &'a Facts,
    style: &'static str,
    script: &'static str,
    index: &'a str,
    chunks: &'a [String],
    chunk_size: usize,
}

/// The page as HTML; nothing in it asks for another file.
pub(super) fn render(facts: &Facts, index: &str, chunks: &[String]) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    // Text of records is escaped, as the name of the template ends in `.html`.
    environment.add_template("page.html", include_str!("page.html.jinja"))?;
    let page = Page {
        facts,
        style: include_str!("page.css"),
        script: include_str!("page.js"),
        index,
        chunks,
        chunk_size: super::browser::CHUNK,
    };
    Ok(environment.get_template("page.html")?.render(Serde(page))?)
}
