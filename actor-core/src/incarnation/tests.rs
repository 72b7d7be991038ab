use super::*;
use crate::{ActorResult, Mailbox, Reply};

struct Counter {
    total: u64,
}

#[expect(dead_code, reason = "only its size counts")]
enum Msg {
    Add(u64),
    Total(Reply<u64>),
}

impl Actor for Counter {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            Msg::Add(number) => self.total += number,
            Msg::Total(reply) => reply.send(self.total),
        }
        Ok(())
    }
}

/// The runtime adds 104 bytes and rounds up to a multiple of 128, so one byte more would cost every small actor 128.
#[test]
fn the_task_of_a_small_actor_fits_into_256_bytes() {
    if size_of::<usize>() != 8 {
        return;
    }
    let cell = Cell::new(Mailbox::default(), None, false);
    let incarnation = cell.begin(None).expect("a fresh cell");
    let ctx = Context::new(Arc::clone(&cell), incarnation, false);
    let task = run(Counter { total: 0 }, ctx);

    assert!(size_of_val(&task) <= 152, "{}", size_of_val(&task));
    // Allocators hand out sixteens; that of glibc has 232 bytes for whatever needs more than 216.
    assert!(
        size_of_val(&*cell) + 16 <= 232,
        "the cell with its two counts: {}",
        size_of_val(&*cell)
    );
}
