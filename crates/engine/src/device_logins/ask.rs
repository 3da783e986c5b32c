//! A device asks to be signed in.

use coffer_crypto::SecretValue;
use coffer_types::Random;
use coffer_types::limits::{DEVICE_LOGIN_SECONDS, MAX_DEVICE_NAME_CHARS};

use super::waiting::{State, Waiting};
use super::{ALPHABET, DeviceLogin, DeviceLoginAsked, NewDeviceLogin, USER_CODE_CHARS};
use crate::actor::RequestMeta;
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// Lets a device wait for its user's answer.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] while as many wait as may, from its address or at all.
    pub fn ask_device_login(
        &self,
        request: &RequestMeta,
        device: &NewDeviceLogin,
    ) -> Result<DeviceLoginAsked> {
        let device_code = device_code(self.random.as_ref());
        let user_code = user_code(self.random.as_ref());
        let now = self.clock.now();
        let user_code_mac = self
            .user_code_mac(&user_code)
            .ok_or_else(|| Error::Internal("a code that is none".to_owned()))?;
        let waiting = Waiting {
            user_code: user_code_mac,
            login: DeviceLogin {
                name: told_name(&device.name),
                address: request.ip,
                asked_at: now,
                expires_at: now.plus_micros(i64::from(DEVICE_LOGIN_SECONDS) * 1_000_000),
            },
            polled_at: None,
            state: State::Asked,
        };
        let mac = self.device_code_mac(device_code.expose_secret());
        self.device_logins.add(mac, waiting, now)?;
        Ok(DeviceLoginAsked {
            device_code,
            user_code,
        })
    }
}

/// 256 random bits in hexadecimal.
fn device_code(random: &dyn Random) -> SecretValue {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    SecretValue::new(hex::encode(bytes))
}

/// Letters of a number far larger than there are codes, so each is as likely as the next.
fn user_code(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let mut number = u128::from_be_bytes(bytes);
    let mut code = String::with_capacity(USER_CODE_CHARS + 1);
    for index in 0..USER_CODE_CHARS {
        if index == USER_CODE_CHARS / 2 {
            code.push('-');
        }
        let count = ALPHABET.len() as u128;
        // Below 20.
        code.push(char::from(ALPHABET[(number % count) as usize]));
        number /= count;
    }
    code
}

/// A name in letters that cannot move what stands beside them.
fn told_name(name: &str) -> String {
    let kept = |character: &char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | ' ')
    };
    let name: String = name
        .trim()
        .chars()
        .filter(kept)
        .take(MAX_DEVICE_NAME_CHARS)
        .collect();
    match name.trim() {
        "" => "unnamed device".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use coffer_crypto::SystemRandom;

    use super::*;

    #[test]
    fn codes_for_people_have_their_form() {
        let one = user_code(&SystemRandom);
        let (first, last) = one.split_once('-').unwrap();
        assert_eq!((first.len(), last.len()), (4, 4));
        assert!(
            (first.to_owned() + last)
                .bytes()
                .all(|letter| ALPHABET.contains(&letter))
        );
        assert_ne!(one, user_code(&SystemRandom));
    }

    #[test]
    fn names_hold_nothing_that_misleads() {
        for (name, told) in [
            ("laptop.example", "laptop.example"),
            ("  a\u{202e}b<c>\n", "abc"),
            ("", "unnamed device"),
            ("💥", "unnamed device"),
            (&"x".repeat(200), &"x".repeat(64)),
        ] {
            assert_eq!(told_name(name), told);
        }
    }
}
