//! How many jobs and messages make one round.

/// How many jobs and messages make one round. Python's are fewer where it would take seconds: its figures are per job, too.
#[derive(Clone, Copy)]
pub(crate) struct PoolSizes {
    pub(crate) closures: u64,
    pub(crate) python_closures: u64,
    pub(crate) submitted: u64,
    pub(crate) python_submitted: u64,
    pub(crate) mapped: u64,
    pub(crate) python_mapped: u64,
    pub(crate) applied: usize,
    pub(crate) python_applied: u64,
    /// Processes that are started, one after the other.
    pub(crate) starts: usize,
    pub(crate) routed: u64,
    /// Jobs, long ones included.
    pub(crate) skewed: usize,
    pub(crate) computed: usize,
    pub(crate) large_results: usize,
    pub(crate) large_bytes: u64,
}

impl PoolSizes {
    pub(crate) const fn full() -> Self {
        Self {
            closures: 500_000,
            python_closures: 20_000,
            submitted: 200_000,
            python_submitted: 20_000,
            mapped: 1_000_000,
            python_mapped: 1_000_000,
            applied: 20_000,
            python_applied: 10_000,
            starts: 20,
            routed: 1_000_000,
            skewed: 3_000,
            computed: 2_000,
            large_results: 20,
            large_bytes: 64 * 1024 * 1024,
        }
    }

    pub(crate) const fn quick() -> Self {
        Self {
            closures: 2_000,
            python_closures: 200,
            submitted: 2_000,
            python_submitted: 200,
            mapped: 10_000,
            python_mapped: 10_000,
            applied: 100,
            python_applied: 100,
            starts: 2,
            routed: 8_000,
            skewed: 200,
            computed: 20,
            large_results: 2,
            ..Self::full()
        }
    }

    pub(crate) const fn warm_up(self) -> Self {
        Self {
            closures: self.closures / 4,
            python_closures: self.python_closures / 4,
            submitted: self.submitted / 4,
            python_submitted: self.python_submitted / 4,
            mapped: self.mapped / 4,
            python_mapped: self.python_mapped / 4,
            applied: self.applied / 4,
            python_applied: self.python_applied / 4,
            starts: self.starts / 2,
            routed: self.routed / 4,
            skewed: self.skewed / 10,
            computed: self.computed / 10,
            large_results: self.large_results / 2,
            ..self
        }
    }
}
