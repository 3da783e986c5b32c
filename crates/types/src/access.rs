//! Roles, permissions and policies: who may do what.

pub mod group;
pub mod permission;
pub mod policy;
pub mod role;

pub use group::{GroupScope, PermissionGroup};
pub use permission::{Permission, Permissions};
pub use policy::{Effect, Policy, Resource, UnknownResource};
pub use role::{Role, UnknownRole};
