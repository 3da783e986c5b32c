//! Marked values: secrets that a search finds again wherever they leak, in whatever form.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use coffer_types::Random;

use crate::process;

/// Hexadecimal digits of the mark. A third of it is enough to be found, so a value that is split between
/// two pages of a database is found, too.
const MARK_DIGITS: usize = 72;
const PARTS: usize = 3;

/// A secret value with a mark in it.
///
/// The mark consists of digits and small letters, which quoting for JSON, URLs, HTML, shells and SQL leaves as
/// they are. The rest of the value consists of characters that all of these change, so that code that
/// quotes is exercised. Base64 and hexadecimal forms are searched for separately.
pub struct Canary {
    value: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// A place where a mark was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The file, or the process and which of its files.
    pub place: String,
    /// How the mark was written there.
    pub form: &'static str,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.form)
    }
}

impl Canary {
    /// A new marked value of 97 bytes.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; MARK_DIGITS / 2];
        random.fill(&mut bytes);
        let mark = hex::encode(bytes);
        Self {
            value: format!("\"k\\e'y\" é+/=%<&> {mark} {{}}"),
            forms: forms_of(&mark),
        }
    }

    /// The value to store.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The form in which the mark is in these bytes, if it is.
    pub fn find_in(&self, bytes: &[u8]) -> Option<&'static str> {
        let folded = bytes.to_ascii_lowercase();
        self.forms.iter().find_map(|(name, needle)| {
            // Hexadecimal comes in either case; base64 does not.
            let haystack = if *name == "base64" { bytes } else { &folded };
            contains(haystack, needle).then_some(*name)
        })
    }

    /// The leaks in a file or in every file below a directory.
    ///
    /// # Errors
    /// When something there cannot be read; a file that vanishes meanwhile is passed over.
    pub fn find_in_files(&self, root: &Path) -> io::Result<Vec<Leak>> {
        let mut leaks = Vec::new();
        let mut places = vec![root.to_owned()];
        while let Some(place) = places.pop() {
            let name = place.as_os_str().as_encoded_bytes();
            leaks.extend(self.leak(name, &format!("the name {}", place.display())));
            match fs::symlink_metadata(&place) {
                Ok(metadata) if metadata.is_dir() => {
                    for entry in fs::read_dir(&place)? {
                        places.push(entry?.path());
                    }
                }
                Ok(metadata) if metadata.is_file() => {
                    leaks.extend(self.leak(&fs::read(&place)?, &place.display().to_string()));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(leaks)
    }

    /// The leaks in the environment and the arguments of a process and all its descendants.
    ///
    /// # Errors
    /// When `/proc` or a process there cannot be read; a process that ends meanwhile is passed over.
    pub fn find_in_processes(&self, root: u32) -> io::Result<Vec<Leak>> {
        let mut leaks = Vec::new();
        for pid in process::tree(root)? {
            for file in ["environ", "cmdline"] {
                let place = format!("/proc/{pid}/{file}");
                match fs::read(&place) {
                    Ok(bytes) => leaks.extend(self.leak(&bytes, &place)),
                    Err(error) if has_ended(&error) => {}
                    Err(error) => {
                        return Err(io::Error::new(error.kind(), format!("{place}: {error}")));
                    }
                }
            }
        }
        Ok(leaks)
    }

    /// The leak in some bytes, named by where they come from.
    pub fn leak(&self, bytes: &[u8], place: &str) -> Option<Leak> {
        self.find_in(bytes).map(|form| Leak {
            place: place.to_owned(),
            form,
        })
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canary")
    }
}

/// Whether a process ended before it was read: its directory is gone, or its memory is.
fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

fn forms_of(mark: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = Vec::new();
    for part in mark.as_bytes().chunks(MARK_DIGITS / PARTS) {
        forms.push(("plain", part.to_vec()));
        forms.push(("hexadecimal", hex::encode(part).into_bytes()));
        forms.push(("UTF-16", part.iter().flat_map(|byte| [*byte, 0]).collect()));
        // Three bytes become four characters, so the part may begin at three places of a group. What
        // shares a group with its neighbours is left out.
        for shift in 0..3 {
            let inner = &part[shift..shift + (part.len() - shift) / 3 * 3];
            forms.push(("base64", STANDARD_NO_PAD.encode(inner).into_bytes()));
            forms.push(("base64", URL_SAFE_NO_PAD.encode(inner).into_bytes()));
        }
    }
    forms
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(&first) = needle.first() else {
        return false;
    };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;
    use crate::SeededRandom;

    #[test]
    fn every_form_is_found() {
        let canary = Canary::new(&SeededRandom::new(1));
        let value = canary.value();
        let mut forms = vec![
            value.to_owned(),
            serde_json::to_string(value).unwrap(),
            hex::encode(value),
            hex::encode_upper(value),
            format!("{value:?}"),
        ];
        for before in ["", "a", "ab"] {
            forms.push(STANDARD.encode(format!("{before}{value}")));
            forms.push(URL_SAFE.encode(format!("{before}{value}")));
        }
        let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let partly: String = value
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        forms.push(partly);
        for form in &forms {
            assert!(
                canary
                    .find_in(format!("before {form} after").as_bytes())
                    .is_some(),
                "{form}"
            );
        }
        let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(canary.find_in(&wide), Some("UTF-16"));
        // Nothing escapes letters and digits, so this form is not searched for.
        assert_eq!(canary.find_in(percent.as_bytes()), None);
    }

    #[test]
    fn others_are_not_found() {
        let canary = Canary::new(&SeededRandom::new(1));
        let other = Canary::new(&SeededRandom::new(2));
        assert_eq!(canary.find_in(other.value().as_bytes()), None);
        assert_eq!(canary.find_in(b""), None);
    }

    #[test]
    fn a_value_split_in_two_is_found() {
        let canary = Canary::new(&SeededRandom::new(3));
        let bytes = canary.value().as_bytes();
        for at in 1..bytes.len() {
            let split = [&bytes[..at], b"\0\0page\0\0", &bytes[at..]].concat();
            assert!(canary.find_in(&split).is_some(), "{at}");
        }
    }

    #[test]
    fn only_the_end_of_a_process_is_passed_over() {
        use rustix::io::Errno;
        for (error, ended) in [
            (Errno::NOENT, true),
            (Errno::SRCH, true),
            (Errno::ACCESS, false),
            (Errno::PERM, false),
            (Errno::IO, false),
        ] {
            assert_eq!(has_ended(&error.into()), ended, "{error}");
        }
    }

    #[test]
    fn files_and_processes_are_searched() {
        let canary = Canary::new(&SeededRandom::new(4));
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        fs::write(directory.path().join("clean"), "nothing").unwrap();
        assert_eq!(canary.find_in_files(directory.path()).unwrap(), []);
        fs::write(directory.path().join("below/leak"), canary.value()).unwrap();
        let leaks = canary.find_in_files(directory.path()).unwrap();
        assert_eq!(leaks.len(), 1);
        assert!(leaks[0].place.ends_with("below/leak"), "{}", leaks[0]);

        let mut child = std::process::Command::new("cat")
            .env("LEAKED", canary.value())
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let leaks = canary.find_in_processes(std::process::id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(leaks.len(), 1, "{leaks:?}");
        assert!(leaks[0].place.ends_with("environ"), "{}", leaks[0]);
    }
}
