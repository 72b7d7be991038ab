use std::collections::VecDeque;

use actor_core::prelude::*;

/// Answers only when there is something to take.
struct Shelf<T: Send + 'static, const ROOM: usize> {
    items: VecDeque<T>,
    waiting: VecDeque<Reply<T>>,
    log: ActorRef<String>,
}

impl<T: Send + 'static, const ROOM: usize> Shelf<T, ROOM> {
    /// Puts an item there, and says whether there was room for it.
    fn put(&mut self, item: T) -> bool {
        let has_room = self.items.len() < ROOM;
        if has_room {
            self.items.push_back(item);
        }
        self.serve();
        has_room
    }

    /// Waits for an item and takes it.
    fn take(&mut self, reply: Reply<T>) {
        self.waiting.push_back(reply);
        self.serve();
    }

    async fn open(&mut self) -> ActorResult {
        self.log.send("open".to_owned()).await?;
        Ok(())
    }

    async fn close(&mut self, reason: &ExitReason) {
        // Nobody may be there to hear it any more.
        drop(self.log.send(format!("closed: {reason}")).await);
    }
}

/// The messages of `Shelf`.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(bound = "T: serde::Serialize + serde::de::DeserializeOwned")]
enum ShelfMsg<T: Send + 'static> {
    /// Puts an item there, and says whether there was room for it.
    Put(T, ::actor_core::Reply<bool>),
    /// Waits for an item and takes it.
    Take(::actor_core::Reply<T>),
}

/// The messages of `Shelf` as methods of its reference.
#[allow(dead_code)]
trait ShelfRef<T: Send + 'static> {
    /// Puts an item there, and says whether there was room for it.
    fn put(
        &self,
        item: T,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<bool, ::actor_core::AskError>>
    + ::core::marker::Send;
    /// Waits for an item and takes it.
    fn take(
        &self,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<T, ::actor_core::AskError>>
    + ::core::marker::Send;
}

impl<T: Send + 'static> ShelfRef<T> for ::actor_core::ActorRef<ShelfMsg<T>> {
    fn put(
        &self,
        item: T,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<bool, ::actor_core::AskError>>
    + ::core::marker::Send {
        self.ask(move |reply| ShelfMsg::Put(item, reply))
    }
    fn take(
        &self,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<T, ::actor_core::AskError>>
    + ::core::marker::Send {
        self.ask(ShelfMsg::Take)
    }
}

impl<T: Send + 'static, const ROOM: usize> ::actor_core::Actor for Shelf<T, ROOM> {
    type Msg = ShelfMsg<T>;

    async fn started(&mut self, _ctx: &mut ::actor_core::Context<Self>) -> ::actor_core::ActorResult {
        Self::open(self).await
    }

    async fn handle(
        &mut self,
        msg: Self::Msg,
        _ctx: &mut ::actor_core::Context<Self>,
    ) -> ::actor_core::ActorResult {
        match msg {
            ShelfMsg::Put(item, reply) => reply.send(Self::put(self, item)),
            ShelfMsg::Take(reply) => Self::take(self, reply),
        }
        ::core::result::Result::Ok(())
    }

    async fn stopped(
        &mut self,
        reason: &::actor_core::ExitReason,
        _ctx: &mut ::actor_core::Context<Self>,
    ) {
        Self::close(self, reason).await;
    }
}

impl<T: Send + 'static, const ROOM: usize> Shelf<T, ROOM> {
    fn serve(&mut self) {
        while !self.items.is_empty() && !self.waiting.is_empty() {
            if let (Some(item), Some(reply)) = (self.items.pop_front(), self.waiting.pop_front()) {
                reply.send(item);
            }
        }
    }
}
