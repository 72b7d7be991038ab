//! A running fingerprint of a run: 64 bits over every event and every pick. Our own, so that it stays the same; not for secrets.
//!
//! It never sees an address, nor a text of the user's: what does not follow from the seed would part two runs that are the same.

/// See the module's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) fn value(self) -> u64 {
        self.0
    }

    pub(crate) fn resume(value: u64) -> Self {
        Digest(value)
    }

    #[inline]
    pub(crate) fn mix(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// The content of a text, eight bytes at a time.
    #[inline]
    pub(crate) fn mix_text(&mut self, text: &str) {
        let mut words = text.as_bytes().chunks_exact(8);
        for word in &mut words {
            let word = word.try_into().expect("a chunk of eight has eight bytes");
            self.mix(u64::from_le_bytes(word));
        }
        let mut last = [0; 8];
        let rest = words.remainder();
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ ((text.len() as u64) << 56));
    }
}

#[cfg(test)]
mod tests;
