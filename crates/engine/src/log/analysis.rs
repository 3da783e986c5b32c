//! What is wrong with a log that does not verify. All its hashes are held in memory: some hundred megabytes for each
//! million events, and only for a damaged log.
//!
//! What was signed is found out tile by tile. The events that are there, the tile over them and the hashes kept with
//! them are three accounts of the same 256 leaves; the one that makes the root of the signed checkpoint at the tile's
//! end is true. Where none does, the place is known to the tile.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use coffer_crypto::VerifierKey;
use coffer_store::log::tree::{Frontier, Hash, TILE_WIDTH};

use super::finding::Finding;
use super::source::{Found, Source};
use super::verify::Claims;
use super::{LogError, Progress};

pub(super) struct Analysis {
    pub(super) findings: Vec<Finding>,
    /// The tree over the events that are there, as they are.
    pub(super) found: Frontier,
    pub(super) last_at: Option<i64>,
    /// How many events were signed.
    pub(super) signed_size: u64,
}

pub(super) async fn analyse(
    source: &mut Source,
    key: &VerifierKey,
    claims: &mut Claims<'_>,
    progress: Progress<'_>,
) -> Result<Analysis, LogError> {
    let (found, last_at) = read_all(source, progress).await?;
    let mut frontier = Frontier::default();
    for event in &found {
        frontier.append(event.leaf, &mut Vec::new());
    }
    let mut findings = Vec::new();
    let signed = Signed::read(source, key, &mut findings).await?;
    let expected = expected_leaves(source, &found, &signed, &mut findings).await?;
    let is_located = compare(&expected, &found, &mut findings);
    if is_located {
        compare_tiles(source, &expected, claims, &mut findings).await?;
    }
    if findings.is_empty() {
        // Something made the first pass stop.
        findings.push(Finding::Unlocated {
            first_seq: 1,
            last_seq: signed.size,
        });
    }
    Ok(Analysis {
        findings,
        found: frontier,
        last_at,
        signed_size: signed.size,
    })
}

async fn read_all(
    source: &mut Source,
    progress: Progress<'_>,
) -> Result<(Vec<Found>, Option<i64>), LogError> {
    let mut found: Vec<Found> = Vec::new();
    loop {
        let after = found.last().map_or(i64::MIN, |event| event.seq);
        let events = source.events_after(after).await?;
        if events.is_empty() {
            let last_at = found.last().and_then(|event| event.at);
            return Ok((found, last_at));
        }
        found.extend(events);
        progress(found.len() as u64);
    }
}

/// The roots that the log's key signed.
struct Signed {
    size: u64,
    roots: BTreeMap<u64, Hash>,
}

impl Signed {
    async fn read(
        source: &mut Source,
        key: &VerifierKey,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, LogError> {
        let mut roots = BTreeMap::new();
        let mut kept = HashSet::new();
        let mut after = 0;
        loop {
            let page = source.checkpoints_after(after).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (size, note) in page {
                kept.insert(size);
                match key.checkpoint(&note) {
                    Ok(checkpoint) if checkpoint.size == size => {
                        roots.insert(size, checkpoint.root);
                    }
                    _ => findings.push(Finding::CheckpointInvalid { size }),
                }
            }
        }
        let head = source.head().await?;
        let head = head.map(|note| key.checkpoint(&note));
        match head {
            Some(Ok(checkpoint)) => {
                roots.insert(checkpoint.size, checkpoint.root);
            }
            Some(Err(reason)) => findings.push(Finding::HeadInvalid {
                reason: reason.to_string(),
            }),
            None => findings.push(Finding::HeadInvalid {
                reason: "it is gone".to_owned(),
            }),
        }
        let size = roots.last_key_value().map_or(0, |(size, _)| *size);
        let mut milestones = (TILE_WIDTH as u64..=size).step_by(TILE_WIDTH);
        findings.extend(
            milestones
                .by_ref()
                .filter(|milestone| !kept.contains(milestone))
                .map(|size| Finding::CheckpointMissing { size }),
        );
        Ok(Self { size, roots })
    }
}

/// The leaf at each place as it was signed; `None` where that cannot be told.
async fn expected_leaves(
    source: &mut Source,
    found: &[Found],
    signed: &Signed,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Option<Hash>>, LogError> {
    let size = usize::try_from(signed.size).unwrap_or(usize::MAX);
    let mut in_place: Vec<Option<&Found>> = vec![None; size];
    for event in found {
        let at = usize::try_from(event.seq.saturating_sub(1)).ok();
        if let Some(place) = at.and_then(|at| in_place.get_mut(at)) {
            *place = Some(event);
        }
    }
    let mut expected = Vec::with_capacity(size);
    let mut proven = Some(Frontier::default());
    for start in (0..size).step_by(TILE_WIDTH) {
        let block = start..size.min(start + TILE_WIDTH);
        let events = &in_place[block.clone()];
        let last = found.len().saturating_sub(block.len());
        let accounts = [
            events.iter().map(|event| Some((*event)?.leaf)).collect(),
            tile(source, &block).await?,
            events.iter().map(|event| (*event)?.kept).collect(),
            // At the end, where there may be no tile, all events may have shifted together.
            (block.end == size).then(|| found[last..].iter().map(|event| event.leaf).collect()),
        ];
        let root = signed.roots.get(&(block.end as u64));
        let chosen = match (&proven, root) {
            (Some(before), Some(root)) => {
                let chosen = accounts.iter().flatten().find_map(|leaves: &Vec<Hash>| {
                    let after = appended(before, leaves);
                    (after.root() == *root).then(|| (leaves.clone(), after))
                });
                if chosen.is_none() {
                    findings.push(Finding::Unlocated {
                        first_seq: start as u64 + 1,
                        last_seq: block.end as u64,
                    });
                }
                proven = chosen.as_ref().map(|(_, after)| after.clone());
                chosen.map(|(leaves, _)| leaves)
            }
            // Nothing signed tells here: tiles are harder to change than rows.
            (before, _) => {
                let chosen = accounts[1].as_ref().or(accounts[2].as_ref()).cloned();
                let chosen = chosen.or_else(|| accounts[0].clone());
                let after = before.as_ref().zip(chosen.as_ref());
                proven = after.map(|(before, leaves)| appended(before, leaves));
                chosen
            }
        };
        match chosen {
            Some(leaves) => expected.extend(leaves.into_iter().map(Some)),
            None => expected.extend(block.map(|_| None)),
        }
    }
    Ok(expected)
}

async fn tile(source: &mut Source, block: &Range<usize>) -> Result<Option<Vec<Hash>>, LogError> {
    if block.len() < TILE_WIDTH && !source.keeps_open_tiles() {
        return Ok(None);
    }
    let index = (block.start / TILE_WIDTH) as u64;
    source.tile(0, index, block.len()).await
}

fn appended(before: &Frontier, leaves: &[Hash]) -> Frontier {
    let mut after = before.clone();
    for leaf in leaves {
        after.append(*leaf, &mut Vec::new());
    }
    after
}

/// Says of every event what became of it; `false` if of some it cannot be said.
fn compare(expected: &[Option<Hash>], found: &[Found], findings: &mut Vec<Finding>) -> bool {
    let signed: HashMap<Hash, usize> = (0..)
        .zip(expected)
        .filter_map(|(at, leaf)| Some(((*leaf)?, at)))
        .collect();
    // Where each event was signed. Of two that are the same, the one in its place is the true one.
    let is_at = |event: &Found, at: usize| i64::try_from(at) == Ok(event.seq.saturating_sub(1));
    let mut seen = vec![false; expected.len()];
    let mut places = vec![None; found.len()];
    for in_place in [true, false] {
        for (place, event) in places.iter_mut().zip(found) {
            if let Some(at) = signed.get(&event.leaf).copied()
                && is_at(event, at) == in_place
                && !seen[at]
            {
                seen[at] = true;
                *place = Some(at);
            }
        }
    }
    let there: HashSet<i64> = found.iter().map(|event| event.seq).collect();
    let mut changes = Vec::new();
    for (place, event) in places.iter().zip(found) {
        let at = usize::try_from(event.seq.saturating_sub(1)).ok();
        match (place, at.and_then(|at| expected.get(at))) {
            (Some(_), _) => {}
            // Told of with its tile.
            (None, Some(None)) => {}
            (None, Some(Some(_))) if at.is_some_and(|at| !seen[at]) => {
                changes.push(Finding::Edited {
                    seq: at.map_or(0, |at| at as u64) + 1,
                    id: event.id.clone(),
                });
                seen[at.unwrap_or_default()] = true;
            }
            (None, _) => changes.push(Finding::Inserted {
                seq: event.seq,
                id: event.id.clone(),
            }),
        }
    }
    for ((seq, leaf), seen) in (1..).zip(expected).zip(&seen) {
        let is_gone = match leaf {
            Some(_) => !seen,
            None => !there.contains(&i64::try_from(seq).unwrap_or(i64::MAX)),
        };
        if is_gone {
            changes.push(Finding::Deleted { seq });
        }
    }
    let only_edits = changes
        .iter()
        .all(|change| matches!(change, Finding::Edited { .. }));
    changes.extend(moves(&places, found, only_edits));
    findings.extend(changes);
    findings.extend(changed_leaves(&places, found));
    let unknown = expected.iter().any(Option::is_none);
    let unlocated = findings
        .iter()
        .any(|finding| matches!(finding, Finding::Unlocated { .. }));
    !unknown && !unlocated
}

/// Events in the places of others. Where events went or came, those after them may have shifted together: then only
/// those that are out of their order have moved.
fn moves(places: &[Option<usize>], found: &[Found], is_permutation: bool) -> Vec<Finding> {
    let mut moved = Vec::new();
    let mut shifted = None;
    let ordered = longest_increasing(places);
    for ((place, event), is_ordered) in places.iter().zip(found).zip(ordered) {
        let Some(seq) = place.map(|at| at as u64 + 1) else {
            continue;
        };
        let found_at = event.seq;
        if u64::try_from(found_at) == Ok(seq) {
            continue;
        }
        if is_ordered && !is_permutation {
            continue;
        }
        moved.push(Finding::Moved {
            seq,
            found_at,
            id: event.id.clone(),
        });
        if is_ordered {
            shifted.get_or_insert(Finding::Renumbered { seq, found_at });
        }
    }
    let in_order = places.iter().flatten().is_sorted();
    match shifted {
        // All are in their order, so none changed places with another.
        Some(shifted) if in_order => vec![shifted],
        _ => moved,
    }
}

/// Which places belong to the longest sequence of growing ones.
fn longest_increasing(places: &[Option<usize>]) -> Vec<bool> {
    // For each length, the element that ends the sequence with the smallest place; and for each element, the one
    // before it in the best sequence that it ends.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut before = vec![None; places.len()];
    for (element, place) in places.iter().enumerate() {
        let Some(place) = *place else { continue };
        let length = ends.partition_point(|(end, _)| *end < place);
        before[element] = length.checked_sub(1).map(|shorter| ends[shorter].1);
        if length == ends.len() {
            ends.push((place, element));
        } else {
            ends[length] = (place, element);
        }
    }
    let mut is_member = vec![false; places.len()];
    let mut next = ends.last().map(|(_, element)| *element);
    while let Some(element) = next {
        is_member[element] = true;
        next = before[element];
    }
    is_member
}

fn changed_leaves(places: &[Option<usize>], found: &[Found]) -> Vec<Finding> {
    let changed = places.iter().zip(found).filter_map(|(place, event)| {
        let at = (*place)?;
        let in_place = u64::try_from(event.seq) == Ok(at as u64 + 1);
        (in_place && event.kept != Some(event.leaf)).then_some((at, event))
    });
    changed
        .map(|(at, event)| Finding::LeafChanged {
            seq: at as u64 + 1,
            id: event.id.clone(),
        })
        .collect()
}

/// Compares the kept tiles with those over the leaves that were signed.
async fn compare_tiles(
    source: &mut Source,
    expected: &[Option<Hash>],
    claims: &mut Claims<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), LogError> {
    let (mut frontier, mut tiles) = (Frontier::default(), Vec::new());
    for leaf in expected.iter().flatten() {
        frontier.append(*leaf, &mut tiles);
        claims.note(&frontier);
    }
    if source.keeps_open_tiles() {
        tiles.extend(frontier.open_tiles());
    }
    for tile in tiles {
        let width = tile.hashes.len();
        let kept = source.tile(tile.level, tile.index, width).await?;
        if kept.as_ref() != Some(&tile.hashes) {
            findings.push(Finding::TileChanged {
                level: tile.level,
                tile: tile.index,
            });
        }
    }
    Ok(())
}
