//! Events on their way into a [`Coverage`]: those of one file mostly count in a few of its numbers.

use super::{Category, Cell, Coverage};
use crate::iam::AccountId;
use crate::time::Day;
use crate::trail::event::Event;

/// How many numbers are kept open; a power of two.
const OPEN_MAX: usize = 64;

/// Numbers that are still growing. They reach the coverage when others take their places, or with
/// [`Self::finish`].
#[derive(Debug, Default)]
pub struct Tally {
    open: Vec<Option<Open>>,
}

#[derive(Clone, Debug)]
struct Open {
    account: Option<AccountId>,
    day: Day,
    category: Category,
    region: Box<str>,
    resource_type: Box<str>,
    events: u64,
}

impl Tally {
    /// [`Coverage::add_event`], of which a part may follow later.
    pub fn add_event(&mut self, coverage: &mut Coverage, event: &Event<'_>) {
        coverage.count_event(event);
        let cell = Cell::of(event);
        if self.open.is_empty() {
            self.open.resize(OPEN_MAX, None);
        }
        let place = cell.resource_type.len() * 8 + cell.category as usize;
        let Some(place) = self.open.get_mut(place % OPEN_MAX) else { return };
        if let Some(open) = place {
            if open.is(&cell) {
                open.events += 1;
                return;
            }
            coverage.add_cell(&open.cell());
        }
        *place = Some(Open {
            account: cell.account,
            day: cell.day,
            category: cell.category,
            region: cell.region.into(),
            resource_type: cell.resource_type.into(),
            events: 1,
        });
    }

    /// Adds what is left.
    pub fn finish(self, coverage: &mut Coverage) {
        for open in self.open.iter().flatten() {
            coverage.add_cell(&open.cell());
        }
    }
}

impl Open {
    fn is(&self, cell: &Cell<'_>) -> bool {
        self.day == cell.day
            && self.category == cell.category
            && self.account == cell.account
            && *self.region == *cell.region
            && *self.resource_type == *cell.resource_type
    }

    fn cell(&self) -> Cell<'_> {
        Cell {
            account: self.account,
            region: &self.region,
            day: self.day,
            category: self.category,
            resource_type: &self.resource_type,
            events: self.events,
        }
    }
}
