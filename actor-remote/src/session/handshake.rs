//! Driving a [`Session`] over a stream.
//!
//! Both ends of a link call it before they start their tasks. It reads no byte beyond what one read gives and hands those on
//! with the frame reader.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Established, HELLO_LEN_MAX, Hello, Session, SessionError, SessionEvent};
use crate::frame::{FrameError, FrameReader};

/// How long a rejection may take to be sent: it is a courtesy and must not keep a dead link alive.
const REJECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Why no link came about. The stream is of no further use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The sides do not fit, or the peer fell silent.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// What the peer sent are no frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The stream failed.
    #[error("stream failed during the handshake")]
    Io(#[from] io::Error),
}

/// Exchanges hellos within `timeout`.
///
/// Both sides write before they read, so the stream must be able to hold a hello in each direction, at most
/// [`HELLO_LEN_MAX`] bytes and a header; sockets hold far more.
///
/// The frame reader that comes back accepts frames up to the agreed limit and holds what the peer sent behind its hello:
/// take frames out of it before reading on.
///
/// # Errors
/// [`HandshakeError`]. If our side was the one that did not accept, the peer has been told why.
///
/// # Cancel safety
/// Not cancel safe: bytes that were read are lost with the future, so the stream must be dropped too.
pub async fn handshake<R, W>(
    reader: &mut R,
    writer: &mut W,
    hello: Hello,
    timeout: Duration,
) -> Result<(Established, FrameReader), HandshakeError>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    handshake_and_ask(reader, writer, hello, Vec::new(), timeout).await
}

/// The same, and has frames sent right behind the own hello, to be acted upon by a peer that accepts it: no more than fits into a socket
/// beside a hello, and no frame that is longer than [`MAX_FRAME_MIN`](super::MAX_FRAME_MIN), which every peer takes.
///
/// # Errors
/// As for [`handshake`].
///
/// # Cancel safety
/// As for [`handshake`].
pub async fn handshake_and_ask<R, W>(
    reader: &mut R,
    writer: &mut W,
    hello: Hello,
    frames: Vec<u8>,
    timeout: Duration,
) -> Result<(Established, FrameReader), HandshakeError>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut session = Session::new(hello);
    session.follow(frames);
    let exchanged = tokio::time::timeout(timeout, exchange(&mut session, reader, writer)).await;
    let error = match exchanged {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => error,
        Err(_) => {
            session.handle_deadline();
            SessionError::Deadline.into()
        }
    };
    // Whatever else fails now, the first error is the one that says why.
    let _ = tokio::time::timeout(REJECT_TIMEOUT, flush(&mut session, writer)).await;
    Err(error)
}

async fn exchange<R, W>(
    session: &mut Session,
    reader: &mut R,
    writer: &mut W,
) -> Result<(Established, FrameReader), HandshakeError>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    flush(session, writer).await?;
    let mut frames = FrameReader::new(HELLO_LEN_MAX);
    loop {
        match frames.next_frame()? {
            Some(frame) => session.handle_frame(&frame),
            None => {
                if reader.read_buf(frames.buffer()).await? == 0 {
                    frames.finish()?;
                    session.handle_eof();
                }
            }
        }
        match session.poll_event() {
            Some(SessionEvent::Established(established)) => {
                frames.set_limit(established.receive_limit);
                return Ok((*established, frames));
            }
            Some(SessionEvent::Failed(error)) => return Err(error.into()),
            None => {}
        }
    }
}

async fn flush<W: AsyncWrite + Unpin + ?Sized>(
    session: &mut Session,
    writer: &mut W,
) -> io::Result<()> {
    while let Some(bytes) = session.poll_transmit() {
        writer.write_all(&bytes).await?;
    }
    writer.flush().await
}
