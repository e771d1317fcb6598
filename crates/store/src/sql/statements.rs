//! Looks at every statement of the store: how SQLite would carry it out, and whom it asks about.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{
    across_tenants, binding, call, capture, channel, commit, data_key, erase, inbox, merchant,
    operator, outbox, payment, payout, prune, tenant, token, unfinished, watch,
};
use crate::sqlite;

/// Indexes that hold nothing but what waits: reading one from end to end is counting what waits.
/// Those of keys have a row for each tenant, and are counted at a start and by an operator.
const SMALL_INDEXES: [&str; 8] = [
    "data_key_master",
    "credential_key",
    "tenant_disconnected",
    "inbox_open",
    "outbox_waiting",
    "outbox_parked",
    "outbox_due",
    "psp_call_free",
];
/// A tenant has a handful of credentials; sorting them costs nothing.
const MAY_SORT: [&str; 2] = ["FROM credential", "JOIN credential"];

fn of_a_tenant() -> Vec<&'static str> {
    let modules = [
        payment::STATEMENTS,
        capture::STATEMENTS,
        payout::STATEMENTS,
        merchant::STATEMENTS,
        binding::STATEMENTS,
        call::STATEMENTS,
        commit::STATEMENTS,
        inbox::STATEMENTS,
        outbox::STATEMENTS,
        channel::STATEMENTS,
        data_key::STATEMENTS,
        tenant::STATEMENTS,
        token::STATEMENTS,
        unfinished::STATEMENTS,
        watch::STATEMENTS,
        erase::STATEMENTS,
    ];
    [modules.concat(), operator::all_statements()].concat()
}

/// Every statement that both databases are asked.
pub(crate) fn all() -> Vec<&'static str> {
    [
        of_a_tenant().as_slice(),
        across_tenants::STATEMENTS,
        across_tenants::ahead::STATEMENTS,
        across_tenants::operator::STATEMENTS,
        across_tenants::secrets::STATEMENTS,
        prune::STATEMENTS,
        across_tenants::watch::STATEMENTS,
    ]
    .concat()
}

fn plan(connection: &Connection, sql: &'static str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for index in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(index, 1).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

/// The literals of a source file that begin like a statement, but for those of its tests; up to a name in
/// quotes.
fn written(source: &str) -> Vec<&str> {
    let source = source.split("mod tests {").next().unwrap_or_default();
    let literals = source.split('"').skip(1).step_by(2);
    let begins = ["SELECT ", "UPDATE ", "INSERT ", "DELETE ", "WITH "];
    literals.filter(|text| begins.iter().any(|begin| text.starts_with(begin))).collect()
}

#[test]
fn no_statement_is_forgotten_here() {
    let known = [all().as_slice(), inbox::POSTGRES_STATEMENTS].concat();
    let mut folders = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src/sql").into()];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir::<PathBuf>(folder).unwrap() {
            let path = entry.unwrap().path();
            // Those of PostgreSQL alone are its own tests', and here are examples.
            let is_elsewhere = ["order.rs", "order", "lease.rs", "statements.rs"]
                .iter()
                .any(|name| path.file_name().is_some_and(|found| found == *name));
            if is_elsewhere {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for statement in written(&source) {
                let statement = statement.trim_end_matches('\\');
                // The installation is one row.
                let is_known = statement.starts_with("UPDATE installation ")
                    || known.iter().any(|known| known.starts_with(statement));
                assert!(is_known, "{}: {statement}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn every_statement_reads_a_range_of_an_index() {
    let connection = sqlite::migrated_in_memory();
    for sql in all() {
        for step in plan(&connection, sql) {
            let small = SMALL_INDEXES.iter().any(|index| step.ends_with(index));
            assert!(!step.starts_with("SCAN") || small, "{step}\n{sql}");
            let sorts = step.contains("TEMP B-TREE");
            assert!(!sorts || MAY_SORT.iter().any(|table| sql.contains(table)), "{step}\n{sql}");
        }
    }
}

/// However many wait: each delivered message asks this, and a tenant's backlog is read to its end else.
#[test]
fn who_waits_for_everything_else_is_found_without_reading_what_waits() {
    let connection = sqlite::migrated_in_memory();
    let steps = plan(&connection, outbox::WAITING_FOR_ALL).concat();
    assert!(steps.contains("outbox_last"), "{steps}");
}

#[test]
fn every_statement_outside_of_across_tenants_names_one_tenant() {
    // Rows that another statement of the same transaction has found by their tenant.
    let by_row = ["WHERE seq = ?1", "FROM installation"];
    for sql in of_a_tenant() {
        let names_tenant =
            ["tenant = ?1", "(tenant, ", "(id, version", "WHERE id = ?1", "tenant.id = ?1"]
                .iter()
                .any(|part| sql.contains(part));
        assert!(names_tenant || by_row.iter().any(|part| sql.contains(part)), "{sql}");
    }
}

#[test]
fn the_database_refuses_a_second_open_call_of_a_payment() {
    let connection = sqlite::migrated_in_memory();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let journal = |id: &str, payment: &str| {
        connection.execute(
            "INSERT INTO psp_call (tenant, id, payment, attempt, purpose, parameters,
                parameters_hash, idempotency_key, planned_at, free_at)
             VALUES ('t', ?1, ?2, 'a', 'create', '{}', '', 'k', 0, 0)",
            [id, payment],
        )
    };
    journal("1", "p").unwrap();
    journal("2", "another").unwrap();
    assert!(journal("3", "p").unwrap_err().to_string().contains("UNIQUE"), "rule R10");
    let settle = "UPDATE psp_call SET settled_at = 1, succeeded = 1 WHERE id = '1'";
    connection.execute(settle, []).unwrap();
    journal("3", "p").unwrap();
}
