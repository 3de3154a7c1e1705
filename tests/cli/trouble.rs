//! What stands in the way of messages, as `status` and `outbox list` tell it.

use std::fs;

use super::binary::{Daemon, run, workspace};

#[test]
fn a_secret_that_cannot_be_read_is_told_and_its_calls_wait() {
    let dir = workspace();
    let here = dir.path();
    fs::remove_dir_all(here.join("rules")).unwrap();
    fs::create_dir(here.join("rules")).unwrap();
    let webhook = "webhook crm\n  post \"https://crm.shop.example/\" signed with secret crm_key\n";
    fs::write(here.join("rules/tell.rules"), format!("when orders = 0 then call crm\n\n{webhook}")).unwrap();
    fs::write(here.join("customers.csv"), "id\nana\n").unwrap();
    assert_eq!(run(here, &["import", "customers", "customers.csv"]).code, 0);
    fs::remove_file(here.join("secrets/crm_key")).unwrap();
    let _daemon = Daemon::start(here);
    // For longer than it takes to the second tick.
    let told = (0..6_000).map(|_| run(here, &["status"])).find(|said| said.stdout.contains("PROBLEM"));
    let told = told.expect("the status tells it");
    assert!(told.stdout.contains("the secret `crm_key`") && told.stdout.contains("1 message"), "{told:?}");
    assert_eq!(told.code, 1, "something needs a person");
    let listed = run(here, &["outbox", "list"]);
    assert!(listed.stdout.contains("pending") && listed.stdout.contains("waits: the secret"), "{listed:?}");
}
