//! Objects that were fetched ahead of the decoding, and the one budget of bytes for all of them.
//!
//! Readers take objects roughly in the order in which they are fetched. One that comes for an object that
//! nobody has begun to fetch does so itself, so that no reader ever waits for room on the shelf.

use crate::source::SourceError;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is given out in pieces of this many bytes; no object takes less, because each also costs a
/// connection and its buffers.
const PIECE_BYTES: u64 = 32 << 10;

/// What became of fetching an object.
type Fetched = Result<Vec<u8>, SourceError>;

/// See the module.
#[derive(Debug)]
pub(super) struct Shelf {
    room: Arc<Semaphore>,
    pieces: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By name: what is coming, what is here, and, as long as somebody fetches ahead, what readers took.
    slots: BTreeMap<String, Slot>,
    fetchers: usize,
}

#[derive(Debug)]
enum Slot {
    /// Somebody fetches it for the shelf.
    Coming,
    /// Here it is, with the room that it takes.
    Here(Fetched, OwnedSemaphorePermit),
    /// A reader fetched it without the shelf.
    Taken,
}

impl Shelf {
    /// A shelf with room for so many bytes. An object that is larger takes all of it.
    pub(super) fn new(bytes: u64) -> Self {
        let pieces = u32::try_from((bytes / PIECE_BYTES).max(1)).unwrap_or(u32::MAX).min(1 << 20);
        Self {
            room: Arc::new(Semaphore::new(pieces as usize)),
            pieces,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits for room for an object. `None` when the shelf is gone.
    pub(super) async fn room(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES).max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.room).acquire_many_owned(pieces.min(self.pieces)).await.ok()
    }

    /// Somebody begins to fetch ahead.
    pub(super) fn begin(&self) {
        self.state().fetchers += 1;
    }

    /// Somebody has fetched all that there was.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.fetchers = state.fetchers.saturating_sub(1);
        if state.fetchers == 0 {
            state.slots.retain(|_, slot| !matches!(slot, Slot::Taken));
        }
    }

    /// Begins to fetch an object, unless a reader already did. The promise must be kept; dropped, it is one
    /// that failed.
    pub(super) fn promise(self: &Arc<Self>, name: &str, room: OwnedSemaphorePermit) -> Option<Promise> {
        let mut state = self.state();
        match state.slots.get(name) {
            Some(Slot::Taken) => {
                state.slots.remove(name);
                return None;
            }
            Some(_) => return None,
            None => state.slots.insert(name.to_owned(), Slot::Coming),
        };
        Some(Promise { shelf: Arc::clone(self), name: name.to_owned(), room: Some(room) })
    }

    /// Takes an object, waiting for it when it is coming. `None`: the reader must fetch it.
    pub(super) fn take(&self, name: &str) -> Option<Fetched> {
        let mut state = self.state();
        while let Some(Slot::Coming) = state.slots.get(name) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(Slot::Here(fetched, room)) = state.slots.remove(name) {
            // The reader's own buffer holds the bytes from here on, and the room is free again.
            drop(room);
            return Some(fetched);
        }
        if state.fetchers > 0 {
            state.slots.insert(name.to_owned(), Slot::Taken);
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object that somebody fetches.
#[derive(Debug)]
pub(super) struct Promise {
    shelf: Arc<Shelf>,
    name: String,
    /// Until it is kept.
    room: Option<OwnedSemaphorePermit>,
}

impl Promise {
    /// Puts the object on the shelf.
    pub(super) fn keep(mut self, fetched: Fetched) {
        self.put(fetched);
    }

    fn put(&mut self, fetched: Fetched) {
        let Some(room) = self.room.take() else { return };
        let name = std::mem::take(&mut self.name);
        self.shelf.state().slots.insert(name, Slot::Here(fetched, room));
        self.shelf.changed.notify_all();
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let lost = SourceError::Refused { name: self.name.clone(), why: "fetching was given up".to_owned() };
        self.put(Err(lost));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Builder;

    fn run<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn readers_and_fetchers_meet() {
        let shelf = Arc::new(Shelf::new(4 * PIECE_BYTES));
        shelf.begin();
        let promise = |name: &str, bytes| {
            let room = run(shelf.room(bytes)).unwrap();
            shelf.promise(name, room)
        };
        // Nobody fetches it: the reader does, and the fetcher comes too late, once.
        assert!(shelf.take("a").is_none());
        assert!(promise("a", 1).is_none());
        assert!(promise("a", 1).is_some_and(|promise| {
            promise.keep(Ok(b"again".to_vec()));
            true
        }));
        assert_eq!(shelf.take("a").unwrap().unwrap(), b"again");
        let coming = promise("b", 1).unwrap();
        let reader = std::thread::spawn({
            let shelf = Arc::clone(&shelf);
            move || shelf.take("b").unwrap().unwrap()
        });
        coming.keep(Ok(b"bytes".to_vec()));
        assert_eq!(reader.join().unwrap(), b"bytes");
        drop(promise("c", 1).unwrap());
        assert!(shelf.take("c").unwrap().is_err());
        assert_eq!(shelf.room.available_permits(), 4);
        // What readers took without the shelf is forgotten as soon as nobody asks any more.
        assert!(shelf.take("d").is_none());
        shelf.end();
        assert!(shelf.take("e").is_none());
        assert!(shelf.state().slots.is_empty());
    }

    #[test]
    fn room_is_taken_until_the_object_is() {
        let shelf = Arc::new(Shelf::new(4 * PIECE_BYTES));
        let room = |bytes| run(shelf.room(bytes)).unwrap();
        let free = || shelf.room.available_permits();
        let promise = shelf.promise("a", room(PIECE_BYTES + 1)).unwrap();
        assert_eq!(free(), 2);
        promise.keep(Ok(Vec::new()));
        assert_eq!(free(), 2);
        let _ = shelf.take("a");
        assert_eq!(free(), 4);
        // Larger than the whole shelf: alone on it.
        let all = room(u64::MAX);
        assert_eq!(free(), 0);
        drop(all);
        assert_eq!(Shelf::new(0).pieces, 1);
    }
}
