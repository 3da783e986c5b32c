use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    format!("{text}:00Z").parse().unwrap()
}

fn names(cron: &str, moment: &str) -> bool {
    cron.parse::<Cron>().unwrap().names(at(moment))
}

/// The days of a month on which a schedule comes.
fn days_of(cron: &str, year_and_month: &str) -> Vec<u32> {
    let cron: Cron = format!("0 0 {cron}").parse().unwrap();
    let days = (1..=31).filter(|day| {
        let moment = format!("{year_and_month}-{day:02}T00:00:00Z").parse();
        moment.is_ok_and(|moment| cron.names(moment))
    });
    days.collect()
}

#[test]
fn minutes_and_hours() {
    assert!(names("* * * * *", "2026-11-22T06:17"));
    for (cron, yes, no) in [
        ("17 6 * * *", "06:17", "06:18"),
        ("*/30 * * * *", "23:30", "23:31"),
        ("10-20/5 * * * *", "01:15", "01:25"),
        ("50/5 * * * *", "01:55", "01:45"),
        ("0,59 22-2 * * *", "01:59", "03:00"),
        ("0 22-2 * * *", "22:00", "21:00"),
        ("0 */6 * * *", "18:00", "17:00"),
    ] {
        assert!(names(cron, &format!("2026-11-22T{yes}")), "{cron}");
        assert!(!names(cron, &format!("2026-11-22T{no}")), "{cron}");
    }
    let cron: Cron = "17 6 * * *".parse().unwrap();
    let late = at("2026-11-22T06:17").plus_micros(MINUTE_MICROS - 1);
    assert!(cron.names(late) && !cron.names(late.plus_micros(1)));
}

#[test]
fn days_as_documented() {
    // November 2026 begins on a Sunday and ends on a Monday.
    assert_eq!(days_of("1,15 * *", "2026-11"), [1, 15]);
    assert_eq!(days_of("L * *", "2026-11"), [30]);
    assert_eq!(days_of("L * *", "2028-02"), [29]);
    assert_eq!(days_of("LW * *", "2026-10"), [30]);
    assert_eq!(days_of("LW * *", "2026-05"), [29]);
    assert_eq!(days_of("1W * *", "2026-11"), [2]);
    assert_eq!(days_of("1W * *", "2026-08"), [3]);
    assert_eq!(days_of("15W * *", "2026-11"), [16]);
    assert_eq!(days_of("14W * *", "2026-11"), [13]);
    assert_eq!(days_of("31W * *", "2026-05"), [29]);
    assert_eq!(days_of("* * 1", "2026-11"), [1, 8, 15, 22, 29]);
    assert_eq!(days_of("* * sun", "2026-11"), [1, 8, 15, 22, 29]);
    assert_eq!(days_of("* * 7", "2026-11"), [7, 14, 21, 28]);
    assert_eq!(days_of("* * L", "2026-11"), [7, 14, 21, 28]);
    assert_eq!(days_of("* * 6L", "2026-11"), [27]);
    assert_eq!(days_of("* * friL", "2026-11"), [27]);
    assert_eq!(days_of("* * 2#2", "2026-11"), [9]);
    assert_eq!(days_of("* * MON#5,1#1", "2026-11"), [1, 30]);
    assert_eq!(days_of("* * SAT-MON", "2026-11").len(), 14);
    assert_eq!(days_of("* feb,NOV *", "2026-11").len(), 30);
    assert_eq!(days_of("* feb *", "2026-11").len(), 0);
    // Either day is enough where both are told.
    assert_eq!(days_of("3 * 1", "2026-11"), [1, 3, 8, 15, 22, 29]);
    assert_eq!(days_of("29 2 *", "2028-02"), [29]);
}

#[test]
fn what_is_no_schedule() {
    for (bad, word) in [
        ("", "this has 0"),
        ("* * * *", "this has 4"),
        ("* * * * * *", "this has 6"),
        ("@daily", "this has 1"),
        ("60 * * * *", "minute is \"60\""),
        ("-1 * * * *", "minute"),
        ("+1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("*/61 * * * *", "minute"),
        ("1,, * * * *", "minute"),
        ("1-2-3 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * 32 * *", "day of the month"),
        ("* * W * *", "day of the month"),
        ("* * 32W * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * janu *", "month"),
        ("* * * * 0", "1 (Sunday) to 7 (Saturday)"),
        ("* * * * 8", "day of the week"),
        ("* * * * 2#6", "day of the week"),
        ("* * * * 2#0", "day of the week"),
        ("* * * * #1", "day of the week"),
        ("0 0 30 2 *", "never run"),
        ("0 0 31 4,6,9,11 *", "never run"),
    ] {
        let error = bad.parse::<Cron>().unwrap_err().to_string();
        assert!(error.contains(word), "{bad}: {error}");
    }
    let long = format!("{} * * * *", "1,".repeat(100));
    assert_eq!(long.parse::<Cron>(), Err(InvalidCron::TooLong));
}

#[test]
fn it_is_kept_as_it_was_written() {
    let cron: Cron = " 0 9 * * MON-FRI ".parse().unwrap();
    assert_eq!(cron.as_str(), "0 9 * * MON-FRI");
    let text = serde_json::to_string(&cron).unwrap();
    assert_eq!(text, "\"0 9 * * MON-FRI\"");
    assert_eq!(serde_json::from_str::<Cron>(&text).unwrap(), cron);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[0-9*/,LW# a-zé-]{0,30}") {
        let _ = text.parse::<Cron>();
    }

    /// A minute that is spelled out is named at that minute.
    #[test]
    fn a_moment_names_itself(micros in 0_i64..4_000_000_000_000_000) {
        let moment = jiff::Timestamp::from_microsecond(micros).unwrap();
        let local = jiff::tz::Offset::UTC.to_datetime(moment);
        let (minute, hour, day, month) = (local.minute(), local.hour(), local.day(), local.month());
        let cron: Cron = format!("{minute} {hour} {day} {month} *").parse().unwrap();
        prop_assert!(cron.names(Timestamp::from_micros(micros)));
        prop_assert!(!cron.names(Timestamp::from_micros(micros + MINUTE_MICROS)));
    }
}
