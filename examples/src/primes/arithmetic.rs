//! Trial division: the work that a worker does, plain and without shortcuts, so that every divisor is really tried.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a worker answers for one number.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct PrimeAnswer {
    /// The number that was asked for.
    pub(crate) number: u64,
    /// Whether it is prime.
    pub(crate) is_prime: bool,
    /// How long the worker needed for it.
    pub(crate) seconds: f64,
    /// The process that worked on it.
    pub(crate) pid: u32,
}

/// The job: is `number` prime? Depends on nothing but the number, so it may run again after a worker died with it.
pub(crate) fn check(number: u64) -> PrimeAnswer {
    let begin = Instant::now();
    let is_prime = is_prime(number);
    PrimeAnswer {
        number,
        is_prime,
        seconds: begin.elapsed().as_secs_f64(),
        pid: std::process::id(),
    }
}

/// Whether `number` is prime: tries 2, then every odd number up to the square root.
pub(super) fn is_prime(number: u64) -> bool {
    if number < 2 {
        return false;
    }
    if number.is_multiple_of(2) {
        return number == 2;
    }
    // At most 2^32 - 1, so the divisor cannot overflow.
    let root = number.isqrt();
    let mut divisor = 3;
    while divisor <= root {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

/// The divisions that `number` takes at most. It grows with the number: how soon a divisor turns up is what is asked.
pub(super) fn cost(number: u64) -> u64 {
    number.isqrt() / 2 + 1
}

/// How long that takes at most, about: what it counts for in virtual time.
pub(super) fn span(number: u64) -> Duration {
    Duration::from_nanos(cost(number).saturating_mul(2))
}

/// The items of `numbers`, most costly first and equal ones in the order of the list: what runs last is short.
pub(super) fn dispatch_order(numbers: &[u64]) -> Vec<usize> {
    let mut items: Vec<usize> = (0..numbers.len()).collect();
    // Numbers of equal cost still go largest first.
    items.sort_by_key(|&item| std::cmp::Reverse((cost(numbers[item]), numbers[item])));
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primes::input::CLASSIC;

    #[test]
    fn the_first_primes_are_found() {
        let primes: Vec<u64> = (0..60).filter(|&number| is_prime(number)).collect();

        assert_eq!(
            primes,
            [
                2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59
            ]
        );
    }

    #[test]
    fn squares_of_primes_and_their_neighbours_are_told_apart() {
        assert!(!is_prime(65_521 * 65_521));
        assert!(!is_prime(65_521 * 65_519));
        assert!(is_prime(4_294_967_291));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        assert!(!is_prime(u64::MAX));
        assert!(!is_prime(u64::MAX - 1));
        assert_eq!(cost(u64::MAX), (1 << 31));
    }

    #[test]
    fn an_answer_names_its_number_and_its_process() {
        let answer = check(91);

        assert_eq!(
            (answer.number, answer.is_prime, answer.pid),
            (91, false, std::process::id())
        );
        assert!(answer.seconds >= 0.0);
    }

    #[test]
    fn cost_never_falls_with_the_number() {
        let costs: Vec<u64> = CLASSIC.iter().map(|&number| cost(number)).collect();

        assert!(costs.is_sorted(), "{costs:?}");
    }

    #[test]
    fn the_largest_number_is_dispatched_first_and_equal_ones_in_order() {
        assert_eq!(dispatch_order(&[5, 1_000_003, 7, 5, 90]), [1, 4, 2, 0, 3]);
        assert_eq!(dispatch_order(&CLASSIC), (0..20).rev().collect::<Vec<_>>());
    }
}
