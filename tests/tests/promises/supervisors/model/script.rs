//! What may happen to a supervisor: random cases, which shrink to short ones.

use actor_core::{AutoShutdown, Restart, Strategy as Siblings};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A supervisor, and what happens to it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) strategy: Siblings,
    pub(super) auto: AutoShutdown,
    pub(super) max_failures: usize,
    pub(super) max_children: usize,
    pub(super) kids: Vec<KidSpec>,
    /// One of the first children may fail to start at the beginning.
    pub(super) failing: Option<usize>,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct KidSpec {
    pub(super) restart: Restart,
    pub(super) significant: bool,
    pub(super) has_backoff: bool,
}

/// How a child ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Stop,
    Fail,
    Kill,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// These end in the same moment.
    Exit(Vec<(String, How)>),
    /// The next starts of a child fail, so many of them.
    FailStarts(String, usize),
    /// So many seconds pass.
    Pause(u64),
    Start(String, KidSpec),
    Restart(String),
    Terminate(String),
    Delete(String),
}

/// The id of the child with this number.
pub(super) fn id_of(number: usize) -> String {
    char::from(b'a' + u8::try_from(number).expect("few children")).to_string()
}

fn id() -> impl Strategy<Value = String> {
    (0..5usize).prop_map(id_of)
}

fn kid() -> impl Strategy<Value = KidSpec> {
    let restart = prop_oneof![
        4 => Just(Restart::Permanent),
        3 => Just(Restart::Transient),
        2 => Just(Restart::Temporary),
    ];
    (restart, any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(restart, significant, has_backoff)| KidSpec {
            restart,
            significant,
            has_backoff,
        },
    )
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![Just(How::Fail), Just(How::Kill), Just(How::Stop)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (id(), how()).prop_map(|exit| Step::Exit(vec![exit])),
        2 => vec((id(), how()), 2..4).prop_map(Step::Exit),
        3 => (id(), 1..4usize).prop_map(|(id, times)| Step::FailStarts(id, times)),
        2 => (1..4u64).prop_map(Step::Pause),
        3 => (id(), kid()).prop_map(|(id, kid)| Step::Start(id, kid)),
        3 => id().prop_map(Step::Restart),
        3 => id().prop_map(Step::Terminate),
        2 => id().prop_map(Step::Delete),
    ]
}

/// Any case.
pub(super) fn case() -> impl Strategy<Value = Case> {
    let siblings = prop_oneof![
        Just(Siblings::OneForOne),
        Just(Siblings::OneForAll),
        Just(Siblings::RestForOne),
    ];
    let auto = prop_oneof![
        2 => Just(AutoShutdown::Never),
        1 => Just(AutoShutdown::Any),
        1 => Just(AutoShutdown::All),
    ];
    let max_children = prop_oneof![3 => Just(usize::MAX), 1 => 4..6usize];
    (
        (siblings, auto, 0..6usize, max_children),
        vec(kid(), 0..5),
        option::weighted(0.1, 0..5usize),
        vec(step(), 1..13),
    )
        .prop_map(
            |((strategy, auto, max_failures, max_children), kids, failing, steps)| Case {
                strategy,
                auto,
                max_failures,
                max_children,
                failing: failing.filter(|place| *place < kids.len()),
                kids: kids.into_iter().map(|kid| sound(kid, auto)).collect(),
                steps: steps.into_iter().map(|step| one_end(step, auto)).collect(),
            },
        )
}

/// A child that may be there at the beginning; senseless ones are tried by calls.
fn sound(kid: KidSpec, auto: AutoShutdown) -> KidSpec {
    let significant = kid.significant && auto != AutoShutdown::Never;
    let restart = match kid.restart {
        Restart::Permanent if significant => Restart::Transient,
        other => other,
    };
    KidSpec {
        significant,
        restart,
        ..kid
    }
}

/// When one end may be the end of all, whether another in the same moment came first is nobody's promise.
fn one_end(step: Step, auto: AutoShutdown) -> Step {
    match step {
        Step::Exit(mut exits) if auto != AutoShutdown::Never => {
            exits.truncate(1);
            Step::Exit(exits)
        }
        other => other,
    }
}
