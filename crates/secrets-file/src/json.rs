//! JSON: one object, whose members are the entries.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::{Entry, File, InvalidFile, add};

/// Reads the members of an object. Those that are no text have no value.
pub(crate) fn read(text: &str) -> Result<File, InvalidFile> {
    let Members(entries) = serde_json::from_str(text).map_err(|error| InvalidFile::Json {
        line: error.line(),
        column: error.column(),
    })?;
    Ok(File {
        entries,
        ignored_lines: Vec::new(),
    })
}

struct Members(Vec<Entry>);

/// A member's value, if it is text.
struct Text(Option<Zeroizing<String>>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, Text(value))) = map.next_entry()? {
            add(&mut entries, Entry { name, value });
        }
        Ok(Members(entries))
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(Zeroizing::new(text.to_owned()))))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

#[cfg(test)]
mod tests {
    use crate::{InvalidFile, read};

    #[test]
    fn members_with_text_have_values() {
        let file = read(
            "\u{feff} {\"A\": \"a\\n\\u00e9\", \"B\": 1, \"C\": {\"D\": [\"x\"]}, \"E\": null, \"F\": [\"y\", {}], \
             \"G\": true, \"H\": -1.5, \"A\": \"last\"}",
        )
        .unwrap();
        let found: Vec<_> = file
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.name.as_str(),
                    entry.value.as_ref().map(|value| value.as_str()),
                )
            })
            .collect();
        let without = ["B", "C", "E", "F", "G", "H"].map(|name| (name, None));
        assert_eq!(found[0], ("A", Some("last")));
        assert_eq!(found[1..], without);
    }

    #[test]
    fn what_is_no_json_is_refused_by_its_place_alone() {
        let refused = |line, column| Err(InvalidFile::Json { line, column });
        assert_eq!(read("{\"A\":\n \"canary").map(|_| ()), refused(2, 8));
        assert_eq!(read("{} more").map(|_| ()), refused(1, 4));
        assert_eq!(read("{canary}").map(|_| ()), refused(1, 2));
        let error = read("{\"canary\": canary}").unwrap_err();
        assert!(!error.to_string().contains("canary"));
    }
}
