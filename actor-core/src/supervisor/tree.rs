//! Looks at the tree of actors, to recognise a caller that would wait for itself.

use crate::cell::AnyCell;
use crate::lifecycle::Phase;
use crate::sync::Arc;

/// What tells this cell from every other one; the same as the typed cell's.
pub(super) fn address(cell: &dyn AnyCell) -> usize {
    std::ptr::from_ref(cell.header()).addr()
}

pub(super) fn is_in_phase(cell: &dyn AnyCell, phase: Phase) -> bool {
    let mut is_in_phase = false;
    cell.look(&mut |life| is_in_phase = life.phase == phase);
    is_in_phase
}

pub(super) fn is_alive(cell: &dyn AnyCell) -> bool {
    let mut is_alive = false;
    cell.look(&mut |life| is_alive = life.is_alive());
    is_alive
}

/// The actor with this address, if it is this one or stands below it. Iterative, since trees may be deep.
pub(super) fn find_below(top: &Arc<dyn AnyCell>, wanted: usize) -> Option<Arc<dyn AnyCell>> {
    let mut left = vec![Arc::clone(top)];
    while let Some(cell) = left.pop() {
        if address(&*cell) == wanted {
            return Some(cell);
        }
        if let Some(children) = cell.header().children_if_any() {
            left.extend(children.list().into_iter().map(|child| child.cell));
        }
    }
    None
}
