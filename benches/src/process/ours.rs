//! Ours between two processes: messages and asks to an actor in a worker process.
//!
//! The worker is this executable run again. One-way messages have a window of [`WINDOW`]: with the default of 64 the way there and back
//! limits a flood of tiny messages, and the figure is printed as well, as `ours_64`.

use std::time::Instant;

use actor_core::prelude::*;
use actor_remote::{Factory, Node, RegistryBuilder};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::raw::median_micros;
use crate::harness::{Role, Run, Subject};
use crate::{worker_registry, workload::Workload};

/// Messages under way to the worker.
const WINDOW: u32 = 4_096;

#[derive(Serialize, Deserialize)]
enum CountMsg {
    Add(u64),
    Total(Reply<u64>),
}

struct Counter {
    received: u64,
}

impl Actor for Counter {
    type Msg = CountMsg;

    async fn handle(&mut self, msg: CountMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            CountMsg::Add(_) => self.received += 1,
            CountMsg::Total(reply) => reply.send(std::mem::take(&mut self.received)),
        }
        Ok(())
    }
}

const COUNTER: Factory<(), CountMsg> = Factory::new("benches.Counter/v1");

/// What the worker process has to know.
pub(crate) fn listed(builder: RegistryBuilder) -> RegistryBuilder {
    builder.factory(COUNTER, |()| Counter { received: 0 })
}

/// A system with one worker process, and the reference to its root.
struct Far {
    runtime: tokio::runtime::Handle,
    counter: ActorRef<CountMsg>,
    /// Dropping the system ends the worker.
    system: ActorSystem,
}

impl Far {
    fn start(runtime: &Runtime, window: u32) -> Self {
        let handle = runtime.handle().clone();
        handle.clone().block_on(async {
            let system = ActorSystem::new("process-bench");
            let node = Node::new(worker_registry());
            let worker = node
                .worker("counter", COUNTER, ())
                .expect("nothing is easy to encode");
            let mailbox = Mailbox::bounded(2 * WINDOW as usize);
            let (spec, counter) = worker.window(window).child().mailbox(mailbox).build();
            let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
            supervisor
                .start(&system)
                .await
                .expect("this executable can be run again");
            Far {
                runtime: handle,
                counter,
                system,
            }
        })
    }

    fn one_way(self) -> Run {
        Box::new(move |sizes| {
            let messages = sizes.process_messages;
            let _alive = &self.system;
            let begin = Instant::now();
            let counter = self.counter.clone();
            let sending = self.runtime.spawn(async move {
                for message in 0..messages {
                    counter
                        .send(CountMsg::Add(message))
                        .await
                        .expect("the worker lives");
                }
                counter
                    .ask(CountMsg::Total)
                    .await
                    .expect("the worker answers")
            });
            let counted = self
                .runtime
                .block_on(sending)
                .expect("the sender does not panic");
            let figure = begin.elapsed().as_nanos() as f64 / messages as f64;
            assert_eq!(counted, messages, "messages were lost");
            figure.into()
        })
    }

    fn ask(self) -> Run {
        Box::new(move |sizes| {
            let asks = sizes.process_asks;
            let _alive = &self.system;
            let counter = self.counter.clone();
            let asking = self.runtime.spawn(async move {
                let mut nanos = Vec::with_capacity(asks);
                for _ in 0..asks {
                    let begin = Instant::now();
                    counter
                        .ask(CountMsg::Total)
                        .await
                        .expect("the worker answers");
                    nanos.push(begin.elapsed().as_nanos() as u64);
                }
                nanos
            });
            let mut nanos = self
                .runtime
                .block_on(asking)
                .expect("the asker does not panic");
            median_micros(&mut nanos).into()
        })
    }
}

/// Our subject, its worker processes running.
pub(crate) fn subject(runtime: &Runtime) -> Subject {
    Subject::new("ours", Role::Ours)
        .with(
            Workload::ProcessOneWay,
            Far::start(runtime, WINDOW).one_way(),
        )
        .with(
            Workload::ProcessAsk,
            Far::start(runtime, actor_remote::DEFAULT_WINDOW).ask(),
        )
}

/// The same with the default window.
pub(crate) fn subject_with_default_window(runtime: &Runtime) -> Subject {
    Subject::new("ours_64", Role::Extra).with(
        Workload::ProcessOneWay,
        Far::start(runtime, actor_remote::DEFAULT_WINDOW).one_way(),
    )
}
