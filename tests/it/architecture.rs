//! The rules of the house, read from its sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A source file: its path below `src`, and its text without the tests at its end.
struct Source {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &str) -> Vec<PathBuf> {
    let entries = WalkDir::new(root().join(folder)).sort_by_file_name().into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn sources() -> Vec<Source> {
    files_below("src")
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let text = without_tests(&text).to_owned();
            Source { path: path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned(), text }
        })
        .collect()
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

/// The modules in the order in which the documentation of the library lists them.
fn order() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("//! - [`")?.split('`').next());
    names.map(str::to_owned).collect()
}

/// The modules that a text names after `crate::`.
fn imports(text: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let first_word = |text: &str| text.chars().take_while(|c| is_word(*c)).collect::<String>();
    let mut names = BTreeSet::new();
    for (at, crate_path) in text.match_indices("crate::") {
        // `$crate::` is another thing, and so is a word that ends so.
        if text[..at].ends_with(|c: char| is_word(c) || c == '$') {
            continue;
        }
        let rest = &text[at + crate_path.len()..];
        match rest.strip_prefix('{') {
            None => drop(names.insert(first_word(rest))),
            Some(list) => {
                let mut depth = 0;
                let mut at_start = true;
                for (index, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => at_start = true,
                        c if at_start && is_word(c) => {
                            names.insert(first_word(&list[index..]));
                            at_start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

#[test]
fn imports_are_read_from_every_form() {
    let text =
        "use crate::store::{jsonl, unit};\nuse crate::{stages::{Context, event}, run};\nlet x = crate::text::f();";
    assert_eq!(imports(text).into_iter().collect::<Vec<_>>(), ["run", "stages", "store", "text"]);
}

#[test]
fn the_documentation_of_the_library_lists_every_module() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let listed = order();
    assert_eq!(declared, listed.iter().map(String::as_str).collect());
}

#[test]
fn a_module_imports_only_from_the_modules_before_it() {
    let order = order();
    let rank = |name: &str| order.iter().position(|module| module == name);
    for source in sources() {
        let module = source.path.split(['/', '.']).next().unwrap();
        if ["main", "lib"].contains(&module) {
            continue;
        }
        let code: String = source.text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for import in imports(&code) {
            let (own, other) = (rank(module).unwrap(), rank(&import));
            assert!(other.is_some_and(|other| other <= own), "src/{} imports `{import}`", source.path);
        }
    }
}

#[test]
fn every_test_that_the_documentation_of_the_library_names_is_there() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let is_name =
        |word: &&str| word.matches('_').count() >= 3 && !word.contains(|c: char| !c.is_alphanumeric() && c != '_');
    let named: BTreeSet<_> = text.split('`').skip(1).step_by(2).filter(is_name).collect();
    assert!(named.len() > 5, "{named:?}");
    let tests: String = [files_below("src"), files_below("tests/it")]
        .concat()
        .iter()
        .map(|path| fs::read_to_string(path).unwrap_or_default())
        .collect();
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn text_knows_nothing_of_the_rest() {
    for source in sources().iter().filter(|source| source.path.starts_with("text")) {
        assert!(imports(&source.text).iter().all(|import| import == "text"), "src/{}", source.path);
    }
}

#[test]
fn only_console_prints() {
    const WAYS: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "dbg!", "stdout()", "stderr()", "anstream"];
    for source in sources().iter().filter(|source| !source.path.starts_with("console")) {
        for way in WAYS {
            assert!(!source.text.contains(way), "src/{} has `{way}`", source.path);
        }
    }
}

#[test]
fn only_the_layout_joins_paths_of_the_run_directory() {
    /// Who else joins paths, and to what.
    const OTHERS: &[(&str, &str)] = &[
        ("rocq/installation.rs", "the installed library and the folders of PATH"),
        ("rocq/petanque/workspace.rs", "a folder of its own for petanque"),
        ("rocq/compiler.rs", "a folder of its own for coqc"),
        ("rocq/library.rs", "the installed library"),
        ("rocq/project.rs", "the folders of a project"),
        ("text/tokenizer.rs", "the folder of a tokenizer"),
        ("text/tokenizer/hub.rs", "the cache of the hub"),
    ];
    for source in sources().iter().filter(|source| source.path != "store/layout.rs") {
        let joins = source.text.match_indices(".join(").any(|(at, join)| is_path(&source.text[at + join.len()..]));
        let is_allowed = OTHERS.iter().any(|(path, _)| *path == source.path);
        assert!(!joins || is_allowed, "src/{} joins paths", source.path);
        assert!(joins || !is_allowed, "src/{} joins no paths any more", source.path);
    }
}

/// Whether what is joined is a path, by the text behind `.join(`: threads are joined with nothing, texts with
/// punctuation.
fn is_path(argument: &str) -> bool {
    match argument.strip_prefix('"').and_then(|literal| literal.split('"').next()) {
        Some(literal) => !literal.contains(' ') && literal.replace("\\n", "").contains(char::is_alphanumeric),
        None => !argument.starts_with([')', '\'']),
    }
}

#[test]
fn every_source_file_says_what_it_is_and_is_of_a_size_to_be_read() {
    for path in [files_below("src"), files_below("tests"), files_below("benches")].concat() {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//! "), "{} does not open with what it is", path.display());
            let n_lines = without_tests(&text).lines().count();
            assert!(n_lines <= 500, "{} has {n_lines} lines", path.display());
        }
    }
}

#[test]
fn the_text_of_the_project_is_finished_and_is_about_the_project() {
    // In pieces, so that this file may have them.
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["clau", "de"],
        ["index.crates", ".io"],
        ["pypi", ".org"],
        ["deb.debian", ".org"],
    ]
    .map(|pieces| pieces.concat());
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let top = top.filter(|path| {
        path.extension().is_some_and(|extension| ["md", "toml", "nix"].iter().any(|known| extension == *known))
    });
    let folders =
        ["src", "tests/it", "benches", "containers", "slurm"].iter().filter(|folder| root().join(folder).is_dir());
    for path in top.chain(folders.flat_map(|folder| files_below(folder))) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        // What `mktemp` fills in is no mark.
        let text = text.replace(&"X".repeat(6), "");
        for word in &words {
            assert!(!text.contains(word.as_str()), "{} has `{word}`", path.display());
        }
    }
}

/// Ways to go wrong that are known from experience are numbered; a test that stands for some of them has their numbers
/// in its name.
#[test]
fn every_known_way_to_go_wrong_has_a_test_with_its_number() {
    let files = files_below("src").into_iter().chain(files_below("tests/it"));
    let texts: Vec<_> = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let names = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.trim().split_once("fn "));
    let numbers: BTreeSet<_> = names
        .filter(|(before, _)| ["", "async "].contains(before))
        .flat_map(|(_, name)| name.split('_').map_while(|part| part.strip_prefix('m')?.parse::<u32>().ok()))
        .collect();
    let without: Vec<_> = (1..=44).filter(|number| !numbers.contains(number)).collect();
    assert!(without.is_empty(), "no test has the numbers {without:?}");
}
