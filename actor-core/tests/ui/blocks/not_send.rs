//! A message, an answer and a method that stay on their thread.

use std::rc::Rc;

use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    fn add(&mut self, n: Rc<u64>) {
        self.total += *n;
    }

    fn get(&mut self) -> Rc<u64> {
        Rc::new(self.total)
    }
}

struct Slow;

#[messages]
impl Slow {
    async fn idle(&mut self) {}

    async fn hold(&mut self) {
        let held = Rc::new(1);
        tokio::task::yield_now().await;
        drop(held);
    }
}

fn main() {}
