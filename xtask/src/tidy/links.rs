//! Links in the documents lead somewhere: to a file, and to a heading in it.

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.with_ending(".md").flat_map(|(path, text)| check_document(tree, path, text)).collect()
}

fn check_document(tree: &Tree, path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, content) in prose(text) {
        for target in targets(content) {
            if let Some(rule) = broken(tree, path, target) {
                violations.push(Violation::at(path, line, rule));
            }
        }
    }
    violations
}

/// What is wrong with a link, if anything is. Addresses outside of the repository are not asked.
fn broken(tree: &Tree, path: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = match target.split_once('#') {
        Some((file, heading)) => (file, Some(heading)),
        None => (target, None),
    };
    let file = if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) };
    let Some(file) = file.filter(|file| tree.has(file)) else {
        return Some(format!("the link to `{target}` leads nowhere"));
    };
    let heading = heading?;
    let text = tree.text(&file)?;
    let is_there = anchors(text).iter().any(|anchor| anchor == heading);
    (!is_there).then(|| format!("the link to `{target}` names no heading of {file}"))
}

/// The lines outside of code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// The targets of the links of a line: what stands in `](…)`.
fn targets(line: &str) -> Vec<&str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split_whitespace().next().unwrap_or_default())
        .collect()
}

/// The path of a file named in a document, from the root; `None` when it leads out of it.
fn resolve(document: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors that headings get: lower case, spaces to dashes, signs dropped.
fn anchors(text: &str) -> Vec<String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            line.trim_start_matches('#')
                .trim()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .flat_map(char::to_lowercase)
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::told;

    const GUIDE: (&str, &str) = ("docs/guide.md", "# Guide\n## The `first_key`, and more\n");

    fn check_link(link: &str) -> Vec<String> {
        told(
            check,
            &[GUIDE, ("crates/app/src/lib.rs", ""), ("docs/a.md", &format!("# A\n{link}\n"))],
        )
    }

    #[test]
    fn links_to_files_folders_headings_and_elsewhere() {
        let none = [] as [&str; 0];
        assert_eq!(
            check_link("[a](guide.md) [b](./guide.md) [c](../docs/guide.md \"title\")"),
            none
        );
        assert_eq!(check_link("[a](../crates/app) [b](../crates/app/src/lib.rs)"), none);
        assert_eq!(check_link("[a](guide.md#the-first_key-and-more) [b](#a)"), none);
        assert_eq!(check_link("[a](https://example.com/x.md) [b](mailto:a@example.com)"), none);
        assert_eq!(check_link("```\n[a](nowhere.md)\n```"), none);
    }

    #[test]
    fn links_that_lead_nowhere() {
        assert_eq!(
            check_link("[a](nowhere.md) [b](guide.md#nothing)\n[c](../../other/a.md) [d](#b)"),
            [
                "docs/a.md:2: the link to `nowhere.md` leads nowhere",
                "docs/a.md:2: the link to `guide.md#nothing` names no heading of docs/guide.md",
                "docs/a.md:3: the link to `../../other/a.md` leads nowhere",
                "docs/a.md:3: the link to `#b` names no heading of docs/a.md",
            ]
        );
    }
}
