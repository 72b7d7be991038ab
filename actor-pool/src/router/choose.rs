//! Which worker gets a message that has no key. Pure: numbers in, a number out.
//!
//! Asked by `switch` for every message. The only state is the number of the message, which the caller keeps; chance is a function of that
//! number and of a seed, so that the same seed gives the same choices in the same order.
//!
//! | choice | looks at |
//! |---|---|
//! | round-robin | the number of the message; it begins again after the last worker |
//! | random | the number, mixed with the seed |
//! | least loaded | two workers at random; the one with less to do, the first if they have the same |
//!
//! Two choices instead of the least of all: nearly as even, constant in cost, and senders that look at the same moment do not all run to
//! the same worker (Mitzenmacher, "The power of two choices in randomized load balancing").

/// How a worker is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    RoundRobin,
    Random,
    LeastLoaded,
}

/// The worker, of so many, for the message of this number. `load` is asked for two of them at most.
///
/// There is at least one worker.
#[inline(always)]
pub(super) fn choose(
    choice: Choice,
    turn: u64,
    seed: u64,
    workers: usize,
    load: impl Fn(usize) -> usize,
) -> usize {
    match choice {
        // As `next_turn` leaves it: no division, unless workers have gone or the last one had its turn.
        Choice::RoundRobin if turn < workers as u64 => turn as usize,
        Choice::RoundRobin => (turn % workers as u64) as usize,
        Choice::Random => scale(dice(seed, turn), workers),
        Choice::LeastLoaded if workers == 1 => 0,
        Choice::LeastLoaded => {
            let dice = dice(seed, turn);
            let first = scale(dice, workers);
            // One of the others, each as likely.
            let other = scale(dice.rotate_left(32), workers - 1);
            let other = if other >= first { other + 1 } else { other };
            if load(other) < load(first) {
                other
            } else {
                first
            }
        }
    }
}

/// The number of the next message, after one that had this place as its choice.
#[inline]
pub(super) fn next_turn(choice: Choice, turn: u64, place: usize) -> u64 {
    match choice {
        Choice::RoundRobin => place as u64 + 1,
        Choice::Random | Choice::LeastLoaded => turn.wrapping_add(1),
    }
}

/// A number for each turn, as if at random: SplitMix64 at this place of its sequence.
fn dice(seed: u64, turn: u64) -> u64 {
    mix(seed.wrapping_add(turn.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// The finalizer of SplitMix64: every bit of the input changes about half of those of the output.
#[inline]
pub(super) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// From all numbers of 64 bits to those below `limit`, evenly, by the upper half.
fn scale(bits: u64, limit: usize) -> usize {
    (((bits >> 32) * limit as u64) >> 32) as usize
}
