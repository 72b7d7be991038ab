//! What workers print becomes `tracing` events.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tests::workers::RigMsg;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::bench::Bench;

/// One event: its target and its fields, spelt `name=value`.
type Line = (String, Vec<String>);

#[derive(Clone)]
struct Collector(Arc<Mutex<Vec<Line>>>, Arc<tokio::sync::Notify>);

struct Fields(Vec<String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push(format!("{}={value:?}", field.name()));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push(format!("{}={value}", field.name()));
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(Vec::new());
        event.record(&mut fields);
        let target = event.metadata().target().to_owned();
        self.0.lock().unwrap().push((target, fields.0));
        self.1.notify_one();
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

// R2
#[test]
fn what_a_worker_prints_is_logged_with_its_name_pid_and_stream() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let more = Arc::new(tokio::sync::Notify::new());
    let collector = Collector(Arc::clone(&lines), Arc::clone(&more));
    // On one thread, so that the subscriber of this test is the one that is current when the worker is started.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _current = tracing::subscriber::set_default(collector);
    runtime.block_on(async {
        let bench = Bench::new().await;
        let pid = bench.ask_pid().await;

        bench.rig.send(RigMsg::Print("hello".into())).await.unwrap();

        let has = |stream: &str, message: &str| {
            lines.lock().unwrap().iter().any(|(target, fields): &Line| {
                let is = |field: &str| fields.iter().any(|other| other == field);
                target == "actor_remote::worker"
                    && is("worker=rig")
                    && is(&format!("pid={pid}"))
                    && is(&format!("stream={stream}"))
                    && is(&format!("message={message}"))
            })
        };
        tests::soon("both lines", async {
            while !(has("stdout", "hello on standard output")
                && has("stderr", "hello on standard error"))
            {
                more.notified().await;
            }
        })
        .await;
        bench.end().await;
    });
}
