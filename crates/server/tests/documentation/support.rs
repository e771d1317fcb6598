//! Reading our documents and our sources.

use std::path::{Path, PathBuf};

/// A path from the root of the repository.
pub fn path(from_root: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(from_root)
}

/// The text of a file, by its path from the root of the repository.
pub fn read(from_root: &str) -> String {
    let path = path(from_root);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails when a file is not what the code says. With `UPDATE_DOCS=1` it is written instead;
/// `cargo xtask docs` does that.
pub fn compare(from_root: &str, generated: &str) {
    let path = path(from_root);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, generated).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated,
        "{from_root} is not what the code says; `cargo xtask docs` rewrites it"
    );
}

/// The documents that name commands, variables and paths.
pub const DOCUMENTS: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "docs/configuration.md",
    "docs/errors.md",
    "docs/flows.md",
    "docs/guide/deploy.md",
    "docs/guide/operate.md",
    "docs/guide/shop.md",
];

/// Every document: those of the root, and those below `docs` and `crates`.
pub fn documents() -> Vec<String> {
    let mut found: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "STYLE.md", "CHANGELOG.md"].map(str::to_owned).into();
    for folder in ["docs", "crates"] {
        found.extend(files(folder, ".md"));
    }
    found
}

/// Path, from the root of the repository, and text of the Rust files below a folder.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    files(folder, ".rs").into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// The paths, from the root of the repository, of the files below a folder whose name ends so.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in path(&folder).read_dir().unwrap() {
            let entry = entry.unwrap();
            let from_root = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(from_root);
            } else if from_root.ends_with(ending) {
                found.push(from_root);
            }
        }
    }
    found
}

/// The code spans of a line of Markdown: what stands between runs of the same number of backticks.
pub fn code_spans(line: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let opened = &rest[start..];
        let run = opened.len() - opened.trim_start_matches('`').len();
        let fence = "`".repeat(run);
        let inside = &opened[run..];
        let Some(end) = closing(inside, &fence) else { break };
        let span = &inside[..end];
        let padded = span.strip_prefix(' ').and_then(|span| span.strip_suffix(' '));
        spans.push(padded.unwrap_or(span).to_owned());
        rest = &inside[end + run..];
    }
    spans
}

/// Where a run of exactly as many backticks begins.
fn closing(text: &str, fence: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find('`') {
        let at = from + found;
        let run = text[at..].len() - text[at..].trim_start_matches('`').len();
        if run == fence.len() {
            return Some(at);
        }
        from = at + run;
    }
    None
}

#[test]
fn code_spans_may_hold_backticks() {
    assert_eq!(code_spans("a `b` and `` `c` d `` and ``e`f`` `open"), ["b", "`c` d", "e`f"]);
}
