//! The reference of the configuration says what the code does.

use paybridge::config::reference;

/// With `UPDATE_DOCS=1` it is rewritten instead; `cargo xtask docs` does that.
#[test]
fn the_configuration_reference_is_up_to_date() {
    let path = crate::support::path("docs/configuration.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let updated = reference::updated(&document).expect("docs/configuration.md has both marks");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, updated).unwrap();
        return;
    }
    assert!(
        document == updated,
        "docs/configuration.md is not what the code says; `cargo xtask docs` rewrites it"
    );
}
