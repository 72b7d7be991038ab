//! Who is in a group, decided without a runtime: members in the order of joining, each with the number of its joins.

use std::collections::{BTreeMap, HashMap};

struct Member<T> {
    key: usize,
    joins: u64,
    member: T,
}

/// Members by what identifies them. The map from keys to places is never walked, so no order of it shows.
pub(super) struct Roster<T> {
    members: BTreeMap<u64, Member<T>>,
    places: HashMap<usize, u64>,
    next_place: u64,
}

/// What a leave did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leave<T> {
    /// It was not in the group.
    NotJoined,
    /// It joined more often than it has left.
    Stays,
    /// It is out; here it is.
    Left(T),
}

impl<T> Roster<T> {
    pub(super) fn new() -> Self {
        Roster {
            members: BTreeMap::new(),
            places: HashMap::new(),
            next_place: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// How often it has joined and not left.
    pub(super) fn joins(&self, key: usize) -> u64 {
        let place = self.places.get(&key);
        place.map_or(0, |place| self.members[place].joins)
    }

    /// Counts one more join of a member. `false` when it is none.
    pub(super) fn join_again(&mut self, key: usize) -> bool {
        let Some(place) = self.places.get(&key) else {
            return false;
        };
        if let Some(member) = self.members.get_mut(place) {
            member.joins += 1;
        }
        true
    }

    /// Takes in somebody who is no member.
    pub(super) fn join(&mut self, key: usize, member: T) {
        let place = self.next_place;
        self.next_place += 1;
        self.places.insert(key, place);
        let joins = 1;
        self.members.insert(place, Member { key, joins, member });
    }

    /// Undoes one join.
    pub(super) fn leave(&mut self, key: usize) -> Leave<T> {
        let member = self
            .places
            .get(&key)
            .and_then(|place| self.members.get_mut(place));
        match member {
            None => Leave::NotJoined,
            Some(member) if member.joins > 1 => {
                member.joins -= 1;
                Leave::Stays
            }
            Some(_) => self.remove(key).map_or(Leave::NotJoined, Leave::Left),
        }
    }

    /// Undoes all joins.
    pub(super) fn remove(&mut self, key: usize) -> Option<T> {
        let place = self.places.remove(&key)?;
        let removed = self.members.remove(&place)?;
        debug_assert_eq!(removed.key, key);
        Some(removed.member)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.members.values().map(|member| &member.member)
    }
}
