//! Two mail servers, one of which is no good, and a kill in the midst of it.

use super::faults::{all_of, check, ids, shop};
use crate::crash::shop::{Shop, patiently};
use crate::support::breathe;
use crate::support::smtp::{Act, At, SmtpServer};

/// The shop with another server before its own.
async fn with_first(shop: &Shop, more: &str) -> SmtpServer {
    let first = SmtpServer::start().await;
    let second = shop.mail.address;
    let servers =
        format!("url = \"smtp://{}\"\n{more}fallback = [{{ url = \"smtp://{second}\" }}]", first.address);
    shop.edit("cvmd.toml", &format!("url = \"smtp://{second}\""), &servers);
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_midst_of_a_fail_over_loses_nothing_and_repeats_no_marketing() {
    for (at, act) in [
        (At::Greeting, Act::Hang),
        (At::Mail, Act::Hang),
        (At::Mail, Act::SayAndClose("421 4.3.2 down".into())),
        (At::Dot, Act::SayAndClose("421 4.3.2 down".into())),
        (At::Dot, Act::Cut),
    ] {
        let what = format!("{at:?} {act:?}");
        let shop = shop().await;
        let first = with_first(&shop, "").await;
        // The second takes its time, so that a kill finds messages in its hands, too.
        shop.mail.always(Some((At::Dot, Act::Late(30))));
        first.always(Some((at, act)));
        let mut lives = 0;
        for after in [5, 40, 150, 400] {
            let mut daemon = shop.run().await;
            lives += 1;
            if lives == 1 {
                shop.must(&["import", "folder", "in"]);
            }
            patiently("a server was tried", async || {
                (first.connections() + shop.mail.connections() >= lives).then_some(())
            })
            .await;
            breathe(after).await;
            daemon.kill();
        }
        let mut daemon = shop.run().await;
        let taken = [all_of(&shop).await, first.taken()].concat();
        check(&shop, &what, &taken).await;
        assert!(!first.hits().is_empty(), "{what} hit nothing");
        assert!(daemon.terminate().await.success(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_of_two_servers_refuses_the_password_the_other_has_the_mail() {
    let shop = shop().await;
    let first = with_first(&shop, "user = \"shop\"\npassword = \"smtp_key\"\n").await;
    first.demand_login("shop", "hunter2");
    shop.edit("cvmd.toml", "[secrets]", "[secrets]\nsmtp_key = \"secrets/smtp_key\"");
    // Without its password it does not start, and says which one is missing.
    let refused = shop.cli(&["run"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("smtp_key"), "{said}");
    shop.write("secrets/smtp_key", "hunter3\n");
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    check(&shop, "535", &all_of(&shop).await).await;
    assert_eq!((shop.outbox("in doubt").await, first.taken()), (vec![], vec![]));
    let shown = shop.must(&["status"]);
    assert!(shown.contains("does not let us in") && shown.contains("535"), "{shown}");
    assert!(shown.contains(&format!("smtp://{} in use", shop.mail.address)), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
    assert_eq!(shop.outbox("sent").await.len(), 2 * ids().count());
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_dies_and_holds_nobody_up() {
    let shop = shop().await;
    shop.mail.script(At::Dot, Act::Say("552 5.3.4 message too big for system".into()));
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("all others went", async || {
        (shop.outbox("sent").await.len() == 2 * ids().count() - 1).then_some(())
    })
    .await;
    let [dead] = <[_; 1]>::try_from(shop.outbox("dead").await).unwrap();
    assert!(dead.last_result.unwrap().contains("552 5.3.4"));
    let explained = shop.must(&["explain", &dead.customer_id]);
    assert!(!explained.contains("suppress"), "the address is not to blame: {explained}");
    assert!(daemon.terminate().await.success());
}
