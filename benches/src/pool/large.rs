//! 64 MiB in one piece, from another process. The bytes are made before: their way is measured.
//!
//! Raw reads into one buffer again and again; `raw_fresh` into a new one each time, as somebody does who keeps the result.

use std::{
    hint::black_box,
    io::{Read, Write},
    time::Instant,
};

use tokio::runtime::Handle;

use super::{
    PoolSizes,
    jobs::LARGE,
    kept::{Kept, rounds},
};
use crate::{cli::RawChildMode, harness::Run, process::raw::FarSide};

pub(super) fn ours(on: &Handle) -> Run {
    rounds(on, Kept::processes, receive)
}

async fn receive(kept: Kept, sizes: PoolSizes) -> f64 {
    let begin = Instant::now();
    for _ in 0..sizes.large_results {
        let bytes = kept.pool.apply(&LARGE, sizes.large_bytes).await;
        let bytes = bytes.expect("nothing fails");
        assert_eq!(bytes.len() as u64, sizes.large_bytes, "bytes were lost");
        black_box(bytes);
    }
    millis_each(begin, sizes)
}

pub(super) fn raw() -> Run {
    raw_into(|kept, length| {
        kept.resize(length, 0);
        std::mem::take(kept)
    })
}

pub(super) fn raw_into_fresh() -> Run {
    raw_into(|_, length| vec![0; length])
}

fn raw_into(buffer: fn(&mut Vec<u8>, usize) -> Vec<u8>) -> Run {
    let mut far = FarSide::start(RawChildMode::Bulk).expect("the child starts");
    let mut kept = Vec::new();
    Box::new(move |sizes| {
        let begin = Instant::now();
        for _ in 0..sizes.pool.large_results {
            let length = sizes.pool.large_bytes;
            let mut bytes = buffer(&mut kept, length as usize);
            let asked = far.socket.write_all(&length.to_le_bytes());
            asked.expect("the child reads");
            far.socket.read_exact(&mut bytes).expect("the child writes");
            kept = black_box(bytes);
        }
        millis_each(begin, sizes.pool).into()
    })
}

fn millis_each(begin: Instant, sizes: PoolSizes) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3 / sizes.large_results as f64
}
