//! A small generator of our own, so that a seed means the same for ever.
//!
//! SplitMix64 spreads a seed, xoshiro256++ gives the numbers (Blackman and Vigna, public domain). Not for secrets. Each purpose has a
//! [stream](Rng::stream) of its own, so that one more choice here shifts no choice there.

/// A stream of numbers that a seed determines.
///
/// # Examples
///
/// ```
/// use actor_core::testing::Rng;
///
/// let mut dice = Rng::stream(7, "dice");
/// let throws: Vec<u64> = (0..5).map(|_| dice.below(6) + 1).collect();
/// assert_eq!(throws, [5, 2, 5, 4, 5], "today and for ever");
/// ```
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The numbers of one purpose under a seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Rng;
    ///
    /// let (mut faults, mut load) = (Rng::stream(1, "faults"), Rng::stream(1, "load"));
    /// assert_ne!(faults.next_u64(), load.next_u64());
    /// ```
    #[must_use]
    pub fn stream(seed: u64, purpose: &str) -> Self {
        let mut mixed = seed;
        for byte in purpose.bytes() {
            mixed = split_mix(&mut mixed) ^ u64::from(byte);
        }
        Rng {
            state: std::array::from_fn(|_| split_mix(&mut mixed)),
        }
    }

    /// The next number, any.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Rng;
    ///
    /// assert_eq!(Rng::stream(1, "ids").next_u64(), Rng::stream(1, "ids").next_u64());
    /// ```
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// The next number below `bound`; 0 if the bound is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Rng;
    ///
    /// let mut rng = Rng::stream(1, "workers");
    /// assert!((0..100).all(|_| rng.below(4) < 4));
    /// ```
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high word of a product: the bias is below 2^-32 for every bound that occurs.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with that probability.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::testing::Rng;
    ///
    /// let mut rng = Rng::stream(1, "faults");
    /// assert!(!rng.chance(0.0) && rng.chance(1.0));
    /// ```
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what a float holds.
        let share = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        share < probability
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
