//! H2: groups.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use actor_core::link::on_end;
use actor_core::prelude::*;
use actor_core::{GroupEvent, GroupWatcher, JoinError};
use tests::puppet::{Act, Event, Puppet, act_now, fail, panic};
use tests::{in_every_placement, soon, system};

fn spawn(system: &ActorSystem) -> ActorRef<Act> {
    system.spawn(Puppet::new().0)
}

/// Waits until nobody uses a group or topic any more: what a task still holds is let go of when that task has ended.
async fn unused(what: &str, names: impl Fn() -> Vec<String>) {
    let free = async {
        while !names().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    soon(what, free).await;
}

// H2
#[tokio::test]
async fn who_joined_k_times_leaves_k_times() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let (thrice, once) = (spawn(&system), spawn(&system));
    for _ in 0..3 {
        group.join(&thrice).unwrap();
    }
    group.join(&once).unwrap();
    assert_eq!((group.joins(&thrice), group.joins(&once)), (3, 1));

    assert!(group.leave(&thrice));
    assert!(group.leave(&once));
    assert!(group.leave(&thrice));
    assert_eq!(group.members(), std::slice::from_ref(&thrice));
    assert!(group.leave(&thrice));

    assert!(group.is_empty());
    assert!(!group.leave(&thrice) && !group.leave(&once));
}

// H2
#[tokio::test]
async fn members_are_listed_once_in_the_order_of_joining() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let actors: Vec<_> = (0..50).map(|_| spawn(&system)).collect();
    for actor in actors.iter().rev() {
        group.join(actor).unwrap();
        group.join(&actors[49]).unwrap();
    }
    let mut expected: Vec<_> = actors.iter().rev().cloned().collect();
    assert_eq!(group.members(), expected);

    // Whoever comes back stands behind the others.
    assert!(group.leave(&actors[20]));
    group.join(&actors[20]).unwrap();

    expected.retain(|actor| *actor != actors[20]);
    expected.push(actors[20].clone());
    assert_eq!(group.members(), expected);
    assert_eq!(group.len(), 50);
}

// H2
async fn the_dead_leave_by_themselves(placement: Placement) {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let survivor = spawn(&system);
    group.join(&survivor).unwrap();
    for way in 0..5 {
        let actor = system.actor(Puppet::new().0).placement(placement).spawn();
        group.join(&actor).unwrap();
        group.join(&actor).unwrap();

        match way {
            0 => actor.stop(),
            1 => actor.kill(),
            2 => actor.drain(),
            3 => actor.send(fail("oh")).await.unwrap(),
            _ => actor.send(panic("oh")).await.unwrap(),
        }
        soon("the end", actor.wait()).await;

        assert_eq!(
            group.members(),
            std::slice::from_ref(&survivor),
            "way {way}"
        );
        assert_eq!(group.joins(&actor), 0);
        assert_eq!(group.join(&actor), Err(JoinError::Closed));
    }
}

in_every_placement!(the_dead_leave_by_themselves);

// H2, F4
#[tokio::test]
async fn whoever_handles_a_down_finds_the_dead_in_no_group() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let target = spawn(&system);
    let seen = group.clone();
    let (puppet, mut events) = Puppet::new();
    let watcher = system.spawn(puppet.on_signal(act_now(move |puppet, _| {
        puppet.note(seen.len() as u64);
        Ok(())
    })));
    // The monitor is older than the membership.
    let watched = target.any();
    let watching = act_now(move |puppet, ctx| {
        ctx.monitor(&watched);
        puppet.note(77);
        Ok(())
    });
    watcher.send(watching).await.unwrap();
    assert_eq!(events.next().await, Event::Note(77));
    let (told, heard) = tokio::sync::oneshot::channel();
    let at_once = group.clone();
    // Told in the very moment in which monitors are.
    on_end(&target.any(), move |_| {
        told.send(at_once.len()).ok();
    });
    group.join(&target).unwrap();

    target.stop();

    assert_eq!(soon("the end", heard).await, Ok(0));
    assert!(matches!(events.next().await, Event::Signal(_)));
    assert_eq!(events.next().await, Event::Note(0));
}

// H2, D1
#[tokio::test]
async fn a_member_that_is_restarted_stays_a_member() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let (spec, child) = ChildSpec::new("child", || Puppet::new().0).build();
    // Also before its first start.
    group.join(&child).unwrap();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    let mut watcher = group.watch();
    assert_eq!(
        watcher.try_recv(),
        Some(GroupEvent::Members(vec![child.downgrade()]))
    );

    child.send(fail("oh")).await.unwrap();
    while supervisor.which_children().await.unwrap()[0].restarts == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(group.members(), std::slice::from_ref(&child));
    assert_eq!(watcher.try_recv(), None);

    supervisor.terminate_child("child").await.unwrap();
    assert!(group.is_empty());
    assert_eq!(
        watcher.try_recv(),
        Some(GroupEvent::Left(child.downgrade()))
    );
}

// H2
#[tokio::test]
async fn a_group_of_another_message_type_is_an_error_that_names_both() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();

    let error = system.group::<String>("group").unwrap_err();

    assert_eq!(error.name, "group");
    assert!(error.wanted.ends_with("String") && error.found.ends_with("Act"));
    let text = error.to_string();
    assert!(text.contains("String") && text.contains("Act"), "{text}");
    // Groups and topics are different things, and so are the groups of two systems.
    assert!(system.topic::<String>("group").is_ok());
    assert!(tests::system().group::<String>("group").is_ok());
    drop(group);
    assert!(system.group::<String>("group").is_ok());
}

// H2, C7
#[tokio::test]
async fn a_group_keeps_nobody_alive() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let mut watcher = group.watch();
    let actor = spawn(&system);
    let id = actor.id();
    group.join(&actor).unwrap();

    drop(actor);

    let events = [
        soon("an event", watcher.recv()).await,
        soon("an event", watcher.recv()).await,
        soon("an event", watcher.recv()).await,
    ];
    let [
        Some(GroupEvent::Members(none)),
        Some(GroupEvent::Joined(joined)),
        Some(GroupEvent::Left(left)),
    ] = &events
    else {
        panic!("{events:?}");
    };
    assert!(none.is_empty());
    assert_eq!((joined.id(), left.id()), (id, id));
    assert_eq!(joined.upgrade(), None);
}

// H2
#[tokio::test]
async fn a_watcher_gets_the_members_and_then_every_change() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let (first, second) = (spawn(&system), spawn(&system));
    group.join(&first).unwrap();
    let mut watcher = group.watch();

    group.join(&second).unwrap();
    group.join(&second).unwrap();
    group.leave(&second);
    group.leave(&first);
    second.stop();

    let expected = [
        GroupEvent::Members(vec![first.downgrade()]),
        GroupEvent::Joined(second.downgrade()),
        GroupEvent::Left(first.downgrade()),
        GroupEvent::Left(second.downgrade()),
    ];
    for event in expected {
        assert_eq!(soon("an event", watcher.recv()).await, Some(event));
    }
    assert_eq!(watcher.try_recv(), None);
}

// H2
#[tokio::test]
async fn a_watcher_that_falls_behind_gets_a_fresh_snapshot() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let mut watcher = group.watch();
    let (stays, comes_and_goes) = (spawn(&system), spawn(&system));
    group.join(&stays).unwrap();
    for _ in 0..1_000 {
        group.join(&comes_and_goes).unwrap();
        group.leave(&comes_and_goes);
    }

    let event = watcher.recv().await;

    assert_eq!(event, Some(GroupEvent::Members(vec![stays.downgrade()])));
    assert_eq!(watcher.try_recv(), None);
    group.leave(&stays);
    assert_eq!(
        watcher.try_recv(),
        Some(GroupEvent::Left(stays.downgrade()))
    );
}

/// Who is in the group as a watcher knows it.
struct Follower {
    watcher: GroupWatcher<Act>,
    known: BTreeSet<u64>,
    number: fn(&WeakActorRef<Act>) -> u64,
}

impl Follower {
    fn new(group: &Group<Act>) -> Self {
        Follower {
            watcher: group.watch(),
            known: BTreeSet::new(),
            number: |member| {
                let id = member.id().to_string();
                id.trim_start_matches('#').parse().unwrap()
            },
        }
    }

    /// Reads what is there. A change that does not fit what is known is a gap.
    fn follow(&mut self) {
        while let Some(event) = self.watcher.try_recv() {
            match event {
                GroupEvent::Members(members) => {
                    self.known = members.iter().map(self.number).collect();
                }
                GroupEvent::Joined(member) => assert!(self.known.insert((self.number)(&member))),
                GroupEvent::Left(member) => assert!(self.known.remove(&(self.number)(&member))),
                other => panic!("{other:?}"),
            }
        }
    }
}

// H2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_gap_between_a_snapshot_and_the_changes_after_it() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let actors: Vec<_> = (0..4).map(|_| spawn(&system)).collect();
    let mortals: Vec<_> = (0..200).map(|_| spawn(&system)).collect();
    let done = AtomicBool::new(false);

    let followers: Vec<Follower> = thread::scope(|scope| {
        let watching: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut followers = std::collections::VecDeque::new();
                    while !done.load(Ordering::SeqCst) {
                        // Each begins at some moment between two changes.
                        followers.push_back(Follower::new(&group));
                        followers.iter_mut().for_each(Follower::follow);
                        if followers.len() > 20 {
                            followers.pop_front();
                        }
                    }
                    followers
                })
            })
            .collect();
        let changing: Vec<_> = actors
            .chunks(2)
            .map(|own| {
                let group = &group;
                scope.spawn(move || {
                    for round in 0..1_500 {
                        for actor in own {
                            group.join(actor).unwrap();
                            if round % 3 > 0 {
                                group.leave(actor);
                            }
                        }
                    }
                })
            })
            .collect();
        for mortal in &mortals {
            group.join(mortal).unwrap();
            mortal.kill();
        }
        changing
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        done.store(true, Ordering::SeqCst);
        watching
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    for mortal in &mortals {
        soon("the end", mortal.wait()).await;
    }

    let members: BTreeSet<u64> = {
        let mut present = Follower::new(&group);
        present.follow();
        present.known
    };
    assert_eq!(members.len(), actors.len());
    for mut follower in followers {
        follower.follow();
        assert_eq!(follower.known, members);
    }
}

// H2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_may_race_with_the_end_of_the_actor() {
    let system = system();
    let group = system.group::<Act>("group").unwrap();
    let mut joined = 0;
    for round in 0..600 {
        let actor = spawn(&system);
        let barrier = Barrier::new(2);

        let result = thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                if round % 2 == 0 {
                    actor.kill();
                } else {
                    actor.stop();
                }
            });
            barrier.wait();
            let result = group.join(&actor);
            // Whoever leaves and comes back must not come to stay.
            if round % 3 == 0 {
                group.leave(&actor);
                group.join(&actor).ok();
            }
            result
        });
        soon("the end", actor.wait()).await;

        joined += usize::from(result.is_ok());
        assert!(group.is_empty(), "round {round}: {result:?}");
    }
    assert!(joined > 0, "no join was ever in time");
    drop(group);
    assert_eq!(system.groups(), [""; 0]);
}

// H2
#[tokio::test]
async fn a_group_is_there_while_anybody_uses_it() {
    let system = system();
    assert!(system.groups().is_empty());
    let actor = spawn(&system);

    // A member keeps it, …
    system.group("group").unwrap().join(&actor).unwrap();
    assert_eq!(system.groups(), ["group"]);
    assert!(system.group("group").unwrap().contains(&actor));
    // … so does a watcher, …
    let watcher = system.group::<Act>("group").unwrap().watch();
    assert!(system.group("group").unwrap().leave(&actor));
    assert_eq!(system.groups(), ["group"]);
    // … and a handle.
    let handle = system.group::<Act>("group").unwrap();
    drop(watcher);
    assert_eq!(system.groups(), ["group"]);
    drop(handle);
    assert!(system.groups().is_empty());

    // The dead do not.
    for _ in 0..100 {
        let mortal = spawn(&system);
        for name in ["a", "b", "c"] {
            system.group(name).unwrap().join(&mortal).unwrap();
        }
        assert_eq!(system.groups(), ["a", "b", "c"]);
        mortal.kill();
        soon("the end", mortal.wait()).await;
        unused("the end of the groups", || system.groups()).await;
    }
}

// H2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_holds_a_group_shares_it_with_whoever_comes_while_others_let_go() {
    let system = system();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let actor = spawn(&system);
                for _ in 0..2_000 {
                    // Freed and made again all the time, by this thread and the others.
                    let mine = system.group::<Act>("group").unwrap();
                    mine.join(&actor).unwrap();
                    assert!(system.group("group").unwrap().contains(&actor));
                    mine.leave(&actor);
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..2_000 {
                // Refused while the others have it, and then not in their way.
                drop(system.group::<String>("other"));
                drop(system.groups());
            }
        });
    });

    assert!(system.groups().is_empty());
}

// H2
#[tokio::test]
async fn the_end_of_a_system_empties_its_groups_and_ends_their_watchers() {
    let system = system().unchecked();
    let group = system.group::<Act>("group").unwrap();
    let mut watcher = group.watch();
    let actor = spawn(&system);
    group.join(&actor).unwrap();
    assert!(watcher.try_recv().is_some() && watcher.try_recv().is_some());

    system.shutdown(Duration::from_secs(5)).await;
    assert!(group.is_empty());
    assert!(matches!(watcher.try_recv(), Some(GroupEvent::Left(_))));
    drop((system, actor));

    assert_eq!(soon("the end", watcher.recv()).await, None);
}
