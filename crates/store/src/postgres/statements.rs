//! Looks at every statement as PostgreSQL would carry it out.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

use super::{bell, migrations};
use crate::database::for_postgres;
use crate::sql;

/// Indexes that hold nothing but what waits: reading one from end to end is counting what waits. Those
/// of keys have a row for each tenant, and are counted at a start and by an operator.
const SMALL_INDEXES: [&str; 10] = [
    "data_key_master",
    "data_key_pkey",
    "credential_pkey",
    "tenant_disconnected",
    "inbox_open",
    "outbox_waiting",
    "outbox_parked",
    "outbox_due",
    "psp_call_free",
    "psp_call_open",
];
/// A tenant has a handful of credentials, and an operator asks for few messages by channel.
const MAY_SORT: [&str; 3] = ["FROM credential", "JOIN credential", "ORDER BY channel, seq"];

/// A connection to a migrated database that reads a table from end to end, or sorts, only where nothing
/// else is possible, and plans for any parameters.
async fn migrated() -> Client {
    let address = testkit::postgres::database().await;
    migrations::apply_all(&address).await;
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
    tokio::spawn(connection);
    let settings = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
        SET plan_cache_mode = force_generic_plan";
    client.batch_execute(settings).await.unwrap();
    client
}

fn every_statement() -> Vec<&'static str> {
    let inbox = sql::inbox::POSTGRES_STATEMENTS;
    let here_alone =
        [sql::order::STATEMENTS, sql::lease::STATEMENTS, inbox, bell::STATEMENTS].concat();
    [sql::statements::all(), here_alone].concat()
}

fn example(ty: &Type) -> &'static str {
    match *ty {
        Type::TEXT => "'x'",
        Type::BYTEA => "'\\x00'",
        Type::TEXT_ARRAY | Type::BYTEA_ARRAY | Type::INT8_ARRAY => "'{}'",
        _ => "1",
    }
}

async fn plan(client: &Client, statement: &str) -> Vec<String> {
    let prepared = client.prepare(statement).await;
    let prepared = prepared.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
    let names: Vec<&str> = prepared.params().iter().map(Type::name).collect();
    let values: Vec<&str> = prepared.params().iter().map(example).collect();
    let (names, values) = match names.as_slice() {
        [] => (String::new(), String::new()),
        names => (format!("({})", names.join(", ")), format!("({})", values.join(", "))),
    };
    client.batch_execute(&format!("PREPARE asked {names} AS {statement}")).await.unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE asked {values}");
    let rows = client.simple_query(&explain).await.unwrap();
    client.batch_execute("DEALLOCATE asked").await.unwrap();
    let lines = rows.iter().filter_map(|row| match row {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    lines.collect()
}

#[tokio::test]
async fn every_statement_reads_a_range_of_an_index() {
    let client = migrated().await;
    let mut wrong = Vec::new();
    for statement in every_statement() {
        let steps = plan(&client, &for_postgres(statement)).await;
        for (index, step) in steps.iter().enumerate() {
            // What waits in all is not small for one tenant's question.
            let of_all = !statement.contains("tenant = ?");
            let small = of_all && SMALL_INDEXES.iter().any(|name| step.contains(name));
            let ranged = steps.get(index + 1).is_some_and(|next| next.contains("Index Cond"));
            let scan = step.contains("Seq Scan") || step.contains("Index") && step.contains("Scan");
            let whole = scan && !ranged && !small;
            let sorts = step.contains("Sort") && !step.contains("Sort Key");
            let may_sort = MAY_SORT.iter().any(|part| statement.contains(part));
            if whole || sorts && !may_sort {
                wrong.push(format!("{step}\n{statement}\n{}\n", steps.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
