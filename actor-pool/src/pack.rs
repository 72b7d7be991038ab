//! Several encoded values in one buffer: each behind its length, so that one which cannot be read spoils no other.
//!
//! | bytes | what |
//! |---|---|
//! | 4, little end first | the length `n` |
//! | n | the value |
//!
//! Pure. Used for the arguments and results of chunks.

/// Appends bytes.
pub(crate) fn push_bytes(buffer: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what travels is limited far below 4 GiB");
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(bytes);
}

/// The values; it ends early where the buffer was cut off.
pub(crate) fn unpack(mut buffer: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = buffer.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let value = rest.get(..length)?;
        buffer = &rest[length..];
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked() {
        let mut buffer = Vec::new();
        for value in [&b"one"[..], b"", b"three"] {
            push_bytes(&mut buffer, value);
        }

        assert_eq!(
            unpack(&buffer).collect::<Vec<_>>(),
            [&b"one"[..], b"", b"three"]
        );
    }

    #[test]
    fn a_buffer_that_is_cut_off_gives_what_is_whole() {
        let mut buffer = Vec::new();
        push_bytes(&mut buffer, b"one");
        push_bytes(&mut buffer, b"two");
        for end in 7..buffer.len() {
            assert_eq!(unpack(&buffer[..end]).collect::<Vec<_>>(), [b"one"]);
        }
    }
}
