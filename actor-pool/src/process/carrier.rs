//! The task beside one worker process: reads its outcomes, writes what did not fit into the socket, hands out what has gathered, and
//! watches the time. It ends when the agent hangs up; it never decides what becomes of a job.

use std::fs::File;
use std::future::{Future, pending};
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actor_core::ActorRef;
use actor_remote::side::SideChannel;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::chunk::OUTCOME_HEAD;
use super::desk::{Desk, Due};
use super::frames::{Frames, Tag, read_page};
use super::runner::PAGE;
use super::shelf::Shelf;
use super::wire::WorkerMsg;

/// The agent's hold on a carrier.
pub(super) struct Carrier {
    hang_up: oneshot::Sender<()>,
    ended: JoinHandle<Option<u64>>,
}

impl Carrier {
    /// Starts it. The desk knows the line already.
    pub(super) fn start(
        desk: &Arc<Desk>,
        socket: &Arc<UnixStream>,
        page: Option<File>,
        root: ActorRef<WorkerMsg>,
    ) -> io::Result<Self> {
        let shelf = Arc::<Shelf>::default();
        let reading = Reading {
            socket: registered(socket, Interest::READABLE)?,
            // A failure is spelt out, so there is room for one whatever the limit.
            frames: Frames::new(desk.result_max.max(64 * 1024).saturating_add(OUTCOME_HEAD))
                .with_shelf(&shelf),
            shelf,
            page,
            desk: Arc::clone(desk),
            root,
            taking: None,
        };
        let (hang_up, hung_up) = oneshot::channel();
        let ended = crate::runtime::spawn(reading.run(hung_up));
        Ok(Carrier { hang_up, ended })
    }

    /// The worker has ended: all that it has written is settled when this is done. Returns the job that has begun last; `None` if that is
    /// not known.
    pub(super) async fn hang_up(self) -> Option<u64> {
        self.hang_up.send(()).ok();
        // It is aborted only with the runtime.
        self.ended.await.ok().flatten()
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, and asks for what a socket that owns its descriptor always gives"
)]
fn registered(stream: &UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(stream.try_clone()?, interest)
}

/// After so long the socket is tried again for which there was no descriptor.
const RETRY: Duration = Duration::from_millis(10);

/// How the carrier learns that there is room in the socket for what is left.
enum Room {
    /// Nothing is left.
    Unwanted,
    Watched(AsyncFd<UnixStream>),
    /// It cannot be watched, since too few descriptors are left.
    TriedAt(Instant),
}

impl Room {
    fn watch(socket: &UnixStream) -> Self {
        match registered(socket, Interest::WRITABLE) {
            Ok(socket) => Room::Watched(socket),
            Err(_) => Room::TriedAt(Instant::now() + RETRY),
        }
    }

    /// Completes when there may be some.
    async fn wait(&self) {
        match self {
            Room::Unwanted => pending().await,
            Room::Watched(socket) => match socket.writable().await {
                Ok(mut ready) => ready.clear_ready(),
                // The end of the worker is at hand.
                Err(_) => pending().await,
            },
            Room::TriedAt(moment) => sleep_until(*moment).await,
        }
    }

    fn is_watched(&self) -> bool {
        matches!(self, Room::Watched(_))
    }
}

/// A shorter read has taken all that was there.
const READ_FULL: usize = 32 * 1024;

type TakingBack = Pin<Box<dyn Future<Output = Option<RangeInclusive<u64>>> + Send>>;

struct Reading {
    desk: Arc<Desk>,
    socket: AsyncFd<UnixStream>,
    frames: Frames,
    shelf: Arc<Shelf>,
    page: Option<File>,
    root: ActorRef<WorkerMsg>,
    taking: Option<TakingBack>,
}

/// How reading goes.
#[derive(PartialEq, Eq)]
enum Read {
    /// There is no more for now.
    Empty,
    /// There never will be.
    Over,
}

impl Reading {
    async fn run(mut self, mut hung_up: oneshot::Receiver<()>) -> Option<u64> {
        let mut is_over = false;
        let mut room = Room::Unwanted;
        loop {
            if matches!(room, Room::Unwanted) && self.desk.has_unsent() {
                room = Room::watch(self.socket.get_ref());
            }
            let look = sooner(self.desk.next_look(), self.shelf.due());
            tokio::select! { biased;
                _ = &mut hung_up => break,
                ready = self.socket.readable(), if !is_over => {
                    let Ok(mut ready) = ready else { break };
                    ready.clear_ready();
                    is_over = self.read() == Read::Over;
                }
                taken = taken_back(&mut self.taking) => {
                    self.taking = None;
                    self.desk.handle_taken_back(taken);
                }
                () = self.desk.called.notified() => self.desk.pump(),
                // From here on there is a time to watch.
                () = self.shelf.filled.notified() => {}
                () = room.wait() => {
                    self.desk.flush();
                    if !room.is_watched() || !self.desk.has_unsent() {
                        room = Room::Unwanted;
                    }
                }
                () = until(look) => self.look(),
            }
        }
        if !is_over {
            self.read();
        }
        self.read_page()
    }

    /// Settles all that is there.
    fn read(&mut self) -> Read {
        loop {
            match self.frames.read_from(self.socket.get_ref()) {
                Ok(0) => return Read::Over,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Read::Empty,
                Err(_) => return Read::Over,
                // Less than there was room for: that was all.
                Ok(len) if self.settle_all() => {
                    if len < READ_FULL {
                        return Read::Empty;
                    }
                }
                Ok(_) => {
                    tracing::warn!("a worker process sent what is no outcome, and is killed");
                    self.root.kill();
                    return Read::Over;
                }
            }
        }
    }

    fn settle_all(&mut self) -> bool {
        let mut outcomes = 0;
        loop {
            let (tag, settled) = if let Some((number, tag, frame)) = self.frames.take_large() {
                let frame = self.shelf.lend(frame);
                (tag, self.desk.settle_large(number, tag, frame))
            } else {
                match self.frames.next() {
                    Ok(Some(raw)) => (raw.tag(), raw.settle(&self.desk)),
                    Ok(None) => break,
                    Err(_) => (None, false),
                }
            };
            if !settled {
                return false;
            }
            outcomes += usize::from(tag != Some(Tag::Part));
        }
        if outcomes > 0 {
            self.desk.handle_settled(outcomes);
        }
        true
    }

    /// What a worker that has ended had written into the page and not yet into the socket.
    fn read_page(&self) -> Option<u64> {
        let mut bytes = [0; PAGE];
        let page = self.page.as_ref()?;
        let mut len = 0;
        while let Ok(more @ 1..) = page.read_at(&mut bytes[len..], len as u64) {
            len += more;
        }
        // What came over the socket before is of no job that is next.
        let (outcomes, begun) = read_page(&bytes[..len]);
        for raw in outcomes {
            raw.settle(&self.desk);
        }
        // A page that was never written: nothing has begun.
        begun.or(Some(0).filter(|_| len == 0))
    }

    fn look(&mut self) {
        self.shelf.handle_time(Instant::now());
        if let Due::TakeBack(root, upto) = self.desk.look() {
            self.taking = Some(Box::pin(async move {
                let asked =
                    root.ask_within(Duration::MAX, |reply| WorkerMsg::TakeBack(upto, reply));
                asked.await.ok().map(|first| first..=upto)
            }));
        }
    }
}

async fn taken_back(taking: &mut Option<TakingBack>) -> Option<RangeInclusive<u64>> {
    match taking {
        Some(taking) => taking.await,
        None => pending().await,
    }
}

fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// The parts of a job socket, made ready for a runtime.
pub(super) fn prepare(channel: SideChannel) -> io::Result<(Arc<UnixStream>, Option<File>)> {
    // The flag belongs to this end alone: the worker's is untouched.
    channel.stream.set_nonblocking(true)?;
    Ok((Arc::new(channel.stream), channel.page))
}
