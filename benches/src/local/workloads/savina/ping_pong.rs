//! Two actors, one message under way. As published, a ping carries the reference to answer to, and between a pong and the next ping
//! the pinger sends a message to itself.

use std::{ops::ControlFlow, sync::Arc, time::Instant};

use super::{Behaviour, Stage, nanos_per};
use crate::{
    local::contender::{Address, Exit, Latch},
    sizes::Sizes,
};

pub(crate) async fn ping_pong<C: Stage>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let pings = sizes.savina.pings;
    let gone = Latch::new(2);
    let begin = Instant::now();
    let exit = Exit(gone.clone());
    let pong = C::cast(
        &world,
        Pong::<C> {
            me: None,
            _exit: exit,
        },
    )
    .await;
    let ready = Latch::new(1);
    pong.tell(PongMsg::Me(pong.clone(), ready.clone())).await;
    ready.wait().await;
    let exit = Exit(gone.clone());
    let ping = Ping::<C> {
        me: None,
        pong,
        left: pings,
        _exit: exit,
    };
    let ping = C::cast(&world, ping).await;
    ping.tell(PingMsg::Start(ping.clone())).await;
    gone.wait().await;
    nanos_per(begin, pings)
}

struct Ping<C: Stage> {
    me: Option<C::Addr<Ping<C>>>,
    pong: C::Addr<Pong<C>>,
    left: u64,
    _exit: Exit,
}

enum PingMsg<C: Stage> {
    Start(C::Addr<Ping<C>>),
    Next,
    Pong { _from: C::Addr<Pong<C>> },
}

impl<C: Stage> Behaviour for Ping<C> {
    type Msg = PingMsg<C>;

    async fn handle(&mut self, msg: PingMsg<C>) -> ControlFlow<()> {
        match msg {
            PingMsg::Start(me) => {
                self.me = Some(me);
                self.send_ping().await;
            }
            PingMsg::Next => self.send_ping().await,
            PingMsg::Pong { .. } if self.left > 0 => {
                let me = self.me.as_ref().expect("the start came first");
                me.tell(PingMsg::Next).await;
            }
            PingMsg::Pong { .. } => {
                self.pong.tell(PongMsg::Stop).await;
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

impl<C: Stage> Ping<C> {
    async fn send_ping(&mut self) {
        let from = self.me.clone().expect("the start came first");
        self.pong.tell(PongMsg::Ping { from }).await;
        self.left -= 1;
    }
}

struct Pong<C: Stage> {
    me: Option<C::Addr<Pong<C>>>,
    _exit: Exit,
}

enum PongMsg<C: Stage> {
    Me(C::Addr<Pong<C>>, Arc<Latch>),
    Ping { from: C::Addr<Ping<C>> },
    Stop,
}

impl<C: Stage> Behaviour for Pong<C> {
    type Msg = PongMsg<C>;

    async fn handle(&mut self, msg: PongMsg<C>) -> ControlFlow<()> {
        match msg {
            PongMsg::Me(me, ready) => {
                self.me = Some(me);
                ready.arrive();
            }
            PongMsg::Ping { from } => {
                let _from = self.me.clone().expect("it learnt first who it is");
                from.tell(PingMsg::Pong { _from }).await;
            }
            PongMsg::Stop => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }
}
