//! `expect!`, and how it shows a message whose type may have no `Debug`.
//!
//! Which of the two ways is taken the compiler decides where the macro stands, since there the type is known: the method of `&Shown` is
//! found only if the first one, of `Shown`, is not for this type (autoref-based specialization).

use std::any::type_name;
use std::fmt::Debug;

/// A message to be shown.
pub struct Shown<'a, M>(pub &'a M);

/// For messages with `Debug`.
pub trait ViaDebug {
    /// The message as text.
    fn shown(&self) -> String;
}

impl<M: Debug> ViaDebug for Shown<'_, M> {
    fn shown(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// For all others.
pub trait ViaType {
    /// The type of the message.
    fn shown(&self) -> String;
}

impl<M> ViaType for &Shown<'_, M> {
    fn shown(&self) -> String {
        format!("a {} (derive Debug to see more)", type_name::<M>())
    }
}

/// Waits for the next message of a [`Probe`](crate::testing::Probe) and fails the test unless it matches: `expect!(probe, pattern)`, or
/// `expect!(probe, pattern if guard => value)`, which gives the value made of what the pattern bound.
///
/// It is awaited inside, so it stands in an `async` test. The message needs neither `PartialEq` nor `Debug`; one with `Debug` is shown when
/// it does not match. What did not match is left in the probe.
///
/// # Panics
///
/// At the line of the macro, if the message does not match or none comes in time.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::{Simulation, expect};
///
/// enum Order { Tea { cups: u32 }, Bill(Reply<u32>) }
///
/// # fn main() -> Result<(), BoxError> {
/// Simulation::new().run(|system| async move {
///     let waiter = system.probe("waiter");
///     let orders = waiter.actor_ref();
///     orders.send(Order::Tea { cups: 2 }).await.expect("it lives");
///     let cups = expect!(waiter, Order::Tea { cups } if cups > 1 => cups);
///
///     let guest = tokio::spawn(async move { orders.ask(Order::Bill).await });
///     expect!(waiter, Order::Bill(reply) => reply).send(3 * cups);
///     assert_eq!(guest.await.expect("the guest is content"), Ok(6));
/// })?;
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! expect {
    ($probe:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {
        $crate::expect!($probe, $pattern $(if $guard)? => ())
    };
    ($probe:expr, $pattern:pat $(if $guard:expr)? => $value:expr $(,)?) => {
        $probe
            .expect_match(
                concat!(stringify!($pattern) $(, " if ", stringify!($guard))?),
                |message| {
                    #[allow(unused_imports, reason = "which of them it takes depends on the message")]
                    use $crate::testing::{ViaDebug as _, ViaType as _};
                    (&$crate::testing::Shown(message)).shown()
                },
                |message| {
                    #[allow(
                        unreachable_patterns,
                        clippy::match_single_binding,
                        reason = "there are patterns that match always"
                    )]
                    match message {
                        $pattern $(if $guard)? => Ok($value),
                        other => Err(other),
                    }
                },
            )
            .await
    };
}
