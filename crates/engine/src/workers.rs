//! Workers: versions, deployments and per-Worker secrets.
