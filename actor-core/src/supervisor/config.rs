//! What a supervisor was told at its beginning; every incarnation of it begins with this.

use std::collections::HashSet;
use std::time::Duration;

use super::plan::Plan;
use super::policy::Intensity;
use super::spec::Spec;
use super::{AutoShutdown, Strategy};
use crate::StartError;
use crate::sync::Arc;

/// See the module's header.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) strategy: Strategy,
    pub(super) auto_shutdown: AutoShutdown,
    /// How many failures within how long are tolerated.
    pub(super) intensity: (u32, Duration),
    pub(super) max_children: usize,
    pub(super) specs: Vec<Arc<Spec>>,
    /// Whether these children outlive an incarnation of the supervisor, since another one may follow.
    pub(super) keeps_children: bool,
}

impl Config {
    /// 1 failure in 5 seconds, as in Erlang/OTP.
    pub(super) fn new(strategy: Strategy) -> Self {
        Config {
            strategy,
            auto_shutdown: AutoShutdown::default(),
            intensity: (1, Duration::from_secs(5)),
            max_children: usize::MAX,
            specs: Vec::new(),
            keeps_children: false,
        }
    }

    pub(super) fn plan(&self, seed: u64) -> Plan {
        let (max, period) = self.intensity;
        Plan::new(
            self.strategy,
            self.auto_shutdown,
            self.max_children,
            Intensity::new(max, period),
            seed,
        )
    }

    /// Whether children with these specifications can be started at all.
    pub(super) fn check(&self) -> Result<(), StartError> {
        let mut ids = HashSet::new();
        for spec in &self.specs {
            if !ids.insert(&spec.id) {
                return Err(StartError::DuplicateChild(spec.id.clone()));
            }
            let facts = spec.facts();
            facts
                .check(self.auto_shutdown)
                .map_err(|problem| StartError::InvalidChild {
                    id: facts.id,
                    problem,
                })?;
        }
        if self.specs.len() > self.max_children {
            return Err(StartError::MaxChildren(self.max_children));
        }
        Ok(())
    }
}
