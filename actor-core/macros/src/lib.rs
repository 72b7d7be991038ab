//! The attribute macros of `actor-core`.

mod expand;
mod faults;
mod generics;
mod model;
mod names;
mod options;
mod read;
mod types;

use proc_macro2::TokenStream;

use crate::faults::Faults;
use crate::options::Options;

/// An actor from a block of methods: the message enum, the `impl` of `Actor`, and typed methods on the reference.
///
/// It writes what a person would write, and everything works without it: what it makes is an ordinary enum, an ordinary actor and a
/// trait, which go together with whatever is written by hand.
///
/// ```
#[doc = include_str!("../shown/counter.rs")]
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let counter = system.spawn(Counter { total: 0 });
/// counter.add(2).await?; // `CounterRef::add`: sends `CounterMsg::Add(2)`
/// counter.add_text("40".to_owned()).await?;
/// assert_eq!(counter.get().await?, 42); // `CounterRef::get`: asks `CounterMsg::Get`
///
/// // The enum is there for everything else that can be done with a message.
/// counter.try_send(CounterMsg::Add(1))?;
/// assert_eq!(counter.ask_within(Duration::from_secs(1), CounterMsg::Get).await?, 43);
/// assert_eq!(counter.finish(7).await?, 50);
/// # assert_eq!(counter.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
///
/// The methods of the reference are those of a trait, `CounterRef`; in another module import it along with the actor. The methods of the
/// block stay ordinary methods of the actor, so a test can call them without a system.
///
/// # What a method becomes
///
/// Every method of the block is a message, unless an attribute makes it a hook. Functions that are neither (constructors, helpers) stand
/// in an `impl` block of their own.
///
/// | the method | the message | the method of the reference |
/// |---|---|---|
/// | `fn add(&mut self, n: u64)` | `Add(u64)` | sends, and completes when there was room |
/// | `fn add(&mut self, n: u64) -> ActorResult` | `Add(u64)` | the same; an error is a failure of the actor |
/// | `fn get(&self) -> T` | `Get(Reply<T>)` | asks, and completes with the `T` |
/// | `fn take(&mut self, reply: Reply<T>)` | `Take(Reply<T>)` | asks; the reply is answered now or later |
/// | `fn take(&mut self, reply: Reply<T>) -> ActorResult` | `Take(Reply<T>)` | the same; after an error the asker gets `AskError::Failed` |
/// | `#[ask] fn flush(&mut self)` | `Flush(Reply<()>)` | asks, and completes when the method has returned |
/// | `#[ask] fn flush(&mut self) -> ActorResult` | `Flush(Reply<ActorResult>)` | asks; the asker gets the result |
/// | `#[tell] fn save(&mut self) -> Result<(), E>` | `Save` | sends; an error, which must convert to `BoxError`, is a failure of the actor |
///
/// - **What is returned is the answer, word for word.** `-> Result<u64, Overdrawn>` answers with that result, and the actor lives on:
///   `account.withdraw(5).await??` has one `?` for the ask and one for the answer. Only `ActorResult` means the actor itself, and it is told
///   by its name: `Result<(), BoxError>`, written out, is an answer.
/// - Methods are `async` or not, and take `&mut self` or `&self`. An `async` method with `&self` needs an actor that is `Sync`, since its
///   future holds the `&self`; with `&mut self` it need not be.
/// - A parameter `ctx: &mut Context<Self>` may stand anywhere, and is no part of the message.
/// - The other parameters are the fields of the message, in their order; the reply is the last field. So they own what they hold: `String`
///   and not `&str`.
/// - All messages of a block are equally visible, as the variants of an enum are; the enum and the trait are as visible as they. Whoever makes
///   the actor `pub` makes its messages `pub`.
/// - Documentation and `cfg` attributes are carried over to the variant and to the method of the reference.
/// - A name that every reference has for a method of its own (`send`, `stop`, `len`, …) is refused, since that method would be called.
///
/// # Hooks
///
/// Each at most once, `async` or not; parameters that are not needed are left out.
///
/// | attribute | parameters | returns |
/// |---|---|---|
/// | `#[started]` | `ctx: &mut Context<Self>` | nothing or `ActorResult` |
/// | `#[signal]` | `signal: Signal`, `ctx: &mut Context<Self>` | nothing or `ActorResult` |
/// | `#[stopped]` | `reason: &ExitReason`, `ctx: &mut Context<Self>` | nothing |
///
/// # Options
///
/// `#[messages(msg = CounterMsg, ref_trait = CounterRef, derive(…), attr(…), crate = path)]`, each of which may be left out:
///
/// - `msg`, `ref_trait`: the names of the enum and of the trait; by default the actor's with `Msg` and `Ref` at the end.
/// - `derive(Debug, …)`: what the enum derives. With serde's derives the messages travel to other processes; for a generic enum the bounds
///   that this needs are written, too.
/// - `attr(…)`: further attributes of the enum, such as `attr(non_exhaustive)`, or `attr(serde(bound = "…"))` for other bounds.
/// - `crate = path`: where `actor_core` is found when it is not called that.
///
/// # What it expands to
///
/// The counter above is, letter for letter, this program:
///
/// ```
#[doc = include_str!("../shown/counter_expanded.rs")]
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let counter = system.spawn(Counter { total: 0 });
/// # counter.add(2).await?;
/// # counter.add_text("40".to_owned()).await?;
/// # assert_eq!(counter.get().await?, 42);
/// # assert_eq!(counter.finish(7).await?, 49);
/// # assert_eq!(counter.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
///
/// # Generic actors, replies that wait, hooks
///
/// The parameters of the `impl` block that the messages mention become parameters of the enum; the others do not.
///
/// ```
#[doc = include_str!("../shown/shelf.rs")]
/// #
/// # struct Log { lines: Vec<String> }
/// # impl Actor for Log {
/// #     type Msg = String;
/// #     async fn handle(&mut self, line: String, ctx: &mut Context<Self>) -> ActorResult {
/// #         self.lines.push(line);
/// #         if self.lines.len() == 2 {
/// #             assert_eq!(self.lines, ["open", "closed: normal"]);
/// #             ctx.stop();
/// #         }
/// #         Ok(())
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// # let log = system.spawn(Log { lines: Vec::new() });
/// # let (items, waiting) = (VecDeque::new(), VecDeque::new());
/// let shelf = system.spawn(Shelf::<&str, 8> { items, waiting, log: log.clone() });
/// let (item, had_room) = tokio::join!(shelf.take(), shelf.put("a book"));
/// assert!(had_room?);
/// assert_eq!(item?, "a book");
/// # shelf.stop();
/// # assert_eq!(log.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
///
/// That becomes:
///
/// ```
#[doc = include_str!("../shown/shelf_expanded.rs")]
/// # fn main() {}
/// ```
///
/// # Errors
///
/// What is wrong with a block is told at compile time, all of it at once, on the line where it stands.
#[proc_macro_attribute]
pub fn messages(
    options: proc_macro::TokenStream,
    block: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    messages_of(options.into(), block.into()).into()
}

/// The macro on the token streams that tests can make.
fn messages_of(options: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let options = Options::read(options, &mut faults);
    let mut expansion = match read::block(tokens.clone(), &mut faults) {
        Some(block) => expand::block(&block, &options),
        // So that what else speaks of it still finds it.
        None => tokens,
    };
    expansion.extend(faults.into_compile_errors());
    expansion
}

#[cfg(test)]
mod tests;
