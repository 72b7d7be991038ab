//! Several encoded values in one buffer: each behind its length, so that one which cannot be read spoils no other.
//!
//! | bytes | what |
//! |---|---|
//! | 4, little end first | the length `n` |
//! | n | the value |
//!
//! Pure. Used for the arguments and results of chunks.

/// Bytes of a length.
const LENGTH: usize = 4;

/// Appends bytes.
pub(crate) fn push_bytes(buffer: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what travels is limited far below 4 GiB");
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(bytes);
}

/// Appends what is written meanwhile. Of what fails, nothing stays.
pub(crate) fn push_with<E>(
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let before = buffer.len();
    buffer.extend_from_slice(&[0; LENGTH]);
    if let Err(error) = write(buffer) {
        buffer.truncate(before);
        return Err(error);
    }
    // What is longer is over every limit, and never leaves.
    let length = u32::try_from(buffer.len() - before - LENGTH).unwrap_or(u32::MAX);
    buffer[before..before + LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(())
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
    fn what_could_not_be_written_leaves_nothing_behind() {
        let mut buffer = Vec::new();
        push_bytes(&mut buffer, b"one");
        let failed = push_with(&mut buffer, |buffer| {
            buffer.push(7);
            Err("no")
        });
        assert_eq!(failed, Err("no"));
        let pushed: Result<(), ()> = push_with(&mut buffer, |buffer| {
            buffer.extend(*b"two");
            Ok(())
        });
        assert_eq!(pushed, Ok(()));
        assert_eq!(unpack(&buffer).collect::<Vec<_>>(), [b"one", b"two"]);
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
