//! The only reader of the OS clock; every wait goes through it.
//!
//! Two clocks matter. The wall clock says when a rule is due, and may be stepped by a person or by
//! NTP. The boot clock only ever runs forward, during suspend too; against it a step of the wall
//! clock is seen. A test holds a [`VirtualClock`] and moves both by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::failpoint;
use crate::model::{Duration, Instant};

/// A sleep lasts at most this long before the wall clock is read again: tokio's timers stand still
/// in suspend, and the wall clock may be stepped while we sleep.
pub const LONGEST_NAP: Duration = Duration::seconds(30);

/// Waits for a length of time on the monotonic clock, which nobody steps: between two signs of life. What a
/// rule or a message waits for is an instant of a [`Clock`].
pub async fn nap(length: std::time::Duration) {
    tokio::time::sleep(length).await;
}

/// Measures how long something takes, for metrics alone.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Begins now.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since it began, suspend not included.
    #[must_use]
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// A wait that ends at an instant of its clock.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A clock, shared by all that wait or stamp.
pub trait Clock: Send + Sync {
    /// The wall clock, in milliseconds since 1970 UTC.
    fn now(&self) -> Instant;

    /// The time since the machine started, suspend included; never runs backwards.
    fn boot_elapsed(&self) -> Duration;

    /// Waits until the wall clock has reached `until`; returns at once where it already has.
    /// Dropping the future ends the wait.
    fn sleep_until(&self, until: Instant) -> Sleep<'_>;

    /// As [`Clock::sleep_until`], but ends too where the wall clock goes back: what it was to wait for may
    /// have been reckoned by a wrong time.
    fn sleep_until_or_back(&self, until: Instant) -> Sleep<'_>;
}

impl dyn Clock + '_ {
    /// Waits for a length of time on the wall clock.
    pub fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.sleep_until(self.now().plus(duration))
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The machine's clock, ready to be shared.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let read = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => ms(since),
            Err(before) => -ms(before.duration()),
        };
        Instant(read.saturating_add(failpoint::clock_shift()))
    }

    /// `/proc/uptime` is Linux's `CLOCK_BOOTTIME` in hundredths of a second, readable without
    /// unsafe code. Where there is none, the process's monotonic clock stands in: it does not see
    /// suspend, so that after one a step of the wall clock is assumed rather than missed.
    fn boot_elapsed(&self) -> Duration {
        // What was read last, and when: one that cannot be read for a while (no file may be opened) must not
        // look as if the machine had started anew.
        static LAST: Mutex<Option<(Duration, std::time::Instant)>> = Mutex::new(None);
        let uptime = std::fs::read_to_string("/proc/uptime").ok().as_deref().and_then(parse_uptime);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let now = std::time::Instant::now();
        match (uptime, *last) {
            (Some(uptime), _) => {
                *last = Some((uptime, now));
                uptime
            }
            (None, Some((uptime, at))) => {
                let elapsed = i64::try_from(now.duration_since(at).as_millis()).unwrap_or(i64::MAX);
                Duration(uptime.0.saturating_add(elapsed))
            }
            (None, None) => {
                *last = Some((Duration(0), now));
                Duration(0)
            }
        }
    }

    fn sleep_until_or_back(&self, until: Instant) -> Sleep<'_> {
        Box::pin(async move {
            let mut latest = self.now();
            while until > latest {
                tokio::time::sleep(until.since(latest).min(LONGEST_NAP).to_std()).await;
                let now = self.now();
                if now < latest {
                    return;
                }
                latest = now;
            }
        })
    }

    fn sleep_until(&self, until: Instant) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                let left = until.since(self.now());
                if left <= Duration(0) {
                    return;
                }
                tokio::time::sleep(left.min(LONGEST_NAP).to_std()).await;
            }
        })
    }
}

/// The first number of `/proc/uptime`: `1583.07 3100.55`.
fn parse_uptime(text: &str) -> Option<Duration> {
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    let hundredths: i64 = (hundredths.len() == 2).then(|| hundredths.parse().ok())??;
    Some(Duration(seconds.parse::<i64>().ok()?.checked_mul(1_000)? + hundredths * 10))
}

#[derive(Debug, Clone, Copy)]
struct Hands {
    now: Instant,
    boot: Duration,
}

/// A clock that stands still until a test moves it. Clones show the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    hands: Arc<tokio::sync::watch::Sender<Hands>>,
    sleepers: Arc<Mutex<Vec<Instant>>>,
}

impl VirtualClock {
    /// A clock that shows `now`, on a machine that started at that instant.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        let hands = Hands { now, boot: Duration(0) };
        Self { hands: Arc::new(tokio::sync::watch::Sender::new(hands)), sleepers: Arc::default() }
    }

    /// Lets time pass, wall and boot clock alike, and wakes whoever's time has come.
    pub fn advance(&self, duration: Duration) {
        self.hands.send_modify(|hands| {
            hands.now = hands.now.plus(duration);
            hands.boot = Duration(hands.boot.0.saturating_add(duration.0));
        });
    }

    /// Lets time pass until `instant`; a clock already there stays.
    pub fn advance_to(&self, instant: Instant) {
        self.advance(instant.since(self.now()).max(Duration(0)));
    }

    /// Steps the wall clock alone, forward or (a negative duration) back, as a person or NTP does.
    pub fn step(&self, duration: Duration) {
        self.hands.send_modify(|hands| hands.now = hands.now.plus(duration));
    }

    /// The earliest instant that somebody sleeps until, if anybody does.
    #[must_use]
    pub fn next_waking(&self) -> Option<Instant> {
        self.lock().iter().min().copied()
    }

    /// Sleeps until an instant, or until something else is so.
    async fn nap(&self, until: Instant, mut ends: impl FnMut(Instant) -> bool) {
        let mut hands = self.hands.subscribe();
        if self.now() >= until {
            return;
        }
        self.lock().push(until);
        let _nap = Nap { clock: self, until };
        // The sender lives as long as `self`, so that this never fails.
        let _ = hands.wait_for(|hands| hands.now >= until || ends(hands.now)).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Instant>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a sleeper off the list, also when its future is dropped half-way.
struct Nap<'a> {
    clock: &'a VirtualClock,
    until: Instant,
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.clock.lock();
        if let Some(position) = sleepers.iter().position(|&until| until == self.until) {
            sleepers.swap_remove(position);
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        self.hands.borrow().now
    }

    fn boot_elapsed(&self) -> Duration {
        self.hands.borrow().boot
    }

    fn sleep_until(&self, until: Instant) -> Sleep<'_> {
        Box::pin(self.nap(until, |_| false))
    }

    fn sleep_until_or_back(&self, until: Instant) -> Sleep<'_> {
        let mut latest = self.now();
        Box::pin(self.nap(until, move |now| {
            latest = latest.max(now);
            now < latest
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_is_read_in_hundredths() {
        assert_eq!(parse_uptime("1583.07 3100.55\n"), Some(Duration(1_583_070)));
        for bad in ["", "12", "x.00", "1.5", "1.xx"] {
            assert_eq!(parse_uptime(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_system_clock_runs_forward() {
        let clock = SystemClock;
        let (now, boot) = (clock.now(), clock.boot_elapsed());
        assert!(now > Instant(1_700_000_000_000));
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert!(clock.now() > now && clock.boot_elapsed() > boot);
    }

    #[tokio::test]
    async fn the_system_clock_sleeps_no_shorter_than_asked() {
        let clock = SystemClock::shared();
        let until = clock.now().plus(Duration(40));
        clock.sleep_until(until).await;
        assert!(clock.now() >= until);
        clock.sleep_until(Instant(0)).await;
    }

    #[tokio::test]
    async fn a_virtual_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = VirtualClock::at(Instant(1_000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Instant(5_000)).await }
        });
        while clock.next_waking().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.next_waking(), Some(Instant(5_000)));
        clock.advance(Duration(3_999));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration(1));
        sleeper.await.unwrap();
        assert_eq!((clock.next_waking(), clock.boot_elapsed()), (None, Duration(4_000)));
    }

    #[tokio::test]
    async fn a_sleeper_that_asked_for_it_wakes_where_the_clock_goes_back() {
        let clock = VirtualClock::at(Instant(5_000));
        let sleepers = [clock.clone(), clock.clone()].map(Arc::new);
        let [stays, wakes] = sleepers;
        let stays = tokio::spawn(async move { stays.sleep_until(Instant(9_000)).await });
        let wakes = tokio::spawn(async move { wakes.sleep_until_or_back(Instant(9_000)).await });
        while clock.lock().len() < 2 {
            tokio::task::yield_now().await;
        }
        clock.step(Duration(-1));
        wakes.await.unwrap();
        assert!(!stays.is_finished());
        SystemClock.sleep_until_or_back(Instant(0)).await;
        let until = SystemClock.now().plus(Duration(20));
        SystemClock.sleep_until_or_back(until).await;
        assert!(SystemClock.now() >= until);
    }

    #[tokio::test]
    async fn a_step_moves_the_wall_clock_only_and_a_dropped_sleeper_is_forgotten() {
        let clock = VirtualClock::at(Instant(0));
        clock.step(Duration::hours(1));
        assert_eq!((clock.now(), clock.boot_elapsed()), (Instant(3_600_000), Duration(0)));
        let far = clock.sleep_until(Instant(i64::MAX));
        tokio::select! {
            () = far => unreachable!("nobody moved the clock"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(clock.next_waking(), None);
        clock.advance_to(Instant(0));
        assert_eq!(clock.now(), Instant(3_600_000));
    }
}
