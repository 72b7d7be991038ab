//! How a published table is read, by several threads and in the middle of itself.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc;

use super::{Published, Reader};

fn published(first: u32) -> (Arc<Published<u32>>, Reader<u32>) {
    let published = Arc::new(Published::new(first));
    let reader = Reader::new(Arc::clone(&published));
    (published, reader)
}

/// What a glance shows, if it shows anything.
fn glance(reader: &Reader<u32>) -> Option<u32> {
    reader.glance().map(|seen| *seen)
}

// P11
#[test]
fn a_thread_sees_the_present_table_from_its_second_glance_on() {
    let (_published, reader) = published(1);

    assert_eq!(glance(&reader), None);
    assert_eq!(glance(&reader), Some(1));
    std::thread::scope(|scope| {
        let other = scope.spawn(|| [glance(&reader), glance(&reader)]);
        assert_eq!(other.join().expect("it ends"), [None, Some(1)]);
    });
}

// P11
#[test]
fn a_glance_never_shows_a_table_that_was_replaced() {
    let (published, reader) = published(1);
    assert_eq!([glance(&reader), glance(&reader)], [None, Some(1)]);

    published.publish(2);

    assert_eq!(reader.with(|table| *table), 2);
    assert_eq!([glance(&reader), glance(&reader)], [None, Some(2)]);
}

// P11
#[test]
fn a_glance_that_is_held_knows_that_the_table_was_replaced() {
    let (published, reader) = published(1);
    drop(reader.glance());
    let held = reader.glance().expect("the second shows it");
    assert!(held.is_current());

    published.publish(2);

    assert!(!held.is_current());
    // In the middle of it the same thread reads the present one all the same.
    assert_eq!((glance(&reader), reader.with(|table| *table)), (None, 2));
    drop(held);
    assert_eq!([glance(&reader), glance(&reader)], [None, Some(2)]);
}

// P11
#[test]
fn a_replaced_table_is_let_go_of_when_its_reader_looks_again_or_goes() {
    let first = Arc::new(1);
    let published = Arc::new(Published::new(Arc::clone(&first)));
    let reader = Reader::new(Arc::clone(&published));
    drop(reader.glance());
    assert!(Arc::strong_count(&first) > 2);

    published.publish(Arc::new(2));
    assert_eq!(Arc::strong_count(&first), 2, "what this thread saw");

    drop(reader.glance());
    assert_eq!(Arc::strong_count(&first), 1);
}

thread_local! {
    static LAST_WORD: RefCell<Option<LastWord>> = const { RefCell::new(None) };
}

/// Reads once more when its thread ends.
struct LastWord(Arc<Reader<u32>>, mpsc::Sender<u32>);

impl Drop for LastWord {
    fn drop(&mut self) {
        let seen = glance(&self.0).unwrap_or_else(|| self.0.with(|table| *table));
        self.1.send(seen).expect("somebody waits for it");
    }
}

// P11
#[test]
fn a_thread_reads_the_table_also_while_it_ends() {
    let (published, reader) = published(1);
    let reader = Arc::new(reader);
    let (tell, told) = mpsc::channel();

    let ending = std::thread::spawn({
        let reader = Arc::clone(&reader);
        move || {
            // Before the first glance, so that its end comes after that of what the glance keeps for the thread.
            let last = LastWord(Arc::clone(&reader), tell);
            LAST_WORD.with(|word| *word.borrow_mut() = Some(last));
            drop(reader.glance());
            published.publish(2);
        }
    });

    ending.join().expect("it ends");
    assert_eq!(told.recv(), Ok(2));
}
