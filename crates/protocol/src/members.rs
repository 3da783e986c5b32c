//! The shapes of members of accounts, their roles, and invitations.

use std::collections::BTreeMap;

use coffer_types::{
    AccountId, Effect, Email, MemberId, MembershipStatus, PersonName, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

/// What is permitted, area by area; an area in which nothing is permitted is left out.
pub type Areas = BTreeMap<String, Grants>;

/// What is permitted in an area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Whether it may be looked at.
    pub read: bool,
    /// Whether it may be changed.
    pub write: bool,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it permits.
    pub permissions: Areas,
}

/// A member of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The membership.
    pub id: MemberId,
    /// The user's address.
    pub email: Email,
    /// Whether the user is in the account.
    pub status: MembershipStatus,
    /// The user.
    pub user: MemberUser,
    /// The user's roles in the account, now or once the user accepts.
    pub roles: Vec<Role>,
    /// The same as policies.
    pub policies: Vec<MemberPolicy>,
}

/// What an account's members know of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberUser {
    /// The user.
    pub id: UserId,
    /// The address.
    pub email: Email,
    /// The first name; not told before the user accepted.
    pub first_name: Option<PersonName>,
    /// The last name; not told before the user accepted.
    pub last_name: Option<PersonName>,
    /// Whether a second factor is set up.
    pub two_factor_authentication_enabled: bool,
}

/// A member's roles written as a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberPolicy {
    /// The membership's id.
    pub id: MemberId,
    /// Always [`Effect::Allow`].
    pub access: Effect,
    /// The roles.
    pub permission_groups: Vec<RoleGroup>,
    /// The account.
    pub resource_groups: Vec<ResourceGroup>,
}

/// A role in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGroup {
    /// The role's id.
    pub id: String,
    /// The role's name.
    pub name: String,
}

/// An account in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceGroup {
    /// The account.
    pub id: AccountId,
    /// The account as a resource.
    pub name: String,
    /// All that is in it.
    pub scope: ResourceScope,
}

/// What a resource group covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceScope {
    /// The account as a resource.
    pub key: String,
    /// What of it.
    pub objects: Vec<ScopeObject>,
}

/// A part of what a resource group covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeObject {
    /// `*`, for everything.
    pub key: String,
}

/// A member who was invited, with the link to accept by.
#[derive(Debug, Serialize)]
pub struct InvitedMember {
    /// The member.
    #[serde(flatten)]
    pub member: Member,
    /// What only Coffer tells.
    pub coffer: InvitationLink,
}

/// An invitation's link.
#[derive(Serialize)]
pub struct InvitationLink {
    /// The link, for the invited person alone. It is told once; a repeated request is answered without it.
    pub invitation_url: Option<String>,
    /// It is refused from here on.
    pub expires_on: Timestamp,
}

impl std::fmt::Debug for InvitationLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationLink")
            .field("expires_on", &self.expires_on)
            .finish_non_exhaustive()
    }
}

/// An invitation that was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcceptedInvitation {
    /// The membership.
    pub id: MemberId,
    /// Always `accepted`.
    pub status: MembershipStatus,
    /// The address that the user signs in with.
    pub email: Email,
    /// The account.
    pub account: AccountName,
}

/// An account by id and name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountName {
    /// The account.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
}

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedMember {
    /// The membership.
    pub id: MemberId,
}
