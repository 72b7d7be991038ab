//! Many to many: each actor sends a ping to another at random and the next one when it has the pong. One that is through tells a sink,
//! which ends all when the last is through.

use std::{ops::ControlFlow, sync::Arc, time::Instant};

use super::{Behaviour, Stage, nanos_per};
use crate::{
    local::contender::{Address, Exit, Latch},
    sizes::Sizes,
};

type Neighbours<C> = Arc<[<C as Stage>::Addr<Player<C>>]>;

pub(crate) async fn big<C: Stage>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let (actors, pings) = (sizes.savina.big_actors, sizes.savina.big_pings);
    let gone = Latch::new(actors + 1);
    let begin = Instant::now();
    let sink = Sink::<C> {
        busy: actors,
        all: None,
        _exit: Exit(gone.clone()),
    };
    let sink = C::cast(&world, sink).await;
    let mut players = Vec::with_capacity(actors);
    for id in 0..actors {
        let player = Player::<C> {
            id,
            left: pings,
            expected: None,
            random: Random::new(id),
            all: None,
            sink: sink.clone(),
            _exit: Exit(gone.clone()),
        };
        players.push(C::cast(&world, player).await);
    }
    let all: Neighbours<C> = players.into();
    let ready = Latch::new(actors + 1);
    sink.tell(SinkMsg::All(all.clone(), ready.clone())).await;
    for player in all.iter() {
        player.tell(Msg::All(all.clone(), ready.clone())).await;
    }
    ready.wait().await;
    for player in all.iter() {
        player.tell(Msg::Pong { from: None }).await;
    }
    gone.wait().await;
    nanos_per(begin, actors as u64 * u64::from(pings))
}

struct Player<C: Stage> {
    id: usize,
    left: u32,
    /// Whom it sent its last ping to.
    expected: Option<usize>,
    random: Random,
    all: Option<Neighbours<C>>,
    sink: C::Addr<Sink<C>>,
    _exit: Exit,
}

enum Msg<C: Stage> {
    All(Neighbours<C>, Arc<Latch>),
    Ping { from: usize },
    Pong { from: Option<usize> },
    End,
}

impl<C: Stage> Behaviour for Player<C> {
    type Msg = Msg<C>;

    async fn handle(&mut self, msg: Msg<C>) -> ControlFlow<()> {
        match msg {
            Msg::All(all, ready) => {
                self.all = Some(all);
                ready.arrive();
            }
            Msg::Ping { from } => {
                let from_me = Some(self.id);
                self.neighbour(from).tell(Msg::Pong { from: from_me }).await;
            }
            Msg::Pong { from } => {
                assert_eq!(
                    from, self.expected,
                    "a pong comes from whom the ping went to"
                );
                self.send_ping_or_finish().await;
            }
            Msg::End => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }
}

impl<C: Stage> Player<C> {
    async fn send_ping_or_finish(&mut self) {
        if self.left == 0 {
            self.sink.tell(SinkMsg::Through).await;
            return;
        }
        self.left -= 1;
        let all = self.all.as_ref().map_or(0, |all| all.len());
        let other = self.random.below(all);
        self.expected = Some(other);
        self.neighbour(other)
            .tell(Msg::Ping { from: self.id })
            .await;
    }

    fn neighbour(&self, id: usize) -> &C::Addr<Player<C>> {
        let all = self.all.as_ref();
        &all.expect("the neighbours are the first message")[id]
    }
}

struct Sink<C: Stage> {
    busy: usize,
    all: Option<Neighbours<C>>,
    _exit: Exit,
}

enum SinkMsg<C: Stage> {
    All(Neighbours<C>, Arc<Latch>),
    Through,
}

impl<C: Stage> Behaviour for Sink<C> {
    type Msg = SinkMsg<C>;

    async fn handle(&mut self, msg: SinkMsg<C>) -> ControlFlow<()> {
        match msg {
            SinkMsg::All(all, ready) => {
                self.all = Some(all);
                ready.arrive();
            }
            SinkMsg::Through => self.busy -= 1,
        }
        if self.busy > 0 {
            return ControlFlow::Continue(());
        }
        for player in self.all.iter().flat_map(|all| all.iter()) {
            player.tell(Msg::End).await;
        }
        ControlFlow::Break(())
    }
}

/// xorshift64, seeded with the actor's number: the same choices in every run.
struct Random(u64);

impl Random {
    fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % end
    }
}
