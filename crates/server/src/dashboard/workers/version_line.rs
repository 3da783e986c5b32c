//! A version as lists and choices show it.

use coffer_engine::{Permit, WorkerFacts};
use coffer_protocol::workers::Version;
use coffer_types::{Percentage, Timestamp, VersionId};

use super::head::address_of;
use crate::app::App;

/// A version as lists and choices show it.
#[derive(Debug)]
pub(super) struct VersionLine {
    pub(super) id: VersionId,
    /// The first digits of its id.
    pub(super) short: String,
    /// Counts the Worker's versions.
    pub(super) number: u32,
    /// What its author wrote on it; empty if nothing.
    pub(super) message: String,
    /// Its tag; empty if it has none.
    pub(super) tag: String,
    /// Who made it.
    pub(super) author: String,
    /// What with.
    pub(super) source: String,
    pub(super) created: Timestamp,
    /// Where it answers by itself.
    pub(super) preview: Option<String>,
    /// Its share of the traffic.
    pub(super) share: Option<Percentage>,
}

impl VersionLine {
    /// The line of a version of this Worker.
    pub(super) fn new<P>(
        app: &App,
        permit: &Permit<P>,
        facts: &WorkerFacts,
        version: &Version,
    ) -> Self {
        let annotation = |name| version.annotations.get(name).cloned().unwrap_or_default();
        let short = version.id.short();
        let label = format!("{short}-{}", facts.script.id);
        let shares = facts.deployment.iter().flat_map(|active| &active.versions);
        let share = shares
            .into_iter()
            .find(|share| share.version_id == version.id);
        Self {
            id: version.id,
            number: version.number,
            message: annotation("workers/message"),
            tag: annotation("workers/tag"),
            author: match &version.metadata.author_email {
                Some(email) => email.to_string(),
                None => "an API token".to_owned(),
            },
            source: version.metadata.source.clone(),
            created: version.metadata.created_on,
            preview: (facts.subdomain.previews_enabled && !short.is_empty())
                .then(|| address_of(app, permit, &label))
                .flatten(),
            share: share.map(|share| share.percentage),
            short,
        }
    }

    /// Its share of the traffic in words, such as `12.5%`.
    pub(super) fn percent(&self) -> Option<String> {
        self.share.map(percent)
    }

    /// The length of its share in a bar of 100.
    pub(super) fn length(&self) -> f64 {
        self.share
            .map_or(0.0, |share| f64::from(share.hundredths()) / 100.0)
    }
}

/// A share of the traffic in words, such as `12.5%`.
pub(super) fn percent(share: Percentage) -> String {
    format!("{}%", f64::from(share.hundredths()) / 100.0)
}
