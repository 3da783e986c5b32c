//! QR codes, as the path of an SVG.

use std::fmt::Write;

use qrcodegen::QrCodeEcc;

/// Modules of white around a code, as its standard asks for.
const QUIET: i32 = 4;

/// A code that is ready to draw.
#[derive(Debug)]
pub(super) struct QrCode {
    /// Modules along a side, the white around it included.
    pub(super) side: i32,
    /// The dark modules.
    pub(super) path: String,
}

impl QrCode {
    /// The code of a text; `None` if the text is too long for one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = qrcodegen::QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            for x in 0..code.size() {
                if code.get_module(x, y) {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
                }
            }
        }
        Some(Self {
            side: code.size() + 2 * QUIET,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finders_and_white_around_it() {
        let code = QrCode::of("otpauth://totp/Coffer:a?secret=ABC").unwrap();
        // The corner of the first finder, and nothing in the white.
        assert!(code.path.starts_with("M4,4h1v1h-1z"));
        for place in [0, 3, code.side - 1] {
            assert!(!code.path.contains(&format!("M{place},")));
        }
        assert!(QrCode::of(&"x".repeat(5000)).is_none());
    }
}
