//! A second connection to a worker process, for what must not wait for tasks: a pool's jobs and their results.
//!
//! The parent makes it when it starts the process and hands one end over the first socket, before the handshake. Beside the socket
//! there may be a page of memory that both see: what the worker has written there is there for the parent also when the worker is killed in
//! the next moment, and writing it wakes nobody.
//!
//! Used by actor-pool. Whoever uses it lays its bytes out by itself; the link neither reads nor writes here.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Tells the worker to expect the descriptors.
pub(crate) const SIDE_MARKER: &str = "ACTOR_REMOTE_SIDE";
/// What the descriptors travel with.
const GREETING: [u8; 1] = [b'S'];
const DESCRIPTORS_MAX: usize = 2;

/// One end of a second connection.
#[derive(Debug)]
pub struct SideChannel {
    /// The connection.
    pub stream: UnixStream,
    /// Memory that both sides see, where the system has such a thing.
    pub page: Option<File>,
}

impl SideChannel {
    fn pair() -> io::Result<(SideChannel, SideChannel)> {
        let (ours, theirs) = UnixStream::pair()?;
        let page = shared_page()?;
        let copy = page.as_ref().map(File::try_clone).transpose()?;
        let end = |stream, page| SideChannel { stream, page };
        Ok((end(ours, page), end(theirs, copy)))
    }
}

#[cfg(target_os = "linux")]
fn shared_page() -> io::Result<Option<File>> {
    use rustix::fs::{MemfdFlags, memfd_create};
    let page = memfd_create("actor-worker-page", MemfdFlags::CLOEXEC)?;
    Ok(Some(File::from(page)))
}

#[cfg(not(target_os = "linux"))]
fn shared_page() -> io::Result<Option<File>> {
    Ok(None)
}

/// Where one end waits to be taken by whoever asked for it.
#[derive(Clone, Debug, Default)]
pub struct SideSlot {
    kept: Arc<Mutex<Option<SideChannel>>>,
}

impl SideSlot {
    /// Takes this side's end. `None` before the start, and after the first call.
    #[must_use]
    pub fn take(&self) -> Option<SideChannel> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn put(&self, channel: SideChannel) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel);
    }

    /// Makes a connection, and hands the other end to the process at the far end of `socket`.
    pub(crate) fn open(&self, socket: &UnixStream) -> io::Result<()> {
        let (ours, theirs) = SideChannel::pair()?;
        let mut descriptors: Vec<BorrowedFd<'_>> = vec![theirs.stream.as_fd()];
        descriptors.extend(theirs.page.as_ref().map(AsFd::as_fd));
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        // The space is made for as many.
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        sendmsg(
            socket,
            &[IoSlice::new(&GREETING)],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )?;
        self.put(ours);
        Ok(())
    }
}

/// The worker's end, in the process of a worker that was given one.
static GIVEN: Mutex<Option<SideChannel>> = Mutex::new(None);

/// Takes the worker's end. `None` in a process that was given none, and after the first call.
#[must_use]
pub fn take_side_channel() -> Option<SideChannel> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Receives what the parent has handed over, if it has. Before anything else is read from the socket.
pub(crate) fn receive(socket: &UnixStream) -> io::Result<()> {
    if std::env::var_os(SIDE_MARKER).is_none() {
        return Ok(());
    }
    let given = receive_descriptors(socket)?;
    *GIVEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
    Ok(())
}

fn receive_descriptors(socket: &UnixStream) -> io::Result<SideChannel> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut greeting = [0];
    let mut into = [IoSliceMut::new(&mut greeting)];
    let received = recvmsg(socket, &mut into, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let mut descriptors = descriptors.into_iter();
    match descriptors.next() {
        Some(stream) if received.bytes == 1 && greeting == GREETING => Ok(SideChannel {
            stream: stream.into(),
            page: descriptors.next().map(File::from),
        }),
        _ => Err(io::Error::other("the parent handed no second socket over")),
    }
}
