//! How many workers, and of which kind: the parameters that `primes` and `wordcount` share.

use std::fmt;
use std::thread::available_parallelism;

use clap::Args;

use crate::exit::Failure;

/// `--processes` and `--threads`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct WorkerArgs {
    /// Workers that are child processes, 0 to 256 [default: one per core; 0 if --threads is given]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) processes: Option<u16>,

    /// Workers that are threads of this process, 0 to 256 [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) threads: Option<u16>,
}

/// The workers to start: at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Crew {
    /// Workers in child processes.
    pub(crate) processes: usize,
    /// Workers on threads.
    pub(crate) threads: usize,
}

impl WorkerArgs {
    /// The crew these parameters ask for.
    ///
    /// # Errors
    /// If they leave no worker at all.
    pub(crate) fn crew(&self) -> Result<Crew, Failure> {
        let crew = match (self.processes, self.threads) {
            (None, None) => Crew {
                processes: available_parallelism().map_or(1, usize::from),
                threads: 0,
            },
            (processes, threads) => Crew {
                processes: processes.unwrap_or(0).into(),
                threads: threads.unwrap_or(0).into(),
            },
        };
        if crew.processes + crew.threads == 0 {
            return Err(Failure::Input(
                "zero workers can do no work: give --processes N or --threads N with N of at least 1".to_owned(),
            ));
        }
        Ok(crew)
    }
}

impl fmt::Display for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.processes, "process worker"),
            (self.threads, "thread worker"),
        ];
        let present: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| crate::topology::counted(*count as u64, kind))
            .collect();
        f.write_str(&present.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crew(processes: Option<u16>, threads: Option<u16>) -> Result<Crew, Failure> {
        WorkerArgs { processes, threads }.crew()
    }

    #[test]
    fn one_process_worker_per_core_is_the_default() {
        let crew = crew(None, None).unwrap();

        assert_eq!(crew.processes, available_parallelism().unwrap().get());
        assert_eq!(crew.threads, 0);
    }

    #[test]
    fn a_count_that_is_given_replaces_the_default_of_both() {
        assert_eq!(
            crew(None, Some(3)).unwrap(),
            Crew {
                processes: 0,
                threads: 3
            }
        );
        assert_eq!(
            crew(Some(1), None).unwrap(),
            Crew {
                processes: 1,
                threads: 0
            }
        );
        assert_eq!(
            crew(Some(1), Some(2)).unwrap(),
            Crew {
                processes: 1,
                threads: 2
            }
        );
    }

    #[test]
    fn zero_workers_are_refused_with_what_to_do_next() {
        for (processes, threads) in [(Some(0), None), (None, Some(0)), (Some(0), Some(0))] {
            let refusal = crew(processes, threads).unwrap_err();

            assert_eq!(refusal.code(), crate::exit::USAGE);
            assert!(refusal.to_string().contains("zero workers"), "{refusal}");
            assert!(refusal.to_string().contains("--processes N"), "{refusal}");
        }
    }

    #[test]
    fn a_crew_is_told_by_kind() {
        assert_eq!(
            Crew {
                processes: 2,
                threads: 0
            }
            .to_string(),
            "2 process workers"
        );
        assert_eq!(
            Crew {
                processes: 1,
                threads: 3
            }
            .to_string(),
            "1 process worker and 3 thread workers"
        );
    }
}
