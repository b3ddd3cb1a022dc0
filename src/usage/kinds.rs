//! What the tables say about one `eventSource` and `eventName`, looked up once for many events.

use super::Basis;
use crate::iam::reference::ActionInfo;
use crate::trail::action_map::{self, ActionList};
use crate::trail::condition_values::ConditionPaths;
use crate::trail::definitions::Definition;
use crate::trail::event::Event;
use crate::trail::grant_change::Operation;
use crate::trail::passed_roles::Places;
use crate::trail::resource_map::Weighing;

/// One `eventSource` and `eventName`.
#[derive(Debug)]
pub(super) struct EventKind {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) lookup: action_map::Lookup,
    pub(super) places: Option<Places>,
    pub(super) definition: Option<&'static Definition>,
    pub(super) condition_paths: Option<&'static ConditionPaths>,
    pub(super) changes_grants: Option<Operation>,
    weighings: Vec<Weighing<'static>>,
    bundles: Vec<Bundle>,
    /// Two lists of actions as the tables have them, and the numbers of their bundles.
    divided: Vec<([ActionList; 2], Vec<usize>)>,
}

/// Actions that one call asks for, and that have the same resources whatever the call: an action and those
/// that come with it, such as tagging. They are counted as one.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) actions: Vec<(&'static ActionInfo, Basis)>,
    weighing: usize,
}

impl EventKind {
    pub(super) fn new(event: &Event<'_>) -> Self {
        Self {
            source: event.source.to_string(),
            name: event.name.to_string(),
            lookup: action_map::Lookup::new(&event.source, &event.name),
            places: Places::new(&event.source, &event.name),
            definition: Definition::new(&event.source, &event.name),
            condition_paths: ConditionPaths::new(&event.source, &event.name),
            changes_grants: Operation::of(&event.source, &event.name),
            weighings: Vec::new(),
            bundles: Vec::new(),
            divided: Vec::new(),
        }
    }

    /// Makes the bundles of the actions that a call needed and those that it may have needed; gives the place
    /// of their numbers.
    pub(super) fn divide(&mut self, primary: ActionList, secondary: ActionList) -> usize {
        let lists = [primary, secondary];
        let is_it = |known: &[ActionList; 2]| known.iter().zip(&lists).all(|(known, list)| known.is(*list));
        if let Some(place) = self.divided.iter().position(|(known, _)| is_it(known)) {
            return place;
        }
        let start = self.bundles.len();
        for (list, basis) in lists.into_iter().zip([Basis::Direct, Basis::Secondary]) {
            for action in list.iter() {
                let weighing = self.weighing(action);
                let mut new = self.bundles.iter_mut().skip(start);
                match new.find(|bundle| bundle.weighing == weighing) {
                    Some(bundle) => bundle.actions.push((action, basis)),
                    None => self.bundles.push(Bundle { actions: vec![(action, basis)], weighing }),
                }
            }
        }
        self.divided.push((lists, (start..self.bundles.len()).collect()));
        self.divided.len() - 1
    }

    /// The bundles at a place that [`Self::divide`] gave, with their numbers and what finds their resources.
    pub(super) fn bundles(&self, place: usize) -> impl Iterator<Item = (usize, &Weighing<'static>)> {
        let numbers = self.divided.get(place).map(|(_, numbers)| numbers.as_slice()).unwrap_or_default();
        numbers
            .iter()
            .filter_map(|number| Some((*number, self.weighings.get(self.bundles.get(*number)?.weighing)?)))
    }

    pub(super) fn actions(&self, bundle: usize) -> &[(&'static ActionInfo, Basis)] {
        self.bundles.get(bundle).map(|bundle| bundle.actions.as_slice()).unwrap_or_default()
    }

    /// The number of the weighing that finds the resources of an action; alike actions share one.
    fn weighing(&mut self, action: &'static ActionInfo) -> usize {
        let new = Weighing::new(action);
        self.weighings.iter().position(|one| one.is_like(&new)).unwrap_or_else(|| {
            self.weighings.push(new);
            self.weighings.len() - 1
        })
    }
}
