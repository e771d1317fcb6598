//! What `paybridge doctor` says of SQS and SNS, as an operator reads it.

use messaging::aws_places::{Place, Wrong};
use paybridge::brokers::aws::places;
use paybridge::config::{Config, Sources};
use testkit::aws;

use crate::installation::Installation;
use crate::queue::Commands;

/// How commands come from this queue, with what AWS's tools read.
fn configured(queue: &str) -> Vec<(&str, &str)> {
    let variables = [
        ("PAYBRIDGE_AWS_ENDPOINT_URL", aws::address()),
        ("PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_TRANSPORT", "sqs"),
        ("PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_QUEUE_URL", queue),
    ];
    aws::ENVIRONMENT.into_iter().chain(variables).collect()
}

/// The doctor's lines about SQS and SNS.
fn told(installation: &Installation, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = installation.command(&[&["doctor"], arguments].concat());
    // Nothing of this machine's own.
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(file, installation.folder.path().join("none"));
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let mut lines = told.lines().skip_while(|line| !line.contains("  sqs and sns  "));
    let text = lines.next().unwrap_or_default();
    let next = lines.next().filter(|line| line.contains("Next: ")).unwrap_or_default();
    format!("{}\n{}", text.trim(), next.trim())
}

#[tokio::test]
async fn the_doctor_looks_at_queues_and_at_the_place_for_dead_letters() {
    let (installation, commands) = (Installation::new(), Commands::new().await);
    let said = told(&installation, &[], &configured(&commands.queue));
    let text = "ok       sqs and sns     they answer, and all 1 queues and topics are there\n";
    assert_eq!(said, text);

    let without = aws::fifo_queue("commands").await;
    let said = told(&installation, &[], &configured(&without));
    assert!(
        said.starts_with("problem  sqs and sns     1 of 1 have no dead letter queue"),
        "{said}"
    );
    assert!(said.contains(&format!("the first: {without}: the queue has no redrive policy\n")));
    assert!(said.contains("Next: give the queue of commands a redrive policy"), "{said}");

    let said = told(&installation, &["--offline"], &configured(&without));
    assert_eq!(said, "\n", "nobody is called");
}

#[tokio::test]
async fn the_doctor_says_that_there_are_no_credentials_or_no_region() {
    let (installation, commands) = (Installation::new(), Commands::new().await);
    for (missing, text) in [
        ("AWS_ACCESS_KEY_ID", "problem  sqs and sns     no credentials were found"),
        ("AWS_REGION", "problem  sqs and sns     no region is set"),
    ] {
        let mut environment = configured(&commands.queue);
        environment.retain(|(name, _)| *name != missing);
        let said = told(&installation, &[], &environment);
        assert!(said.starts_with(text), "{said}");
        assert!(
            said.contains("Next: see that this process has credentials and a region"),
            "{said}"
        );
    }
}

#[test]
fn a_tenant_that_can_have_no_queue_of_its_own_is_named() {
    let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/events-{tenant}.fifo";
    let variables = [
        ("PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_TRANSPORT", "sqs"),
        ("PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_QUEUE_URL", url),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into())).into();
    let config = Config::load(Sources { file: None, variables }).unwrap();
    let (places, complaints) = places(&config, &["shop-1".to_owned(), "shop/2".to_owned()]);
    assert_eq!(places, [Place::Queue(url.replace("{tenant}", "shop-1"))].into());
    let [complaint] = &complaints[..] else { panic!("{complaints:?}") };
    assert_eq!(complaint.wrong, Wrong::Unusable);
    let reason = complaint.reason.as_deref().unwrap();
    assert!(reason.starts_with("shop/2: the tenant's identifier has other characters"), "{reason}");
}
