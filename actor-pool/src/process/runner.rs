//! The thread of a worker process that runs its jobs, one after the other, straight from the job socket.
//!
//! ```text
//! job socket ──> frames ──> run ──> page (and a batch) ──> run the next ──> … ──> one write for the batch
//! ```
//!
//! Rules: (1) The outcome of a job is written before the next one begins, and that it begins: into the page that the pool sees too, which
//! wakes nobody. So whatever becomes of this process, the pool knows which job was in hand. (2) What waits in the page goes into the
//! socket when there is nothing more to do, when there is much of it, behind a job that took long, or after [`LINGER`], which a second
//! thread sees to; that one is started when something waits for the first time. (3) A job that
//! was taken back before it began is passed over.
//!
//! | of the page | |
//! |---|---|
//! | first | outcomes, as in the socket; some may have been sent already |
//! | then | four zero bytes |
//! | then | the number of the job that has begun last, `u64` little-endian |

use std::fs::File;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use actor_core::BoxError;
use actor_remote::blob::with_source;
use actor_remote::side::SideChannel;
use bytes::Bytes;
use tokio::sync::oneshot;

use super::chunk;
use super::frames::{Frames, HEAD, Kind, ORDER_HEAD, Order, Raw, Tag, cut_apart, outcome_head};
use super::wire::{Answer, WorkerArgs};
use super::worker;
use crate::progress::{Reporter, Scope};
use crate::{Jobs, WorkerInfo, WorkerKind, setup};

/// Bytes of the page that are used: one page of memory, so that what is written is there as a whole or not at all.
pub(super) const PAGE: usize = 4096;
/// With so many bytes a batch is sent: the pool refills while the rest of the window is worked on.
const BATCH: usize = 2048;
/// No outcome waits longer in the page.
const LINGER: Duration = Duration::from_micros(500);
/// The outcome of a job that took longer than this is sent before the next one begins: a write is little beside it, and nobody else needs
/// to be woken for that.
const SLOW: Duration = Duration::from_micros(250);
/// Bytes behind the last outcome in the page.
const BEHIND: usize = 4 + 8;
/// Exit code of a worker whose job socket failed.
const EXIT_NO_JOBS: i32 = 114;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which job has begun last, and which will not begin.
#[derive(Debug)]
pub(super) struct Turns {
    state: Mutex<(u64, RangeInclusive<u64>)>,
}

impl Default for Turns {
    fn default() -> Self {
        Turns {
            state: Mutex::new((0, RangeInclusive::new(1, 0))),
        }
    }
}

impl Turns {
    /// Whether the job of this number is to be begun.
    fn begin(&self, number: u64) -> bool {
        let mut state = lock(&self.state);
        if state.1.contains(&number) {
            return false;
        }
        state.0 = number;
        true
    }

    /// Of the jobs up to this number none begins any more. Returns the first that has not.
    pub(super) fn take_back(&self, upto: u64) -> u64 {
        let mut state = lock(&self.state);
        let first = state.0 + 1;
        if first <= upto {
            state.1 = first..=upto;
        }
        first
    }
}

/// Starts the thread. It ends with the process, or with the socket. What comes back says when, and whether, the initializer has run.
pub(super) fn start(
    channel: SideChannel,
    jobs: Jobs,
    args: WorkerArgs,
    turns: Arc<Turns>,
    reporter: Arc<Reporter>,
) -> io::Result<oneshot::Receiver<Result<(), BoxError>>> {
    let SideChannel { stream, page } = channel;
    let results = Arc::new(Results {
        socket: stream.try_clone()?,
        page,
        batch: Mutex::default(),
        filled: Condvar::new(),
    });
    // Jobs may use the runtime of the worker, as actors do.
    let runtime = tokio::runtime::Handle::current();
    let (tell, ready) = oneshot::channel();
    thread::Builder::new().name("jobs".into()).spawn(move || {
        let _entered = runtime.enter();
        let initialized = initialize(&jobs, &args);
        let is_ready = initialized.is_ok();
        // If nobody waits any more, the process ends.
        drop(tell.send(initialized));
        if !is_ready {
            return;
        }
        let runner = Runner {
            jobs,
            args,
            turns,
            results,
            scope: Scope::enter(&reporter),
        };
        if let Err(error) = runner.serve(&stream) {
            // Without its jobs the process is of no use, and its end is what the pool understands.
            tracing::error!(%error, "the job socket of a worker failed");
            std::process::exit(EXIT_NO_JOBS);
        }
    })?;
    Ok(ready)
}

/// Makes the state of the jobs, which stays on this thread.
fn initialize(jobs: &Jobs, args: &WorkerArgs) -> Result<(), BoxError> {
    if let Some(initializer) = jobs.initializer_of_workers() {
        let info = WorkerInfo {
            name: args.name.as_str().into(),
            kind: WorkerKind::Process,
            pid: Some(std::process::id()),
        };
        drop(setup::swap(Some(initializer.run(&info)?)));
    }
    Ok(())
}

struct Runner {
    jobs: Jobs,
    args: WorkerArgs,
    turns: Arc<Turns>,
    results: Arc<Results>,
    scope: Scope,
}

impl Runner {
    fn serve(&self, socket: &UnixStream) -> io::Result<()> {
        let limit = usize::try_from(self.args.argument_max).unwrap_or(usize::MAX);
        let mut frames = Frames::new(limit.saturating_add(ORDER_HEAD));
        loop {
            while frames.has_next() {
                if let Some((_, _, frame)) = frames.take_large() {
                    self.serve_large(&frame.into())?;
                } else {
                    self.serve_next(&mut frames)?;
                }
            }
            self.results.send()?;
            match frames.read_from(socket) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }

    fn serve_next(&self, frames: &mut Frames) -> io::Result<()> {
        let Some(place) = frames.advance().map_err(|_| broken())? else {
            return Ok(());
        };
        let raw = frames.at(place).map_err(|_| broken())?;
        self.serve_order(&raw.order().ok_or_else(broken)?)
    }

    /// An order that is a whole buffer. Blobs in it stay where they are.
    fn serve_large(&self, frame: &Bytes) -> io::Result<()> {
        let order = Raw::of_large(frame).and_then(|raw| raw.order());
        let order = order.ok_or_else(broken)?;
        if order.kind != Kind::OneApart {
            return self.serve_order(&order);
        }
        let (argument, blobs) = cut_apart(order.argument).ok_or_else(broken)?;
        let order = Order {
            kind: Kind::One,
            argument,
            ..order
        };
        with_source(frame.slice_ref(blobs), || self.serve_order(&order))
    }

    fn serve_order(&self, order: &Order<'_>) -> io::Result<()> {
        if order.kind == Kind::OneApart {
            // What has blobs apart is large.
            return Err(broken());
        }
        if !self.turns.begin(order.number) {
            return Ok(());
        }
        self.results.begin(order.number)?;
        self.scope.run(order.key);
        let number = order.number;
        if order.kind == Kind::Chunk {
            let part = |part: &[u8]| self.results.put_part(number, part);
            let (limit, name) = (self.args.result_max, order.name);
            let rest = chunk::run(&self.jobs, limit, name, order.argument, part)?;
            return self.results.put(number, Tag::Done, &[&rest]);
        }
        let mut aside = Vec::new();
        let limit = self.args.result_max;
        let mut result = Vec::new();
        let ran = worker::find(&self.jobs, order.name)
            .and_then(|job| worker::run(job, limit, order.argument, Some(&mut aside), &mut result));
        match ran {
            Ok(()) if aside.is_empty() => self.results.put(number, Tag::Done, &[&result]),
            Ok(()) => self.results.put_apart(number, &result, &aside),
            Err(answer) => self.results.put(number, Tag::Failed, &[&spell(&answer)]),
        }
    }
}

fn broken() -> io::Error {
    io::Error::other("what came over the job socket is no job")
}

pub(super) fn spell(answer: &Answer) -> Vec<u8> {
    // Texts and numbers always encode.
    postcard::to_stdvec(answer).unwrap_or_default()
}

#[derive(Default)]
struct Batch {
    /// What is not in the socket.
    bytes: Vec<u8>,
    /// Of that, what is in the page.
    kept: usize,
    /// Grows with each batch that was sent.
    number: u64,
    /// The second thread is there.
    is_seen_to: bool,
    /// It waits.
    is_idle: bool,
    /// When the job began whose outcome is to be the first in the batch.
    begun: Option<Instant>,
}

impl Batch {
    /// A job begins. Whether what is done so far is to be sent before. Where outcomes gather, jobs are fast and nobody looks at the clock.
    fn begin(&mut self, clock: impl FnOnce() -> Instant) -> bool {
        let is_full = self.bytes.len() >= BATCH;
        if self.kept > 0 {
            return is_full;
        }
        let now = clock();
        let took = self.begun.replace(now).map(|begun| now - begun);
        is_full || (!self.bytes.is_empty() && took.is_some_and(|took| took >= SLOW))
    }
}

/// The outcomes on their way to the pool.
struct Results {
    socket: UnixStream,
    page: Option<File>,
    batch: Mutex<Batch>,
    filled: Condvar,
}

impl Results {
    /// The job of this number begins: what is done so far is kept before that, and that it begins.
    fn begin(self: &Arc<Self>, number: u64) -> io::Result<()> {
        let mut guard = lock(&self.batch);
        let batch = &mut *guard;
        let Some(page) = &self.page else {
            return self.flush(batch);
        };
        let is_due = batch.begin(Instant::now);
        // Nothing may wait that nobody sees to.
        if is_due || !(batch.bytes.is_empty() || self.is_seen_to(batch)) {
            self.flush(batch)?;
        }
        let end = batch.bytes.len();
        batch.bytes.extend_from_slice(&[0; BEHIND - 8]);
        batch.bytes.extend_from_slice(&number.to_le_bytes());
        let written = page.write_all_at(&batch.bytes[batch.kept..], batch.kept as u64);
        batch.bytes.truncate(end);
        batch.kept = end;
        if end > 0 && std::mem::take(&mut batch.is_idle) {
            self.filled.notify_one();
        }
        written
    }

    /// Whether the second thread is there, started now if it was not.
    fn is_seen_to(self: &Arc<Self>, batch: &mut Batch) -> bool {
        if !batch.is_seen_to {
            let results = Arc::clone(self);
            let second = thread::Builder::new().name("outcomes".into());
            batch.is_seen_to = second.spawn(move || results.send_late()).is_ok();
        }
        batch.is_seen_to
    }

    /// A job is done.
    fn put(&self, number: u64, tag: Tag, pieces: &[&[u8]]) -> io::Result<()> {
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let head = outcome_head(number, tag, len);
        let mut batch = lock(&self.batch);
        if batch.bytes.len() + HEAD + len + BEHIND <= PAGE {
            batch.bytes.extend_from_slice(&head);
            pieces
                .iter()
                .for_each(|piece| batch.bytes.extend_from_slice(piece));
            return Ok(());
        }
        // A large one goes without another copy.
        self.flush(&mut batch)?;
        (&self.socket).write_all(&head)?;
        pieces
            .iter()
            .try_for_each(|piece| (&self.socket).write_all(piece))
    }

    /// Some of a chunk is done. It never goes by way of the page: read there and from the socket, it would count twice.
    fn put_part(&self, number: u64, outcomes: &[u8]) -> io::Result<()> {
        let mut batch = lock(&self.batch);
        self.flush(&mut batch)?;
        (&self.socket).write_all(&outcome_head(number, Tag::Part, outcomes.len()))?;
        (&self.socket).write_all(outcomes)
    }

    fn put_apart(&self, number: u64, result: &[u8], blobs: &[Bytes]) -> io::Result<()> {
        let len = u32::try_from(result.len()).unwrap_or(u32::MAX);
        let len = len.to_le_bytes();
        let mut pieces: Vec<&[u8]> = vec![&len, result];
        pieces.extend(blobs.iter().map(|blob| &**blob));
        self.put(number, Tag::DoneApart, &pieces)
    }

    fn send(&self) -> io::Result<()> {
        self.flush(&mut lock(&self.batch))
    }

    fn flush(&self, batch: &mut Batch) -> io::Result<()> {
        if !batch.bytes.is_empty() {
            (&self.socket).write_all(&batch.bytes)?;
            batch.bytes.clear();
            batch.kept = 0;
            batch.number += 1;
        }
        Ok(())
    }

    /// Sends what has waited for a while, so that no outcome waits for the job behind it.
    fn send_late(&self) {
        let mut batch = lock(&self.batch);
        loop {
            while batch.bytes.is_empty() {
                batch.is_idle = true;
                batch = self
                    .filled
                    .wait(batch)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let number = batch.number;
            drop(batch);
            thread::sleep(LINGER);
            batch = lock(&self.batch);
            if batch.number != number {
                continue;
            }
            // The job that runs is the first of the next batch, and nobody has seen it begin.
            batch.begun = None;
            // An error is the other thread's to find.
            if self.flush(&mut batch).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // P3
    #[test]
    fn what_is_taken_back_does_not_begin_and_what_has_begun_is_not_taken_back() {
        let turns = Turns::default();
        assert!(turns.begin(1));
        assert!(turns.begin(2));

        assert_eq!(turns.take_back(5), 3);

        assert!(!turns.begin(3));
        assert!(!turns.begin(5));
        assert!(turns.begin(6));
        assert_eq!(turns.take_back(6), 7, "it has begun");
        assert!(turns.begin(7));
    }

    #[test]
    fn outcomes_of_fast_jobs_gather_and_that_of_a_slow_one_goes_at_once() {
        let start = Instant::now();
        let mut batch = Batch::default();
        assert!(!batch.begin(|| start), "nothing is done");
        assert!(!batch.begin(|| start + SLOW), "nothing is to be sent");
        batch.bytes.resize(20, 0);

        assert!(batch.begin(|| start + 2 * SLOW));

        assert!(!batch.begin(|| start + 2 * SLOW + SLOW / 2), "it was fast");
        batch.kept = batch.bytes.len();
        assert!(!batch.begin(|| unreachable!("outcomes gather")));
        batch.bytes.resize(BATCH, 0);
        assert!(batch.begin(|| unreachable!("outcomes gather")));
    }

    #[test]
    fn taking_back_twice_covers_what_came_in_between() {
        let turns = Turns::default();
        assert!(turns.begin(1));
        assert_eq!(turns.take_back(3), 2);

        assert_eq!(turns.take_back(6), 2);

        assert!((2..=6).all(|number| !turns.begin(number)));
        assert!(turns.begin(7));
    }
}
