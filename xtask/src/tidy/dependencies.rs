//! `payment ← protocol ← app ← {store, stripe, messaging, web, signin} ← server`: which crate of ours may
//! use which.

use toml::Table;

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// A crate, what it may depend on, and what its tests may use besides.
struct Direction {
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
}

/// What adapters depend on. None depends on another.
const CORE: &[&str] = &["app", "payment", "protocol"];
/// What tests may use: fakes, the stand-in for Stripe, and the real store, which is truer than any
/// fake of it.
const TEST_HELP: &[&str] = &["testkit", "stripe-sandbox", "store"];

/// What a crate for one kind of broker depends on besides: what a channel's sender and source are.
const BROKER: &[&str] = &["app", "messaging", "payment", "protocol"];

const DIRECTIONS: [Direction; 15] = [
    Direction { name: "payment", uses: &[], tests_use: &[] },
    Direction { name: "protocol", uses: &["payment"], tests_use: &[] },
    Direction { name: "app", uses: &["payment", "protocol"], tests_use: TEST_HELP },
    Direction { name: "store", uses: CORE, tests_use: TEST_HELP },
    Direction { name: "stripe", uses: CORE, tests_use: TEST_HELP },
    Direction { name: "messaging", uses: CORE, tests_use: TEST_HELP },
    Direction { name: "messaging-amqp", uses: BROKER, tests_use: TEST_HELP },
    Direction { name: "messaging-aws", uses: BROKER, tests_use: TEST_HELP },
    Direction { name: "web", uses: CORE, tests_use: TEST_HELP },
    Direction { name: "signin", uses: CORE, tests_use: TEST_HELP },
    Direction { name: "testkit", uses: CORE, tests_use: &[] },
    // They share no code with what they test.
    Direction { name: "stripe-sandbox", uses: &[], tests_use: &[] },
    Direction { name: "demo-shop", uses: &[], tests_use: &[] },
    Direction {
        name: "server",
        uses: &[
            "app",
            "demo-shop",
            "messaging",
            "messaging-amqp",
            "messaging-aws",
            "payment",
            "protocol",
            "signin",
            "store",
            "stripe",
            "stripe-sandbox",
            "web",
        ],
        tests_use: TEST_HELP,
    },
    // What a person does with the whole of it.
    Direction { name: "browser-tests", uses: &[], tests_use: &["server"] },
];

pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.crates().into_iter().flat_map(|name| check_crate(tree, name)).collect()
}

fn check_crate(tree: &Tree, name: &str) -> Vec<Violation> {
    let path = format!("crates/{name}/Cargo.toml");
    let Some(text) = tree.text(&path) else {
        return vec![Violation::of_file(&path, "a folder in `crates` is a crate: it is missing")];
    };
    let Ok(manifest) = text.parse::<Table>() else {
        return vec![Violation::of_file(&path, "a manifest is TOML")];
    };
    let Some(direction) = DIRECTIONS.iter().find(|direction| direction.name == name) else {
        let rule = "what a crate may depend on is said in xtask/src/tidy/dependencies.rs";
        return vec![Violation::of_file(&path, rule)];
    };
    let mut violations = Vec::new();
    if manifest.get("package").and_then(|package| package.get("name")?.as_str()) != Some(name) {
        violations.push(Violation::of_file(&path, "a crate is named as its folder"));
    }
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
    if lints != Some(true) {
        violations.push(Violation::of_file(&path, "a crate has `[lints] workspace = true`"));
    }
    for (section, is_for_tests) in
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        for used in used(&manifest, section) {
            let allowed = direction.uses.contains(&used)
                || (is_for_tests && direction.tests_use.contains(&used));
            if is_ours(used) && !allowed {
                let rule = format!("`{name}` must not depend on `{used}` ({section})");
                violations.push(Violation::of_file(&path, rule));
            }
        }
    }
    violations
}

fn is_ours(name: &str) -> bool {
    DIRECTIONS.iter().any(|direction| direction.name == name)
}

fn used<'a>(manifest: &'a Table, section: &str) -> Vec<&'a str> {
    let section = manifest.get(section).and_then(toml::Value::as_table);
    section.map(|table| table.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::told;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n{rest}")
    }

    #[test]
    fn the_drawn_directions_are_allowed() {
        let app = manifest("app", "[dependencies]\npayment.workspace = true\nserde = \"1\"");
        let web = manifest(
            "web",
            "[dependencies]\napp.workspace = true\n[dev-dependencies]\ntestkit.workspace = true",
        );
        let files = [("crates/app/Cargo.toml", &*app), ("crates/web/Cargo.toml", &*web)];
        assert_eq!(told(check, &files), [] as [&str; 0]);
    }

    #[test]
    fn other_directions_are_not() {
        let app = manifest("app", "[dependencies]\nstore = { path = \"../store\" }");
        let web = manifest("web", "[dependencies]\nmessaging.workspace = true");
        let sandbox = manifest("stripe-sandbox", "[dev-dependencies]\nstripe.workspace = true");
        let testkit = manifest("testkit", "[dependencies]\nstripe.workspace = true");
        let store = manifest("store", "[dependencies]\ntestkit.workspace = true");
        let files = [
            ("crates/app/Cargo.toml", &*app),
            ("crates/web/Cargo.toml", &*web),
            ("crates/stripe-sandbox/Cargo.toml", &*sandbox),
            ("crates/testkit/Cargo.toml", &*testkit),
            ("crates/store/Cargo.toml", &*store),
        ];
        assert_eq!(
            told(check, &files),
            [
                "crates/app/Cargo.toml: `app` must not depend on `store` (dependencies)",
                "crates/store/Cargo.toml: `store` must not depend on `testkit` (dependencies)",
                "crates/stripe-sandbox/Cargo.toml: `stripe-sandbox` must not depend on `stripe` \
                 (dev-dependencies)",
                "crates/testkit/Cargo.toml: `testkit` must not depend on `stripe` (dependencies)",
                "crates/web/Cargo.toml: `web` must not depend on `messaging` (dependencies)",
            ]
        );
    }

    #[test]
    fn a_crate_is_known_and_named_as_its_folder_and_has_the_lints() {
        let files = [
            ("crates/novelty/Cargo.toml", "[package]\nname = \"novelty\""),
            ("crates/app/Cargo.toml", "[package]\nname = \"application\""),
            ("crates/web/src/lib.rs", ""),
        ];
        assert_eq!(
            told(check, &files),
            [
                "crates/app/Cargo.toml: a crate is named as its folder",
                "crates/app/Cargo.toml: a crate has `[lints] workspace = true`",
                "crates/novelty/Cargo.toml: what a crate may depend on is said in \
                 xtask/src/tidy/dependencies.rs",
                "crates/web/Cargo.toml: a folder in `crates` is a crate: it is missing",
            ]
        );
    }
}
