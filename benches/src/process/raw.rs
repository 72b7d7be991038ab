//! The floor: blocking reads and writes on a Unix socket pair, with this executable run again as the
//! far side. No runtime, no queue, no serialisation worth the name.
//!
//! | mode | this side sends | the child does |
//! |---|---|---|
//! | echo | [`ECHO_BYTES`] bytes at a time | sends them back |
//! | bulk | a length as `u64` | sends as many bytes, which were there before |
//! | count | frames: length as `u32`, then as many bytes; length 0 asks for the count | counts; answers with a `u64` |

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Child, Command, ExitCode, Stdio},
    time::Instant,
};

use clap::ValueEnum;

use crate::{
    cli::RawChildMode,
    harness::{Role, Run, Subject},
    sizes::Sizes,
    workload::Workload,
};

/// A small message with its envelope: what an ask carries each way.
const ECHO_BYTES: usize = 16;
/// The body of a one-way message: one `u64`.
const BODY_BYTES: usize = 8;
const HEAD_BYTES: usize = 4;
const FRAME_BYTES: usize = HEAD_BYTES + BODY_BYTES;
/// One write or read of frames.
const BUFFER_BYTES: usize = 64 * 1_024;

/// The subject, its two child processes running.
pub(super) fn subject() -> Subject {
    Subject::new("raw", Role::Raw)
        .with(Workload::ProcessOneWay, one_way())
        .with(Workload::ProcessAsk, asks(|sizes| sizes.process_asks))
}

fn one_way() -> Run {
    let mut far = FarSide::start(RawChildMode::Count).expect("the child starts");
    Box::new(move |sizes| {
        let messages = sizes.process_messages;
        let begin = Instant::now();
        let counted = send_frames(&mut far.socket, messages).expect("the child reads");
        let figure = begin.elapsed().as_nanos() as f64 / messages as f64;
        assert_eq!(counted, messages, "messages were lost");
        figure.into()
    })
}

/// Encodes and writes `messages` frames, then asks for the count.
fn send_frames(socket: &mut UnixStream, messages: u64) -> io::Result<u64> {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES + FRAME_BYTES);
    for message in 0..messages {
        buffer.extend_from_slice(&(BODY_BYTES as u32).to_le_bytes());
        buffer.extend_from_slice(&message.to_le_bytes());
        if buffer.len() >= BUFFER_BYTES {
            socket.write_all(&buffer)?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(&0u32.to_le_bytes());
    socket.write_all(&buffer)?;
    let mut answer = [0; 8];
    socket.read_exact(&mut answer)?;
    Ok(u64::from_le_bytes(answer))
}

/// So many round trips, one at a time.
pub(crate) fn asks(count: fn(&Sizes) -> usize) -> Run {
    let mut far = FarSide::start(RawChildMode::Echo).expect("the child starts");
    Box::new(move |sizes| {
        let asks = count(sizes);
        let mut nanos = Vec::with_capacity(asks);
        for number in 0..asks {
            let begin = Instant::now();
            let back = round_trip(&mut far.socket, number as u64).expect("the child echoes");
            nanos.push(begin.elapsed().as_nanos() as u64);
            assert_eq!(back, number as u64, "an answer was wrong");
        }
        median_micros(&mut nanos).into()
    })
}

fn round_trip(socket: &mut UnixStream, number: u64) -> io::Result<u64> {
    let mut message = [0; ECHO_BYTES];
    message[..8].copy_from_slice(&number.to_le_bytes());
    socket.write_all(&message)?;
    socket.read_exact(&mut message)?;
    let mut back = [0; 8];
    back.copy_from_slice(&message[..8]);
    Ok(u64::from_le_bytes(back))
}

/// The median of single measurements, of which there is at least one.
pub(crate) fn median_micros(nanos: &mut [u64]) -> f64 {
    let middle = nanos.len() / 2;
    *nanos.select_nth_unstable(middle).1 as f64 / 1_000.0
}

/// A child and this side's end of the socket pair; dropping it ends the child.
pub(crate) struct FarSide {
    child: Child,
    pub(crate) socket: UnixStream,
}

impl FarSide {
    pub(crate) fn start(mode: RawChildMode) -> io::Result<Self> {
        let (socket, far_end) = UnixStream::pair()?;
        let mode = mode.to_possible_value().expect("no mode is skipped");
        let child = Command::new(std::env::current_exe()?)
            .args(["raw-child", mode.get_name()])
            .stdin(Stdio::from(OwnedFd::from(far_end)))
            .spawn()?;
        Ok(Self { child, socket })
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        // End of file is how the child learns that it is over.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let _ = self.child.wait();
    }
}

/// The whole life of a child: its standard input is the socket, end of file its end.
pub(crate) fn run_child(mode: RawChildMode) -> ExitCode {
    let run = || {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        match mode {
            RawChildMode::Echo => echo(socket),
            RawChildMode::Count => count(socket),
            RawChildMode::Bulk => bulk(socket),
        }
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("raw child: {error}");
            ExitCode::FAILURE
        }
    }
}

fn echo(mut socket: UnixStream) -> io::Result<()> {
    let mut message = [0; ECHO_BYTES];
    loop {
        match socket.read_exact(&mut message) {
            Ok(()) => socket.write_all(&message)?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn bulk(mut socket: UnixStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut length = [0; 8];
    loop {
        match socket.read_exact(&mut length) {
            Ok(()) => {
                bytes.resize(u64::from_le_bytes(length) as usize, 7);
                socket.write_all(&bytes)?;
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn count(mut socket: UnixStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut filled, mut counted) = (0, 0u64);
    loop {
        let read = socket.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut begin = 0;
        while let Some(body) = body_length(&buffer[begin..filled]) {
            begin += HEAD_BYTES + body;
            if body == 0 {
                socket.write_all(&counted.to_le_bytes())?;
                counted = 0;
            } else {
                counted += 1;
            }
        }
        buffer.copy_within(begin..filled, 0);
        filled -= begin;
    }
}

/// The length of the body when the whole frame is there.
fn body_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<HEAD_BYTES>()?;
    let length = u32::from_le_bytes(*head) as usize;
    (bytes.len() >= HEAD_BYTES + length).then_some(length)
}
