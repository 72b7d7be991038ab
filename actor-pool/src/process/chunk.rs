//! Many small runs of one job in one frame: its arguments, and one outcome for each, in the same order.
//!
//! | of an outcome | |
//! |---|---|
//! | first | one byte: 0 done, 1 failed |
//! | then | the result or the encoded answer, [packed](crate::pack) |
//!
//! Each result has the whole limit for itself: what does not fit beside the others goes before them, as a part.
//!
//! An item that fails fails alone. Of a chunk whose worker ends nothing is known, so its items are run again one by one, if they may be.

use super::runner::spell;
use super::wire::Answer;
use super::worker;
use crate::{JobError, Jobs, Payload, pack};

const DONE: u8 = 0;
const FAILED: u8 = 1;

/// What an outcome takes beside its result: the byte and the length.
pub(super) const OUTCOME_HEAD: usize = 5;

/// Runs a job for each argument of a chunk. What would be more than the limit is sent before; the rest is given back.
pub(super) fn run<E>(
    jobs: &Jobs,
    limit: u64,
    job: &str,
    arguments: &[u8],
    mut send: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let job = worker::find(jobs, job);
    let mut out = Vec::with_capacity(arguments.len());
    for argument in pack::unpack(arguments) {
        let before = out.len();
        out.push(DONE);
        let ran = pack::push_with(&mut out, |out| {
            let job = job.as_ref().map_err(Clone::clone)?;
            worker::run(job, limit, argument, None, out)
        });
        if let Err(answer) = ran {
            out[before] = FAILED;
            pack::push_bytes(&mut out, &spell(&answer));
        }
        if before > 0 && out.len() as u64 > limit {
            send(&out[..before])?;
            out.drain(..before);
        }
    }
    Ok(out)
}

/// The outcomes of a chunk, the results encoded. Ends early at what is none.
pub(super) fn outcomes<'a>(
    mut answer: &'a [u8],
    job: &'a str,
) -> impl Iterator<Item = Result<&'a [u8], JobError>> {
    std::iter::from_fn(move || {
        let (byte, rest) = answer.split_first()?;
        let body = pack::unpack(rest).next()?;
        answer = &rest[4 + body.len()..];
        Some(match *byte {
            DONE => Ok(body),
            _ => Err(read_answer(body, job)),
        })
    })
}

/// Why there is no result.
pub(super) fn read_answer(body: &[u8], job: &str) -> JobError {
    match actor_core::wire::decode::<Answer>(body) {
        Ok(answer) => answer.into_error(job),
        Err(text) => JobError::Codec {
            payload: Payload::Result,
            text: text.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Job;
    use crate::task::{decode, encode};

    const HALF: Job<u64, u64> = Job::new("half/v1", |number| {
        assert!(number.is_multiple_of(2), "it is odd");
        number / 2
    });

    /// What is sent before and the rest.
    fn in_parts(jobs: &Jobs, limit: u64, arguments: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        let send = |part: &[u8]| {
            parts.push(part.to_vec());
            Ok::<_, std::convert::Infallible>(())
        };
        let Ok(rest) = run(jobs, limit, "half/v1", arguments, send);
        parts.push(rest);
        parts
    }

    fn whole(jobs: &Jobs, limit: u64, arguments: &[u8]) -> Vec<u8> {
        in_parts(jobs, limit, arguments).concat()
    }

    // P2, P10
    #[test]
    fn results_that_fit_alone_are_sent_in_parts_and_none_is_too_large() {
        let jobs = Jobs::builder().job(HALF).build().expect("one name");
        let mut arguments = Vec::new();
        for number in 1..=4u64 {
            let encoded = encode(Payload::Argument, &(2 * number)).expect("it encodes");
            pack::push_bytes(&mut arguments, &encoded);
        }

        for (limit, count) in [(1000, 1), (12, 2), (6, 4), (1, 4)] {
            let parts = in_parts(&jobs, limit, &arguments);

            assert_eq!(parts.len(), count, "a limit of {limit}");
            let all = parts.concat();
            let results = outcomes(&all, "half/v1").map(|outcome| {
                let result = outcome.expect("it is not too large");
                decode::<u64>(Payload::Result, result).expect("it decodes")
            });
            assert!(results.eq(1..=4), "a limit of {limit}");
        }
    }

    // P2, P10
    #[test]
    fn an_item_of_a_chunk_fails_alone_and_the_others_come_back_in_order() {
        let jobs = Jobs::builder().job(HALF).build().expect("one name");
        let mut arguments = Vec::new();
        for number in [2u64, 3, 8] {
            let encoded = encode(Payload::Argument, &number).expect("it encodes");
            pack::push_bytes(&mut arguments, &encoded);
        }

        let answer = whole(&jobs, 1000, &arguments);

        let outcomes: Vec<_> = outcomes(&answer, "half/v1").collect();
        let number =
            |place: usize| decode::<u64>(Payload::Result, outcomes[place].as_ref().ok()?).ok();
        assert_eq!((number(0), number(2)), (Some(1), Some(4)));
        assert!(matches!(outcomes[1], Err(JobError::Panicked { .. })));
        assert_eq!(outcomes.len(), 3);
    }

    #[test]
    fn an_answer_that_is_cut_off_gives_what_is_whole() {
        let jobs = Jobs::builder().job(HALF).build().expect("one name");
        let mut arguments = Vec::new();
        pack::push_bytes(&mut arguments, &[2]);
        pack::push_bytes(&mut arguments, &[4]);
        let answer = whole(&jobs, 1000, &arguments);

        for end in 0..answer.len() {
            assert!(outcomes(&answer[..end], "half/v1").count() < 2, "{end}");
        }
    }
}
