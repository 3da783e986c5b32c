//! Tests of the whole API rather than of one operation.

mod attempt_limits;
mod audit_events;
mod coverage;
mod denials;
mod full_owners;
mod invitation_leaks;
mod leaks;
mod permission_matrix;
mod repeated_requests;
mod token_groups;
