//! A run with a bit of everything: asks that are answered and that are not, full mailboxes, timers due at one instant, supervised restarts
//! with jitter, an actor that wants a thread, work beside actors, a topic, and links.

use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::testing::TestSystem;
use actor_core::{Backoff, TopicPolicy};

/// What happened, in the order in which it did.
pub(crate) type Diary = Arc<Mutex<Vec<String>>>;

fn write(diary: &Diary, line: impl Into<String>) {
    diary.lock().unwrap().push(line.into());
}

enum ServerMsg {
    Double(u64, Reply<u64>),
    Ignore(Reply<u64>),
}

/// Answers, but for what it keeps.
struct Server {
    kept: Vec<Reply<u64>>,
}

impl Actor for Server {
    type Msg = ServerMsg;

    async fn handle(&mut self, msg: ServerMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ServerMsg::Double(n, reply) => reply.send(2 * n),
            ServerMsg::Ignore(reply) => self.kept.push(reply),
        }
        Ok(())
    }
}

enum ClientMsg {
    Tick,
    Looked(u64),
    Heard,
}

/// Asks at each tick, and looks something up beside.
struct Client {
    number: u64,
    server: ActorRef<ServerMsg>,
    sink: ActorRef<String>,
    diary: Diary,
    ticks: u64,
}

impl Actor for Client {
    type Msg = ClientMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        // All clients tick at the same instants.
        ctx.send_interval("tick", Duration::from_millis(100), || ClientMsg::Tick);
        Ok(())
    }

    async fn handle(&mut self, msg: ClientMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            ClientMsg::Tick => self.tick(ctx).await?,
            ClientMsg::Looked(n) => write(&self.diary, format!("{} looked {n}", self.number)),
            ClientMsg::Heard => write(&self.diary, format!("{} heard", self.number)),
        }
        Ok(())
    }
}

impl Client {
    async fn tick(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        self.ticks += 1;
        let (number, ticks) = (self.number, self.ticks);
        let doubled = self
            .server
            .ask(|reply| ServerMsg::Double(ticks, reply))
            .await?;
        write(&self.diary, format!("{number} got {doubled}"));
        if ticks.is_multiple_of(3) {
            let patience = Duration::from_millis(50);
            let ignored = self.server.ask_within(patience, ServerMsg::Ignore).await;
            write(&self.diary, format!("{number}: {ignored:?}"));
        }
        // Two places for four clients: somebody waits in line.
        self.sink.send(format!("{number}.{ticks}")).await?;
        ctx.pipe(
            async move {
                tokio::time::sleep(Duration::from_millis(7)).await;
                number
            },
            ClientMsg::Looked,
        );
        if ticks == 5 {
            ctx.stop();
        }
        Ok(())
    }
}

/// Takes its time, on a thread of its own if it were not for the simulation.
struct Sink {
    diary: Diary,
}

impl Actor for Sink {
    type Msg = String;

    async fn handle(&mut self, line: String, _ctx: &mut Context<Self>) -> ActorResult {
        tokio::time::sleep(Duration::from_millis(3)).await;
        write(&self.diary, line);
        Ok(())
    }
}

/// Fails at every third message.
struct Flaky {
    diary: Diary,
    handled: u32,
}

impl Actor for Flaky {
    type Msg = u32;

    async fn handle(&mut self, n: u32, ctx: &mut Context<Self>) -> ActorResult {
        self.handled += 1;
        write(&self.diary, format!("flaky {} has {n}", ctx.incarnation()));
        if self.handled == 3 {
            return Err("three are too many".into());
        }
        Ok(())
    }
}

/// Plays it all; returns the diary.
pub(crate) async fn play(system: TestSystem) -> Vec<String> {
    let diary = Diary::default();
    let sink = Sink {
        diary: Arc::clone(&diary),
    };
    let sink = system
        .actor(sink)
        .placement(Placement::Thread)
        .mailbox(Mailbox::bounded(2))
        .spawn();
    let server = system.spawn(Server { kept: Vec::new() });
    let topic = system.topic::<u32>("news").unwrap();

    let spoilt = Arc::clone(&diary);
    let patience =
        Backoff::exponential(Duration::from_millis(10), Duration::from_secs(1)).jitter(0.5);
    let factory = move || Flaky {
        diary: Arc::clone(&spoilt),
        handled: 0,
    };
    let (spec, flaky) = ChildSpec::new("flaky", factory).backoff(patience).build();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(100, Duration::from_secs(1))
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    system.expect_failure(&flaky);

    let mut clients = Vec::new();
    for number in 1..=4 {
        let client = system.spawn(Client {
            number,
            server: server.clone(),
            sink: sink.clone(),
            diary: Arc::clone(&diary),
            ticks: 0,
        });
        let heard = |_| ClientMsg::Heard;
        clients.push((
            topic.subscribe_actor(&client, 4, TopicPolicy::DropOldest, heard),
            client,
        ));
    }
    for n in 0..10 {
        flaky.send(n).await.unwrap();
        topic.publish(n);
    }
    for (_, client) in &clients {
        client.wait().await;
    }
    system.advance(Duration::from_secs(1)).await;
    supervisor.stop();
    supervisor.wait().await;
    std::mem::take(&mut *diary.lock().unwrap())
}
