//! Storage whose keys stay unambiguous: a key of something that is gone finds nothing, also when its place is in use again.
//!
//! Used by the dispatcher for its jobs, so that a handle can name its job for as long as it likes.

/// Names one value of one [`Arena`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    place: u32,
    generation: u32,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

/// See the module's header.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
    /// How many values there are.
    live: usize,
}

impl Key {
    /// As a number, for another process to name it by.
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.place)
    }

    /// The key that had this number.
    pub(crate) fn from_bits(bits: u64) -> Self {
        Key {
            place: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

impl<T> Arena<T> {
    pub(crate) fn new() -> Self {
        Arena {
            places: Vec::new(),
            free: Vec::new(),
            live: 0,
        }
    }

    #[cfg(test)]
    pub(crate) fn insert(&mut self, value: T) -> Key {
        let key = self.reserve();
        self.fill(key, value);
        key
    }

    /// The key of what will come; until then it finds nothing.
    pub(crate) fn reserve(&mut self) -> Key {
        if let Some(index) = self.free.pop() {
            return Key {
                place: index,
                generation: self.places[index as usize].generation,
            };
        }
        let index =
            u32::try_from(self.places.len()).expect("fewer than 2^32 jobs are held at once");
        self.places.push(Place {
            generation: 0,
            value: None,
        });
        Key {
            place: index,
            generation: 0,
        }
    }

    /// What was to come under a reserved key.
    pub(crate) fn fill(&mut self, key: Key, value: T) {
        self.places[key.place as usize].value = Some(value);
        self.live += 1;
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(key.place as usize)?;
        place
            .value
            .as_ref()
            .filter(|_| place.generation == key.generation)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(key.place as usize)?;
        place
            .value
            .as_mut()
            .filter(|_| place.generation == key.generation)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.place as usize)?;
        if place.generation != key.generation {
            return None;
        }
        let value = place.value.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(key.place);
        self.live -= 1;
        Some(value)
    }

    /// The keys of all of them, in no particular order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let live = |(index, place): (usize, &Place<T>)| {
            place.value.as_ref().map(|_| Key {
                place: index as u32,
                generation: place.generation,
            })
        };
        self.places.iter().enumerate().filter_map(live)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_something_gone_finds_nothing_in_its_reused_place() {
        let mut arena = Arena::new();
        let old = arena.insert('a');
        assert_eq!(arena.remove(old), Some('a'));

        let new = arena.insert('b');

        assert_eq!(arena.get(old), None);
        assert_eq!(arena.get_mut(old), None);
        assert_eq!(arena.remove(old), None);
        assert_eq!(arena.get(new), Some(&'b'));
        assert!(!arena.is_empty());
    }
}
