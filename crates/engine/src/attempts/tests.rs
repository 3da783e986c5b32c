//! What is limited, for how long, and what stays possible.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use coffer_types::AccountId;
use coffer_types::limits::{MAX_ATTEMPT_RECORDS, WRONG_COMPARISONS_PER_HOUR};
use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct SetClock(AtomicI64);

impl SetClock {
    fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

fn limited_to(per_address: &str, per_name: &str) -> (Attempts, Arc<SetClock>) {
    let clock = Arc::new(SetClock(AtomicI64::new(1_790_000_000_000_000)));
    let limits = AttemptLimits {
        per_address: per_address.parse().unwrap(),
        per_name: per_name.parse().unwrap(),
    };
    (Attempts::new(clock.clone(), limits), clock)
}

fn login<'a>(address: &str, name: &'a str) -> Attempt<'a> {
    Attempt {
        kind: AttemptKind::Login,
        address: Some(address.parse().unwrap()),
        name: Some(name),
    }
}

/// The seconds to wait, 0 if the attempt may be made.
fn wait(attempts: &Attempts, attempt: &Attempt<'_>) -> u32 {
    match attempts.check(attempt) {
        Ok(()) => 0,
        Err(Error::TooManyAttempts {
            retry_after_seconds,
        }) => retry_after_seconds,
        Err(other) => panic!("{other}"),
    }
}

/// Whether a wrong credential is answered as wrong, and not as limited.
fn is_told_wrong(attempts: &Attempts, attempt: &Attempt<'_>) -> bool {
    match attempts.failed(attempt) {
        Error::Unauthenticated(Unauthenticated::Invalid) => true,
        Error::TooManyAttempts { .. } => false,
        other => panic!("{other}"),
    }
}

#[test]
fn an_address_has_so_many_failures_and_gets_them_back_one_by_one() {
    let (attempts, clock) = limited_to("3/min", "1000/hour");
    let names = ["a@b", "c@d", "e@f"];
    for name in names {
        assert_eq!(wait(&attempts, &login("192.0.2.1", name)), 0);
        assert!(is_told_wrong(&attempts, &login("192.0.2.1", name)));
    }
    // Whatever name is tried next.
    for name in ["a@b", "new@b"] {
        assert_eq!(wait(&attempts, &login("192.0.2.1", name)), 20);
        assert!(!is_told_wrong(&attempts, &login("192.0.2.1", name)));
        assert!(attempts.succeeded(&login("192.0.2.1", name)).is_err());
    }
    assert_eq!(wait(&attempts, &login("192.0.2.2", "a@b")), 0);

    clock.advance_seconds(19);
    assert_eq!(wait(&attempts, &login("192.0.2.1", "a@b")), 1);
    // What was refused meanwhile made the wait no longer.
    clock.advance_seconds(1);
    assert!(is_told_wrong(&attempts, &login("192.0.2.1", "a@b")));
    assert_eq!(wait(&attempts, &login("192.0.2.1", "a@b")), 20);
    clock.advance_seconds(60);
    for _ in 0..3 {
        assert!(is_told_wrong(&attempts, &login("192.0.2.1", "a@b")));
    }
    assert!(!is_told_wrong(&attempts, &login("192.0.2.1", "a@b")));
}

#[test]
fn a_client_does_not_multiply_by_its_addresses() {
    let (attempts, _) = limited_to("2/min", "1000/hour");
    for address in ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2"] {
        assert!(is_told_wrong(&attempts, &login(address, "a@b")));
    }
    assert!(wait(&attempts, &login("2001:db8:0:1:7::3", "a@b")) > 0);
    assert_eq!(wait(&attempts, &login("2001:db8:0:2::1", "a@b")), 0);

    for address in ["192.0.2.9", "::ffff:192.0.2.9"] {
        assert!(is_told_wrong(&attempts, &login(address, "a@b")));
    }
    for address in ["192.0.2.9", "::ffff:192.0.2.9", "::ffff:c000:209"] {
        assert!(wait(&attempts, &login(address, "a@b")) > 0, "{address}");
    }
    // Not all that is written so is one /64.
    assert_eq!(wait(&attempts, &login("::ffff:192.0.2.8", "a@b")), 0);
}

#[test]
fn a_name_is_limited_from_everywhere_and_however_it_is_written() {
    let (attempts, clock) = limited_to("1000/min", "4/hour");
    let spellings = [
        "jörg@b.example",
        " Jörg@B.Example",
        "JÖRG@b.example\t",
        "jo\u{308}rg@b.example",
    ];
    for (last, spelling) in spellings.iter().enumerate() {
        let address = format!("198.51.100.{last}");
        assert!(is_told_wrong(&attempts, &login(&address, spelling)));
    }
    for spelling in spellings {
        assert_eq!(wait(&attempts, &login("203.0.113.1", spelling)), 900);
    }
    assert_eq!(wait(&attempts, &login("203.0.113.1", "jorg@b.example")), 0);
    clock.advance_seconds(900);
    assert_eq!(wait(&attempts, &login("203.0.113.1", "jörg@b.example")), 0);
    // Texts that are no address are names too.
    for text in ["nobody", " NOBODY", "nobody ", "Nobody"] {
        assert!(is_told_wrong(&attempts, &login("203.0.113.1", text)));
    }
    assert!(wait(&attempts, &login("203.0.113.1", "nobody")) > 0);
}

#[test]
fn strangers_do_not_lock_a_user_out_where_the_user_signs_in() {
    let (attempts, _) = limited_to("1000/min", "2/hour");
    attempts.succeeded(&login("192.0.2.1", "a@b")).unwrap();
    for _ in 0..10 {
        attempts.failed(&login("198.51.100.1", "a@b"));
    }
    assert!(wait(&attempts, &login("198.51.100.2", "a@b")) > 0);
    assert_eq!(wait(&attempts, &login("192.0.2.1", "a@b")), 0);
    // Being familiar with one name says nothing of another, and is no licence to guess.
    for name in ["a@b", "c@d"] {
        for _ in 0..2 {
            assert!(is_told_wrong(&attempts, &login("192.0.2.1", name)));
        }
        assert!(!is_told_wrong(&attempts, &login("192.0.2.1", name)));
    }
}

#[test]
fn a_familiar_address_is_forgotten_after_a_month() {
    let (attempts, clock) = limited_to("1000/min", "2/day");
    attempts.succeeded(&login("192.0.2.1", "a@b")).unwrap();
    clock.advance_seconds(FAMILIAR_ADDRESS_DAYS * 24 * 3600);
    for _ in 0..2 {
        attempts.failed(&login("198.51.100.1", "a@b"));
    }
    assert!(wait(&attempts, &login("192.0.2.1", "a@b")) > 0);
}

#[test]
fn attempts_made_at_the_same_time_pass_the_limit_no_more_than_others() {
    let (attempts, _) = limited_to("5/min", "1000/hour");
    let attempt = login("192.0.2.1", "a@b");
    // All are let begin before the first is judged.
    assert!((0..50).all(|_| wait(&attempts, &attempt) == 0));
    let told = (0..49).filter(|_| is_told_wrong(&attempts, &attempt));
    assert_eq!(told.count(), 5);
    // The right password was among them, too late: it is answered as the wrong ones are.
    assert!(attempts.succeeded(&attempt).is_err());
}

#[test]
fn kinds_are_counted_apart_and_nobody_is_nobody() {
    let (attempts, _) = limited_to("1/min", "1/hour");
    for kind in AttemptKind::ALL {
        let attempt = Attempt {
            kind,
            ..login("192.0.2.1", "a@b")
        };
        assert!(is_told_wrong(&attempts, &attempt), "{kind:?}");
        assert!(!is_told_wrong(&attempts, &attempt), "{kind:?}");
        let unknown = Attempt {
            address: None,
            name: None,
            kind,
        };
        assert!(is_told_wrong(&attempts, &unknown), "{kind:?}");
        assert!(is_told_wrong(&attempts, &unknown), "{kind:?}");
    }
    for figures in attempts.figures() {
        assert_eq!((figures.failures, figures.records), (4, [1, 1]));
        // The name's limit lasts longer.
        assert_eq!(figures.limited, [0, 1], "{:?}", figures.kind);
    }
}

#[test]
fn records_are_bounded_and_no_flood_frees_whoever_reached_the_limit() {
    let (attempts, _) = limited_to("2/min", "2/hour");
    let victim = login("192.0.2.1", "victim@b");
    for _ in 0..2 {
        attempts.failed(&victim);
    }
    for number in 0..2 * MAX_ATTEMPT_RECORDS as u128 {
        let name = format!("{number}@b");
        let address = ((0x2001_0db8_u128 << 96) | (number << 64)).into();
        attempts.failed(&Attempt {
            kind: AttemptKind::Login,
            address: Some(IpAddr::V6(address)),
            name: Some(&name),
        });
    }
    let figures = attempts.figures()[AttemptKind::Login as usize];
    assert_eq!(figures.records, [MAX_ATTEMPT_RECORDS; 2]);
    assert!(wait(&attempts, &login("192.0.2.1", "other@b")) > 0);
    assert!(wait(&attempts, &login("192.0.2.2", "victim@b")) > 0);
    // What was forgotten made room for what is newer.
    let first: IpAddr = "2001:db8::".parse().unwrap();
    assert_eq!(wait(&attempts, &login(&first.to_string(), "0@b")), 0);
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let (attempts, clock) = limited_to("1/min", "1/hour");
    attempts.failed(&login("192.0.2.1", "a@b"));
    clock.advance_seconds(-100_000);
    assert!(is_told_wrong(&attempts, &login("192.0.2.1", "a@b")));
    assert_eq!(wait(&attempts, &login("192.0.2.1", "a@b")), 3600);
}

#[test]
fn wrong_guesses_are_limited_by_account_and_right_ones_are_not() {
    fn wait(guesses: &Guesses, account: AccountId, count: u32) -> u32 {
        match guesses.begin(account, count) {
            Ok(()) => 0,
            Err(Error::TooManyAttempts {
                retry_after_seconds,
            }) => retry_after_seconds,
            Err(other) => panic!("{other}"),
        }
    }
    let clock = Arc::new(SetClock(AtomicI64::new(1_790_000_000_000_000)));
    let guesses = Guesses::new(clock.clone());
    let (account, other) = (
        AccountId::from_bytes([1; 16]),
        AccountId::from_bytes([2; 16]),
    );
    for _ in 0..100 {
        assert_eq!(wait(&guesses, account, 100), 0);
        guesses.were_right(account, 100);
    }
    for _ in 0..3 {
        assert_eq!(wait(&guesses, account, 100), 0);
    }
    // One is forgotten in 12 s; what is refused counts nothing.
    assert_eq!(wait(&guesses, account, 1), 12);
    assert_eq!(wait(&guesses, account, 100), 1200);
    assert_eq!(wait(&guesses, other, 100), 0);
    clock.advance_seconds(11);
    assert_eq!(wait(&guesses, account, 1), 1);
    clock.advance_seconds(1);
    assert_eq!(wait(&guesses, account, 1), 0);
    assert_eq!(wait(&guesses, account, 1), 12);
    clock.advance_seconds(3600);
    assert_eq!(wait(&guesses, account, WRONG_COMPARISONS_PER_HOUR), 0);
}

#[test]
fn a_rate_is_read_as_it_is_written() {
    for text in ["1/min", "20/min", "30/hour", "1000000/day"] {
        let rate: AttemptRate = text.parse().unwrap();
        assert_eq!(rate.to_string(), text);
    }
    assert_eq!(
        "5 / hour".parse::<AttemptRate>().unwrap().window_seconds(),
        3600
    );
    for text in [
        "",
        "20",
        "/min",
        "20/",
        "0/min",
        "-1/min",
        "1.5/min",
        "1000001/min",
        "20/week",
        "20/min/min",
        "99999999999/min",
    ] {
        assert_eq!(text.parse::<AttemptRate>(), Err(InvalidRate), "{text}");
    }
}

proptest! {
    /// Whatever the order of attempts and time, no address has more failures in a window than twice its
    /// limit: those it had at once, and those it got back.
    #[test]
    fn a_window_holds_no_more_than_two_limits(
        limit in 1_u32..50,
        steps in prop::collection::vec((0_i64..20, 1_usize..30), 1..60),
    ) {
        let (attempts, clock) = limited_to(&format!("{limit}/min"), "1000000/min");
        let attempt = login("192.0.2.1", "a@b");
        let mut told = Vec::new();
        for (seconds, tries) in steps {
            clock.advance_seconds(seconds);
            for _ in 0..tries {
                let waited = wait(&attempts, &attempt);
                let wrong = is_told_wrong(&attempts, &attempt);
                prop_assert_eq!(waited == 0, wrong);
                if wrong {
                    told.push(clock.now());
                }
            }
        }
        for (index, at) in told.iter().enumerate() {
            let window = told[index..].iter().filter(|other| other.micros_since(*at) < 60_000_000);
            prop_assert!(window.count() <= 2 * limit as usize);
        }
    }
}
