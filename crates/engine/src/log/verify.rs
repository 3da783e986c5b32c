//! Verification: one pass over the events that compares all that is kept of them with what was signed. Only if
//! something is wrong are they read again, to say what ([`super::analysis`]).

use std::collections::VecDeque;
use std::path::Path;

use coffer_crypto::{Checkpoint, VerifierKey};
use coffer_store::log::tree::{Frontier, Hash, TILE_WIDTH};
use coffer_types::Timestamp;

use super::finding::{Finding, Verification};
use super::source::{Export, Source};
use super::{AuditLog, LogError, Progress, analysis};

/// A checkpoint that was kept elsewhere.
#[derive(Clone, Debug)]
pub struct GivenCheckpoint {
    /// What to call it, such as its file's name.
    pub name: String,
    /// The signed note.
    pub note: String,
}

impl AuditLog {
    /// Verifies the log against its key and against checkpoints that were kept elsewhere.
    ///
    /// # Errors
    /// [`LogError`] if it cannot be read; what is wrong with it is in the verification.
    pub async fn verify(
        self,
        key: &VerifierKey,
        checkpoints: &[GivenCheckpoint],
        progress: Progress<'_>,
    ) -> Result<Verification, LogError> {
        verify(Source::Database(self.snapshot), key, checkpoints, progress).await
    }
}

/// Verifies an export: the directory, or the file of its events.
///
/// # Errors
/// As [`AuditLog::verify`].
pub async fn verify_export(
    path: &Path,
    key: &VerifierKey,
    checkpoints: &[GivenCheckpoint],
    progress: Progress<'_>,
) -> Result<Verification, LogError> {
    let source = Source::Export(Box::new(Export::open(path)?));
    verify(source, key, checkpoints, progress).await
}

/// A checkpoint kept elsewhere whose signature holds, and the log's root at its size once it is known.
pub(super) struct Claim<'g> {
    name: &'g str,
    checkpoint: Checkpoint,
    root: Option<Hash>,
}

/// What of the claims can be told from the log's roots.
pub(super) struct Claims<'g>(Vec<Claim<'g>>);

impl<'g> Claims<'g> {
    fn of(key: &VerifierKey, given: &'g [GivenCheckpoint], findings: &mut Vec<Finding>) -> Self {
        let mut claims = Vec::new();
        for GivenCheckpoint { name, note } in given {
            match key.checkpoint(note) {
                Ok(checkpoint) => claims.push(Claim {
                    name,
                    checkpoint,
                    root: None,
                }),
                Err(reason) => findings.push(Finding::GivenCheckpointInvalid {
                    checkpoint: name.clone(),
                    reason: reason.to_string(),
                }),
            }
        }
        Self(claims)
    }

    /// Takes down the root of a tree that a claim may be about.
    pub(super) fn note(&mut self, frontier: &Frontier) {
        for claim in &mut self.0 {
            if claim.checkpoint.size == frontier.size() {
                claim.root = Some(frontier.root());
            }
        }
    }

    /// Forgets the roots, to begin anew.
    pub(super) fn reset(&mut self) {
        for claim in &mut self.0 {
            claim.root = None;
        }
    }

    fn findings(&self, size: u64) -> impl Iterator<Item = Finding> {
        self.0.iter().filter_map(move |claim| {
            let (checkpoint, of) = (claim.name.to_owned(), claim.checkpoint.size);
            match claim.root {
                _ if of > size => Some(Finding::Truncated {
                    checkpoint,
                    size: of,
                }),
                Some(root) if root != claim.checkpoint.root => Some(Finding::Forked {
                    checkpoint,
                    size: of,
                }),
                // Where the tree that was signed is not known, the events' own findings tell.
                _ => None,
            }
        })
    }
}

async fn verify(
    mut source: Source,
    key: &VerifierKey,
    given: &[GivenCheckpoint],
    progress: Progress<'_>,
) -> Result<Verification, LogError> {
    let mut findings = Vec::new();
    let mut claims = Claims::of(key, given, &mut findings);
    claims.note(&Frontier::default());
    let (mut pass, clean) = Pass::over(&mut source, key, &mut claims, &mut *progress).await?;
    let mut signed_size = pass.frontier.size();
    if !clean {
        source.rewind()?;
        claims.reset();
        claims.note(&Frontier::default());
        let analysis = analysis::analyse(&mut source, key, &mut claims, progress).await?;
        findings.extend(analysis.findings);
        (pass.frontier, pass.last_at) = (analysis.found, analysis.last_at);
        signed_size = analysis.signed_size;
    }
    findings.extend(claims.findings(signed_size));
    let further = findings.len().saturating_sub(Verification::MAX_FINDINGS);
    findings.truncate(Verification::MAX_FINDINGS);
    Ok(Verification {
        ok: findings.is_empty(),
        size: pass.frontier.size(),
        root: hex::encode(pass.frontier.root()),
        last_event_at: pass
            .last_at
            .map(|at| Timestamp::from_micros(at).to_string()),
        findings,
        further_findings: further as u64,
    })
}

/// One pass that stops at whatever is wrong.
struct Pass {
    frontier: Frontier,
    last_at: Option<i64>,
    checkpoints: VecDeque<(u64, String)>,
}

impl Pass {
    async fn over(
        source: &mut Source,
        key: &VerifierKey,
        claims: &mut Claims<'_>,
        progress: Progress<'_>,
    ) -> Result<(Self, bool), LogError> {
        let mut pass = Self {
            frontier: Frontier::default(),
            last_at: None,
            checkpoints: VecDeque::new(),
        };
        let clean =
            pass.read(source, key, claims, progress).await? && pass.ends(source, key).await?;
        Ok((pass, clean))
    }

    async fn read(
        &mut self,
        source: &mut Source,
        key: &VerifierKey,
        claims: &mut Claims<'_>,
        progress: Progress<'_>,
    ) -> Result<bool, LogError> {
        let mut full = Vec::new();
        let mut last_seq = i64::MIN;
        loop {
            let events = source.events_after(last_seq).await?;
            let Some(last) = events.last() else {
                return Ok(true);
            };
            (last_seq, self.last_at) = (last.seq, last.at);
            for event in &events {
                let in_place = u64::try_from(event.seq) == Ok(self.frontier.size() + 1);
                if !in_place || event.kept != Some(event.leaf) {
                    return Ok(false);
                }
                self.frontier.append(event.leaf, &mut full);
                claims.note(&self.frontier);
                if !full.is_empty() && !self.holds(source, key, &mut full).await? {
                    return Ok(false);
                }
            }
            progress(self.frontier.size());
        }
    }

    /// Whether the tiles that are full now, and the checkpoint over them, are kept as they should be.
    async fn holds(
        &mut self,
        source: &mut Source,
        key: &VerifierKey,
        full: &mut Vec<coffer_store::log::tree::Tile>,
    ) -> Result<bool, LogError> {
        for tile in full.drain(..) {
            let kept = source.tile(tile.level, tile.index, TILE_WIDTH).await?;
            if kept.as_ref() != Some(&tile.hashes) {
                return Ok(false);
            }
        }
        let size = self.frontier.size();
        if self.checkpoints.is_empty() {
            self.checkpoints = source.checkpoints_after(size - 1).await?.into();
        }
        let Some((kept_size, note)) = self.checkpoints.pop_front() else {
            return Ok(false);
        };
        let expected = self.expected();
        Ok(kept_size == size && key.checkpoint(&note) == Ok(expected))
    }

    /// Whether the log ends where it was signed last.
    async fn ends(&self, source: &mut Source, key: &VerifierKey) -> Result<bool, LogError> {
        let head = source.head().await?;
        if head.is_none_or(|note| key.checkpoint(&note) != Ok(self.expected())) {
            return Ok(false);
        }
        if source.keeps_open_tiles() {
            for tile in self.frontier.open_tiles() {
                let kept = source
                    .tile(tile.level, tile.index, tile.hashes.len())
                    .await?;
                if kept != Some(tile.hashes) {
                    return Ok(false);
                }
            }
        }
        let beyond = source.checkpoints_after(self.frontier.size()).await?;
        Ok(beyond.is_empty())
    }

    fn expected(&self) -> Checkpoint {
        Checkpoint {
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}
