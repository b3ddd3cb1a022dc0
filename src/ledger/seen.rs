//! Which events are in the ledger: their fingerprints, by account and UTC day. Only the days that new objects
//! touch are loaded, 16 bytes an event.

use super::LedgerError;
use super::table::{Cells, Table};
use crate::iam::AccountId;
use crate::time::Day;
use crate::trail::event::Event;
use crate::trail::identity;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// An account and a UTC day; no account for events without one.
pub type Place = (Option<AccountId>, Day);

/// Loads the sorted fingerprints of a place.
type Load<'a> = dyn Fn(Place) -> Result<Vec<u128>, LedgerError> + Sync + 'a;

/// The events of one batch, each once, that the ledger does not have.
pub struct Seen<'a> {
    load: Box<Load<'a>>,
    places: RwLock<BTreeMap<Place, Arc<OfPlace>>>,
    failure: Mutex<Option<LedgerError>>,
}

impl std::fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

/// The hasher has a seed of its own: whoever makes fingerprints that fall together gains nothing.
#[expect(clippy::disallowed_types, reason = "sorted before it is written")]
type Fresh = std::collections::HashSet<u128, foldhash::fast::RandomState>;

#[derive(Debug, Default)]
struct OfPlace {
    /// In the ledger already, sorted.
    known: Vec<u128>,
    /// New in this batch.
    fresh: Mutex<Fresh>,
}

impl<'a> Seen<'a> {
    /// Nothing loaded yet.
    pub(super) fn new(load: impl Fn(Place) -> Result<Vec<u128>, LedgerError> + Sync + 'a) -> Self {
        Self { load: Box::new(load), places: RwLock::default(), failure: Mutex::default() }
    }

    /// Remembers an event by its fingerprint; `true` when neither the ledger nor this batch had it.
    pub fn first_time(&self, event: &Event<'_>, fingerprint: u128) -> bool {
        let place = self.place((identity::acted_in(event), event.time.day()));
        place.known.binary_search(&fingerprint).is_err()
            && place.fresh.lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint)
    }

    fn place(&self, place: Place) -> Arc<OfPlace> {
        if let Some(known) = self.places.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return known.clone();
        }
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let load = || {
            let known = (self.load)(place).unwrap_or_else(|error| {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Vec::new()
            });
            Arc::new(OfPlace { known, fresh: Mutex::default() })
        };
        places.entry(place).or_insert_with(load).clone()
    }

    /// The new fingerprints, sorted. An error when some that the ledger has could not be loaded: then nothing
    /// of the batch may be used.
    pub fn finish(self) -> Result<BTreeMap<Place, Vec<u128>>, LedgerError> {
        if let Some(error) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let places = self.places.into_inner().unwrap_or_else(PoisonError::into_inner);
        let sorted = |(place, mut of): (Place, Arc<OfPlace>)| {
            let fresh = match Arc::get_mut(&mut of) {
                Some(of) => std::mem::take(of.fresh.get_mut().unwrap_or_else(PoisonError::into_inner)),
                None => of.fresh.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            };
            let mut fresh: Vec<u128> = fresh.into_iter().collect();
            fresh.sort_unstable();
            (place, fresh)
        };
        Ok(places.into_iter().map(sorted).filter(|(_, fresh)| !fresh.is_empty()).collect())
    }
}

/// Sorted fingerprints as Parquet.
pub(super) fn write(fingerprints: &[u128]) -> Result<Vec<u8>, String> {
    let half = |shift: u32| fingerprints.iter().map(|one| low(one >> shift)).collect();
    super::table::write(vec![("high", Cells::Numbers(half(64))), ("low", Cells::Numbers(half(0)))])
}

fn low(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default()
}

/// Adds the fingerprints of one table. An error says what is wrong with it.
pub(super) fn read(bytes: &[u8], into: &mut Vec<u128>) -> Result<(), String> {
    let table = Table::read(bytes)?;
    let (high, low) = (table.numbers("high")?, table.numbers("low")?);
    into.extend((0..table.rows()).map(|row| u128::from(high.at(row)) << 64 | u128::from(low.at(row))));
    Ok(())
}
