//! A queue that knows when everything is done: Python's `queue.Queue` with `put`, `task_done` and `join`.
//!
//! A consumer does not call `get` and `task_done`: it is asked to do an item, and its answer says that it is done. An ask always resolves,
//! so a consumer that dies in mid-work is heard of, too, and its item is handed out again, where `join` in Python waits for ever.
//!
//! | an item is | until |
//! |---|---|
//! | waiting, with the producer that puts it | there is room |
//! | queued | a consumer is free |
//! | in the hands of a consumer | it answers: done; or cannot any more: queued again, in front |

use std::collections::VecDeque;

use actor_core::prelude::*;

use super::workers::ConsumerMsg;

/// How long a consumer may take for an item before another one gets it.
const PATIENCE: Duration = Duration::from_secs(300);

/// See the module's header.
pub(super) struct Queue {
    bound: usize,
    queued: VecDeque<u64>,
    waiting: VecDeque<(u64, Reply<()>)>,
    consumers: Vec<ActorRef<ConsumerMsg>>,
    /// By their places in `consumers`.
    idle: Vec<usize>,
    joining: Vec<Reply<Handed>>,
    handed: Handed,
}

/// How often items were handed to consumers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Handed {
    /// In all.
    pub(super) out: u64,
    /// Of these, because the consumer before could not finish.
    pub(super) again: u64,
}

impl Queue {
    /// A queue with room for so many items, and these to do them.
    pub(super) fn new(bound: usize, consumers: Vec<ActorRef<ConsumerMsg>>) -> Self {
        Queue {
            bound,
            queued: VecDeque::new(),
            waiting: VecDeque::new(),
            idle: (0..consumers.len()).collect(),
            consumers,
            joining: Vec::new(),
            handed: Handed::default(),
        }
    }

    fn serve(&mut self, ctx: &mut Context<Self>) {
        loop {
            while self.queued.len() < self.bound
                && let Some((item, reply)) = self.waiting.pop_front()
            {
                self.queued.push_back(item);
                reply.send(());
            }
            if self.queued.is_empty() {
                break;
            }
            let Some(place) = self.idle.pop() else { break };
            if let Some(item) = self.queued.pop_front() {
                self.hand_out(item, place, ctx);
            }
        }
        // Nothing is queued and nobody works: then every item that was put is done.
        if self.queued.is_empty() && self.idle.len() == self.consumers.len() {
            let handed = self.handed;
            self.joining.drain(..).for_each(|reply| reply.send(handed));
        }
    }

    /// Asks the consumer beside this actor; its answer comes as a message.
    fn hand_out(&mut self, item: u64, place: usize, ctx: &mut Context<Self>) {
        self.handed.out += 1;
        let consumer = self.consumers[place].clone();
        let done = async move {
            let consume = move |reply| ConsumerMsg::Consume(item, reply);
            consumer.ask_within(PATIENCE, consume).await
        };
        ctx.pipe(done, move |done| QueueMsg::Finished(place, item, done));
    }
}

#[messages]
impl Queue {
    /// Puts an item there; answers when there was room for it.
    pub(super) fn put(&mut self, item: u64, reply: Reply<()>, ctx: &mut Context<Self>) {
        self.waiting.push_back((item, reply));
        self.serve(ctx);
    }

    /// Answers when every item that was put is done.
    pub(super) fn join(&mut self, reply: Reply<Handed>, ctx: &mut Context<Self>) {
        self.joining.push(reply);
        self.serve(ctx);
    }

    /// A consumer is free again, whether it is done or not.
    #[tell]
    pub(super) fn finished(
        &mut self,
        place: usize,
        item: u64,
        done: Result<(), AskError>,
        ctx: &mut Context<Self>,
    ) {
        if done.is_err() {
            self.handed.again += 1;
            self.queued.push_front(item);
        }
        self.idle.push(place);
        self.serve(ctx);
    }
}
