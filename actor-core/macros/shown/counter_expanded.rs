use actor_core::prelude::*;

struct Counter {
    total: u64,
}

impl Counter {
    /// Adds `n`.
    async fn add(&mut self, n: u64) {
        self.total += n;
    }

    /// The total so far.
    async fn get(&mut self) -> u64 {
        self.total
    }

    /// Adds the number that a text says. The actor fails if it says none.
    fn add_text(&mut self, text: String) -> ActorResult {
        self.total += text.parse::<u64>()?;
        Ok(())
    }

    /// Counts as many more as an actor is told to, and ends.
    fn finish(&mut self, more: u64, ctx: &mut Context<Self>) -> u64 {
        ctx.stop();
        self.total + more
    }
}

/// The messages of `Counter`.
enum CounterMsg {
    /// Adds `n`.
    Add(u64),
    /// The total so far.
    Get(::actor_core::Reply<u64>),
    /// Adds the number that a text says. The actor fails if it says none.
    AddText(String),
    /// Counts as many more as an actor is told to, and ends.
    Finish(u64, ::actor_core::Reply<u64>),
}

/// The messages of `Counter` as methods of its reference.
#[allow(dead_code)]
trait CounterRef {
    /// Adds `n`.
    fn add(&self, n: u64) -> ::actor_core::SendFuture<'_, CounterMsg>;
    /// The total so far.
    fn get(
        &self,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<u64, ::actor_core::AskError>>
    + ::core::marker::Send;
    /// Adds the number that a text says. The actor fails if it says none.
    fn add_text(&self, text: String) -> ::actor_core::SendFuture<'_, CounterMsg>;
    /// Counts as many more as an actor is told to, and ends.
    fn finish(
        &self,
        more: u64,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<u64, ::actor_core::AskError>>
    + ::core::marker::Send;
}

impl CounterRef for ::actor_core::ActorRef<CounterMsg> {
    fn add(&self, n: u64) -> ::actor_core::SendFuture<'_, CounterMsg> {
        self.send(CounterMsg::Add(n))
    }
    fn get(
        &self,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<u64, ::actor_core::AskError>>
    + ::core::marker::Send {
        self.ask(CounterMsg::Get)
    }
    fn add_text(&self, text: String) -> ::actor_core::SendFuture<'_, CounterMsg> {
        self.send(CounterMsg::AddText(text))
    }
    fn finish(
        &self,
        more: u64,
    ) -> impl ::core::future::Future<Output = ::core::result::Result<u64, ::actor_core::AskError>>
    + ::core::marker::Send {
        self.ask(move |reply| CounterMsg::Finish(more, reply))
    }
}

impl ::actor_core::Actor for Counter {
    type Msg = CounterMsg;

    async fn handle(
        &mut self,
        msg: Self::Msg,
        ctx: &mut ::actor_core::Context<Self>,
    ) -> ::actor_core::ActorResult {
        match msg {
            CounterMsg::Add(n) => Self::add(self, n).await,
            CounterMsg::Get(reply) => reply.send(Self::get(self).await),
            CounterMsg::AddText(text) => Self::add_text(self, text)?,
            CounterMsg::Finish(more, reply) => reply.send(Self::finish(self, more, ctx)),
        }
        ::core::result::Result::Ok(())
    }
}
