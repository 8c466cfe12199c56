//! Counting clicks and visitors by group.

use crate::infra::click_store::Counts;

/// No visitor.
const NOBODY: u32 = 0;

/// A click that counts in a group.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Which group.
    pub group: u32,
    /// Which visitor of those that are counted together; zero where there is none.
    pub visitor: u32,
}

/// What was counted so far, a group each.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: Vec<Counts>,
}

impl Tally {
    /// The counts of the groups; those behind the last are empty.
    pub fn counts(&self) -> &[Counts] {
        &self.counts
    }

    /// Counts clicks, and of each group the visitors that are in it at least once. No visitor is above `highest`, and none of them was in an
    /// earlier call.
    pub fn add(&mut self, hits: Vec<Hit>, highest: u32) {
        let groups = hits.iter().map(|hit| hit.group).max().map_or(0, |group| group as usize + 1);
        if self.counts.len() < groups {
            self.counts.resize(groups, Counts::default());
        }
        let hits = if hits.is_sorted_by_key(|hit| hit.group) { hits } else { by_group(&hits, groups) };
        // For each visitor the last group that they were seen in, counted from one.
        let mut seen = vec![0_u32; highest as usize + 1];
        for run in hits.chunk_by(|left, right| left.group == right.group) {
            let Some(group) = run.first().map(|hit| hit.group) else { continue };
            let Some(counts) = self.counts.get_mut(group as usize) else { continue };
            counts.clicks += run.len() as u64;
            for hit in run.iter().filter(|hit| hit.visitor != NOBODY) {
                if let Some(last) = seen.get_mut(hit.visitor as usize) {
                    counts.visitors += u64::from(*last != group + 1);
                    *last = group + 1;
                }
            }
        }
    }

    /// Counts clicks alone.
    pub fn add_clicks(&mut self, groups: impl Iterator<Item = u32>) {
        for group in groups {
            let place = group as usize;
            if self.counts.len() <= place {
                self.counts.resize(place + 1, Counts::default());
            }
            if let Some(counts) = self.counts.get_mut(place) {
                counts.clicks += 1;
            }
        }
    }
}

/// The hits in the order of their groups, put there by counting.
fn by_group(hits: &[Hit], groups: usize) -> Vec<Hit> {
    let mut places = vec![0_usize; groups + 1];
    for hit in hits {
        if let Some(count) = places.get_mut(hit.group as usize + 1) {
            *count += 1;
        }
    }
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    let mut sorted = vec![Hit { group: 0, visitor: NOBODY }; hits.len()];
    for hit in hits {
        if let Some(place) = places.get_mut(hit.group as usize) {
            if let Some(slot) = sorted.get_mut(*place) {
                *slot = *hit;
            }
            *place += 1;
        }
    }
    sorted
}
