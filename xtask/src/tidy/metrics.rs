//! Every metric that is recorded is described for the operator, and none that is not.

use std::collections::BTreeSet;

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// Where the metrics of the product are described.
const DESCRIPTIONS: &str = "crates/server/src/metrics.rs";
const MACROS: [&str; 3] = ["counter!(", "gauge!(", "histogram!("];
const PREFIX: &str = "paybridge_";

pub fn check(tree: &Tree) -> Vec<Violation> {
    let Some(descriptions) = tree.text(DESCRIPTIONS) else {
        return vec![Violation::of_file(DESCRIPTIONS, "it is missing")];
    };
    let described: BTreeSet<&str> = descriptions
        .lines()
        .filter_map(|line| line.trim().strip_prefix("name: \"")?.split('"').next())
        .collect();
    let mut recorded = BTreeSet::new();
    let mut violations = Vec::new();
    for (path, text) in tree.with_ending(".rs") {
        if !path.starts_with("crates/") || !path.contains("/src/") || path == DESCRIPTIONS {
            continue;
        }
        for name in MACROS.iter().flat_map(|call| arguments(text, call)) {
            match name {
                Some(name) if described.contains(name) && name.starts_with(PREFIX) => {
                    recorded.insert(name);
                }
                Some(name) => {
                    let rule = format!("the metric `{name}` is not described in {DESCRIPTIONS}");
                    violations.push(Violation::of_file(path, rule));
                }
                None => {
                    let rule = "a metric is recorded by its name in quotes, so that it is found";
                    violations.push(Violation::of_file(path, rule));
                }
            }
        }
    }
    let unused = described.difference(&recorded).map(|name| {
        Violation::of_file(DESCRIPTIONS, format!("the metric `{name}` is never recorded"))
    });
    violations.extend(unused);
    violations
}

/// The first argument of every call of a macro: `None` where it is no text in quotes.
fn arguments<'a>(text: &'a str, call: &'a str) -> impl Iterator<Item = Option<&'a str>> {
    text.split(call).skip(1).map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::told;

    #[test]
    fn what_is_recorded_is_described_and_the_other_way_round() {
        let described = "name: \"paybridge_a_total\",\n    name: \"paybridge_b_seconds\",";
        let fine = "counter!(\"paybridge_a_total\", \"x\" => y); metrics::histogram!(\n  \
                    \"paybridge_b_seconds\"\n).record(1)";
        let files = |code| [(DESCRIPTIONS, described), ("crates/app/src/lib.rs", code)];
        assert_eq!(told(check, &files(fine)), [] as [&str; 0]);
        assert_eq!(
            told(
                check,
                &files("counter!(NAME); gauge!(\"paybridge_c\"); counter!(\"paybridge_a_total\")")
            ),
            [
                "crates/app/src/lib.rs: a metric is recorded by its name in quotes, so that it is \
                 found",
                "crates/app/src/lib.rs: the metric `paybridge_c` is not described in \
                 crates/server/src/metrics.rs",
                "crates/server/src/metrics.rs: the metric `paybridge_b_seconds` is never recorded",
            ]
        );
    }
}
