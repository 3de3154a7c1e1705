use std::time::Duration;

use cvmd::clock::{Clock, SystemClock};
use cvmd::deliver::Outcome;
use cvmd::deliver::webhook::{Call, Caller, Options, Secret};
use cvmd::model;

use crate::support::smtp::dead_address;
use crate::support::webhook::{Answer, Receiver, SECRET};

const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn call(url: &str, secrets: &[&str]) -> Call {
    let secrets = secrets.iter().map(|secret| Secret::parse(secret).unwrap()).collect();
    Call {
        id: "d1-1-3-0".into(),
        url: url.into(),
        body: r#"{"type":"cvmd.call","ä":1}"#.into(),
        secrets,
        headers: vec![],
        answer_within: None,
    }
}

fn caller() -> Caller {
    let options = Options { allow_private: true, total: Duration::from_millis(300), ..Options::default() };
    Caller::new(&options).unwrap()
}

async fn send(call: &Call) -> Outcome {
    caller().send(call, SystemClock.now()).await
}

fn retry(reason: &str, after: Option<model::Duration>) -> Outcome {
    Outcome::Retry { reason: reason.into(), after }
}

#[tokio::test]
async fn a_call_arrives_once_signed_as_the_public_library_wants_it() {
    let receiver = Receiver::start().await;
    let outcome = send(&call(&receiver.url(), &[SECRET])).await;
    assert_eq!(outcome, Outcome::Sent { reply: "the endpoint answered 200".into() });
    let [one] = receiver.calls().try_into().unwrap();
    assert!(one.verified);
    assert_eq!((one.id(), one.path.as_str()), ("d1-1-3-0", "/hook"));
    assert_eq!(one.header("content-type"), Some("application/json"));
    assert!(one.header("user-agent").unwrap().starts_with("cvmd/"));
}

#[tokio::test]
async fn while_secrets_change_either_one_verifies_and_a_third_does_not() {
    let receiver = Receiver::start().await;
    for (trusted, good) in [(SECRET, true), (OTHER, true), ("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    {
        receiver.trust(trusted);
        send(&call(&receiver.url(), &[OTHER, SECRET])).await;
        assert_eq!(receiver.calls().last().unwrap().verified, good, "{trusted}");
    }
    send(&call(&receiver.url(), &[])).await;
    assert_eq!(receiver.calls().last().unwrap().header("webhook-signature"), None);
}

#[tokio::test]
async fn each_answer_comes_to_what_the_standard_says() {
    let receiver = Receiver::start().await;
    let status = |code, headers: &[&str]| {
        Answer::Status(code, headers.iter().map(|&h| h.into()).collect(), "ana@shop.example".into())
    };
    let gone = "the endpoint answered 410: it wants no more calls".into();
    for (answer, outcome) in [
        (status(204, &[]), Outcome::Sent { reply: "the endpoint answered 204".into() }),
        (status(500, &["Retry-After: 9"]), retry("the endpoint answered 500", None)),
        (status(404, &[]), retry("the endpoint answered 404", None)),
        (
            status(429, &["Retry-After: 9"]),
            retry("the endpoint answered 429", Some(model::Duration::seconds(9))),
        ),
        (
            status(503, &["Retry-After: 999999"]),
            retry("the endpoint answered 503", Some(model::Duration::hours(24))),
        ),
        (status(410, &[]), Outcome::Dead { reason: gone, suppress: None, endpoint_gone: true }),
        (Answer::Hang, retry("the endpoint did not answer within 0.3 s", None)),
    ] {
        receiver.script(answer.clone());
        assert_eq!(send(&call(&receiver.url(), &[SECRET])).await, outcome, "{answer:?}");
    }
    receiver.script(Answer::Cut);
    assert!(matches!(send(&call(&receiver.url(), &[])).await, Outcome::Retry { .. }));
    assert_eq!(receiver.calls().len(), 8, "no answer makes the channel repeat a call by itself");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    for code in [301, 302, 307, 308] {
        first.script(Answer::Status(code, vec![format!("Location: {}", second.url())], String::new()));
        let outcome = send(&call(&first.url(), &[SECRET])).await;
        assert!(
            matches!(&outcome, Outcome::Retry { reason, .. } if reason.contains("redirects")),
            "{outcome:?}"
        );
    }
    assert_eq!((first.calls().len(), second.calls().len()), (4, 0));
}

#[tokio::test]
async fn private_addresses_are_denied_in_every_form_and_nothing_arrives() {
    let receiver = Receiver::start().await;
    let port = receiver.address.port();
    let strict = Caller::new(&Options { connect: Duration::from_millis(500), ..Options::default() }).unwrap();
    for host in [
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "127.1",
        "0.0.0.0",
        "[::]",
        "[fe80::1]",
        "localhost",
        "LOCALHOST",
    ] {
        let outcome = strict.send(&call(&format!("http://{host}:{port}/"), &[]), SystemClock.now()).await;
        assert!(
            matches!(&outcome, Outcome::Retry { reason, .. } if reason.contains("allow_private = true")),
            "{host}: {outcome:?}"
        );
    }
    assert_eq!(receiver.calls(), []);
    // The same name is reached where it is allowed: the denial is the check's doing.
    assert!(matches!(send(&call(&format!("http://localhost:{port}/"), &[])).await, Outcome::Sent { .. }));
}

#[tokio::test]
async fn a_dead_endpoint_and_a_bad_address_are_said_without_the_url() {
    let dead = dead_address().await;
    let outcome = send(&call(&format!("http://{dead}/token-hunter2"), &[])).await;
    let Outcome::Retry { reason, .. } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("cannot be reached") && !reason.contains("hunter2"), "{reason}");
    for bad in ["", "not a url hunter2", "ftp://shop.example/hunter2", "file:///etc/passwd"] {
        let outcome = send(&call(bad, &[])).await;
        assert!(
            matches!(&outcome, Outcome::Dead { reason, .. } if !reason.contains("hunter2")),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_long_answer_is_cut_off() {
    let receiver = Receiver::start().await;
    receiver.script(Answer::Status(200, vec![], "x".repeat(1_000_000)));
    assert!(matches!(send(&call(&receiver.url(), &[])).await, Outcome::Sent { .. }));
}
