//! Passwords: Argon2id on a bounded number of threads.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use coffer_types::Random;
use tokio::sync::Semaphore;

use crate::aead::KeyBytes;
use crate::random::SystemRandom;
use crate::value::SecretValue;

/// 19 MiB, two passes, one lane: the first choice of OWASP's Password Storage Cheat Sheet for Argon2id,
/// which is also the library's default.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of the salt, as RFC 9106 (section 3.1) recommends.
pub(crate) const SALT_BYTES: usize = 16;
/// The most that a stored hash may ask for: 256 MiB and 16 passes. A damaged or planted one must not
/// exhaust the machine.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 4;

/// Why a password was neither hashed nor compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The stored hash is not an Argon2id hash in PHC form, or asks for more than is allowed.
    #[error("the stored password hash is malformed: set a new password")]
    Malformed,
    /// The library refused, or the process is ending.
    #[error("the password could not be hashed: try again")]
    Unavailable,
}

/// Hashes and compares passwords, at most so many at once; the others wait.
#[derive(Clone)]
pub struct PasswordHasher {
    params: Params,
    permits: Arc<Semaphore>,
}

impl PasswordHasher {
    /// A hasher with the parameters for production that works on at most `parallel` passwords at once
    /// (at least one). Each takes 19 MiB and one core while it lasts, so `parallel` should be the number
    /// of cores.
    pub fn new(parallel: usize) -> Self {
        // The constants are within the library's bounds; its default is the same set.
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
        Self::with_params(params, parallel)
    }

    /// A hasher with the least memory and passes that the algorithm allows, for tests that log in often.
    /// It protects nothing.
    pub fn fast_for_tests(parallel: usize) -> Self {
        let params = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, 1, None);
        Self::with_params(params.unwrap_or_default(), parallel)
    }

    fn with_params(params: Params, parallel: usize) -> Self {
        let permits = parallel.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            params,
            permits: Arc::new(Semaphore::new(permits)),
        }
    }

    /// The password's hash in PHC form, with a new salt each time.
    ///
    /// Call it too when no such user exists, and drop the result: then the answer takes as long as for a
    /// wrong password.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    pub async fn hash(
        &self,
        password: impl Into<Arc<SecretValue>>,
    ) -> Result<String, PasswordError> {
        let (argon2, password) = (self.argon2(), password.into());
        self.run(move || {
            let mut salt = [0; SALT_BYTES];
            SystemRandom.fill(&mut salt);
            argon2
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map(|hash: PasswordHash| hash.to_string())
                .map_err(|_| PasswordError::Unavailable)
        })
        .await
    }

    /// Whether the password is the one with this hash. The hash's own parameters apply.
    ///
    /// # Errors
    /// [`PasswordError::Malformed`] for a text that is no Argon2id hash, [`PasswordError::Unavailable`].
    pub async fn verify(
        &self,
        password: impl Into<Arc<SecretValue>>,
        phc: &str,
    ) -> Result<bool, PasswordError> {
        let hash = parse(phc).ok_or(PasswordError::Malformed)?;
        let (argon2, password) = (self.argon2(), password.into());
        self.run(move || {
            let bytes = password.expose_secret().as_bytes();
            match argon2.verify_password(bytes, &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(PasswordError::Malformed),
            }
        })
        .await
    }

    /// Whether a hash was made as this hasher would make it now; if not, it should be made anew while the
    /// password is at hand.
    pub fn is_current(&self, phc: &str) -> bool {
        let params = parse(phc).and_then(|hash| Params::try_from(&hash).ok());
        params.is_some_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (
                    self.params.m_cost(),
                    self.params.t_cost(),
                    self.params.p_cost(),
                )
        })
    }

    /// What a key is stretched with here.
    pub(crate) fn stretch(&self) -> Stretch {
        Stretch {
            memory_kib: self.params.m_cost(),
            passes: self.params.t_cost(),
            lanes: self.params.p_cost(),
        }
    }

    /// 32 bytes that cost as much to guess as the password's hash.
    ///
    /// # Errors
    /// [`PasswordError::Malformed`] for parameters beyond what is allowed, [`PasswordError::Unavailable`].
    pub(crate) async fn stretched(
        &self,
        password: Arc<SecretValue>,
        salt: [u8; SALT_BYTES],
        stretch: Stretch,
    ) -> Result<KeyBytes, PasswordError> {
        let params = stretch.params().ok_or(PasswordError::Malformed)?;
        self.run(move || {
            let mut bytes = KeyBytes::default();
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(
                    password.expose_secret().as_bytes(),
                    &salt,
                    bytes.as_mut_slice(),
                )
                .map_err(|_| PasswordError::Unavailable)?;
            Ok(bytes)
        })
        .await
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// Runs the work on a blocking thread. The permit goes with it: when the caller gives up waiting, the
    /// thread is still busy.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Unavailable)?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(|_| PasswordError::Unavailable)?
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHasher")
    }
}

/// How much work stands between a password and what is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Stretch {
    /// The library's form; `None` for more than is allowed.
    fn params(self) -> Option<Params> {
        let allowed = self.memory_kib <= MAX_MEMORY_KIB
            && self.passes <= MAX_PASSES
            && self.lanes <= MAX_LANES;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32));
        params.ok().filter(|_| allowed)
    }
}

/// Reads a hash; `None` unless it is a whole one of Argon2id that asks for no more than is allowed.
fn parse(phc: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let allowed = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.salt.is_some()
        && hash.hash.is_some()
        && params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_PASSES
        && params.p_cost() <= MAX_LANES;
    allowed.then_some(hash)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn password(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned())
    }

    #[tokio::test]
    async fn the_right_password_verifies_and_others_do_not() {
        let hasher = PasswordHasher::fast_for_tests(2);
        let phc = hasher.hash(password("correct horse")).await.unwrap();
        assert!(
            hasher
                .verify(password("correct horse"), &phc)
                .await
                .unwrap()
        );
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!hasher.verify(password(wrong), &phc).await.unwrap());
        }
        assert!(!phc.contains("correct"));
        assert_eq!(format!("{hasher:?}"), "PasswordHasher");
    }

    #[tokio::test]
    async fn each_hash_has_its_own_salt() {
        let hasher = PasswordHasher::fast_for_tests(1);
        let first = hasher.hash(password("same")).await.unwrap();
        let second = hasher.hash(password("same")).await.unwrap();
        assert_ne!(first, second);
    }

    #[tokio::test]
    async fn production_hashes_say_how_they_were_made() {
        let phc = PasswordHasher::new(1).hash(password("p")).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        // Another hasher's parameters do not matter: those in the hash apply.
        let hasher = PasswordHasher::fast_for_tests(1);
        assert!(hasher.verify(password("p"), &phc).await.unwrap());
        // It should be made anew all the same.
        assert!(!hasher.is_current(&phc) && PasswordHasher::new(1).is_current(&phc));
        assert!(!hasher.is_current(""));
    }

    #[tokio::test]
    async fn a_malformed_hash_is_an_error_and_not_a_wrong_password() {
        let hasher = PasswordHasher::fast_for_tests(1);
        let phc = hasher.hash(password("p")).await.unwrap();
        let cut = phc.rsplit_once('$').unwrap().0;
        for bad in [
            "",
            "p",
            "$argon2id$",
            cut,
            &phc.replace("argon2id", "argon2d"),
            &phc.replace("argon2id", "scrypt"),
            &phc.replace("m=8", "m=4194304"),
            &phc.replace("t=1", "t=1000000"),
            &phc.replace("v=19", "v=99"),
        ] {
            assert_ne!(bad, phc);
            let result = hasher.verify(password("p"), bad).await;
            assert_eq!(result, Err(PasswordError::Malformed), "{bad}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_than_the_bound_work_at_once() {
        let hasher = PasswordHasher::fast_for_tests(2);
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let jobs: Vec<_> = (0..16)
            .map(|_| {
                let (hasher, running, most) = (hasher.clone(), running.clone(), most.clone());
                tokio::spawn(async move {
                    let work = move || {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        // Gives every other job that may run the chance to.
                        (0..2000).for_each(|_| std::thread::yield_now());
                        running.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    };
                    hasher.run(work).await
                })
            })
            .collect();
        for job in jobs {
            job.await.unwrap().unwrap();
        }
        let most = most.load(Ordering::SeqCst);
        assert!((1..=2).contains(&most), "{most} at once");
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_leaves_its_place_taken_until_the_work_ends() {
        let hasher = PasswordHasher::fast_for_tests(1);
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let job = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                let work = move || {
                    started.send(()).map_err(|_| PasswordError::Unavailable)?;
                    released.recv().map_err(|_| PasswordError::Unavailable)
                };
                hasher.run(work).await
            }
        });
        tokio::task::spawn_blocking(move || has_started.recv())
            .await
            .unwrap()
            .unwrap();
        job.abort();
        assert!(job.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.permits.available_permits(), 0);
        release.send(()).unwrap();
        assert!(hasher.hash(password("next")).await.is_ok());
    }
}
