//! What a job is: a function with a stable name, options for one run of it, and what comes back.

use std::fmt;

use crate::WorkerInfo;

/// A function that a pool can run anywhere, under a name that is the same in every process.
///
/// The name, not the address of the function, is what travels to a process worker; end it with a version and change that when the
/// argument, the result or the meaning changes. Argument and result implement serde's traits.
///
/// A job that can fail returns a `Result` as its value.
///
/// ```
/// use actor_pool::Job;
///
/// fn is_even(number: u64) -> bool {
///     number.is_multiple_of(2)
/// }
///
/// const IS_EVEN: Job<u64, bool> = Job::new("example.is_even/v1", is_even);
/// assert_eq!(IS_EVEN.name(), "example.is_even/v1");
/// ```
pub struct Job<Arg, Out> {
    name: &'static str,
    function: fn(Arg) -> Out,
}

impl<Arg, Out> Job<Arg, Out> {
    /// A job. It costs nothing, so declare it as a constant beside the function.
    #[must_use]
    pub const fn new(name: &'static str, function: fn(Arg) -> Out) -> Self {
        Job { name, function }
    }

    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn function(&self) -> fn(Arg) -> Out {
        self.function
    }
}

impl<Arg, Out> Clone for Job<Arg, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Arg, Out> Copy for Job<Arg, Out> {}

impl<Arg, Out> fmt::Debug for Job<Arg, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({:?})", self.name)
    }
}

/// Options for one run of a job.
///
/// ```
/// use actor_pool::JobOptions;
///
/// let options = JobOptions::new().retryable();
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct JobOptions {
    pub(crate) retryable: bool,
}

impl JobOptions {
    /// The defaults: not run again when its worker is lost.
    pub const fn new() -> Self {
        JobOptions { retryable: false }
    }

    /// It may run more than once without harm: when its worker is lost it is run again on another one, in its old place in the
    /// queue. A job that loses three workers in a row fails with [`JobError::Quarantined`](crate::JobError::Quarantined).
    ///
    /// A panic is an answer and is not tried again.
    pub const fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}

/// The result of a job, and who found it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completed<Out> {
    /// What the function returned.
    pub value: Out,
    /// Who ran it.
    pub worker: WorkerInfo,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// Accepted, and not begun.
    Pending,
    /// In the hands of a worker.
    Running,
    /// It has an outcome: a result, or an error.
    Finished,
}
