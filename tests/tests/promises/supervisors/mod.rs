//! E: supervisors.

mod dynamic;
mod misuse;
mod model;
mod nested;
mod restarting;
mod significant;
mod starting;
mod stopping;
mod strategies;

use actor_core::prelude::*;
use actor_core::{ChildState, Fate, StartError, SupervisorBuilder, SupervisorError};
use tests::puppet::{Event, Events, Puppet, act, act_now, answer, note};
use tests::stage::{Job, Order, Stage};
use tests::{in_every_placement, paused_system, soon, system};

const HOUR: Duration = Duration::from_secs(3600);

fn supervisor() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(10, HOUR)
}

async fn states(supervisor: &SupervisorRef) -> Vec<(String, ChildState)> {
    let children = supervisor.which_children().await.unwrap();
    children
        .into_iter()
        .map(|child| (child.id, child.state))
        .collect()
}

async fn wait_for_state(supervisor: &SupervisorRef, place: usize, state: ChildState) {
    let waiting = async {
        while supervisor.which_children().await.unwrap()[place].state != state {
            tokio::task::yield_now().await;
        }
    };
    soon(&format!("{state:?}"), waiting).await;
}
