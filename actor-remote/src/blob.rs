//! Bytes that travel as one piece.
//!
//! | as | when |
//! |---|---|
//! | 0, the bytes with their length | on links, and when they are few |
//! | 1, their length | when whoever encodes carries them beside the message; they come in the order in which they were met |
//!
//! Pools use the second way for arguments and results: they are written from where they are, and stay where they were read.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// From so many bytes on it is worth carrying them apart.
pub const APART_MIN: usize = 64 * 1024;

const WITHIN: u8 = 0;
const APART: u8 = 1;

thread_local! {
    static COLLECTED: RefCell<Option<Vec<Bytes>>> = const { RefCell::new(None) };
    static SOURCE: RefCell<Option<Bytes>> = const { RefCell::new(None) };
}

/// Bytes in a message, an argument or a result: encoded as one piece rather than one by one, and cheap to clone. On the way to a job in
/// another process and back they are not even copied, but into the socket and out of it.
///
/// # Examples
///
/// ```
/// use actor_remote::Blob;
///
/// let picture = Blob::from(vec![0; 1024]);
/// assert_eq!(picture.len(), 1024);
/// assert_eq!(picture.clone().into_bytes(), vec![0; 1024]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[doc(alias = "Bytes")]
pub struct Blob(Bytes);

impl Blob {
    /// The bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_remote::Blob;
    ///
    /// assert_eq!(Blob::from(vec![1, 2]).into_bytes(), vec![1, 2]);
    /// ```
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Blob(bytes.into())
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        Blob(bytes)
    }
}

impl From<Blob> for Bytes {
    fn from(blob: Blob) -> Self {
        blob.0
    }
}

/// Puts a value back when it is dropped, also by a panic: what is encoded is the user's.
struct Restore<T: 'static>(
    &'static std::thread::LocalKey<RefCell<Option<T>>>,
    Option<T>,
);

impl<T> Restore<T> {
    fn set(key: &'static std::thread::LocalKey<RefCell<Option<T>>>, value: T) -> Self {
        Restore(key, key.replace(Some(value)))
    }
}

impl<T> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.replace(self.1.take());
    }
}

/// Encodes with large blobs apart. They have to be carried along, and put into [`with_source`] when it is decoded.
#[doc(hidden)]
pub fn apart<R>(encode: impl FnOnce() -> R) -> (R, Vec<Bytes>) {
    let _restored = Restore::set(&COLLECTED, Vec::new());
    let encoded = encode();
    (encoded, COLLECTED.take().unwrap_or_default())
}

/// Decodes what was encoded with large blobs apart; here they are, one behind the other.
#[doc(hidden)]
pub fn with_source<R>(blobs: Bytes, decode: impl FnOnce() -> R) -> R {
    let _restored = Restore::set(&SOURCE, blobs);
    decode()
}

struct Within<'a>(&'a [u8]);

impl Serialize for Within<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_apart = self.len() >= APART_MIN
            && COLLECTED.with_borrow_mut(|collected| {
                collected.as_mut().is_some_and(|collected| {
                    collected.push(self.0.clone());
                    true
                })
            });
        let mut tuple = serializer.serialize_tuple(2)?;
        if is_apart {
            tuple.serialize_element(&APART)?;
            tuple.serialize_element(&(self.len() as u64))?;
        } else {
            tuple.serialize_element(&WITHIN)?;
            tuple.serialize_element(&Within(&self.0))?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(2, BlobVisitor)
    }
}

struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, and whether they are here")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Blob, A::Error> {
        let short = || A::Error::custom("a blob ends early");
        match seq.next_element::<u8>()?.ok_or_else(short)? {
            WITHIN => {
                let Owned(bytes) = seq.next_element()?.ok_or_else(short)?;
                Ok(Blob(bytes.into()))
            }
            APART => {
                let len: u64 = seq.next_element()?.ok_or_else(short)?;
                take(len)
                    .map(Blob)
                    .ok_or_else(|| A::Error::custom("a blob is not where it should be"))
            }
            _ => Err(A::Error::custom("a blob that is none")),
        }
    }
}

/// The next bytes of the source. What the other side says of their length is compared with what is there.
fn take(len: u64) -> Option<Bytes> {
    let len = usize::try_from(len).ok()?;
    SOURCE.with_borrow_mut(|source| {
        let source = source.as_mut().filter(|source| source.len() >= len)?;
        Some(source.split_to(len))
    })
}

struct Owned(Vec<u8>);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(OwnedVisitor).map(Owned)
    }
}

struct OwnedVisitor;

impl<'de> Visitor<'de> for OwnedVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large() -> Blob {
        Blob::from(vec![3; APART_MIN])
    }

    #[test]
    fn a_blob_travels_within_its_message_unless_somebody_carries_it() {
        let bytes = postcard::to_stdvec(&large()).expect("it encodes");

        assert!(bytes.len() > APART_MIN);
        assert_eq!(postcard::from_bytes(&bytes), Ok(large()));
    }

    #[test]
    fn large_blobs_travel_apart_in_order_and_small_ones_within() {
        let value = (
            large(),
            Blob::from(vec![1]),
            Blob::from(vec![4; APART_MIN + 1]),
        );

        let (encoded, blobs) = apart(|| postcard::to_stdvec(&value).expect("it encodes"));

        assert!(encoded.len() < 64);
        let all = Bytes::from(blobs.concat());
        let decoded = with_source(all.clone(), || postcard::from_bytes(&encoded));
        assert_eq!(decoded, Ok(value));
        let (first, _, _): (Blob, Blob, Blob) =
            with_source(all.clone(), || postcard::from_bytes(&encoded)).expect("it decodes");
        assert_eq!(first.as_ptr(), all.as_ptr(), "it stays where it was read");
    }

    // R4
    #[test]
    fn a_blob_that_is_not_there_is_an_error() {
        let (encoded, _) = apart(|| postcard::to_stdvec(&large()).expect("it encodes"));

        assert!(postcard::from_bytes::<Blob>(&encoded).is_err());
        let short = Bytes::from_static(&[0; 10]);
        assert!(with_source(short, || postcard::from_bytes::<Blob>(&encoded)).is_err());
    }
}
