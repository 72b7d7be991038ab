//! Ends of a link that keep no rule: what a worker, or a parent, does that was broken or taken over.
//!
//! The test worker plays one when it is started with `rogue` and the name of a [`Crime`]; the tests play the parent themselves.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use actor_remote::frame::{self, Frame, FrameReader, StopHow};
use actor_remote::session::{Hello, Role, handshake};
use actor_remote::{Node, Registry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What it does once the link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crime {
    /// Sends bytes that are no frame instead of a hello.
    NoHello,
    /// Says hello and then nothing.
    Silence,
    /// Sends bytes that are no frame.
    Garbage,
    /// Ends the stream within a frame.
    Truncated,
    /// Announces a frame of 4 GiB.
    Oversize,
    /// Sends a frame of a known kind with a body that is none.
    Malformed,
    /// Sends to an actor that was never exported.
    UnknownExport,
    /// Sends more to an actor than it has credit for.
    OverCredit,
    /// Tells an end with a reason that is none.
    BadReason,
    /// Gives credit for messages that were never sent, and answers asks that nobody made.
    Lies,
    /// Stops, releases and cancels what it never had.
    Phantoms,
    /// Stops reading, and goes on.
    Deaf,
    /// Never reads again, and sends messages that are to be refused.
    DeafFlood,
    /// Asks its parent for an actor.
    Upstart,
    /// Tells the end of its root as that of another actor.
    FalseEnd,
    /// Begins a message in pieces that is longer than any may be.
    OversizePieces,
    /// Begins more messages in pieces than may be under way.
    TooManyPieces,
    /// Sends a piece of a message that it never began.
    StrayPiece,
    /// Sends a control frame in pieces.
    ControlPieces,
}

/// All of them, by name.
pub const CRIMES: [Crime; 19] = [
    Crime::NoHello,
    Crime::Silence,
    Crime::Garbage,
    Crime::Truncated,
    Crime::Oversize,
    Crime::Malformed,
    Crime::UnknownExport,
    Crime::OverCredit,
    Crime::BadReason,
    Crime::Lies,
    Crime::Phantoms,
    Crime::Deaf,
    Crime::DeafFlood,
    Crime::Upstart,
    Crime::FalseEnd,
    Crime::OversizePieces,
    Crime::TooManyPieces,
    Crime::StrayPiece,
    Crime::ControlPieces,
];

impl Crime {
    /// The name, as the test worker takes it.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// What is sent, for those crimes that are a matter of bytes. `export` is an actor of the other side.
    #[must_use]
    pub fn bytes(self, export: u64, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut send = |frame: &Frame<'_>| {
            frame::encode(&mut out, frame, usize::MAX).expect("no limit");
        };
        match self {
            Crime::UnknownExport => send(&Frame::Tell {
                export: export + 77,
                payload,
            }),
            Crime::OverCredit => {
                for _ in 0..200 {
                    send(&Frame::Tell { export, payload });
                }
            }
            Crime::DeafFlood => {
                for _ in 0..1_000 {
                    // No number is that short.
                    let payload = &[];
                    send(&Frame::Tell { export, payload });
                }
            }
            Crime::Upstart => send(&Frame::Spawn {
                request: 1,
                window: 1,
                name: "victim",
                factory: "tests.Rig/v1",
                args: &[0],
            }),
            Crime::FalseEnd => send(&Frame::Gone {
                export: 0,
                reason: &[0],
            }),
            Crime::OversizePieces => send(&Frame::Chunk {
                id: 1,
                total: 1 << 40,
                piece: &[frame::FrameKind::Tell as u8],
            }),
            Crime::TooManyPieces => {
                for id in 0..=frame::CHUNKED_MAX as u64 {
                    send(&Frame::Chunk {
                        id,
                        total: 1 << 20,
                        piece: &[frame::FrameKind::Tell as u8],
                    });
                }
            }
            Crime::StrayPiece => send(&Frame::Chunk {
                id: 1,
                total: 0,
                piece: &[1, 2, 3],
            }),
            Crime::ControlPieces => send(&Frame::Chunk {
                id: 1,
                total: 1 << 20,
                piece: &[frame::FrameKind::Chunk as u8],
            }),
            Crime::BadReason => send(&Frame::Ended { reason: &[99, 1] }),
            Crime::Lies => {
                let n = u32::MAX;
                send(&Frame::Credit { export: 0, n });
                send(&Frame::Credit { export: 99, n });
                let outcome = frame::ReplyOutcome::Value(b"late");
                send(&Frame::Reply {
                    reply: 1 << 40,
                    outcome,
                });
                let what = frame::NackReason::Undecodable;
                for number in 0..1000 {
                    send(&Frame::Nack {
                        export: 0,
                        number,
                        what,
                        text: "no",
                    });
                }
            }
            Crime::Phantoms => {
                let export = 1 << 50;
                let how = StopHow::Kill;
                send(&Frame::Stop { export, how });
                let count = u64::MAX;
                send(&Frame::Release { export, count });
                send(&Frame::Cancel { reply: 1 << 50 });
                let reason = &[0];
                send(&Frame::Gone { export, reason });
            }
            Crime::Truncated => {
                send(&Frame::Tell { export, payload });
                out.pop();
            }
            Crime::Oversize => out.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 16]),
            Crime::Malformed => out.extend_from_slice(&[1, 0, 0, 0, 20, 0xff]),
            _ => out.extend_from_slice(b"{\"jsonrpc\": \"2.0\", \"method\": \"hello\"}\n"),
        }
        out
    }
}

/// The worker's part. Runs until the parent hangs up.
pub fn play(name: &str) {
    let crime = CRIMES
        .into_iter()
        .find(|crime| crime.name() == name)
        .expect("a known crime");
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    let socket = UnixStream::from(stdin.expect("standard input is open"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime
        .expect("a runtime")
        .block_on(commit(crime, socket))
        .expect("the socket works");
}

async fn commit(crime: Crime, socket: UnixStream) -> std::io::Result<()> {
    socket.set_nonblocking(true)?;
    let (mut reader, mut writer) = tokio::net::UnixStream::from_std(socket)?.into_split();
    if crime == Crime::NoHello {
        writer.write_all(&crime.bytes(0, &[])).await?;
        drop(reader.read_to_end(&mut Vec::new()).await);
        return Ok(());
    }
    let hello = hello(Role::Worker);
    let shaken = handshake(
        &mut reader,
        &mut writer,
        hello,
        std::time::Duration::from_secs(5),
    )
    .await;
    let (_, mut frames) = shaken.map_err(std::io::Error::other)?;
    if crime == Crime::Silence {
        drop(reader.read_to_end(&mut Vec::new()).await);
        return Ok(());
    }
    next(&mut reader, &mut frames).await?;
    let mut out = Vec::new();
    let spawned = Frame::Spawned {
        request: 1,
        export: 0,
    };
    frame::encode(&mut out, &spawned, usize::MAX).map_err(std::io::Error::other)?;
    writer.write_all(&out).await?;
    if crime == Crime::Deaf {
        return std::future::pending().await;
    }
    // The first message gives the cue, and with it an actor of the parent; its first export is 1.
    next(&mut reader, &mut frames).await?;
    writer.write_all(&crime.bytes(1, &[5])).await?;
    if crime == Crime::DeafFlood {
        loop {
            writer.write_all(&crime.bytes(1, &[])).await?;
        }
    }
    if crime == Crime::Truncated {
        writer.shutdown().await?;
    }
    drop(reader.read_to_end(&mut Vec::new()).await);
    Ok(())
}

async fn next(
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    frames: &mut FrameReader,
) -> std::io::Result<()> {
    loop {
        if frames
            .next_frame()
            .map_err(std::io::Error::other)?
            .is_some()
        {
            return Ok(());
        }
        if reader.read_buf(frames.buffer()).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A hello that compares no registry.
#[must_use]
pub fn hello(role: Role) -> Hello {
    let empty = Registry::builder().build().expect("nothing to clash");
    let node = Node::new(empty);
    Hello::new(role, node.id(), node.incarnation())
}
