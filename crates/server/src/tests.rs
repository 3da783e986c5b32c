//! Tests of the whole API rather than of one operation.

mod coverage;
mod leaks;
mod permission_matrix;
mod repeated_requests;
