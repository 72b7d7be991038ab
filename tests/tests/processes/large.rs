//! R7: large messages between processes.

use tests::soon;
use tests::workers::RigMsg;

use crate::bench::{Bench, LONG, ask_aside};

const MEBIBYTE: usize = 1024 * 1024;

// R7, P10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_mebibytes_travel_to_a_worker_and_back() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    let text = "0123456789abcdef".repeat(100 * MEBIBYTE / 16);

    let sent = text.clone();
    let asked = ask_aside(&bench.rig, |reply| RigMsg::Repeat(sent, reply));

    let answer = soon("the answer", asked).await.unwrap().unwrap();
    assert!(answer == text, "{} bytes came back", answer.len());
    assert_eq!(bench.ask_pid().await, pid);
    bench.end().await;
}

// A1, R7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_all_sizes_to_a_worker_keep_their_order() {
    let bench = Bench::new().await;
    let chunk = 64 * 1024;
    let around = [0, 1, chunk - 8, chunk, chunk + 8, 2 * chunk, MEBIBYTE];
    let lens: Vec<usize> = (0..70).map(|n| around[n % around.len()] + n).collect();

    for len in &lens {
        let text = "x".repeat(*len);
        bench.rig.send(RigMsg::Measure(text)).await.unwrap();
    }

    let notes = soon("the notes", bench.rig.ask_within(LONG, RigMsg::Notes)).await;
    assert!(
        notes
            .unwrap()
            .into_iter()
            .eq(lens.iter().map(|len| *len as u64))
    );
    bench.end().await;
}

// R7: answers, of several asks at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_answers_come_beside_each_other_and_beside_small_ones() {
    let bench = Bench::new().await;
    let texts: Vec<String> = (0..12)
        .map(|n| format!("{n} ").repeat(MEBIBYTE * (n % 3) + 1))
        .collect();

    let asked: Vec<_> = texts
        .iter()
        .map(|text| {
            let text = text.clone();
            ask_aside(&bench.rig, |reply| RigMsg::Repeat(text, reply))
        })
        .collect();

    for (asked, text) in asked.into_iter().zip(texts) {
        let answer = soon("an answer", asked).await.unwrap().unwrap();
        assert!(answer == text, "{} bytes came back", answer.len());
    }
    bench.end().await;
}
