//! The route of a router whose messages each go to one worker: by turn, by chance, by load or by key.
//!
//! Called by senders. A message whose first choice is there and has room costs a glance at the table, the choice, and one push. All else is
//! done with the table held: without a key, a worker that is there and has room is looked for all round, beginning with the choice; one
//! that waits for its restart only if no other has room. With a key there is one worker for it. What finds no room waits in the line of
//! one worker, or, if no worker can be waited at, at the gate until the workers change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use actor_core::routing::{Place, Refused, Room, Route};

use super::choose::{Choice, choose, next_turn};
use super::every::{reserve_all, send_one_of};
use super::places::{Places, Waits};
use super::published::{Glance, Reader};
use super::seat::{Seat, round};
use super::table::Table;

/// The slot of a message, by its key.
pub(super) type SlotOf<M> = Arc<dyn Fn(&M) -> usize + Send + Sync>;

/// How the worker is found.
pub(super) enum How<M> {
    ByTurn(Choice),
    ByKey(SlotOf<M>),
}

/// See the module's header.
pub(super) struct Switch<M: Send + 'static> {
    pub(super) table: Reader<Table<M>>,
    pub(super) places: Arc<Places<M>>,
    pub(super) how: How<M>,
    /// The number of the next message. Senders at the same moment may see the same one: it says where to look first, and is not worth a
    /// read-modify-write of a line that they share.
    pub(super) turn: AtomicU64,
    pub(super) seed: u64,
}

impl<M: Send + 'static> Switch<M> {
    /// To the first choice, if it is there and has room. No lock but that of its mailbox is taken.
    #[inline(always)]
    fn send_at_once(&self, table: &Glance<'_, Table<M>>, message: M) -> Result<(), M> {
        let target = match &self.how {
            How::ByTurn(_) if table.seats.is_empty() => None,
            How::ByTurn(choice) => {
                let target = &table.targets[self.first_choice(*choice, table)];
                (table.seats.len() == 1 || !target.is_polled_here()).then_some(target)
            }
            How::ByKey(slot_of) => table.target(slot_of(&message)),
        };
        match target {
            Some(target) => target.send_if(message, || table.is_current()),
            None => Err(message),
        }
    }

    /// The place of the worker that the policy names for the next message. There is one at least.
    #[inline(always)]
    fn first_choice(&self, choice: Choice, table: &Table<M>) -> usize {
        let turn = self.turn.load(Ordering::Relaxed);
        let load = |place: usize| table.seats[place].load(&table.targets[place]);
        let place = choose(choice, turn, self.seed, table.seats.len(), load);
        self.turn
            .store(next_turn(choice, turn, place), Ordering::Relaxed);
        place
    }

    #[cold]
    fn send_by(&self, table: &Table<M>, message: M) -> Result<(), Refused<M>> {
        match &self.how {
            How::ByTurn(_) if table.seats.is_empty() => Err(Refused::Full(message)),
            How::ByTurn(choice) => {
                send_all_round(&table.seats, self.first_choice(*choice, table), message)
            }
            How::ByKey(slot_of) => match table.owner(slot_of(&message)) {
                // One that takes nothing at present will be replaced, or take messages again; senders wait for that.
                Some(seat) => seat.target.try_send(message).map_err(as_full),
                None => Err(Refused::Full(message)),
            },
        }
    }

    /// The worker in whose line the message may wait.
    fn seat_to_wait_at<'a>(
        &self,
        table: &'a Table<M>,
        message: Option<&M>,
    ) -> Option<&'a Arc<Seat<M>>> {
        if let (How::ByKey(slot_of), Some(message)) = (&self.how, message) {
            return table.owner(slot_of(message));
        }
        let seats = &table.seats;
        if seats.is_empty() {
            return None;
        }
        let turn = self.turn.load(Ordering::Relaxed) as usize % seats.len();
        let others = || round(turn, seats.len()).map(|place| &seats[place]);
        let fits = |seat: &&Arc<Seat<M>>| seat.target.is_up() && !seat.target.is_polled_here();
        let in_line = others().find(fits);
        in_line.or_else(|| others().find(|seat| !seat.target.is_polled_here()))
    }

    /// Whether a message that waits at this worker still belongs there.
    fn belongs_at(&self, table: &Table<M>, seat: &Arc<Seat<M>>, message: Option<&M>) -> bool {
        match (&self.how, message) {
            (How::ByKey(slot_of), Some(message)) => table
                .owner(slot_of(message))
                .is_some_and(|owner| Arc::ptr_eq(owner, seat)),
            _ => !seat.is_leaving(),
        }
    }

    fn wait_at_gate(&self, place: &mut Option<Place>, cx: &Context<'_>) {
        *place = Some(self.places.put(Waits::AtGate(cx.waker().clone())));
    }

    fn poll_send_by(
        &self,
        table: &Table<M>,
        slot: &mut Option<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        if let Some(Waits::At(seat, inner)) = place.take().and_then(|held| self.places.take(held)) {
            if !self.belongs_at(table, &seat, slot.as_ref()) {
                seat.target.leave(inner);
            } else if let Some(sent) = self.wait_in_line(&seat, Some(inner), slot, place, cx) {
                return sent;
            }
        }
        let message = slot.take();
        let message = message.expect("a send is not polled after it completed");
        let Err(refused) = self.send_by(table, message) else {
            return Poll::Ready(Ok(()));
        };
        *slot = Some(message_of(refused));
        if let Some(seat) = self.seat_to_wait_at(table, slot.as_ref())
            && let Some(sent) = self.wait_in_line(&Arc::clone(seat), None, slot, place, cx)
        {
            return sent;
        }
        self.wait_at_gate(place, cx);
        Poll::Pending
    }

    /// `None` when the worker takes no messages.
    fn wait_in_line(
        &self,
        seat: &Arc<Seat<M>>,
        mut inner: Option<Place>,
        slot: &mut Option<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Option<Poll<Result<(), ()>>> {
        match seat.target.poll_send(slot, &mut inner, cx) {
            Poll::Ready(Ok(())) => Some(Poll::Ready(Ok(()))),
            Poll::Ready(Err(())) => None,
            Poll::Pending => {
                *place = inner.map(|inner| self.places.put(Waits::At(Arc::clone(seat), inner)));
                Some(Poll::Pending)
            }
        }
    }

    fn poll_reserve_by(
        &self,
        table: &Table<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        let held = match place.take().and_then(|held| self.places.take(held)) {
            Some(Waits::At(seat, inner)) if seat.is_leaving() => {
                seat.target.leave(inner);
                None
            }
            Some(Waits::At(seat, inner)) => Some((seat, Some(inner))),
            _ => None,
        };
        let held = held.or_else(|| {
            if let Some((seat, inner)) = room_all_round(&table.seats, &self.turn) {
                return Some((seat, Some(inner)));
            }
            let seat = self.seat_to_wait_at(table, None);
            // The only worker waits for itself: whoever asked finds that out.
            let seat = seat.or(table.seats.first())?;
            Some((Arc::clone(seat), None))
        });
        if let Some((seat, mut inner)) = held {
            let polled = seat.target.poll_reserve(&mut inner, cx);
            if let Some(inner) = inner {
                *place = Some(self.places.put(Waits::At(seat, inner)));
                return polled;
            }
        }
        self.wait_at_gate(place, cx);
        Poll::Pending
    }
}

/// Those that are there come first, then those that will be; where all are full, the mailbox of the first decides, by its policy.
#[cold]
fn send_all_round<M: Send + 'static>(
    seats: &[Arc<Seat<M>>],
    first: usize,
    mut message: M,
) -> Result<(), Refused<M>> {
    let is_here = |seat: &Seat<M>| seat.target.is_polled_here();
    // When the workers are behind, most are full at most times: what merely looks so is tried only after all others.
    for pass in 0..4 {
        for place in round(first, seats.len()) {
            let seat = &seats[place];
            let is_turn = match pass {
                0 => seat.target.is_up() && !is_here(seat) && !seat.target.looks_full(),
                1 => seat.target.is_up() && !is_here(seat),
                2 => !seat.target.is_up() && !is_here(seat),
                _ => is_here(seat),
            };
            if !is_turn {
                continue;
            }
            match seat.target.send_into_room(message) {
                Ok(()) => return Ok(()),
                Err(refused) => message = message_of(refused),
            }
        }
    }
    let up = round(first, seats.len()).find(|place| seats[*place].target.is_up());
    let full = &seats[up.unwrap_or(first)];
    full.target.try_send(message).map_err(as_full)
}

fn room_all_round<M: Send + 'static>(
    seats: &[Arc<Seat<M>>],
    turn: &AtomicU64,
) -> Option<(Arc<Seat<M>>, Place)> {
    if seats.is_empty() {
        return None;
    }
    let first = turn.fetch_add(1, Ordering::Relaxed) as usize % seats.len();
    for is_up in [true, false] {
        for place in round(first, seats.len()) {
            let seat = &seats[place];
            if seat.target.is_up() == is_up
                && let Room::Kept(inner) = seat.target.try_reserve()
            {
                return Some((Arc::clone(seat), inner));
            }
        }
    }
    None
}

/// A worker that takes nothing is no reason to give up: the router is open.
fn as_full<M>(refused: Refused<M>) -> Refused<M> {
    Refused::Full(message_of(refused))
}

pub(super) fn message_of<M>(refused: Refused<M>) -> M {
    match refused {
        Refused::Full(message) | Refused::Closed(message) => message,
    }
}

impl<M: Send + 'static> Route<M> for Switch<M> {
    fn try_send(&self, message: M) -> Result<(), Refused<M>> {
        let message = match self.table.glance() {
            Some(table) => match self.send_at_once(&table, message) {
                Ok(()) => return Ok(()),
                Err(message) => message,
            },
            None => message,
        };
        self.table.with(|table| self.send_by(table, message))
    }

    fn poll_send(
        &self,
        slot: &mut Option<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        self.table
            .with(|table| self.poll_send_by(table, slot, place, cx))
    }

    fn poll_reserve(
        &self,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        self.table.with(|table| match self.how {
            How::ByTurn(_) => self.poll_reserve_by(table, place, cx),
            How::ByKey(_) => reserve_all(table, &self.places, place, cx),
        })
    }

    fn send_reserved(&self, place: Place, message: M) -> Result<(), M> {
        self.table.with(|table| {
            let back = match self.places.take(place) {
                Some(Waits::At(seat, inner)) if !seat.is_leaving() => {
                    seat.target.send_reserved(inner, message)
                }
                Some(Waits::At(seat, inner)) => {
                    seat.target.leave(inner);
                    Err(message)
                }
                Some(Waits::AtAll(_, kept)) => match &self.how {
                    How::ByKey(slot_of) => {
                        let owner = table.owner(slot_of(&message));
                        send_one_of(kept, owner, message)
                    }
                    How::ByTurn(_) => Err(message),
                },
                Some(Waits::AtGate(_)) | None => Err(message),
            };
            // The worker is no longer the one for it; another may have room.
            back.or_else(|message| self.send_by(table, message).map_err(message_of))
        })
    }

    fn leave(&self, place: Place) {
        self.places.leave(place);
    }

    fn queued(&self) -> usize {
        self.table.with(queued)
    }

    fn leads_to_itself(&self, message: Option<&M>) -> bool {
        self.table.with(|table| match (&self.how, message) {
            (How::ByKey(slot_of), Some(message)) => table
                .owner(slot_of(message))
                .is_some_and(|seat| seat.target.is_polled_here()),
            (How::ByKey(_), None) => table.seats.iter().any(|seat| seat.target.is_polled_here()),
            (How::ByTurn(_), _) => table.seats.len() == 1 && table.seats[0].target.is_polled_here(),
        })
    }
}

/// Messages with all workers.
pub(super) fn queued<M: Send + 'static>(table: &Table<M>) -> usize {
    let seats = table.seats.iter().chain(table.leaving.iter());
    seats.map(|seat| seat.target.len()).sum()
}
