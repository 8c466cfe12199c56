//! Copies of journals: of a dead disk, put below a running process file by file, by whatever program and in whatever order.
//!
//! Invariants: nothing of a copy is read before it is whole – its segments follow one another from its cursor on, each is as long as it says,
//! and nothing else lies there that could be a file on its way – and nothing in its folder has changed for [`SETTLED_AFTER`]. The store passes
//! over whatever stands before the last position that it has of a journal, so that a part that came after a later one would be lost: this is
//! why there is no going past a gap. What comes later, or again, makes a copy that was being read wait anew.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::contents::Contents;
use super::file_system::FileSystem;
use super::home;
use super::reader::{CURSOR_FILE, Place, naming, read_full};
use super::segment::{self, HEADER_BYTES, HEADER_LENGTH, Header, JournalId};
use super::shipping::ROUTE_FILE;

/// How long nothing of a copy has to have changed before it is read.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(15);
/// Of how many copies it is remembered how far they were read.
const REACHED_MAX: usize = 10_000;

/// What is known of the copies in a folder of journals.
#[derive(Default)]
pub(super) struct Arrivals {
    copies: HashMap<JournalId, Arriving>,
    /// Also of those that were removed: the rest of one may come then.
    reached: HashMap<JournalId, Reached>,
}

/// A copy as it was seen last.
struct Arriving {
    contents: Contents,
    unchanged_since: Instant,
    /// Whether it has been told that a part is missing.
    is_named: bool,
}

/// How far a copy was read. A cursor that is copied late may say less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// The next record.
    pub(super) place: Place,
    /// The last segment that was removed at an end.
    through: Option<u32>,
}

impl Arrivals {
    /// Whether a copy can be read now, of which `contents` were just seen.
    ///
    /// # Errors
    /// It is not whole, and nothing has come for a while; as the file system says.
    pub(super) fn is_settled(
        &mut self,
        file_system: &impl FileSystem,
        folder: &Path,
        (id, contents): (JournalId, &Contents),
    ) -> io::Result<bool> {
        let missing = missing(file_system, folder, (id, contents), self.reached.get(&id).copied())?;
        let first = || Arriving { contents: contents.clone(), unchanged_since: Instant::now(), is_named: false };
        let copy = self.copies.entry(id).or_insert_with(first);
        if contents.has_news_since(&copy.contents, is_of_reader) {
            copy.unchanged_since = Instant::now();
        }
        copy.contents.clone_from(contents);
        let is_settled = copy.unchanged_since.elapsed() > SETTLED_AFTER;
        copy.is_named = missing.is_some() && (copy.is_named || is_settled);
        match missing {
            Some(missing) if copy.is_named => {
                let help =
                    "it is read when the rest is there, or when `elido journal accept` says that there is no more";
                Err(naming(
                    folder,
                    &io::Error::other(format!("this copy of a journal is not whole: {missing}; {help}")),
                ))
            }
            missing => Ok(missing.is_none() && is_settled),
        }
    }

    /// Whether there are copies that will be read, or told to be without a part, when they have settled.
    pub(super) fn are_unsettled(&self) -> bool {
        self.copies.values().any(|copy| !copy.is_named)
    }

    /// Forgets of copies that are not there any more what they were like.
    pub(super) fn retain(&mut self, is_there: impl Fn(JournalId) -> bool) {
        self.copies.retain(|id, _| is_there(*id));
    }

    /// Forgets a copy that counts as none any more: whatever comes of it later is not known to follow what was read.
    pub(super) fn forget(&mut self, id: JournalId) {
        self.copies.remove(&id);
        self.reached.remove(&id);
    }

    /// How far a copy was read by this process.
    pub(super) fn reached(&self, id: JournalId) -> Option<Place> {
        self.reached.get(&id).map(|reached| reached.place)
    }

    /// Remembers how far a journal was read, if it is a copy.
    pub(super) fn remember(&mut self, id: JournalId, place: Place) {
        if let Some(reached) = self.reached_of(id) {
            reached.place = reached.place.max(place);
        }
    }

    /// Remembers that all of a journal was read, with these contents, if it is a copy.
    pub(super) fn end(&mut self, id: JournalId, contents: &Contents) {
        let last = contents.names().filter_map(|name| segment::index_of(name.to_str()?)).max();
        if let Some(reached) = self.reached_of(id) {
            reached.through = reached.through.max(last);
        }
    }

    fn reached_of(&mut self, id: JournalId) -> Option<&mut Reached> {
        let is_new = !self.reached.contains_key(&id);
        if is_new && (self.reached.len() >= REACHED_MAX || !self.copies.contains_key(&id)) {
            return None;
        }
        Some(self.reached.entry(id).or_insert(Reached { place: Place::START, through: None }))
    }
}

/// Whether whoever reads the journals writes such files itself.
fn is_of_reader(name: &OsStr) -> bool {
    let is_new = Path::new(name).extension().is_some_and(|extension| extension == "new");
    name == CURSOR_FILE || name == ROUTE_FILE || is_new || home::is_mark(name)
}

/// What of a copy is not there, if anything is known not to be.
pub(super) fn missing<F: FileSystem>(
    file_system: &F,
    folder: &Path,
    (id, contents): (JournalId, &Contents),
    reached: Option<Reached>,
) -> io::Result<Option<String>> {
    let is_segment = |name: &OsStr| name.to_str().and_then(segment::index_of).is_some();
    if let Some(other) = contents.names().find(|name| !is_segment(name) && !is_of_reader(name)) {
        return Ok(Some(format!("{} is on its way, or does not belong here", other.display())));
    }
    let cursor = Place::in_folder(file_system, folder);
    let start = reached.map_or(cursor, |reached| cursor.max(reached.place));
    let read_through = reached.and_then(|reached| reached.through);
    let mut next = None;
    for (index, length) in segment::list_with_lengths(file_system, folder)? {
        if index < start.index {
            continue;
        }
        let is_next = match next {
            Some(next) => index == next,
            None => index == start.index || read_through.is_some_and(|through| index <= through.saturating_add(1)),
        };
        if !is_next {
            return Ok(Some(format!("segment {} is not there", next.unwrap_or(start.index))));
        }
        if let Some(missing) = missing_of(file_system, &segment::path(folder, index), (id, length))? {
            return Ok(Some(format!("segment {index} {missing}")));
        }
        next = index.checked_add(1);
    }
    Ok(None)
}

/// What of a segment of this length is not there.
fn missing_of<F: FileSystem>(
    file_system: &F,
    path: &Path,
    (id, length): (JournalId, u64),
) -> io::Result<Option<String>> {
    let mut bytes = [0; HEADER_LENGTH];
    let file = file_system.open(path).map_err(|error| naming(path, &error))?;
    read_full(&file, 0, &mut bytes).map_err(|error| naming(path, &error))?;
    Ok(match Header::decode(&bytes).filter(|header| header.id == id) {
        Some(header) if length < header.span => Some(format!("has {length} of {} bytes", header.span)),
        Some(_) => None,
        None if length < HEADER_BYTES => Some(format!("has {length} bytes")),
        None => Some("does not say how long it should be".to_owned()),
    })
}
