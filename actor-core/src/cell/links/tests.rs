//! To which incarnation a link belongs, which cause is passed on, and what may happen between the steps of a link.

use super::{LinkedEnd, Tie, Tied, linked, next_since};
use crate::cell::{AnyCell, Cell};
use crate::lifecycle::{Lifecycle, Request};
use crate::mailbox::batch::Batch;
use crate::sync::{Arc, AtomicBool};
use crate::{ActorId, Exit, ExitReason, Mailbox};

fn running(supervised: bool) -> Lifecycle {
    let mut life = Lifecycle::new();
    life.supervised = supervised;
    life.handle_begin().expect("the first incarnation");
    life.handle_started(1);
    life
}

#[test]
fn a_link_belongs_to_the_present_incarnation_or_else_to_the_next() {
    assert_eq!(next_since(&Lifecycle::new()), 1, "before its first start");

    let mut life = running(true);
    assert_eq!(next_since(&life), 1);
    life.handle_request(&Request::Drain);
    assert_eq!(next_since(&life), 1, "it still handles what is queued");
    life.handle_end(1, &ExitReason::Normal);
    assert_eq!(next_since(&life), 2, "between two incarnations");
    life.handle_begin().expect("the second incarnation");
    assert_eq!(next_since(&life), 2);
}

#[test]
fn who_must_stop_is_linked_as_its_next_incarnation_if_there_may_be_one() {
    for request in [Request::Stop(ExitReason::Normal), Request::Kill] {
        let (mut supervised, mut alone) = (running(true), running(false));

        supervised.handle_request(&request);
        alone.handle_request(&request);

        assert_eq!(next_since(&supervised), 2);
        assert_eq!(next_since(&alone), 1);
    }
}

#[test]
fn the_first_cause_is_passed_on_unchanged() {
    let first = linked(&ExitReason::Failed("no".to_owned()));
    let cause = "failed: no".to_owned();
    assert_eq!(first, ExitReason::Linked { cause });
    assert_eq!(linked(&first), first);
}

/// A cell whose first incarnation runs, without a system.
fn cell() -> Arc<Cell<u32>> {
    let cell = Cell::new(Mailbox::default(), None, false);
    cell.begin(None).expect("the first incarnation");
    cell.started(1);
    cell
}

fn any(cell: &Arc<Cell<u32>>) -> Arc<dyn AnyCell> {
    Arc::clone(cell) as Arc<dyn AnyCell>
}

fn fresh_tie() -> Arc<Tie> {
    Arc::new(Tie {
        number: 1,
        over: AtomicBool::new(false),
    })
}

fn has_half(cell: &Cell<u32>, peer: &Cell<u32>) -> bool {
    cell.is_linked(peer.address())
}

fn must_stop(cell: &Cell<u32>) -> bool {
    let stop = Request::Stop(ExitReason::Normal);
    cell.lock().life.is_requested(&stop)
}

#[test]
fn what_ends_between_the_two_halves_of_a_link_leaves_none_of_them() {
    type Step = fn(&Arc<Cell<u32>>, &Arc<Cell<u32>>);
    let steps: [(Step, &str); 4] = [
        (
            |first, _| first.do_finish(ExitReason::Killed),
            "its end for good",
        ),
        (|first, _| first.do_fence(ExitReason::Killed), "its fencing"),
        (
            |first, _| first.end_incarnation(1, ExitReason::Killed, Vec::new()),
            "its end",
        ),
        (|first, second| first.unlink(&any(second)), "an unlink"),
    ];
    for (step, what) in steps {
        let (first, second) = (cell(), cell());
        first.set_supervised();
        let mut tie = fresh_tie();

        let own = first.tie_up(&any(&second), &mut tie, true);
        step(&first, &second);
        let theirs = second.tie_up(&any(&first), &mut tie, false);

        assert!(own == Tied::Yes && theirs == Tied::Over, "{what}");
        assert!(!has_half(&second, &first), "{what}");
        assert!(!must_stop(&second), "{what}: it was never linked");
    }
}

#[test]
fn whoever_was_linked_is_told_of_the_end_once() {
    let (one, other) = (cell(), cell());
    one.link(1, &any(&other));
    assert!(has_half(&one, &other) && has_half(&other, &one));
    let tie = {
        let mut guarded = other.lock();
        let links = guarded.links_if_any().expect("it is linked");
        links.traps = true;
        let half = links.untold(one.address()).next();
        Arc::clone(&half.expect("it is linked").tie)
    };

    one.do_finish(ExitReason::Killed);
    other.hear_linked(LinkedEnd {
        peer: one.address(),
        tie: Arc::clone(&tie),
        exit: Exit {
            actor: ActorId::UNBOUND,
            reason: ExitReason::Killed,
        },
    });

    let mut queued = Batch::new();
    other.draw(1, 0, 0, &mut queued, None, true);
    assert_eq!(queued.into_rest().len(), 1);
    assert!(!must_stop(&other));
}

#[test]
fn a_second_link_of_a_pair_finds_the_first() {
    let (one, other) = (cell(), cell());
    let (mut first, mut second) = (fresh_tie(), fresh_tie());

    // Both are on their way at once; the cell that comes first for both of them decides.
    one.tie_up(&any(&other), &mut first, true);
    one.tie_up(&any(&other), &mut second, true);
    other.tie_up(&any(&one), &mut second, false);
    other.tie_up(&any(&one), &mut first, false);

    assert!(Arc::ptr_eq(&first, &second));
    for (cell, peer) in [(&one, &other), (&other, &one)] {
        let mut guarded = cell.lock();
        let links = guarded.links_if_any().expect("it is linked");
        assert_eq!(links.untold(peer.address()).count(), 1);
    }
}

#[test]
fn a_link_that_is_over_makes_room_for_its_successor_and_is_still_told() {
    let (one, other) = (cell(), cell());
    other.set_supervised();
    one.link(1, &any(&other));
    let broken = other.lock().take_links(1);

    // The other has ended and has not told it yet; its next incarnation links again.
    let mut next = fresh_tie();
    assert!(one.tie_up(&any(&other), &mut next, true) == Tied::Yes);
    other.tell_linked(broken, &ExitReason::Killed);

    assert!(must_stop(&one));
    let mut guarded = one.lock();
    let links = guarded.links_if_any().expect("it is linked");
    let left: Vec<_> = links.untold(other.address()).collect();
    assert!(left.len() == 1 && Arc::ptr_eq(&left[0].tie, &next));
}
