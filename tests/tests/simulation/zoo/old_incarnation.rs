//! A message to an old incarnation: an answer to the reader that failed is taken for one to the reader that took its place.
//!
//! The reader numbers its requests and sends them with its own reference; an answer brings the number back. After a restart it counts from
//! zero again. The reference is still valid, and so an answer that was under way meets a request of the same number for another page. A
//! plain run never shows it: the archive is quicker than a restart.
//!
//! Corrected: the number of the incarnation is part of that of the request, and an answer to another one is thrown away. (With `ask` or
//! `pipe` nothing of it would be needed: their answers belong to the incarnation that waits for them, D2.)

use std::collections::BTreeMap;

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "old_incarnation",
    symptom: "another page",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn an_answer_to_the_reader_that_failed_reaches_the_one_in_its_place() {
    exhibit(&EXHIBIT);
}

type Number = (u32, u64);

struct Request {
    number: Number,
    page: &'static str,
    reader: ActorRef<ReaderMsg>,
}

struct Archive;

impl Actor for Archive {
    type Msg = Request;

    async fn handle(&mut self, request: Request, _ctx: &mut Context<Self>) -> ActorResult {
        let Request {
            number,
            page,
            reader,
        } = request;
        let text = format!("the text of {page}");
        Ok(reader.send(ReaderMsg::Found(number, text)).await?)
    }
}

enum ReaderMsg {
    Read(&'static str, Reply<String>),
    Found(Number, String),
    Ping(Reply<()>),
    Garbage,
}

struct Reader {
    archive: ActorRef<Request>,
    version: Version,
    next: u64,
    pending: BTreeMap<Number, Reply<String>>,
}

impl Actor for Reader {
    type Msg = ReaderMsg;

    async fn handle(&mut self, msg: ReaderMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ReaderMsg::Read(page, reply) => {
                let incarnation = match self.version {
                    Version::Buggy => 0,
                    Version::Corrected => ctx.incarnation(),
                };
                let number = (incarnation, self.next);
                self.next += 1;
                self.pending.insert(number, reply);
                let reader = ctx.actor_ref();
                let request = Request {
                    number,
                    page,
                    reader,
                };
                self.archive.send(request).await?;
            }
            ReaderMsg::Found(number, text) => {
                if let Some(reply) = self.pending.remove(&number) {
                    reply.send(text);
                }
            }
            ReaderMsg::Ping(reply) => reply.send(()),
            ReaderMsg::Garbage => return Err("not a message of mine".into()),
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let archive = system.spawn(Archive);
    let factory = move || Reader {
        archive: archive.clone(),
        version,
        next: 0,
        pending: BTreeMap::new(),
    };
    let (spec, reader) = ChildSpec::new("reader", factory).build();
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    let _supervisor = supervisor.start(&system).await.expect("it starts");
    system.expect_failure(&reader);

    let read = |page| reader.ask(move |reply| ReaderMsg::Read(page, reply));
    let (first, second) = tokio::join!(read("the first page"), async {
        reader.ask(ReaderMsg::Ping).await.expect("it answers");
        reader.send(ReaderMsg::Garbage).await.expect("it lives");
        read("the second page").await
    });

    // The first one may have failed with the reader.
    if let Ok(text) = first {
        assert_eq!(text, "the text of the first page", "another page");
    }
    let text = second.expect("the reader is there again");
    assert_eq!(text, "the text of the second page", "another page");
}
