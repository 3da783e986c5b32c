//! Tests of the whole API rather than of one operation.

mod attempt_limits;
mod coverage;
mod denials;
mod leaks;
mod permission_matrix;
mod repeated_requests;
