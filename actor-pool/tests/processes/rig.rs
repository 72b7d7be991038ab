//! The jobs, the pool, and a place where jobs in workers can be met.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{Blob, Job, Jobs, Pool, PoolBuilder};
use actor_remote::{Node, Registry};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

pub(crate) const LONG: Duration = Duration::from_secs(60);
/// A worker that has this in its environment knows one job less.
pub(crate) const FEWER: &str = "POOL_TEST_FEWER";

pub(crate) const SQUARE: Job<u64, u64> = Job::new("test.square/v1", |number| number * number);
pub(crate) const PID: Job<(), u32> = Job::new("test.pid/v1", |()| std::process::id());
pub(crate) const PANIC: Job<String, ()> = Job::new("test.panic/v1", |text| panic!("{text}"));
pub(crate) const EXIT: Job<i32, ()> = Job::new("test.exit/v1", |code| {
    eprintln!("these are my last words");
    std::process::exit(code)
});
pub(crate) const ABORT: Job<(), ()> = Job::new("test.abort/v1", |()| std::process::abort());
pub(crate) const MEET: Job<PathBuf, u32> = Job::new("test.meet/v1", meet);
pub(crate) const BYTES: Job<usize, Vec<u8>> = Job::new("test.bytes/v1", |count| vec![7; count]);
pub(crate) const LENGTH: Job<Vec<u8>, usize> = Job::new("test.length/v1", |bytes| bytes.len());
pub(crate) const TAKE: Job<Trouble, ()> = Job::new("test.take/v1", |_| ());
pub(crate) const GIVE: Job<When, Trouble> = Job::new("test.give/v1", Trouble);
pub(crate) const ENV: Job<String, Option<String>> =
    Job::new("test.env/v1", |name| std::env::var(name).ok());
/// Says how far it is before it waits.
pub(crate) const STEPS: Job<PathBuf, u32> = Job::new("test.steps/v1", |place| {
    actor_pool::report_progress(3, 4);
    meet(place)
});
/// How many jobs of this kind its worker has done.
pub(crate) const COUNT: Job<(), u64> = Job::new("test.count/v1", |()| {
    let next = |count: &mut u64| {
        *count += 1;
        *count
    };
    actor_pool::with_state(next).unwrap()
});
/// Ends its process for one number.
pub(crate) const EXIT_AT: Job<u64, u64> = Job::new("test.exit_at/v1", |number| {
    if number == 13 {
        std::process::exit(13)
    }
    number
});
/// The initializer of a worker that has this in its environment fails.
pub(crate) const BROKEN: &str = "POOL_TEST_BROKEN";
pub(crate) const BOMB: Job<Bomb, Bomb> = Job::new("test.bomb/v1", |bomb| {
    bomb.go_off(Stage::Run);
    bomb
});
/// Memory that is never given back, in bytes; the process.
pub(crate) const LEAK: Job<usize, u32> = Job::new("test.leak/v1", |bytes| {
    std::mem::forget(std::hint::black_box(vec![1u8; bytes]));
    std::process::id()
});
/// Adds a line to a file, and takes its time over it.
pub(crate) const NOTE: Job<(PathBuf, u64), u64> = Job::new("test.note/v1", |(ledger, number)| {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.append(true).open(ledger).unwrap();
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
    let begin = std::time::Instant::now();
    while begin.elapsed() < Duration::from_micros(300) {
        std::hint::spin_loop();
    }
    number
});
pub(crate) const BLOB: Job<usize, Blob> = Job::new("test.blob/v1", |len| vec![5; len].into());
pub(crate) const WEIGH: Job<Blob, usize> = Job::new("test.weigh/v1", |blob| blob.len());
pub(crate) const MEASURE: Job<Counted, usize> =
    Job::new("test.measure/v1", |counted| counted.0.len());
/// In nobody's list.
pub(crate) const STRANGE: Job<(), ()> = Job::new("test.strange/v1", |()| ());
/// The name of another job.
pub(crate) const IMPOSTOR: Job<String, u64> = Job::new("test.square/v1", |_| 0);

/// At which stage something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum When {
    Never,
    Encode,
    EncodePanics,
    Decode,
    DecodePanics,
}

/// A stage of a job's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    DecodeArgument,
    Run,
    EncodeResult,
}

/// What happens to the worker at that stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Deed {
    Exit,
    Abort,
    Kill,
}

/// Ends the process of a worker at one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bomb(pub(crate) Stage, pub(crate) Deed);

impl Bomb {
    fn go_off(self, stage: Stage) {
        if self.0 != stage || !actor_remote::worker_guard::is_worker() {
            return;
        }
        match self.1 {
            Deed::Exit => std::process::exit(9),
            Deed::Abort => std::process::abort(),
            Deed::Kill => {
                sigkill(std::process::id());
                loop {
                    std::thread::park();
                }
            }
        }
    }
}

impl Serialize for Bomb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.go_off(Stage::EncodeResult);
        (self.0, self.1).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bomb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (stage, deed) = <(Stage, Deed)>::deserialize(deserializer)?;
        let bomb = Bomb(stage, deed);
        bomb.go_off(Stage::DecodeArgument);
        Ok(bomb)
    }
}

/// Something that cannot travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble(pub(crate) When);

impl Serialize for Trouble {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            When::Encode => Err(S::Error::custom("no words for it")),
            When::EncodePanics => panic!("lost for words"),
            when => when.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Trouble {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match When::deserialize(deserializer)? {
            When::Decode => Err(D::Error::custom("cannot make sense of it")),
            When::DecodePanics => panic!("out of its senses"),
            when => Ok(Trouble(when)),
        }
    }
}

/// How many values of type [`Counted`] this process has encoded. For one test.
pub(crate) static ENCODED: AtomicU32 = AtomicU32::new(0);

#[derive(Deserialize)]
pub(crate) struct Counted(pub(crate) Vec<u8>);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ENCODED.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_newtype_struct("Counted", &self.0)
    }
}

pub(crate) fn jobs() -> Jobs {
    let jobs = Jobs::builder()
        .job(PID)
        .job(PANIC)
        .job(EXIT)
        .job(ABORT)
        .job(MEET)
        .job(BYTES)
        .job(LENGTH)
        .job(TAKE)
        .job(GIVE)
        .job(STEPS)
        .job(COUNT)
        .job(EXIT_AT)
        .initializer(|_| match std::env::var_os(BROKEN) {
            Some(_) => Err("no licence".into()),
            None => Ok(0u64),
        })
        .job(ENV)
        .job(BOMB)
        .job(LEAK)
        .job(NOTE)
        .job(BLOB)
        .job(WEIGH)
        .job(MEASURE);
    let jobs = match std::env::var_os(FEWER) {
        Some(_) => jobs,
        None => jobs.job(SQUARE),
    };
    jobs.build().unwrap()
}

pub(crate) fn registry() -> Registry {
    jobs().register(Registry::builder()).build().unwrap()
}

/// A pool of so many processes that run this executable.
pub(crate) fn builder(processes: usize) -> PoolBuilder {
    Pool::builder()
        .processes(processes, &Node::new(registry()), &jobs())
        .process_arg("this_executable_is_its_own_worker")
        .process_arg("--exact")
        .process_arg("--nocapture")
}

pub(crate) async fn pool(processes: usize) -> (ActorSystem, Pool) {
    let system = ActorSystem::new("test");
    let pool = builder(processes).start(&system).await.unwrap();
    (system, pool)
}

pub(crate) fn pids(pool: &Pool) -> Vec<u32> {
    let workers = pool.workers();
    workers.iter().filter_map(|worker| worker.pid).collect()
}

fn as_pid(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

pub(crate) fn sigkill(pid: u32) {
    kill_process(as_pid(pid), Signal::KILL).unwrap();
}

/// Stops a process, and waits until each of its threads has stopped.
#[cfg(target_os = "linux")]
pub(crate) fn sigstop(pid: u32) {
    kill_process(as_pid(pid), Signal::STOP).unwrap();
    let is_stopped = || {
        let mut threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        threads.all(|thread| {
            let stat = std::fs::read_to_string(thread.unwrap().path().join("stat"));
            stat.is_ok_and(|stat| stat.contains(") T "))
        })
    };
    while !is_stopped() {
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn sigcont(pid: u32) {
    kill_process(as_pid(pid), Signal::CONT).unwrap();
}

/// For a process picked from a snapshot: one that died meanwhile is there no more. Returns whether it was.
pub(crate) fn sigkill_if_there(pid: u32) -> bool {
    match kill_process(as_pid(pid), Signal::KILL) {
        Ok(()) => true,
        Err(rustix::io::Errno::SRCH) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Whether there is no such process, not even a zombie.
pub(crate) fn is_gone(pid: u32) -> bool {
    test_kill_process(as_pid(pid)).is_err()
}

/// Tells its process id at the meeting place and waits there until it is let go.
fn meet(place: PathBuf) -> u32 {
    let mut stream = BlockingStream::connect(place).unwrap();
    stream.write_all(&std::process::id().to_ne_bytes()).unwrap();
    // The end of the stream lets it go as well.
    let _end_or_byte = stream.read(&mut [0]).unwrap();
    std::process::id()
}

/// Where jobs of kind [`MEET`] go.
pub(crate) struct Meeting {
    pub(crate) place: PathBuf,
    listener: UnixListener,
}

/// A job that stands at the meeting place: it is in the hands of this process.
pub(crate) struct Guest {
    pub(crate) pid: u32,
    stream: UnixStream,
}

impl Meeting {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pool-{}-{number}.sock", std::process::id());
        let place = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&place).unwrap();
        Meeting { place, listener }
    }

    pub(crate) async fn guest(&self) -> Guest {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut pid = [0; 4];
        stream.read_exact(&mut pid).await.unwrap();
        Guest {
            pid: u32::from_ne_bytes(pid),
            stream,
        }
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        std::fs::remove_file(&self.place).ok();
    }
}

impl Guest {
    pub(crate) async fn let_go(mut self) {
        self.stream.write_all(&[1]).await.unwrap();
    }
}

/// Knows when the thread of a runtime has nothing to do.
#[cfg(target_os = "linux")]
#[derive(Clone, Default)]
pub(crate) struct Rest(std::sync::Arc<(AtomicU32, tokio::sync::Notify)>);

#[cfg(target_os = "linux")]
impl Rest {
    pub(crate) fn begin(&self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        self.0.1.notify_one();
    }

    /// Completes when it rests after this call.
    pub(crate) async fn comes(&self) {
        let before = self.0.0.load(Ordering::Relaxed);
        while self.0.0.load(Ordering::Relaxed) == before {
            self.0.1.notified().await;
        }
    }
}
