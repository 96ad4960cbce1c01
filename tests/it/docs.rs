//! The pages of the documentation against what they speak of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    pages.sort();
    pages
}

/// Where the links of a page lead that stay within the repository.
fn links(page: &Path) -> Vec<PathBuf> {
    let text = text(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    targets.map(|target| page.parent().unwrap().join(target.split('#').next().unwrap())).collect()
}

#[test]
fn every_link_of_the_docs_leads_somewhere() {
    for page in pages() {
        for link in links(&page) {
            assert!(link.exists(), "{} links to {}", page.display(), link.display());
        }
    }
}

#[test]
fn every_number_in_the_name_of_a_test_stands_in_the_list_of_mistakes() {
    let mistakes = text(&root().join("docs/mistakes.md"));
    let sources = ["src", "tests/it", "tests/live"].into_iter().flat_map(|folder| WalkDir::new(root().join(folder)));
    let sources =
        sources.map(|entry| entry.unwrap().into_path()).filter(|path| path.extension() == Some("rs".as_ref()));
    let mut n_names = 0;
    for path in sources {
        for name in text(&path).split("fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
            for number in name.split('_').map_while(|word| word.strip_prefix('m')?.parse::<u32>().ok()) {
                n_names += 1;
                assert!(mistakes.contains(&format!("- **M{number}** ")), "{name} in {}", path.display());
            }
        }
    }
    assert!(n_names > 50, "only {n_names} were found");
}

/// What `benches/sizing` says to these arguments.
fn sizing(arguments: &str) -> String {
    let mut command = Command::new("python3");
    let output = command.arg("benches/sizing").args(arguments.split_whitespace()).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_sizes_of_a_run_are_those_of_the_formula() {
    sizing("--check docs/cluster.md");
    // By hand. 10 samples of 2 records: reads 20 · 1 M, writes 20 · 2 M; scores them in one variant: 2 · (10 + 2) questions
    // and 2 · (10 + 1) reasonings; judges 3 a record: 6 of 1 M + 2 M, and writes 6 · 0.5 M. A GPU reads and writes 10,000 a second.
    let given = "--records 2 --samples 10 --variants 1 --judged 3 --question 1000000 --reasoning 2000000 --verdict 500000 \
                 --reason-speed 1e4 1e4 --score-speed 1e4 1e4 --judge-speed 1e4 1e4 --reason-price 1 2 --judge-price 1 2";
    let found = sizing(given);
    let rows: Vec<_> = found.lines().skip(2).collect();
    assert_eq!(
        rows,
        [
            "| `reason` | 20 M | 40 M | 1.7 h | 0.4 h | 0.1 h | $100 |",
            "| `score` | 68 M | 24 | 1.9 h | 0.5 h | 0.1 h | – |",
            "| `judge` | 18 M | 3 M | 0.6 h | 0.1 h | 0.0 h | $24 |",
        ]
    );
}
