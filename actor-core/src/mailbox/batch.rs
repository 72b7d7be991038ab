//! What an incarnation has drawn and works through without any lock.

use super::queue::Item;

/// Items in the order in which they begin. The buffer goes back and forth between this and the queue, so it is allocated once.
pub(crate) struct Batch<M> {
    items: Vec<Item<M>>,
    /// Where the next one stands; those before it were taken.
    next: u32,
}

impl<M> Batch<M> {
    pub(crate) fn new() -> Self {
        Batch {
            items: Vec::new(),
            next: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.next as usize == self.items.len()
    }

    #[inline(always)]
    pub(crate) fn front(&self) -> Option<&Item<M>> {
        self.items.get(self.next as usize)
    }

    /// The next one, if it is an ordinary message.
    #[inline(always)]
    pub(crate) fn next_message(&mut self) -> Option<M> {
        let slot = self.items.get_mut(self.next as usize)?;
        if !matches!(slot, Item::Message(_)) {
            return None;
        }
        self.next += 1;
        match std::mem::replace(slot, Item::Taken) {
            Item::Message(message) => Some(message),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<Item<M>> {
        let slot = self.items.get_mut(self.next as usize)?;
        self.next += 1;
        Some(std::mem::replace(slot, Item::Taken))
    }

    /// The next one, if it is one of these.
    pub(crate) fn next_if(&mut self, wanted: impl FnOnce(&Item<M>) -> bool) -> Option<Item<M>> {
        if self.items.get(self.next as usize).is_some_and(wanted) {
            self.next()
        } else {
            None
        }
    }

    /// Puts items in front of what was not taken.
    pub(crate) fn put_front(&mut self, items: impl Iterator<Item = Item<M>>) {
        drop(self.items.splice(..self.next as usize, items));
        self.next = 0;
    }

    /// The buffer, to be filled again. Only when everything in it was taken.
    #[inline]
    pub(crate) fn refill(&mut self) -> &mut Vec<Item<M>> {
        debug_assert!(self.is_empty());
        // There is nothing in them; `clear` would look at each of them once more.
        while let Some(taken) = self.items.pop() {
            std::mem::forget(taken);
        }
        self.next = 0;
        &mut self.items
    }

    /// What was not taken, in order.
    pub(crate) fn into_rest(mut self) -> Vec<Item<M>> {
        self.items.drain(..self.next as usize);
        self.items
    }

    /// Frees a buffer that is larger than an idle actor should own.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        if self.items.capacity() * size_of::<Item<M>>() > super::queue::IDLE_BYTES {
            *self = Batch::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_front_comes_next() {
        // H5
        let mut batch = Batch::new();
        batch.refill().extend((3..=4).map(Item::Message));
        batch.put_front([1, 2].map(Item::Message).into_iter());
        assert!(
            batch
                .next_if(|item| matches!(item, Item::Extra(_)))
                .is_none()
        );

        assert_eq!(batch.next_message(), Some(1));
        batch.put_front([0, 1].map(Item::Message).into_iter());

        let left: Vec<_> = std::iter::from_fn(|| batch.next_message()).collect();
        assert_eq!(left, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_was_not_taken_is_handed_back_in_order() {
        // D1
        let mut batch = Batch::new();
        batch.refill().extend((1..=4).map(Item::Message));

        assert_eq!(batch.next_message(), Some(1));
        assert!(matches!(batch.next(), Some(Item::Message(2))));

        let rest: Vec<_> = batch.into_rest();
        assert!(matches!(rest[..], [Item::Message(3), Item::Message(4)]));
    }
}
