//! E3, E4, E11, E13 and E16: several processes under one supervisor, beside a task.

use actor_core::AutoShutdown;
use actor_core::prelude::*;
use actor_remote::{Node, PidWatch};
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::{RigArgs, RigMsg, registry};

use crate::bench::{LONG, signal, vanished, worker};

/// Workers under one supervisor.
struct Group {
    system: ActorSystem,
    sup: SupervisorRef,
    rigs: Vec<ActorRef<RigMsg>>,
    pids: Vec<PidWatch>,
}

impl Group {
    async fn start(strategy: Strategy, restarts: &[Restart]) -> Group {
        let system = ActorSystem::new("groups");
        let node = Node::new(registry());
        let mut builder = Supervisor::builder(strategy).intensity(10, LONG);
        let (mut rigs, mut pids) = (Vec::new(), Vec::new());
        for (number, restart) in restarts.iter().enumerate() {
            let built = worker(&node, &number.to_string(), RigArgs::Works);
            pids.push(built.pid());
            let (spec, rig) = built.child().restart(*restart).build();
            builder = builder.child(spec);
            rigs.push(rig);
        }
        let sup = builder.start(&system).await.unwrap();
        Group {
            system,
            sup,
            rigs,
            pids,
        }
    }

    fn pids(&self) -> Vec<u32> {
        let pids = self.pids.iter();
        pids.map(|pid| pid.current().expect("it runs")).collect()
    }

    /// The process of a worker once it is not this one any more.
    async fn next_pid(&self, place: usize, old: u32) -> u32 {
        loop {
            let asked = self.rigs[place].ask_within(LONG, RigMsg::Pid);
            match soon("an answer", asked).await {
                Ok(pid) if pid != old => return pid,
                _ => tokio::task::yield_now().await,
            }
        }
    }

    async fn end(self) {
        self.sup.stop();
        soon("the end", self.sup.wait()).await;
        assert_eq!(self.system.live_actors(), 0);
    }
}

// E4, D1, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_for_all_replaces_the_processes_of_all_workers_and_keeps_their_references() {
    let group = Group::start(Strategy::OneForAll, &[Restart::Permanent; 3]).await;
    let old = group.pids();
    let ids: Vec<_> = group.rigs.iter().map(ActorRef::id).collect();

    signal(old[1], Sig::KILL);

    for (place, pid) in old.iter().enumerate() {
        assert_ne!(group.next_pid(place, *pid).await, *pid);
        vanished(*pid).await;
    }
    assert!(group.rigs.iter().map(ActorRef::id).eq(ids));
    let children = group.sup.which_children().await.unwrap();
    assert!(children.iter().all(|child| child.restarts == 1));
    group.end().await;
}

// E3, E4, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_for_one_leaves_the_processes_before_the_crashed_one_alone() {
    let restarts = [
        Restart::Permanent,
        Restart::Permanent,
        Restart::Temporary,
        Restart::Permanent,
    ];
    let group = Group::start(Strategy::RestForOne, &restarts).await;
    let old = group.pids();

    signal(old[1], Sig::KILL);

    group.next_pid(1, old[1]).await;
    group.next_pid(3, old[3]).await;
    let end = soon("the end", group.rigs[2].wait()).await;
    assert_eq!(end, ExitReason::Shutdown, "temporary ones end for good");
    vanished(old[2]).await;
    assert_eq!(
        group.rigs[0].ask_within(LONG, RigMsg::Pid).await,
        Ok(old[0])
    );
    group.end().await;
}

// E11, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_worker_is_started_again_by_a_call_under_the_same_reference() {
    let group = Group::start(Strategy::OneForOne, &[Restart::Permanent]).await;
    let old = group.pids()[0];
    group.sup.terminate_child("0").await.unwrap();
    vanished(old).await;
    assert!(group.rigs[0].is_closed());

    group.sup.restart_child("0").await.unwrap();

    let pid = group.rigs[0].ask_within(LONG, RigMsg::Pid).await.unwrap();
    assert_ne!(pid, old);
    assert_eq!(group.sup.count_children().await.unwrap().active, 1);
    group.end().await;
}

// E13, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_significant_worker_ends_its_supervisor() {
    let system = ActorSystem::new("groups");
    let node = Node::new(registry());
    let built = worker(&node, "rig", RigArgs::Works);
    let child = built.child().restart(Restart::Transient);
    let (spec, rig) = child.significant(true).build();
    let sup = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::Any);
    let sup = sup.child(spec).start(&system).await.unwrap();

    rig.send(RigMsg::Stop).await.unwrap();

    assert_eq!(soon("the end", sup.wait()).await, ExitReason::Shutdown);
    assert_eq!(rig.wait().await, ExitReason::Normal);
}
