//! A year of virtual time: the real engine goes through it, and a checker that knows nothing of the
//! engine's code reads what was sent.

mod checker;
mod driver;
mod files;
mod log;
mod random;
mod script;
mod world;

use self::checker::Findings;

fn at(text: &str) -> script::Ms {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn spring() -> world::Size {
    world::Size { seed: 1, start: at("2026-03-01T00:00:00Z"), days: 37, people: 240 }
}

fn live(size: world::Size) -> Findings {
    let script = world::script(size);
    let log = driver::run(&script);
    checker::check(&script, &log)
}

#[test]
fn a_spring_breaks_no_law() {
    let findings = live(spring());
    println!("{:#?}\n{:#?}", findings.looked, findings.bound);
    assert!(findings.faults.is_empty(), "{:#?}", findings.broken());
}
