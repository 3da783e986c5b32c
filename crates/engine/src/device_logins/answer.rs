//! The user answers a device that waits.

use coffer_types::AccountId;

use super::waiting::{Approval, State};
use super::{CodeMac, DeviceLogin};
use crate::actor::Caller;
use crate::attempts::{Attempt, AttemptKind};
use crate::authorize::{ManageUserTokens, UserPermit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result, Unauthenticated};

impl Engine {
    /// The device whose code this is, however it is typed. Looking at it changes nothing.
    ///
    /// # Errors
    /// [`Missing::DeviceLogin`]; [`Error::TooManyAttempts`] after many codes that were none, by the user or from the
    /// address.
    pub fn device_login(
        &self,
        permit: &UserPermit<ManageUserTokens>,
        typed: &str,
    ) -> Result<DeviceLogin> {
        let now = self.clock.now();
        self.by_user_code(&permit.caller, typed, |code| {
            self.device_logins.asking(code, now)
        })
    }

    /// Lets the device act for the user in these accounts: when it asks next, it is given a token.
    ///
    /// # Errors
    /// As [`device_login`](Self::device_login); [`Missing::Account`] for an account that the user is not in, or none.
    pub fn approve_device_login(
        &self,
        permit: &UserPermit<ManageUserTokens>,
        typed: &str,
        accounts: Vec<AccountId>,
    ) -> Result<DeviceLogin> {
        let actor = &permit.caller.actor;
        let is_in = |account: &AccountId| actor.permissions_in(*account).is_some();
        if accounts.is_empty() || !accounts.iter().all(is_in) {
            return Err(Missing::Account.into());
        }
        let approval = Approval {
            user_id: permit.user_id(),
            accounts,
            address: permit.caller.request.ip,
        };
        self.answer_device(permit, typed, &State::Approved(approval))
    }

    /// Tells the device no.
    ///
    /// # Errors
    /// As [`device_login`](Self::device_login).
    pub fn deny_device_login(
        &self,
        permit: &UserPermit<ManageUserTokens>,
        typed: &str,
    ) -> Result<DeviceLogin> {
        self.answer_device(permit, typed, &State::Denied)
    }

    fn answer_device(
        &self,
        permit: &UserPermit<ManageUserTokens>,
        typed: &str,
        state: &State,
    ) -> Result<DeviceLogin> {
        let now = self.clock.now();
        self.by_user_code(&permit.caller, typed, |code| {
            self.device_logins.answer(code, state.clone(), now)
        })
    }

    /// Codes for people are short, so whoever tries many is stopped.
    fn by_user_code(
        &self,
        caller: &Caller,
        typed: &str,
        found: impl FnOnce(CodeMac) -> Option<DeviceLogin>,
    ) -> Result<DeviceLogin> {
        let name = caller.actor.id();
        let attempt = Attempt {
            kind: AttemptKind::DeviceCode,
            address: caller.request.ip,
            name: Some(&name),
        };
        self.attempts.check(&attempt)?;
        // What cannot be a code is no guess at one.
        let code = self.user_code_mac(typed).ok_or(Missing::DeviceLogin)?;
        found(code).ok_or_else(|| match self.attempts.failed(&attempt) {
            Error::Unauthenticated(Unauthenticated::Invalid) => Missing::DeviceLogin.into(),
            limited => limited,
        })
    }
}
