//! Rules about the text of files: no planning litter, no `allow`, no file too long.

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// A file of code that is longer has more than one subject.
const RUST_LINES_MAX: usize = 700;

/// Endings of the files that people write.
const WRITTEN: [&str; 7] = [".rs", ".toml", ".md", ".py", ".sql", ".html", ".js"];

/// Written in two parts, so that this file does not break its own rule.
const LITTER: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
const UNIMPLEMENTED: &str = concat!("unimplemented", "!");
const ALLOW: [&str; 2] = [concat!("#[", "allow("), concat!("#![", "allow(")];

pub fn check(tree: &Tree) -> Vec<Violation> {
    let written = WRITTEN.iter().flat_map(|ending| tree.with_ending(ending));
    let scripts = tree
        .paths()
        .filter(|path| path.starts_with("scripts/") || path.starts_with(".ci/"))
        .filter(|path| !WRITTEN.iter().any(|ending| path.ends_with(ending)))
        .filter_map(|path| Some((path, tree.text(path)?)));
    let litter = written.chain(scripts).flat_map(|(path, text)| litter(path, text));
    let code = tree.with_ending(".rs").flat_map(|(path, text)| code(path, text));
    litter.chain(code).collect()
}

fn litter(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, content) in numbered(text) {
        for word in LITTER {
            if has_word(content, word) {
                let rule = format!("`{word}`: a plan belongs into an issue, or nowhere");
                violations.push(Violation::at(path, line, rule));
            }
        }
    }
    violations
}

fn code(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, content) in numbered(text) {
        if content.contains(UNIMPLEMENTED) {
            let rule = "code that is there works: no `unimplemented`";
            violations.push(Violation::at(path, line, rule));
        }
        if ALLOW.iter().any(|start| content.trim_start().starts_with(start)) {
            let rule = "`#[expect(…, reason = \"…\")]` instead of `allow`";
            violations.push(Violation::at(path, line, rule));
        }
    }
    let lines = text.lines().count();
    if lines > RUST_LINES_MAX {
        let rule = format!("{lines} lines, at most {RUST_LINES_MAX}: one subject a file");
        violations.push(Violation::of_file(path, rule));
    }
    violations
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::told;

    #[test]
    fn planning_litter_is_found_in_code_documents_and_scripts() {
        let comment = format!("fn main() {{}}\n// {}: later\n", LITTER[0]);
        let document = format!("{} this\n", LITTER[1]);
        let files = [
            ("src/main.rs", &*comment),
            ("docs/a.md", &*document),
            ("scripts/test", &*document),
            ("Cargo.lock", &*document),
            ("src/fine.rs", "// a mastodon, TODOS, a todo list"),
        ];
        assert_eq!(
            told(check, &files),
            [
                format!("src/main.rs:2: `{}`: a plan belongs into an issue, or nowhere", LITTER[0]),
                format!("docs/a.md:1: `{}`: a plan belongs into an issue, or nowhere", LITTER[1]),
                format!(
                    "scripts/test:1: `{}`: a plan belongs into an issue, or nowhere",
                    LITTER[1]
                ),
            ]
        );
    }

    #[test]
    fn code_that_is_there_works_and_is_not_excused() {
        let text = format!("    {}dead_code)]\nfn f() {{ {UNIMPLEMENTED}() }}\n", ALLOW[0]);
        assert_eq!(
            told(check, &[("src/lib.rs", &text)]),
            [
                "src/lib.rs:1: `#[expect(…, reason = \"…\")]` instead of `allow`",
                "src/lib.rs:2: code that is there works: no `unimplemented`",
            ]
        );
    }

    #[test]
    fn a_file_of_code_has_at_most_700_lines() {
        let (fits, long) = ("x\n".repeat(700), "x\n".repeat(701));
        assert_eq!(
            told(check, &[("a.rs", &fits), ("b.rs", &long), ("c.md", &long)]),
            ["b.rs: 701 lines, at most 700: one subject a file"]
        );
    }
}
