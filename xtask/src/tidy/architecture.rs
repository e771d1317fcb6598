//! ARCHITECTURE.md names every crate, and nothing that is not there.

use std::collections::BTreeSet;

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

const DOCUMENT: &str = "ARCHITECTURE.md";
/// A word that begins so is a path.
const PATHS: [&str; 6] = ["crates/", "docs/", "scripts/", "tests/", "xtask/", ".ci/"];

pub fn check(tree: &Tree) -> Vec<Violation> {
    let Some(text) = tree.text(DOCUMENT) else {
        return vec![Violation::of_file(DOCUMENT, "it is missing")];
    };
    let named = named(text);
    let crates: Vec<String> = tree.crates().iter().map(|name| format!("crates/{name}")).collect();
    let unnamed = crates
        .iter()
        .filter(|path| !named.iter().any(|(_, name)| is_in(name, path)))
        .map(|path| Violation::of_file(DOCUMENT, format!("it does not name `{path}`")));
    let missing = named.iter().filter(|(_, path)| !tree.has(path)).map(|(line, path)| {
        Violation::at(DOCUMENT, *line, format!("it names `{path}`, which is not there"))
    });
    unnamed.chain(missing).collect()
}

fn is_in(path: &str, folder: &str) -> bool {
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Every path that the document names, with its line: those written out, and those drawn as a
/// tree, where `crates/` stands above the names that are indented below it.
fn named(text: &str) -> BTreeSet<(usize, String)> {
    let mut named = BTreeSet::new();
    let mut below_crates = false;
    for (line, content) in (1..).zip(text.lines()) {
        let is_indented = content.starts_with(' ');
        let first = content.split_whitespace().next().unwrap_or_default();
        if below_crates && is_indented {
            if let Some(name) = first.strip_suffix('/') {
                named.insert((line, format!("crates/{name}")));
            }
        } else {
            below_crates = first == "crates/";
        }
        for word in content.split(|letter: char| !is_of_path(letter)) {
            let path = word.trim_end_matches(['/', '.']);
            if PATHS.iter().any(|start| word.starts_with(start)) && path.contains('/') {
                named.insert((line, path.to_owned()));
            }
        }
    }
    named
}

fn is_of_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "/._-".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::told;

    const CRATES: [(&str, &str); 2] =
        [("crates/app/Cargo.toml", ""), ("crates/web/src/lib.rs", "")];

    fn check_document(text: &str) -> Vec<String> {
        told(check, &[CRATES[0], CRATES[1], (DOCUMENT, text)])
    }

    #[test]
    fn crates_are_named_by_their_path_or_drawn_as_a_tree() {
        let none = [] as [&str; 0];
        assert_eq!(check_document("See `crates/app` and [it](crates/web/src/lib.rs).\n"), none);
        assert_eq!(check_document("```\ncrates/\n  app/   what\n  web/   else\n```\n"), none);
    }

    #[test]
    fn a_crate_that_is_not_named_and_a_name_without_a_crate() {
        assert_eq!(
            check_document("```\ncrates/\n  app/\n  shop/\ndocs/\n```\nAnd `docs/no.md`.\n"),
            [
                "ARCHITECTURE.md: it does not name `crates/web`",
                "ARCHITECTURE.md:4: it names `crates/shop`, which is not there",
                "ARCHITECTURE.md:7: it names `docs/no.md`, which is not there",
            ]
        );
    }

    #[test]
    fn it_has_to_be_there() {
        assert_eq!(told(check, &CRATES), ["ARCHITECTURE.md: it is missing"]);
    }
}
