//! The queue against a naive model: a list that is searched for what comes next, and sums that are computed anew each time.

use std::collections::BTreeMap;
use std::task::Waker;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Discipline {
    Batch,
    Fifo,
    Lifo,
    Priority,
}

/// An id, and a rank if it is a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    id: u32,
    rank: Option<i64>,
    /// It comes before all others: put back, or a signal where messages are reordered.
    is_first: bool,
}

/// What ought to happen.
struct Model {
    discipline: Discipline,
    overflow: Overflow,
    capacity: usize,
    queued: Vec<Entry>,
    drawn: Vec<Entry>,
    begun: u64,
    dropped: u64,
    gone: u64,
    line: Vec<Ticket>,
    granted: Vec<Ticket>,
}

impl Model {
    fn messages(&self) -> usize {
        self.queued.iter().filter(|it| it.rank.is_some()).count()
    }

    fn drawn_messages(&self) -> usize {
        self.drawn.iter().filter(|it| it.rank.is_some()).count()
    }

    fn used(&self) -> usize {
        self.messages() + self.drawn_messages() + self.granted.len()
    }

    fn has_room(&self) -> bool {
        self.line.is_empty() && self.used() < self.capacity
    }

    fn grant(&mut self) {
        while !self.line.is_empty() && self.used() < self.capacity {
            self.granted.push(self.line.remove(0));
        }
    }

    /// Where the next one stands.
    fn next(&self) -> Option<usize> {
        if let Some(first) = self.queued.iter().position(|it| it.is_first) {
            return Some(first);
        }
        let places = 0..self.queued.len();
        match self.discipline {
            Discipline::Batch | Discipline::Fifo => places.min(),
            Discipline::Lifo => places.max(),
            Discipline::Priority => places.min_by_key(|place| self.queued[*place].rank),
        }
    }

    /// Which message gives way to the one that came last.
    fn victim(&self) -> usize {
        let places = || (0..self.queued.len()).filter(|place| self.queued[*place].rank.is_some());
        let behind = || places().filter(|place| !self.queued[*place].is_first);
        match self.discipline {
            Discipline::Priority => {
                let least = behind().map(|place| self.queued[place].rank).max();
                behind().find(|place| Some(self.queued[*place].rank) == least)
            }
            Discipline::Lifo if behind().count() > 1 => behind().next(),
            _ => places().next(),
        }
        .expect("one was put in just now")
    }

    fn put_back(&mut self) {
        let reorders = matches!(self.discipline, Discipline::Lifo | Discipline::Priority);
        for mut entry in self.drawn.drain(..).rev() {
            entry.is_first = reorders;
            self.queued.insert(0, entry);
        }
    }
}

fn id_of(item: &Item<u32>) -> u32 {
    match item {
        Item::Message(id) => *id,
        Item::Extra(extra) => match **extra {
            Extra::Message(id) => id,
            _ => unreachable!("no other extra is put in"),
        },
        Item::Taken => unreachable!("nothing is taken out of a vector"),
    }
}

/// Xorshift: a seed that fails is printed, and gives the same run again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Both, step by step.
struct Pair {
    queue: Queue<u32>,
    model: Model,
    drawn: Vec<Item<u32>>,
    next_id: u32,
    /// Whoever draws is a link: nothing begins with the draw.
    is_link: bool,
}

impl Pair {
    fn new(dice: &mut Dice) -> Self {
        let overflow = [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest];
        let overflow = overflow[dice.below(3) as usize];
        let capacity = 1 + dice.below(4) as usize;
        let (first, stack, ranked) = (VecDeque::new(), VecDeque::new(), BTreeMap::new());
        let (discipline, order) = match dice.below(4) {
            0 => (Discipline::Lifo, Order::Lifo { first, stack }),
            1 => {
                let order = Order::Priority {
                    first,
                    ranked,
                    next: 0,
                };
                (Discipline::Priority, order)
            }
            // The oldest of a batch could not be dropped; see `Mailbox::queue`.
            2 if overflow != Overflow::DropOldest => (Discipline::Batch, Order::Batch),
            _ => (Discipline::Fifo, Order::Fifo(first)),
        };
        Pair {
            queue: Queue::new(capacity, overflow, order),
            model: Model {
                discipline,
                overflow,
                capacity,
                queued: Vec::new(),
                drawn: Vec::new(),
                begun: 0,
                dropped: 0,
                gone: 0,
                line: Vec::new(),
                granted: Vec::new(),
            },
            drawn: Vec::new(),
            next_id: 0,
            is_link: dice.below(2) == 0,
        }
    }

    fn entry(&mut self, rank: Option<i64>, is_first: bool) -> u32 {
        self.next_id += 1;
        self.model.queued.push(Entry {
            id: self.next_id,
            rank,
            is_first,
        });
        self.next_id
    }

    fn push(&mut self, rank: i64) {
        let begun = self.model.begun;
        let has_room = self.queue.has_room(|| Some(begun));
        assert_eq!(has_room, self.model.has_room());
        if has_room {
            let id = self.entry(Some(rank), false);
            self.queue.push(id, rank);
            return;
        }
        match self.model.overflow {
            Overflow::Wait => {}
            Overflow::DropNewest => {
                self.model.dropped += 1;
                self.queue.note_refused();
            }
            Overflow::DropOldest => {
                let id = self.entry(Some(rank), false);
                self.queue.push(id, rank);
                let gone = self.queue.make_room();
                let is_alone = self.model.messages() == 1 && self.model.granted.is_empty();
                let victim = (!is_alone).then(|| self.model.victim());
                let expected = victim.map(|place| self.model.queued.remove(place).id);
                self.model.dropped += u64::from(expected.is_some());
                self.model.gone += u64::from(expected.is_some());
                assert_eq!(gone, expected);
            }
        }
    }

    fn push_extra(&mut self) {
        let reorders = matches!(
            self.model.discipline,
            Discipline::Lifo | Discipline::Priority
        );
        let id = self.entry(None, reorders);
        self.queue.push_extra(Extra::Message(id));
    }

    /// Draws if nothing is drawn, else begins the first.
    fn go_on(&mut self) {
        if self.drawn.is_empty() {
            self.queue.hand_over(&mut self.drawn);
            while let Some(place) = self.model.next() {
                let entry = self.model.queued.remove(place);
                self.model.drawn.push(entry);
                if self.model.discipline != Discipline::Batch {
                    break;
                }
            }
            if !self.is_link && self.queue.begins_at_draw() && !self.drawn.is_empty() {
                self.go_on();
            }
            return;
        }
        let (item, entry) = (self.drawn.remove(0), self.model.drawn.remove(0));
        assert_eq!(id_of(&item), entry.id);
        self.model.begun += u64::from(entry.rank.is_some());
    }

    fn put_back(&mut self) {
        self.queue.put_back(std::mem::take(&mut self.drawn));
        self.model.put_back();
    }

    fn reserve(&mut self) {
        let begun = self.model.begun;
        if self.queue.has_room(|| Some(begun)) {
            self.model.granted.push(self.queue.grant_now());
        } else {
            let waker = Waker::noop().clone();
            self.model.line.push(self.queue.join_line(waker));
        }
    }

    fn use_room(&mut self, dice: &mut Dice) {
        if self.model.granted.is_empty() {
            return;
        }
        let place = dice.below(self.model.granted.len() as u64) as usize;
        let ticket = self.model.granted.remove(place);
        let turn = self.queue.turn(ticket, &mut Waker::noop().clone());
        assert_eq!(turn, Turn::Granted);
        self.queue.use_grant();
        let rank = dice.below(3) as i64;
        let id = self.entry(Some(rank), false);
        self.queue.push(id, rank);
    }

    fn give_up(&mut self, dice: &mut Dice) {
        let all = self.model.granted.len() + self.model.line.len();
        if all == 0 {
            return;
        }
        let place = dice.below(all as u64) as usize;
        let ticket = match place.checked_sub(self.model.granted.len()) {
            None => self.model.granted.remove(place),
            Some(place) => self.model.line.remove(place),
        };
        drop(self.queue.leave_line(ticket));
    }

    fn grant(&mut self) {
        let mut woken = Vec::new();
        let before = self.model.granted.len();
        self.model.grant();
        self.queue.grant(Some(self.model.begun), &mut woken);
        assert_eq!(woken.len(), self.model.granted.len() - before);
    }

    fn close(&mut self) {
        self.queue.dissolve_line(&mut Vec::new());
        for ticket in self
            .model
            .line
            .drain(..)
            .chain(self.model.granted.drain(..))
        {
            let turn = self.queue.turn(ticket, &mut Waker::noop().clone());
            assert_eq!(turn, Turn::Void);
            drop(self.queue.leave_line(ticket));
        }
    }

    fn step(&mut self, dice: &mut Dice) {
        match dice.below(32) {
            0..=11 => self.push(dice.below(3) as i64),
            12..=13 => self.push_extra(),
            14..=22 => self.go_on(),
            23 => self.put_back(),
            24..=25 => self.reserve(),
            26..=27 => self.use_room(dice),
            28 => self.give_up(dice),
            29..=30 => self.grant(),
            _ if dice.below(8) == 0 => self.close(),
            _ => self.queue.shrink(),
        }
        let (queue, model) = (&self.queue, &self.model);
        assert_eq!(queue.message_count(), model.messages());
        assert_eq!(queue.is_empty(), model.queued.is_empty());
        assert_eq!((queue.dropped(), queue.gone()), (model.dropped, model.gone));
        let not_begun = queue.kept() - model.begun;
        assert_eq!(
            not_begun as usize,
            model.messages() + model.drawn_messages()
        );
        // What is under way over a link cannot give way: the last one is kept beside it.
        let is_strict = !self.is_link || model.overflow != Overflow::DropOldest;
        let bound = model.capacity + usize::from(!is_strict);
        assert!(model.used() <= bound, "the bound");
        assert_eq!(queue.has_line(), !model.line.is_empty());
    }

    /// What is left comes out in order.
    fn finish(mut self) {
        self.put_back();
        let left: Vec<u32> = self.queue.take_all().iter().map(id_of).collect();
        let mut expected = Vec::new();
        while let Some(place) = self.model.next() {
            expected.push(self.model.queued.remove(place).id);
        }
        assert_eq!(left, expected);
        assert!(self.queue.is_empty() && self.queue.message_count() == 0);
    }
}

#[test]
fn the_queue_does_what_a_naive_model_does() {
    // A4, A5, A6, A7, D1
    for seed in 1..=3_000_u64 {
        let run = || {
            let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            let mut pair = Pair::new(&mut dice);
            for _ in 0..200 {
                pair.step(&mut dice);
            }
            pair.finish();
        };
        let run = std::panic::catch_unwind(run);
        assert!(run.is_ok(), "the run with seed {seed} failed");
    }
}
