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

/// A member's value.
enum Member {
    Text(Zeroizing<String>),
    Null,
    Other,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
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
        while let Some((name, member)) = map.next_entry()? {
            let is_null = matches!(member, Member::Null);
            let value = match member {
                Member::Text(text) => Some(text),
                Member::Null | Member::Other => None,
            };
            add(
                &mut entries,
                Entry {
                    name,
                    value,
                    is_null,
                },
            );
        }
        Ok(Members(entries))
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Member, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
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
        let nulls = file.entries.iter().filter(|entry| entry.is_null);
        assert_eq!(
            nulls.map(|entry| entry.name.as_str()).collect::<Vec<_>>(),
            ["E"]
        );
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
