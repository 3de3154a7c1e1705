//! The link in marketing mail, from the mail to the end of marketing: the real `cvmd`, over loopback.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use super::{Side, said, shop};
use crate::crash::shop::{Shop, patiently};

const RULES: &str = r#"workspace shop
  currency EUR

attribute plan choice free | pro
attribute age number

message offer
  email marketing
  subject "An offer"
  body messages/offer.txt

message receipt
  email transactional
  subject "Your receipt"
  body messages/receipt.txt

rule offers
  on order
  when orders >= 1
  at most 9 times per day
  then send offer

rule receipts
  on order
  when orders >= 1
  at most 9 times per day
  then send receipt
"#;

async fn leaving() -> Shop {
    let shop = shop(RULES).await;
    shop.write("rules/messages/offer.txt", "Hello, an offer. No more: {{ unsubscribe_url }}\n");
    shop
}

async fn order(side: &Side, id: &str) {
    let now = cvmd::clock::Clock::now(&cvmd::clock::SystemClock).to_string();
    let order = json!({"order_id": id, "customer_id": "ana", "time": now, "total": 9}).to_string();
    let (status, answer) = side.post("orders", order).await;
    assert_eq!(status, 202, "{answer}");
}

async fn consent(side: &Side, more: &str) {
    let line = format!(r#"{{"id": "ana", "email": "ana@customers.example", "language": "de"{more}}}"#);
    let (status, answer) = side.post("customers", line).await;
    assert_eq!(status, 202, "{answer}");
}

/// Waits until so many mails with that subject came; the last of them.
async fn mails(side: &Side, subject: &str, count: usize) -> String {
    patiently("the mail comes", async || {
        let taken = side.shop.mail.taken();
        let texts: Vec<String> =
            taken.iter().map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned()).collect();
        let found: Vec<&String> =
            texts.iter().filter(|text| text.contains(&format!("Subject: {subject}"))).collect();
        (found.len() == count).then(|| found[count - 1].clone())
    })
    .await
}

/// The path and query of the link in a mail's header.
fn path_of(mail: &str) -> String {
    let header = mail.lines().find_map(|line| line.strip_prefix("List-Unsubscribe: <")).expect(mail);
    let link = header.trim_end().strip_suffix('>').expect(header);
    link.strip_prefix("http://127.0.0.1:1").expect(link).to_owned()
}

async fn click(side: &Side, path: &str) -> (u16, String) {
    let request = side.client().post(format!("http://{}{path}", side.address));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let (status, page) = said(request.body("List-Unsubscribe=One-Click")).await;
    (status, page.as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_post_to_the_link_ends_marketing_and_only_a_later_consent_begins_it_again() {
    let side = Side::of(leaving().await).await;
    consent(&side, r#", "consent_email_marketing": "yes""#).await;
    order(&side, "o1").await;
    let mail = mails(&side, "An offer", 1).await;
    assert!(mail.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{mail}");
    let path = path_of(&mail);
    assert!(
        mail.replace("=\r\n", "").replace("=3D", "=").contains(&format!("No more: http://127.0.0.1:1{path}")),
        "{mail}"
    );
    assert!(!mails(&side, "Your receipt", 1).await.contains("List-Unsubscribe"));

    // Those who only look: the page asks, in the reader's language.
    let url = format!("http://{}{path}", side.address);
    let head = side.client().head(&url).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
    let page = side.client().get(&url).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(page.headers()[name], value);
    }
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = page.text().await.unwrap();
    assert!(page.contains("<button>Abmelden</button>") && !page.contains("ana"), "{page}");
    let (_, view) = side.get("/v1/customers/ana").await;
    assert_eq!(view["consents"]["email"]["given"], true, "{view}");
    // Where nobody knows whose link it is, in the language that the browser asks for.
    let stranger = side.client().get(format!("http://{}/u/x", side.address));
    let lost = stranger.header("accept-language", "ja, es;q=0.7").send().await.unwrap().text().await.unwrap();
    assert!(lost.contains("<html lang=\"es\">"), "{lost}");
    let (status, unknown) = click(&side, "/u/AQAAAABlbWFpbA").await;
    assert!(status == 404 && unknown.contains("does not work"), "{unknown}");
    let (status, _) = said(side.client().get(format!("http://{}/u/x", side.address))).await;
    assert_eq!(status, 404);

    for _ in 0..2 {
        let (status, done) = click(&side, &path).await;
        assert!(status == 200 && done.contains("Sie sind abgemeldet"), "{status} {done}");
    }
    let (_, view) = side.get("/v1/customers/ana").await;
    let consent_now = &view["consents"]["email"];
    assert!(consent_now["given"] == false && consent_now["by_person"] == true, "{view}");
    assert_eq!(view["events"]["count"], 1, "twice is once: {view}");
    let event = &view["events"]["latest"][0];
    assert_eq!(event["event"], "unsubscribed", "{view}");
    assert_eq!(event["fields"], json!({"channel": "email", "message": "offer", "rule": "offers"}), "{view}");

    // Later marketing stays away, receipts do not; a file without a time, and one of before, undo nothing.
    consent(&side, r#", "consent_email_marketing": "yes""#).await;
    consent(&side, r#", "consent_email_marketing": "yes", "consent_email_marketing_at": "2026-01-01""#).await;
    order(&side, "o2").await;
    mails(&side, "Your receipt", 2).await;
    let (_, why) = side.get("/v1/customers/ana/explain?rule=offers").await;
    assert_eq!(side.shop.mail.taken().len(), 3, "{why}");
    assert!(why.to_string().contains("ended marketing by email"), "{why}");

    let now = cvmd::clock::Clock::now(&cvmd::clock::SystemClock).to_string();
    consent(&side, &format!(r#", "consent_email_marketing": "yes", "consent_email_marketing_at": "{now}""#))
        .await;
    order(&side, "o3").await;
    mails(&side, "An offer", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_was_answered_survives_a_kill_and_ends_what_waits() {
    let shop = leaving().await;
    let night = "\npolicy night\n  quiet hours 00:00 to 23:59\n";
    let side = Side::of(shop).await;
    consent(&side, r#", "consent_email_marketing": "yes""#).await;
    order(&side, "o1").await;
    let path = path_of(&mails(&side, "An offer", 1).await);
    let rules = side.shop.path("rules/shop.rules");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("{text}{night}")).unwrap();
    side.shop.must(&["reload"]);
    order(&side, "o2").await;
    patiently("it waits", async || (!side.shop.outbox("pending").await.is_empty()).then_some(())).await;
    assert_eq!(click(&side, &path).await.0, 200);
    side.daemon.signal("KILL");
    let Side { shop, mut daemon, .. } = side;
    patiently("it is gone", async || daemon.has_ended()).await;

    let side = Side::of(shop).await;
    let ended = patiently("it ended", async || side.shop.outbox("withdrawn").await.into_iter().next()).await;
    assert!(side.shop.outbox("pending").await.is_empty());
    assert!(ended.last_result.unwrap().contains("unsubscribed"));
    let (_, view) = side.get("/v1/customers/ana").await;
    assert_eq!(view["consents"]["email"]["given"], false, "{view}");
    assert_eq!(view["events"]["count"], 1, "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_url_the_link_leads_to_where_the_daemon_listens() {
    let shop = leaving().await;
    shop.edit("cvmd.toml", "url = \"http://127.0.0.1:1\"\n", "");
    shop.edit(
        "cvmd.toml",
        "transport = \"smtp\"\nurl",
        "transport = \"file\"\ndirectory = \"outbox\"\n# url",
    );
    let side = Side::of(shop).await;
    consent(&side, r#", "consent_email_marketing": "yes""#).await;
    order(&side, "o1").await;
    let folder = side.shop.path("outbox");
    let mail = patiently("the mail is written", async || {
        let files = fs::read_dir(&folder).ok()?;
        let mut mails = files.filter_map(|file| {
            let path = file.ok()?.path();
            (path.extension()? == "eml").then(|| fs::read_to_string(path).unwrap())
        });
        mails.find(|mail| mail.contains("List-Unsubscribe: <"))
    })
    .await;
    let header = mail.lines().find_map(|line| line.strip_prefix("List-Unsubscribe: <")).unwrap();
    let link = header.trim_end().trim_end_matches('>');
    let page = side.client().get(link).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<button>Abmelden</button>"), "{link}: {page}");
}

/// A click waits for no import, and a file that comes with it undoes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_click_while_a_file_is_taken_in_counts_whatever_the_file_says() {
    let side = Side::of(leaving().await).await;
    let readers: Vec<String> = (0..12).map(|n| format!("reader{n}")).collect();
    let row = |id: &String| json!({"id": id, "email": format!("{id}@customers.example"), "consent_email_marketing": "yes"});
    let (status, answer) =
        side.post("customers", json!(readers.iter().map(row).collect::<Vec<_>>()).to_string()).await;
    assert_eq!(status, 202, "{answer}");
    let now = cvmd::clock::Clock::now(&cvmd::clock::SystemClock).to_string();
    let order = |id: &String| json!({"order_id": id, "customer_id": id, "time": now, "total": 9});
    let (status, answer) =
        side.post("orders", json!(readers.iter().map(order).collect::<Vec<_>>()).to_string()).await;
    assert_eq!(status, 202, "{answer}");
    mails(&side, "An offer", readers.len()).await;
    let paths: Vec<String> = side
        .shop
        .mail
        .taken()
        .iter()
        .map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned())
        .filter(|mail| mail.contains("Subject: An offer"))
        .map(|mail| path_of(&mail))
        .collect();

    let mut file = String::from("id,email,consent_email_marketing\n");
    for id in readers.iter().cloned().chain((0..20_000).map(|n| format!("other{n}"))) {
        file += &format!("{id},{id}@customers.example,yes\n");
    }
    side.shop.write("many.csv", &file);
    let path = side.shop.path("many.csv");
    let mut import = side.shop.command(&["import", "customers", path.to_str().unwrap()]);
    let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut during = 0;
    for path in &paths {
        assert_eq!(click(&side, path).await.0, 200);
        during += usize::from(import.try_wait().unwrap().is_none());
        let clock: &dyn cvmd::clock::Clock = &cvmd::clock::SystemClock;
        clock.sleep(cvmd::model::Duration(50)).await;
    }
    assert!(import.wait().unwrap().success());
    assert!(during > 0, "the import was over before the first click");
    for id in &readers {
        let (_, view) = side.get(&format!("/v1/customers/{id}")).await;
        assert_eq!(view["consents"]["email"]["given"], false, "{view}");
    }
    let (_, other) = side.get("/v1/customers/other19999").await;
    assert_eq!(other["consents"]["email"]["given"], true, "{other}");
}

/// It dies when all is durable and nobody was told; the person clicks again.
#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_answer_loses_no_unsubscribe_and_the_second_click_is_no_second_event() {
    let shop = leaving().await;
    let mut command = shop.command(&["run"]);
    command.env("CVMD_FAILPOINT", "unsubscribed_before_reply=1");
    let daemon = shop.start_logged(command, "log");
    let mut side = Side::with(shop, daemon).await;
    consent(&side, r#", "consent_email_marketing": "yes""#).await;
    order(&side, "o1").await;
    let path = path_of(&mails(&side, "An offer", 1).await);
    let url = format!("http://{}{path}", side.address);
    let click_once = side.client().post(&url).body("List-Unsubscribe=One-Click").send().await;
    assert!(click_once.is_err(), "{click_once:?}");
    assert!(!side.daemon.end().await.success());

    let Side { shop, .. } = side;
    let side = Side::of(shop).await;
    let (status, _) = click(&side, &path).await;
    assert_eq!(status, 200);
    let withdrawn = patiently("it is taken in", async || {
        let (_, view) = side.get("/v1/customers/ana").await;
        (view["consents"]["email"]["given"] == false).then_some(view)
    })
    .await;
    assert_eq!(withdrawn["consents"]["email"]["given"], false);
    order(&side, "o2").await;
    mails(&side, "Your receipt", 2).await;
    mails(&side, "An offer", 1).await;
    let shown = side.shop.must(&["customer", "show", "ana"]);
    assert_eq!(shown.matches("unsubscribed").count(), 1, "{shown}");
}

const TWO_CHANNELS: &str = r#"workspace shop
  currency EUR

webhook gateway
  post "CRM" signed with secret crm_key

message offer
  email marketing
  subject "An offer"
  body messages/offer.txt

message note
  sms marketing by webhook gateway
  text "An offer: {{ unsubscribe_url }}"

rule offers
  on order
  when orders >= 1
  at most 9 times per day
  then send offer
       send note
"#;

/// Each channel has a link of its own; who leaves one stays on the other. Programs that only look change
/// nothing, however often and by whatever method; a button without a body is a button.
#[tokio::test(flavor = "multi_thread")]
async fn each_channel_is_left_by_itself_and_looking_changes_nothing() {
    let shop = shop(TWO_CHANNELS).await;
    shop.write("rules/messages/offer.txt", "Hello, an offer. No more: {{ unsubscribe_url }}\n");
    let side = Side::of(shop).await;
    let both =
        r#", "phone": "+34600000001", "consent_email_marketing": "yes", "consent_sms_marketing": "yes""#;
    consent(&side, both).await;
    order(&side, "o1").await;
    let by_email = path_of(&mails(&side, "An offer", 1).await);
    let call = patiently("the call comes", async || side.shop.calls.calls().into_iter().next()).await;
    let text = call.body.replace("\\/", "/");
    let after = text.split_once("http://127.0.0.1:1/u/").expect(&text).1;
    let by_sms = format!("/u/{}", &after[..after.find(['"', ' ', '\\']).unwrap()]);
    assert_ne!(by_email.split('?').next(), by_sms.split('?').next());
    let given = async || {
        let (_, view) = side.get("/v1/customers/ana").await;
        (view["consents"]["email"]["given"] == true, view["consents"]["sms"]["given"] == true)
    };
    for path in [&by_email, &by_sms] {
        let url = format!("http://{}{path}", side.address);
        for _ in 0..3 {
            assert_eq!(side.client().head(&url).send().await.unwrap().status().as_u16(), 200);
            assert_eq!(side.client().get(&url).send().await.unwrap().status().as_u16(), 200);
        }
        for method in ["OPTIONS", "PUT", "DELETE", "PATCH"] {
            let request = side.client().request(method.parse().unwrap(), &url);
            assert_eq!(said(request.body("List-Unsubscribe=One-Click")).await.0, 405, "{method}");
        }
    }
    assert_eq!(given().await, (true, true));
    let page = side.client().get(format!("http://{}{by_sms}", side.address)).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("per SMS"));
    // Cut, lengthened, of another kind: nobody's.
    let token = by_sms.split('?').next().unwrap();
    for wrong in [&token[..token.len() - 1], &format!("{token}A"), "/u/", "/u/%00", "/u/%FF", "/u/a/b"] {
        let (status, page) = click(&side, wrong).await;
        assert_eq!(status, 404, "{wrong}: {page}");
    }
    assert_eq!(given().await, (true, true));
    let url = format!("http://{}{by_sms}", side.address);
    assert_eq!(said(side.client().post(url)).await.0, 200, "no body at all");
    assert_eq!(given().await, (true, false));
    let url = format!("http://{}{by_email}", side.address);
    let large = said(side.client().post(&url).body("x".repeat(100_000))).await.0;
    assert_eq!((large, given().await), (413, (true, false)), "this is no click");
    assert_eq!(said(side.client().post(&url).body("anything")).await.0, 200);
    assert_eq!(given().await, (false, false));
}
