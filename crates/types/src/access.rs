//! Roles, permissions and policies: who may do what.

pub mod condition;
pub mod group;
pub mod membership;
pub mod permission;
pub mod policy;
pub mod role;

pub use condition::{InvalidIpRange, IpCondition, IpRange};
pub use group::{GroupScope, PermissionGroup};
pub use membership::{MembershipStatus, UnknownMembershipStatus};
pub use permission::{Permission, Permissions};
pub use policy::{Effect, Policy, Resource, UnknownResource};
pub use role::{Role, UnknownRole};
