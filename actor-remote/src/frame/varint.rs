//! Varints as postcard writes them: seven bits per byte, low bits first.
//!
//! Written by hand since they are on the path of every message; the tests compare them with postcard's.

/// The longest varint of a `u64`, in bytes.
pub(super) const MAX_LEN: usize = 10;

/// Writes `value` to the start of `out` and returns how many bytes it took.
#[inline]
pub(super) fn write(out: &mut [u8; MAX_LEN], mut value: u64) -> usize {
    let mut len = 0;
    while value >= 0x80 {
        out[len] = (value as u8) | 0x80;
        value >>= 7;
        len += 1;
    }
    out[len] = value as u8;
    len + 1
}

/// Appends `value`.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else {
        let mut bytes = [0; MAX_LEN];
        let len = write(&mut bytes, value);
        out.extend_from_slice(&bytes[..len]);
    }
}

/// Reads a varint from the start of `bytes`: its value and its length, or `None` if it is cut off or too large.
#[inline]
pub(super) fn read(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((u64::from(first), 1));
    }
    read_long(bytes)
}

fn read_long(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(MAX_LEN).enumerate() {
        // The tenth byte holds the 64th bit only.
        if index == MAX_LEN - 1 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}
