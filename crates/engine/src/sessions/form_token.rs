//! What shows that a form is a page's of the session that sends it.

use crate::actor::Caller;
use crate::engine::Engine;

/// Begins what is authenticated, so that no form's token is also the code of something else.
const PURPOSE: &[u8] = b"form ";

impl Engine {
    /// The token for the forms of the session that acts, in hexadecimal; `None` if no session does. It is the same
    /// for the life of the session.
    pub fn form_token(&self, caller: &Caller) -> Option<String> {
        let session_id = caller.actor.session?.to_string();
        let code = self
            .session_mac
            .sign_parts([PURPOSE, session_id.as_bytes()]);
        Some(hex::encode(code))
    }

    /// Whether a text is the token for the forms of the session that acts.
    pub fn is_form_token(&self, caller: &Caller, text: &str) -> bool {
        let Some(session_id) = caller.actor.session else {
            return false;
        };
        let Ok(code) = hex::decode(text) else {
            return false;
        };
        let message = [PURPOSE, session_id.to_string().as_bytes()].concat();
        self.session_mac.verify(&message, &code)
    }
}
