//! Makes a database full: copies of an order that has gone through.

use std::time::Instant;

/// Of what is kept for a while only, so many orders have rows: the rest was pruned.
const KEPT: u64 = 50_000;

/// Copies the oldest payment so many times. What its rows are called differs from copy to copy; what
/// they say does not.
pub async fn with_payments(database: &str, payments: u64) {
    let begun = Instant::now();
    let mut statements = String::from("SET session_replication_role = replica;\n");
    for table in ["payment", "attempt", "capture"] {
        statements.push_str(&copies(table, payments));
    }
    for table in ["payment_history", "psp_call", "inbox", "outbox"] {
        statements.push_str(&copies(table, payments.min(KEPT)));
    }
    testkit::postgres::statement(database, &statements).await;
    for after in ["VACUUM ANALYZE", "CHECKPOINT"] {
        testkit::postgres::statement(database, after).await;
    }
    println!("({payments} payments were made in {} s)", begun.elapsed().as_secs());
}

/// A statement that copies the rows of one order in a table.
fn copies(table: &str, count: u64) -> String {
    let of_order = match table {
        "payment" => "id = payment_0",
        "attempt" | "payment_history" | "psp_call" => "payment = payment_0",
        "capture" => "attempt = attempt_0",
        "outbox" => "order_key = order_0",
        // Events name their order in their bodies.
        "inbox" => "seq IN (SELECT seq FROM inbox WHERE state = ''done'' ORDER BY seq LIMIT 6)",
        other => panic!("{other} has no rows of an order"),
    };
    format!(
        "DO $$
        DECLARE
            payment_0 TEXT; order_0 TEXT; attempt_0 TEXT; names TEXT; copied TEXT;
        BEGIN
            SELECT id, order_reference INTO payment_0, order_0 FROM payment
                WHERE status = 'captured' ORDER BY rowid LIMIT 1;
            SELECT id INTO attempt_0 FROM attempt WHERE payment = payment_0;
            SELECT string_agg(quote_ident(column_name), ', '),
                string_agg(CASE
                    WHEN column_name IN ('id', 'payment', 'attempt', 'call', 'command')
                        THEN format('md5(%I || n)::uuid::text', column_name)
                    WHEN column_name IN ('reference', 'order_reference', 'idempotency_key',
                            'external_id', 'order_key', 'charge')
                        THEN format('%I || ''-'' || n', column_name)
                    ELSE quote_ident(column_name) END, ', ')
                INTO names, copied
                FROM information_schema.columns
                WHERE table_name = '{table}' AND table_schema = 'public' AND is_identity = 'NO';
            EXECUTE format('INSERT INTO {table} (%s) SELECT %s FROM {table} AS row,
                generate_series(1, {count}) AS n WHERE {of_order}', names, copied)
                USING payment_0, order_0, attempt_0;
        END $$;\n",
        of_order =
            of_order.replace("payment_0", "$1").replace("order_0", "$2").replace("attempt_0", "$3"),
    )
}
