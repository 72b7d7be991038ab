//! Many small runs of one job in one frame.
//!
//! | of a chunk | each item |
//! |---|---|
//! | arguments | length, `u32` little-endian; the encoded argument |
//! | outcomes, in the same order | one byte: 0 done, 1 failed; length, `u32` little-endian; the result or the encoded answer |
//!
//! An item that fails fails alone. Of a chunk whose worker ends nothing is known, so its items are run again one by one, if they may be.

use super::runner::spell;
use super::wire::Answer;
use super::worker;
use crate::Jobs;
use crate::task::Encoded;

const DONE: u8 = 0;
const FAILED: u8 = 1;
/// As a result whose blobs travel apart, see [`Tag::DoneApart`](super::frames::Tag::DoneApart).
const DONE_APART: u8 = 2;

/// Runs a job for each argument of a chunk. What is no chunk ends early; the pool then finds fewer outcomes than items.
pub(super) fn run(jobs: &Jobs, limit: u64, job: &str, arguments: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(arguments.len());
    let mut rest = arguments;
    while let Some(argument) = next(&mut rest) {
        let left = limit.saturating_sub(out.len() as u64);
        match worker::run(jobs, left, job, argument) {
            Ok(result) => put_result(&mut out, &result),
            Err(answer) => put(&mut out, FAILED, &spell(&answer)),
        }
    }
    out
}

fn put_result(out: &mut Vec<u8>, result: &Encoded) {
    if result.blobs.is_empty() {
        return put(out, DONE, &result.bytes);
    }
    let mut body = Vec::with_capacity(4 + result.len());
    body.extend_from_slice(
        &u32::try_from(result.bytes.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    body.extend_from_slice(&result.bytes);
    result
        .blobs
        .iter()
        .for_each(|blob| body.extend_from_slice(blob));
    put(out, DONE_APART, &body);
}

fn put(out: &mut Vec<u8>, byte: u8, body: &[u8]) {
    out.push(byte);
    // Limited to far less.
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(body);
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (item, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(item)
}

/// Appends an argument, which `encode` writes, to a chunk; on error nothing is appended.
#[expect(dead_code, reason = "maps hand their chunks over item by item so far")]
pub(crate) fn put_argument<E>(
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let begin = out.len();
    out.extend_from_slice(&[0; 4]);
    if let Err(error) = encode(out) {
        out.truncate(begin);
        return Err(error);
    }
    let len = u32::try_from(out.len() - begin - 4).unwrap_or(u32::MAX);
    out[begin..begin + 4].copy_from_slice(&len.to_le_bytes());
    Ok(())
}

/// The outcomes in an answer, the results encoded. Ends early at what is none.
#[expect(dead_code, reason = "maps hand their chunks over item by item so far")]
pub(crate) fn outcomes<'a>(
    answer: &'a [u8],
    job: &'a str,
) -> impl Iterator<Item = Result<&'a [u8], crate::JobError>> {
    let mut rest = answer;
    std::iter::from_fn(move || {
        let (byte, after) = rest.split_first()?;
        rest = after;
        let body = next(&mut rest)?;
        Some(match *byte {
            DONE => Ok(body),
            _ => Err(postcard::from_bytes::<Answer>(body)
                .unwrap_or(Answer::Unknown)
                .into_error(job)),
        })
    })
}
