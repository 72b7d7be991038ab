//! Starts, stops and kills, which take virtual time only.

use actor_core::prelude::*;
use actor_core::testing::Simulation;
use actor_core::{Fate, SupervisorError};

const SECOND: Duration = Duration::from_secs(1);

/// Never gets through its start-up, or through a message.
struct Sluggish {
    starts: bool,
}

impl Actor for Sluggish {
    type Msg = ();

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        if self.starts {
            return Ok(());
        }
        std::future::pending().await
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        std::future::pending().await
    }
}

// C8
#[test]
fn a_shutdown_kills_within_its_deadline_whoever_does_not_stop() {
    for placement in [Placement::Task, Placement::Thread] {
        for seed in 0..20 {
            let report = Simulation::new()
                .seed(seed)
                .strict(true)
                .run(|system| async move {
                    let sluggish = Sluggish { starts: true };
                    let sluggish = system.actor(sluggish).placement(placement).spawn();
                    sluggish.send(()).await.unwrap();
                    system.settle().await;

                    let report = system.shutdown(4 * SECOND).await;

                    assert_eq!(report.casualties[0].fate, Fate::Killed);
                    assert_eq!(sluggish.wait().await, ExitReason::Killed);
                });
            assert_eq!(
                report.unwrap().elapsed,
                3 * SECOND,
                "the last second is for killing"
            );
        }
    }
}

// C9
#[test]
fn a_start_up_that_hangs_ends_at_its_deadline() {
    for seed in 0..20 {
        let report = Simulation::new().seed(seed).run(|system| async move {
            let started = system.start(Sluggish { starts: false }).await;
            assert!(started.is_err());
        });
        assert_eq!(report.unwrap().elapsed, 30 * SECOND);
    }
}

// E11
#[test]
fn a_start_that_is_under_way_is_called_off() {
    for seed in 0..100 {
        let report = Simulation::new()
            .seed(seed)
            .strict(true)
            .run(|system| async move {
                let supervisor = Supervisor::builder(Strategy::OneForOne);
                let supervisor = supervisor.start(&system).await.unwrap();
                let (spec, sluggish) = ChildSpec::new("sluggish", || Sluggish { starts: false })
                    .shutdown(actor_core::Shutdown::Within(SECOND))
                    .build();
                let other = supervisor.clone();
                let starting = tokio::spawn(async move { other.start_child(spec).await });
                system.settle().await;

                supervisor.terminate_child("sluggish").await.unwrap();

                let started = starting.await.unwrap();
                assert!(
                    matches!(started, Err(SupervisorError::StartFailed(_))),
                    "{started:?}"
                );
                assert!(sluggish.wait().await.is_failure());
                supervisor.stop();
                supervisor.wait().await;
            });
        assert!(report.unwrap().elapsed <= SECOND);
    }
}
