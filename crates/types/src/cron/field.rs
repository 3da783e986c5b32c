//! One field of a schedule.

use jiff::civil::{Date, Weekday};

use super::{InvalidCron, has};

/// What a field may say.
pub(super) struct Field {
    name: &'static str,
    rule: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
}

pub(super) const MINUTE: Field = Field {
    name: "minute",
    rule: "* or a list of 0 to 59, such as 0,30 or 10-20 or */5",
    first: 0,
    last: 59,
    names: &[],
};
pub(super) const HOUR: Field = Field {
    name: "hour",
    rule: "* or a list of 0 to 23, such as 6,18 or 9-17 or */2",
    first: 0,
    last: 23,
    names: &[],
};
const DAY: Field = Field {
    name: "day of the month",
    rule: "* or a list of 1 to 31, such as 1,15 or 1-7 or */10, or L, LW or 15W",
    first: 1,
    last: 31,
    names: &[],
};
pub(super) const MONTH: Field = Field {
    name: "month",
    rule: "* or a list of 1 to 12 or JAN to DEC, such as 1,7 or MAR-MAY or */3",
    first: 1,
    last: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAY: Field = Field {
    name: "day of the week",
    rule: "* or a list of 1 (Sunday) to 7 (Saturday) or SUN to SAT, such as 2-6 or MON,FRI, or 6L or 6#2",
    first: 1,
    last: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};
/// The most weekdays of one name that a month has.
const MOST_OF_A_WEEKDAY: u32 = 5;

impl Field {
    /// The numbers that a field names, as a set of bits.
    pub(super) fn parse(&self, text: &str) -> Result<u64, InvalidCron> {
        let mut all = 0;
        for item in text.split(',') {
            all |= self.item(item).ok_or_else(|| self.invalid(text))?;
        }
        Ok(all)
    }

    fn invalid(&self, text: &str) -> InvalidCron {
        InvalidCron::Field {
            field: self.name,
            text: text.to_owned(),
            rule: self.rule,
        }
    }

    /// `*`, `a` or `a-b`, and a step behind it. A range may go over the end: `22-2` are five hours.
    fn item(&self, item: &str) -> Option<u64> {
        let (range, step) = match item.split_once('/') {
            None => (item, None),
            Some((range, step)) => (range, Some(number(step)?)),
        };
        if step.is_some_and(|step| step == 0 || step > self.last) {
            return None;
        }
        let (from, to) = match range.split_once('-') {
            None if range == "*" => (self.first, self.last),
            // With a step, the values from this one to the last.
            None if step.is_some() => (self.value(range)?, self.last),
            None => (self.value(range)?, self.value(range)?),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
        };
        let count = self.last - self.first + 1;
        let length = (to + count - from) % count;
        let places = (0..=length).step_by(usize::try_from(step.unwrap_or(1)).ok()?);
        Some(places.fold(0, |set, place| {
            set | 1 << (self.first + (from - self.first + place) % count)
        }))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = (self.first..).zip(self.names);
        let named = named
            .filter(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(value, _)| value);
        named
            .chain(number(text))
            .find(|value| (self.first..=self.last).contains(value))
    }
}

/// Digits and nothing else: no sign.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Days of the month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    every: bool,
    numbers: u64,
    last: bool,
    last_workday: bool,
    // The day from Monday to Friday that is nearest to each of these.
    nearest_workdays: u64,
}

impl Days {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidCron> {
        let mut days = Self {
            every: text == "*",
            ..Self::default()
        };
        for item in text.split(',') {
            match item.to_ascii_uppercase().as_str() {
                "L" => days.last = true,
                "LW" | "WL" => days.last_workday = true,
                other => match other.strip_suffix('W') {
                    Some(day) => {
                        let day = DAY.value(day).ok_or_else(|| DAY.invalid(text))?;
                        days.nearest_workdays |= 1 << day;
                    }
                    None => days.numbers |= DAY.item(item).ok_or_else(|| DAY.invalid(text))?,
                },
            }
        }
        Ok(days)
    }

    /// Whether the field is `*`.
    pub(super) const fn is_every(&self) -> bool {
        self.every
    }

    pub(super) fn has(&self, date: Date) -> bool {
        let last = date.last_of_month();
        has(self.numbers, date.day())
            || (self.last && date == last)
            || (self.last_workday && Some(date) == nearest_workday(last))
            || (1..=last.day())
                .filter(|day| has(self.nearest_workdays, *day))
                .filter_map(|day| nearest_workday(date.with().day(day).build().ok()?))
                .any(|nearest| nearest == date)
    }
}

/// The day from Monday to Friday that is nearest, in the same month.
fn nearest_workday(date: Date) -> Option<Date> {
    let days = match date.weekday() {
        Weekday::Saturday if date.day() == 1 => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if date == date.last_of_month() => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    date.checked_add(jiff::Span::new().days(days)).ok()
}

/// Days of the week. In the sets, 1 is Sunday.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weekdays {
    every: bool,
    numbers: u64,
    // The last of their month.
    last: u64,
    // The first, the second and so on of their month.
    ordinals: [u64; MOST_OF_A_WEEKDAY as usize],
}

impl Weekdays {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidCron> {
        let mut days = Self {
            every: text == "*",
            ..Self::default()
        };
        for item in text.split(',') {
            days.add(item).ok_or_else(|| WEEKDAY.invalid(text))?;
        }
        Ok(days)
    }

    fn add(&mut self, item: &str) -> Option<()> {
        if let Some((day, ordinal)) = item.split_once('#') {
            let ordinal = number(ordinal)?.checked_sub(1)?;
            let ordinal = self.ordinals.get_mut(usize::try_from(ordinal).ok()?)?;
            *ordinal |= 1 << WEEKDAY.value(day)?;
        } else if let Some(day) = item.strip_suffix(['L', 'l']) {
            // Alone it is the last day of the week.
            match day {
                "" => self.numbers |= 1 << WEEKDAY.last,
                day => self.last |= 1 << WEEKDAY.value(day)?,
            }
        } else {
            self.numbers |= WEEKDAY.item(item)?;
        }
        Some(())
    }

    /// Whether the field is `*`.
    pub(super) const fn is_every(&self) -> bool {
        self.every
    }

    pub(super) fn has(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_one_offset();
        let ordinal = usize::try_from((date.day() - 1) / 7).unwrap_or_default();
        let of_ordinal = self.ordinals.get(ordinal).copied().unwrap_or_default();
        let is_last = date.day() + 7 > date.last_of_month().day();
        has(self.numbers, weekday)
            || has(of_ordinal, weekday)
            || (is_last && has(self.last, weekday))
    }
}
