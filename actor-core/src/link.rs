//! For implementers of links: a mailbox whose consumer is not a loop in this process.

use crate::cell::Cell;
use crate::sync::Arc;

/// The receiving side of a child that is started by other means than as a task or a thread.
pub struct Port<M: Send + 'static> {
    #[expect(dead_code)]
    cell: Arc<Cell<M>>,
}

impl<M: Send + 'static> Port<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        Port { cell }
    }
}
