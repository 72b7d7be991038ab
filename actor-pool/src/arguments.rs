//! Where the arguments of a map come from: an iterator, or a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use actor_core::Stream;

/// The arguments of a map: every iterator, and [`Streamed`]. Nobody else implements it.
///
/// # Examples
///
/// ```
/// fn is_source<I: actor_pool::Arguments<Item = u64>>(_: I) {}
/// is_source(1..=3u64);
/// ```
pub trait Arguments: sealed::Sealed {
    /// One argument.
    type Item;

    #[doc(hidden)]
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::Item>>;

    /// How many there are, if that is known.
    #[doc(hidden)]
    fn length(&self) -> Option<usize>;
}

mod sealed {
    pub trait Sealed {}
    impl<I: Iterator> Sealed for I {}
    impl<S> Sealed for super::Streamed<S> {}
}

impl<I: Iterator> Arguments for I {
    type Item = I::Item;

    fn poll_next(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.next())
    }

    fn length(&self) -> Option<usize> {
        let (least, most) = self.size_hint();
        most.filter(|most| *most == least)
    }
}

/// Arguments that come from a stream; made by [`Pool::map_stream`](crate::Pool::map_stream).
///
/// # Examples
///
/// See [`Pool::map_stream`](crate::Pool::map_stream).
#[derive(Debug)]
pub struct Streamed<S>(Pin<Box<S>>);

impl<S> Streamed<S> {
    pub(crate) fn new(stream: S) -> Self {
        Streamed(Box::pin(stream))
    }
}

impl<S: Stream> Arguments for Streamed<S> {
    type Item = S::Item;

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }

    fn length(&self) -> Option<usize> {
        None
    }
}
