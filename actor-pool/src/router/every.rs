//! The route of a router whose messages go to every worker; and room at every worker, which a message with a key needs while nobody knows
//! its key.
//!
//! A message goes to all workers or to none: room is kept at each of them before anything is put in. Rooms are taken in the order of
//! the workers, so two senders that wait for all of them do not wait for one another.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actor_core::routing::{Place, Refused, Room, Route};

use super::places::{Places, Waits, leave_all};
use super::published::Published;
use super::seat::Seat;
use super::switch::{message_of, queued};
use super::table::Table;

/// Makes one more of a message.
pub(super) type CloneMessage<M> = Arc<dyn Fn(&M) -> M + Send + Sync>;

/// See the module's header.
pub(super) struct Everybody<M: Send + 'static> {
    pub(super) table: Arc<Published<Table<M>>>,
    pub(super) places: Arc<Places<M>>,
    pub(super) clone: CloneMessage<M>,
    /// A buffer for the rooms of one message, used again and again.
    pub(super) spare: Mutex<Vec<Option<Room>>>,
}

/// Room at workers, given back unless it is used: to clone a message is user code, and may panic.
struct Rooms<'a, M: Send + 'static> {
    seats: &'a [Arc<Seat<M>>],
    rooms: Vec<Option<Room>>,
}

impl<M: Send + 'static> Drop for Rooms<'_, M> {
    fn drop(&mut self) {
        for (seat, room) in self.seats.iter().zip(self.rooms.drain(..)) {
            if let Some(Room::Kept(place)) = room {
                seat.target.leave(place);
            }
        }
    }
}

impl<M: Send + 'static> Everybody<M> {
    fn send_to_all(&self, table: &Table<M>, message: M) -> Result<(), Refused<M>> {
        let spare = std::mem::take(&mut *self.lock_spare());
        let mut kept = Rooms {
            seats: &table.seats,
            rooms: spare,
        };
        for seat in table.seats.iter() {
            match seat.target.try_reserve() {
                Room::Full => return Err(Refused::Full(message)),
                room => kept.rooms.push(Some(room)),
            }
        }
        let takes = |room: &Option<Room>| !matches!(room, Some(Room::Closed));
        let Some(last) = kept.rooms.iter().rposition(takes) else {
            return Err(Refused::Full(message));
        };
        for place in 0..last {
            if takes(&kept.rooms[place]) {
                let copy = (self.clone)(&message);
                put_in(&table.seats[place], &mut kept.rooms[place], copy);
            }
        }
        put_in(&table.seats[last], &mut kept.rooms[last], message);
        let mut rooms = std::mem::take(&mut kept.rooms);
        rooms.clear();
        *self.lock_spare() = rooms;
        Ok(())
    }

    fn lock_spare(&self) -> std::sync::MutexGuard<'_, Vec<Option<Room>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a copy in. Should the worker have closed in this very moment, the copy is a dead letter of its.
fn put_in<M: Send + 'static>(seat: &Seat<M>, room: &mut Option<Room>, message: M) {
    let sent = match room.take() {
        Some(Room::Kept(place)) => seat.target.send_reserved(place, message),
        _ => seat.target.try_send(message).map_err(message_of),
    };
    if let Err(message) = sent {
        seat.target.refuse(message);
    }
}

/// Waits until there is room at every worker, and keeps it.
pub(super) fn reserve_all<M: Send + 'static>(
    table: &Table<M>,
    places: &Places<M>,
    place: &mut Option<Place>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), ()>> {
    let mut kept = match place.take().and_then(|held| places.take(held)) {
        Some(Waits::AtAll(version, kept)) if version == table.version => kept,
        Some(Waits::AtAll(_, kept)) => {
            leave_all(kept);
            Vec::new()
        }
        _ => Vec::new(),
    };
    if table.seats.is_empty() {
        *place = Some(places.put(Waits::AtGate(cx.waker().clone())));
        return Poll::Pending;
    }
    let mut next = 0;
    let mut polled = Poll::Ready(Ok(()));
    for seat in table.seats.iter() {
        let is_known = kept
            .get(next)
            .is_some_and(|(held, _)| Arc::ptr_eq(held, seat));
        let mut inner = is_known.then(|| kept[next].1);
        if is_known && next + 1 < kept.len() {
            // Only the last one may still be in line.
            next += 1;
            continue;
        }
        kept.truncate(next);
        let at_seat = seat.target.poll_reserve(&mut inner, cx);
        if let Some(inner) = inner {
            kept.push((Arc::clone(seat), inner));
            next += 1;
        }
        if at_seat.is_pending() {
            polled = Poll::Pending;
            break;
        }
    }
    *place = Some(places.put(Waits::AtAll(table.version, kept)));
    polled
}

/// Uses the room at one worker, and gives the others back.
pub(super) fn send_one_of<M: Send + 'static>(
    mut kept: Vec<(Arc<Seat<M>>, Place)>,
    owner: Option<&Arc<Seat<M>>>,
    message: M,
) -> Result<(), M> {
    let is_owner =
        |(seat, _): &(Arc<Seat<M>>, Place)| owner.is_some_and(|owner| Arc::ptr_eq(owner, seat));
    let chosen = kept
        .iter()
        .position(is_owner)
        .map(|at| kept.swap_remove(at));
    let sent = match chosen {
        Some((seat, place)) => seat.target.send_reserved(place, message),
        None => Err(message),
    };
    leave_all(kept);
    sent
}

impl<M: Send + 'static> Route<M> for Everybody<M> {
    fn try_send(&self, message: M) -> Result<(), Refused<M>> {
        self.table.with(|table| self.send_to_all(table, message))
    }

    fn poll_send(
        &self,
        slot: &mut Option<M>,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        self.table.with(|table| {
            let reserved = reserve_all(table, &self.places, place, cx);
            if reserved.is_ready()
                && let (Some(place), Some(message)) = (place.take(), slot.take())
            {
                *slot = self.use_rooms(table, place, message).err();
                if slot.is_some() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            reserved
        })
    }

    fn poll_reserve(
        &self,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ()>> {
        self.table
            .with(|table| reserve_all(table, &self.places, place, cx))
    }

    fn send_reserved(&self, place: Place, message: M) -> Result<(), M> {
        self.table
            .with(|table| self.use_rooms(table, place, message))
    }

    fn leave(&self, place: Place) {
        self.places.leave(place);
    }

    fn queued(&self) -> usize {
        self.table.with(queued)
    }

    fn leads_to_itself(&self, _message: Option<&M>) -> bool {
        self.table
            .with(|table| table.seats.iter().any(|seat| seat.target.is_polled_here()))
    }
}

impl<M: Send + 'static> Everybody<M> {
    /// Sends to all workers where room was kept, if those are still all; otherwise to those that there are now.
    fn use_rooms(&self, table: &Table<M>, place: Place, message: M) -> Result<(), M> {
        let kept = match self.places.take(place) {
            Some(Waits::AtAll(version, kept)) if version == table.version => kept,
            Some(Waits::AtAll(_, kept)) => {
                leave_all(kept);
                return self.send_to_all(table, message).map_err(message_of);
            }
            _ => return Err(message),
        };
        let seats: Vec<_> = kept.iter().map(|(seat, _)| Arc::clone(seat)).collect();
        let mut rooms = Rooms {
            seats: &seats,
            rooms: kept
                .into_iter()
                .map(|(_, place)| Some(Room::Kept(place)))
                .collect(),
        };
        let Some(last) = seats.len().checked_sub(1) else {
            return Err(message);
        };
        for (seat, room) in seats.iter().zip(&mut rooms.rooms).take(last) {
            put_in(seat, room, (self.clone)(&message));
        }
        put_in(&seats[last], &mut rooms.rooms[last], message);
        Ok(())
    }
}
