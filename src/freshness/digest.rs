//! What hashes look like in the state file: hexadecimal digits.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 128 bits of the keyed hash of a file's contents, or of several of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Digest(pub(super) [u8; 16]);

/// 64 bits of a keyed hash: enough to tell a value from the one before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Mark(pub(super) [u8; 8]);

macro_rules! hexadecimal {
    ($name:ident, $bytes:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 2 * $bytes];
                for (byte, pair) in self.0.iter().zip(digits.chunks_exact_mut(2)) {
                    pair[0] = DIGITS[usize::from(byte >> 4)];
                    pair[1] = DIGITS[usize::from(byte & 15)];
                }
                f.write_str(std::str::from_utf8(&digits).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Hexadecimal).map(Self)
            }
        }
    };
}

hexadecimal!(Digest, 16);
hexadecimal!(Mark, 8);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

struct Hexadecimal<const N: usize>;

impl<const N: usize> Visitor<'_> for Hexadecimal<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hexadecimal digits", 2 * N)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<[u8; N], E> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != N || !rest.is_empty() {
            return Err(E::invalid_length(text.len(), &self));
        }
        let mut bytes = [0; N];
        let mut wrong = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
            wrong |= high | low;
            *byte = high << 4 | low & 15;
        }
        if wrong > 15 { Err(E::custom("not a hexadecimal digit")) } else { Ok(bytes) }
    }
}

/// What each byte is as a digit; more than 15 for none.
const VALUES: [u8; 256] = {
    let mut values = [0xFF; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_digits_and_read_from_nothing_else() {
        let mark = Mark([0x00, 0x1f, 0xa0, 3, 4, 5, 6, 0xff]);
        let text = serde_json::to_string(&mark).expect("plain data is serializable");
        assert_eq!(text, r#""001fa003040506ff""#);
        assert_eq!(serde_json::from_str::<Mark>(&text).expect("it was written so"), mark);
        for wrong in ["001fa003040506f", "001fa003040506fff", "001fa003040506fg", "001FA003040506FF", "é01fa003040506f"]
        {
            assert!(serde_json::from_value::<Mark>(wrong.into()).is_err(), "{wrong}");
        }
    }
}
