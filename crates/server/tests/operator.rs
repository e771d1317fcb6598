//! `paybridge payment`, `inbox` and `outbox` as an operator meets them: the real command, on a
//! database that a server has open.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

use std::path::Path;
use std::process::{Command, Output};

use app::Entropy;
use app::limits::{CALL_STALE, CHANNEL_HIDE, LEASE};
use app::operate::advice::{self, Situation};
use app::ports::{
    Commit, CommitOutcome, DeliveryOutcome, Expected, HistoryEntry, InboxItem, InboxKind,
    InboxOutcome, InboxRow, InboxSettlement, InboxState, Lease, MessageId, NewMessage, OutboxRow,
    OutboxState, PaymentCase, PaymentChange, Received, SendOutcome, Store, TenantChange,
    TenantCommit,
};
use jiff::{SignedDuration, Timestamp};
use payment::{
    AttemptState, Call, CommandId, Items, OrderReference, Payment, PaymentRecord, PspReference,
    Purpose, Refund, RefundId, RefundState, Status,
};
use store::{Keyring, OpenOptions, SqliteStore};
use tempfile::TempDir;
use testkit::{TestEntropy, builders};

const TENANT: &str = "tenant-test-0001";
/// Long ago, so that every age is a number of days whenever this runs.
const NOON: &str = "2025-06-02T12:00:00Z";

/// A server's database with something stuck in every way. The server has it open all the time.
struct Site {
    folder: TempDir,
    entropy: TestEntropy,
    server: SqliteStore,
    command: InboxItem,
    message: NewMessage,
}

impl Site {
    async fn new() -> Self {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), TestEntropy::new());
        entropy.set(NOON.parse::<Timestamp>().unwrap());
        let path = folder.path().join("paybridge.db");
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let options = OpenOptions { migrate: true };
        let server = SqliteStore::open(&path, keyring, options, &entropy).unwrap();
        let command = builders::command(&entropy, "CapturePayment:c-1");
        let command = InboxItem {
            name: "CapturePayment".into(),
            body: br#"{"orderReference":"DE--1","note":"for Sonia Wagner"}"#.to_vec(),
            ..command
        };
        let message = builders::message(&entropy, "PaymentCaptured");
        let message = NewMessage { order_key: "DE--2".into(), ..message };
        let site = Self { folder, entropy, server, command, message };
        site.fill().await;
        site
    }

    async fn fill(&self) {
        let change =
            TenantChange::Credentials(Box::new(builders::credentials(builders::account())));
        let commit = TenantCommit {
            tenant: builders::tenant(builders::tenant_id(), &self.entropy),
            expected: Expected::Absent,
            now: self.now(),
            change,
            messages: Vec::new(),
        };
        assert_eq!(self.server.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);

        self.add("DE--1", authorized).await;
        self.add("DE--2", |record| {
            authorized(record);
            record.status = Status::Captured;
            record.capturable = builders::eur(0);
            record.captured = builders::eur(18_979);
            record.transfers = vec![paid_out()];
        })
        .await;
        let call = builders::call(&self.entropy, Purpose::Create);
        self.add("DE--3", |record| record.open_call = Some(call)).await;
        self.add("DE--4", |_| {}).await;

        assert_eq!(self.server.receive(self.command.clone()).await.unwrap(), Received::New);
        self.advance(1);
        let claim = self.server.claim_inbox(&self.lease()).await.unwrap().remove(0);
        let reason = "the tenant's keys are refused: Invalid API Key provided".to_owned();
        let settlement = InboxSettlement {
            tenant: claim.item.tenant.clone(),
            id: claim.item.id,
            fence: claim.fence,
            now: self.now(),
            outcome: InboxOutcome::Parked(reason),
        };
        self.server.settle_inbox(settlement).await.unwrap();

        let mut commit = self.commit();
        let later = builders::message(&self.entropy, "PaymentRefunded");
        let later = NewMessage { order_key: "DE--2".into(), ..later };
        commit.messages = vec![self.message.clone(), later];
        self.server.commit(commit).await.unwrap();
        let channels = ["payment-events".to_owned()];
        let claim = self.server.claim_outbox(&self.lease(), &channels).await.unwrap().remove(0);
        let outcome = DeliveryOutcome {
            tenant: claim.tenant,
            id: claim.message.id,
            fence: claim.fence,
            now: self.now(),
            outcome: SendOutcome::Parked("the shop answered 400:\n\u{1b}[31mno such order".into()),
        };
        self.server.settle_outbox(vec![outcome]).await.unwrap();
    }

    async fn add(&self, order: &str, change: impl FnOnce(&mut PaymentRecord)) {
        self.advance(1);
        let order = OrderReference::new(order);
        let payment = builders::payment_of(&self.entropy, builders::tenant_id(), order);
        let mut record = payment.into_record();
        change(&mut record);
        let history = vec![HistoryEntry {
            at: self.now(),
            what: "created".into(),
            from: Status::New,
            to: record.status,
            note: Some("card visa 4242".into()),
        }];
        let payment = Payment::restore(record);
        let expected = Expected::Absent;
        let mut commit = self.commit();
        commit.payment = Some(PaymentChange { payment, expected, settled: None, history });
        assert_eq!(self.server.commit(commit).await.unwrap(), CommitOutcome::Committed);
    }

    fn commit(&self) -> Commit {
        let (tenant, now) = (builders::tenant_id(), self.now());
        Commit { tenant, now, payment: None, messages: Vec::new(), inbox: None, ends: None }
    }

    fn now(&self) -> Timestamp {
        self.entropy.now()
    }

    fn advance(&self, seconds: i64) {
        self.entropy.advance(SignedDuration::from_secs(seconds));
    }

    fn lease(&self) -> Lease {
        let now = self.now();
        Lease { worker: "worker-1".into(), now, until: now + LEASE, limit: 32 }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run_in(self.folder.path(), arguments)
    }

    /// What a command that succeeds prints, its ages left out.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""), "{arguments:?}");
        ageless(&String::from_utf8(output.stdout).unwrap())
    }

    /// What a command that fails complains of.
    fn complains(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.says(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn command(&self) -> String {
        self.command.id.to_string()
    }

    fn message(&self) -> String {
        self.message.id.0.to_string()
    }
}

fn authorized(record: &mut PaymentRecord) {
    record.status = Status::Authorized;
    record.authorized = builders::eur(18_979);
    record.capturable = builders::eur(18_979);
    record.method = Some("card visa 4242".into());
    let order = record.checkout.order_reference.as_ref().unwrap();
    record.attempts[0].reference = Some(PspReference::new(format!("pi_of_{order}")));
}

/// The command with nothing configured but where the database is: above all no key.
fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paybridge"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAYBRIDGE_") {
            command.env_remove(name);
        }
    }
    command.env("PAYBRIDGE_DATABASE_URL", "sqlite:paybridge.db");
    command.current_dir(folder).args(arguments).output().unwrap()
}

/// `171 days` becomes `N days`.
fn ageless(text: &str) -> String {
    let mut parts = text.split(" days");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = told.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        told.truncate(digits);
        told.push_str("N days");
        told.push_str(part);
    }
    told
}

#[tokio::test]
async fn payments_are_listed_with_what_is_in_their_way() {
    let site = Site::new().await;
    insta::assert_snapshot!("payment_list", site.says(&["payment", "list"]));
    insta::assert_snapshot!("payment_list_stuck", site.says(&["payment", "list", "--stuck"]));
    let listed = site.json(&["payment", "list", "--stuck", "--limit", "1"]);
    insta::assert_json_snapshot!("payment_list_json", listed);

    let none = site.says(&["payment", "list", "--status", "canceled", "--tenant", TENANT]);
    assert_eq!(none, "There is no such payment.\n");
    let none = site.says(&["payment", "list", "--status", "canceled", "--stuck"]);
    assert!(none.starts_with("No payment is stuck."), "{none}");
}

#[tokio::test]
async fn a_payment_is_shown_with_its_next_step() {
    let site = Site::new().await;
    let show = |key: &str| site.says(&["payment", "show", "--tenant", TENANT, key]);
    insta::assert_snapshot!("payment_show_command_parked", show("DE--1"));
    insta::assert_snapshot!("payment_show_message_parked", show("DE--2"));
    insta::assert_snapshot!("payment_show_call_left_open", show("DE--3"));
    assert!(show("DE--4").ends_with(
        "\nNext: Nothing to do: the payment provider was not asked \
        yet. The shop's next initialize call goes on with it.\n"
    ));
    assert_eq!(show("pi_of_DE--1"), show("DE--1"));
    let file = site.json(&["payment", "show", "--tenant", TENANT, "DE--1"]);
    insta::assert_json_snapshot!("payment_show_json", file);
}

/// What is said about every status when nothing is in the payment's way, and about what may be.
#[test]
fn every_situation_has_one_next_step() {
    let entropy = TestEntropy::new();
    let now = entropy.now() + SignedDuration::from_mins(20);
    let with = |change: &dyn Fn(&mut PaymentRecord)| {
        let mut record = builders::payment(&entropy).into_record();
        change(&mut record);
        let payment = Payment::restore(record);
        PaymentCase { payment, updated_at: now, inbox: Vec::new(), outbox: Vec::new() }
    };
    let mut told = String::new();
    let mut tell = |what: &str, case: &PaymentCase| {
        let (situation, next) = (Situation::of(case, now), advice::of_payment(case, now));
        told.push_str(&format!("{what} ({})\n  {next}\n", situation.name()));
    };
    for status in Status::ALL {
        let case = with(&|record| {
            authorized(record);
            record.status = status;
        });
        tell(status.name(), &case);
    }
    let refused = with(&|record| record.attempts[0].state = AttemptState::Refused);
    tell("new, refused by the provider", &refused);
    let nothing_held = with(&|record| record.status = Status::CaptureFailed);
    tell("capture_failed, nothing held", &nothing_held);
    let fresh = Call { planned_at: now, ..builders::call(&entropy, Purpose::Create) };
    tell("a call just begun", &with(&|record| record.open_call = Some(fresh.clone())));

    let mut waits = with(&authorized);
    let (id, older) = (CommandId::new(entropy.new_id()), CommandId::new(entropy.new_id()));
    let row = |state| InboxRow {
        id,
        tenant: builders::tenant_id(),
        kind: InboxKind::Command,
        external_id: "c-1".into(),
        name: "CapturePayment".into(),
        order_key: Some("DE--1".into()),
        received_at: entropy.now(),
        state,
        tries: 3,
        note: Some("the payment provider did not answer".into()),
        call_open: false,
    };
    for (what, state) in [
        ("a command that is tried again", InboxState::Due { at: now + LEASE }),
        ("a command that is due", InboxState::Due { at: now }),
        ("a command that is worked on", InboxState::Leased { until: now + LEASE }),
        ("a command behind another", InboxState::Held { by: older }),
        ("a parked command", InboxState::Parked { at: now }),
    ] {
        waits.inbox = vec![row(state)];
        tell(what, &waits);
    }
    waits.inbox.clear();
    let message = |state| OutboxRow {
        id: MessageId(id.uuid()),
        tenant: builders::tenant_id(),
        channel: "payment-events".into(),
        order_key: "DE--1".into(),
        name: "PaymentAuthorized".into(),
        blocks: true,
        created_at: entropy.now(),
        state,
        tries: 3,
        reads: 0,
        note: None,
    };
    for (what, state) in [
        ("a message that nobody reads", OutboxState::Due { at: entropy.now() }),
        ("a message that is sent again", OutboxState::Due { at: now + LEASE }),
        ("a message that was read", OutboxState::Hidden { until: now + CHANNEL_HIDE }),
        ("a message behind another", OutboxState::Held { by: MessageId(older.uuid()) }),
    ] {
        waits.outbox = vec![message(state)];
        tell(what, &waits);
    }
    let kept = with(&|record| {
        record.status = Status::CancelRequested;
        record.captured = builders::eur(18_979);
        let (amount, state) = (record.captured, RefundState::Failed);
        let (id, items) = (RefundId::new(entropy.new_id()), Items::new());
        record.refunds =
            vec![Refund { id, reference: None, items, amount, state, succeeded_at: None }];
    });
    tell("cancel_requested, a refund refused", &kept);
    insta::assert_snapshot!("next_steps", told);
}

#[test]
fn the_help_tells_when_a_call_counts_as_stuck() {
    let output = run_in(Path::new("."), &["payment", "list", "--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains(&format!("longer than {} seconds", CALL_STALE.as_secs())), "{help}");
}

#[tokio::test]
async fn parked_work_is_listed_and_shown_with_its_reason() {
    let site = Site::new().await;
    let (command, message) = (site.command(), site.message());
    insta::assert_snapshot!("inbox_list", site.says(&["inbox", "list", "--parked"]));
    insta::assert_snapshot!(
        "inbox_show",
        site.says(&["inbox", "show", "--tenant", TENANT, &command, "--with-body"])
    );
    insta::assert_json_snapshot!("inbox_list_json", site.json(&["inbox", "list"]));
    insta::assert_snapshot!("outbox_list", site.says(&["outbox", "list"]));
    insta::assert_snapshot!(
        "outbox_show",
        site.says(&["outbox", "show", "--tenant", TENANT, &message, "--with-body"])
    );
    insta::assert_json_snapshot!("outbox_list_json", site.json(&["outbox", "list", "--parked"]));
    assert_eq!(site.says(&["inbox", "list", "--waiting"]), "Nothing waits in the inbox.\n");
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let site = Site::new().await;
    let (command, message) = (site.command(), site.message());
    let before = (site.json(&["inbox", "list"]), site.json(&["outbox", "list"]));
    let dry = |place: &str, verb: &[&str], id: &str| {
        let arguments = [&[place], verb, &["--tenant", TENANT, id, "--dry-run"]].concat();
        site.says(&arguments)
    };
    let discard = ["discard", "--reason", "settled by hand"];
    let told = [
        dry("inbox", &["retry"], &command),
        dry("inbox", &discard, &command),
        dry("outbox", &["retry"], &message),
        dry("outbox", &discard, &message),
    ];
    insta::assert_snapshot!("dry_runs", told.join("\n"));
    assert_eq!((site.json(&["inbox", "list"]), site.json(&["outbox", "list"])), before);
}

#[tokio::test]
async fn a_retried_command_is_taken_by_the_running_server() {
    let site = Site::new().await;
    let told = site.says(&["inbox", "retry", "--tenant", TENANT, &site.command()]);
    insta::assert_snapshot!("inbox_retry", told);
    // The command used the real clock, so the server's has to be as late.
    site.entropy.set("2200-01-01T00:00:00Z".parse().unwrap());
    let claims = site.server.claim_inbox(&site.lease()).await.unwrap();
    assert_eq!((&claims[0].item, claims[0].tries), (&site.command, 0));
}

#[tokio::test]
async fn a_retried_message_is_read_by_the_shop_again() {
    let site = Site::new().await;
    let poll = || async {
        let (tenant, now) = (builders::tenant_id(), site.now());
        let read =
            site.server.read_channel(&tenant, "payment-events", 10, now, now + CHANNEL_HIDE).await;
        read.unwrap().len()
    };
    assert_eq!(poll().await, 0, "the parked result holds its order back");
    let told = site.says(&["outbox", "retry", "--tenant", TENANT, &site.message()]);
    insta::assert_snapshot!("outbox_retry", told);
    assert_eq!(poll().await, 2);
}

#[tokio::test]
async fn what_was_discarded_stays_to_be_seen_with_the_reason() {
    let site = Site::new().await;
    let (command, message) = (site.command(), site.message());
    for (place, id) in [("inbox", &command), ("outbox", &message)] {
        let discard = [place, "discard", "--tenant", TENANT, id, "--reason", "settled by hand"];
        let done = site.json(&discard);
        assert_eq!((&done["done"], &done["dry_run"]), (&"discarded".into(), &false.into()));
        assert!(done["consequence"].as_str().unwrap().starts_with("Warning: the shop "));
        let row = &done["row"];
        assert_eq!(row["state"], "discarded");
        assert!(row["reason"].as_str().unwrap().contains("settled by hand"), "{row}");
        let nothing = site.says(&[place, "list", "--parked"]);
        assert_eq!(nothing, format!("Nothing is parked in the {place}.\n"));
        assert!(site.says(&[place, "list", "--all"]).contains("settled by hand"));
        let again = site.complains(&discard, 1);
        assert!(again.starts_with("error: it is discarded: only what is parked"), "{again}");
        let retry = site.complains(&[place, "retry", "--tenant", TENANT, id], 1);
        assert!(retry.starts_with("error: it is discarded already"), "{retry}");
    }
}

/// Names and addresses, payloads and secrets.
#[tokio::test]
async fn nothing_private_is_printed_unasked() {
    let site = Site::new().await;
    let (command, message) = (site.command(), site.message());
    let row = ["--tenant", TENANT];
    let mut told = String::new();
    for arguments in [
        vec!["payment", "list"],
        vec!["payment", "show", "--tenant", TENANT, "DE--1"],
        vec!["inbox", "list", "--all"],
        vec!["inbox", "show", row[0], row[1], &command],
        vec!["inbox", "retry", row[0], row[1], &command],
        vec!["outbox", "list", "--all"],
        vec!["outbox", "show", row[0], row[1], &message],
        vec!["outbox", "retry", row[0], row[1], &message],
    ] {
        told.push_str(&site.says(&arguments));
        told.push_str(&site.json(&arguments).to_string());
    }
    for private in ["Sonia", "sonia@", "Julie-Wolfthorn", "sk_test", "whsec", "\"message\""] {
        assert!(!told.contains(private), "{private} is in {told}");
    }
    assert!(!told.contains('\u{1b}'), "what a shop answered must not steer the terminal");
}

#[tokio::test]
async fn a_mistake_is_told_with_what_to_do() {
    let site = Site::new().await;
    let nobody = ["--tenant", "tenant-test-1"];
    for arguments in [
        vec!["payment", "list", nobody[0], nobody[1]],
        vec!["payment", "show", nobody[0], nobody[1], "DE--1"],
        vec!["inbox", "list", nobody[0], nobody[1]],
        vec!["outbox", "retry", nobody[0], nobody[1], &site.message()],
    ] {
        let told = site.complains(&arguments, 1);
        assert!(told.starts_with("error: there is no tenant tenant-test-1: "), "{told}");
    }
    let told = site.complains(&["payment", "show", "--tenant", TENANT, "DE--9"], 1);
    assert!(told.contains("`paybridge payment list --tenant tenant-test-0001`"), "{told}");
    let told = site.complains(&["inbox", "show", "--tenant", TENANT, &site.message()], 1);
    assert!(told.contains("has no inbox row"), "{told}");

    let discard = ["inbox", "discard", "--tenant", TENANT, &site.command()];
    for arguments in [
        [&discard[..], &["--reason", "  "]].concat(),
        discard.to_vec(),
        vec!["inbox", "show", "--tenant", TENANT, "DE--1"],
        vec!["inbox", "list", "--parked", "--all"],
        vec!["payment", "list", "--status", "lost"],
        vec!["payment", "list", "--limit", "0"],
    ] {
        site.complains(&arguments, 2);
    }
}

#[test]
fn without_a_database_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_in(folder.path(), &["payment", "list"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: there is no database at "), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// What a merchant got of an order, in part taken back.
fn paid_out() -> payment::Transfer {
    let (id, share) = (uuid::Uuid::from_u128(7), |item: &str, minor| payment::Share {
        item: payment::ItemReference::new(item),
        amount: builders::eur(minor),
        round: 0,
    });
    let reversal = payment::Reversal {
        id: payment::ReversalId::new(id),
        reference: Some(payment::PspReversalId::new("trr_1")),
        shares: vec![share("item-2", 500)],
        amount: builders::eur(500),
        state: payment::MoveState::Succeeded,
    };
    payment::Transfer {
        id: payment::TransferId::new(id),
        reference: Some(payment::PspTransferId::new("tr_1")),
        merchant: payment::MerchantReference::new("MER000001"),
        destination: payment::PspAccountId::new("acct_merchant"),
        shares: vec![share("item-1", 4_000), share("item-2", 2_500)],
        amount: builders::eur(6_500),
        state: payment::MoveState::Succeeded,
        reversals: vec![reversal],
    }
}

#[tokio::test]
async fn a_customer_is_erased_only_once_everything_is_settled() {
    let site = Site::new().await;
    fn erase<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["tenant", "erase", TENANT], more].concat()
    }
    let told = site.complains(&erase(&["--customer", "DE--21"]), 1);
    assert!(
        told.starts_with(
            "error: nothing was erased, because 3 payments are not settled: DE--1 is authorized, \
             DE--3 has a call to Stripe under way, DE--4 is new. Capture, refund or cancel them"
        ),
        "{told}"
    );
    let told = site.complains(&erase(&["--everything"]), 1);
    assert!(told.starts_with("error: the tenant is connected: disconnect it first"), "{told}");
    assert!(site.complains(&erase(&[]), 2).contains("--customer <CUSTOMER>"));

    let order = ["--order", "DE--2"];
    let told = site.says(&erase(&[&order[..], &["--dry-run"]].concat()));
    assert_eq!(
        told,
        "Dry run, nothing was changed: 1 payments would be made anonymous (DE--2), and 0 webhooks \
         and commands about them would be emptied.\nOrders, items, amounts, times and Stripe's ids \
         stay. Backups from before have all.\n"
    );
    let expected = serde_json::json!({
        "dry_run": false, "payments": ["DE--2"], "bodies": 0, "credentials": 0, "log_emptied": true,
        "vacuumed": true,
    });
    assert_eq!(site.json(&erase(&order)), expected);
    let told = site.says(&erase(&order));
    assert_eq!(told, "Nothing to erase: no payment names them, or none any more.\n");
    let shown = site.says(&["payment", "show", "--tenant", TENANT, "DE--2"]);
    assert!(shown.contains("189.79 EUR"), "the books stay: {shown}");
}

#[tokio::test]
async fn the_doctor_names_each_problem_and_exits_with_1() {
    let site = Site::new().await;
    let output = site.run(&["doctor", "--offline"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    for line in [
        "Installation\n  problem  configuration   `encryption_key` is not set\n",
        "  problem  public address  `public_url` is not set: http://127.0.0.1:8080 is no address",
        "                           Next: set PAYBRIDGE_PUBLIC_URL to the https address",
        "\nTenant tenant-test-0001\n",
        "  problem  work          3 payments are stuck; parked: 1 inbox, 1 outbox rows\n",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.starts_with("error: ") && complaint.ends_with(" problems were found\n"));

    let output = site.run(&["doctor", "--offline", "--json", "--tenant", TENANT]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of_level =
        |level: &str| findings.iter().filter(|finding| finding["level"] == level).count();
    assert_eq!(report["problems"], of_level("problem"));
    assert!(findings.iter().all(|f| (f["level"] == "ok") == f["next"].is_null()), "{report}");

    let told = site.complains(&["doctor", "--offline", "--tenant", "misspelt"], 1);
    assert!(told.contains("there is no tenant misspelt"), "{told}");
}

/// The server would not even start: nobody has to be called to see that.
#[cfg(not(feature = "aws"))]
#[tokio::test]
async fn the_doctor_says_which_program_a_queue_of_sqs_needs() {
    let site = Site::new().await;
    let config = "[channels.payment-commands]\ntransport = \"sqs\"\n\
                  queue_url = \"https://sqs.eu-central-1.amazonaws.com/123456789012/commands.fifo\"\n";
    std::fs::write(site.folder.path().join("paybridge.toml"), config).unwrap();
    let output = site.run(&["doctor", "--offline"]);
    let told = String::from_utf8(output.stdout).unwrap();
    for line in [
        "  problem  sqs and sns     a channel's transport is \"sqs\" or \"sns\", and this program was \
         built without: build it with `cargo build --release --features aws`\n",
        "Next: docs/guide/aws.md has the command for the program, and for the image\n",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}
