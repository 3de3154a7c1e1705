//! What a send costs stays with its decision and its message, whatever the rules say later.

use std::sync::Arc;

use cvmd::ingest::Kind;
use cvmd::model::{Currency, Duration, Money};
use cvmd::record::Cost;
use cvmd::serve::{Amount, OutboxFilter, Request, Response};
use cvmd::store::{Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const SHOP: &str = "workspace shop\n  currency EUR\nwebhook crm\n  post \"https://crm.shop.example/\"\n\
    message offer\n  email marketing\n  subject \"Hello\"\n  text \"Hello\"\n  COST\n\
    message story\n  email marketing\n  subject \"Story\"\n  text \"Once\"\n  cost 0.005 EUR\n\
    rule both\n  when email is known\n  DRAFT\n  then send offer\n       send story\n       call crm with email\n";

fn shop(cost: &str, draft: &str) -> String {
    SHOP.replace("  COST\n", &format!("  {cost}\n")).replace("  DRAFT\n", draft)
}

fn eur(amount: &str) -> Cost {
    Cost { amount: Money::parse(amount).unwrap(), currency: Currency::parse("EUR") }
}

#[test]
fn each_message_keeps_its_own_cost_and_the_decision_the_sum() {
    let store = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
    engine.activate(rules(&[("shop.rules", &shop("cost 0.02", ""))]), NOW).unwrap();
    import(&mut engine, Kind::Customers, "id,email,consent_email_marketing\nana,a@shop.example,yes\n", NOW);
    engine.tick(NOW).unwrap();
    // Another price from now on: what was decided keeps the one that it had.
    let later = NOW.plus(Duration::days(1));
    engine.activate(rules(&[("shop.rules", &shop("cost 9", ""))]), later).unwrap();
    engine.tick(later).unwrap();

    let open = tables::messages::open_messages(&*store).map(Result::unwrap);
    let mut costs: Vec<_> = open.map(|message| (message.target, message.cost)).collect();
    costs.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [("crm", None), ("offer", Some(eur("0.02"))), ("story", Some(eur("0.005")))]
        .map(|(n, c)| (n.to_owned(), c));
    assert_eq!(costs, expected);

    let explained = engine.explain("ana", None, later, later).unwrap();
    let amount = |amount: &str| Amount { amount: amount.into(), currency: Some("EUR".into()) };
    assert_eq!(explained.rules[0].history[0].cost, Some(amount("0.025")));

    let request = Request::OutboxList(OutboxFilter { limit: 10, ..OutboxFilter::default() });
    let Response::Outbox { messages, .. } = engine.handle(request, later, &mut |_| {}) else {
        panic!("no list")
    };
    let of = |name: &str| messages.iter().find(|one| one.target == name).unwrap().cost.clone();
    assert_eq!((of("offer"), of("story"), of("crm")), (Some(amount("0.02")), Some(amount("0.005")), None));
}

#[test]
fn a_rehearsal_says_what_it_would_cost() {
    let store = Arc::new(Memory::new());
    let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
    engine.activate(rules(&[("shop.rules", &shop("expires after 1 day", "  draft\n"))]), NOW).unwrap();
    import(&mut engine, Kind::Customers, "id,email,consent_email_marketing\nana,a@shop.example,yes\n", NOW);
    engine.tick(NOW).unwrap();
    assert_eq!(tables::messages::open_messages(&*store).count(), 0);
    let history = engine.explain("ana", None, NOW, NOW).unwrap().rules.remove(0).history;
    assert_eq!(history[0].cost.as_ref().map(ToString::to_string).as_deref(), Some("0.005 EUR"));
}
