//! Many names in little memory, each with a number.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Names by number and numbers by name. A name is any bytes.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// All of them, one after the other.
    text: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of a name, which is a new one for a new name.
    pub(super) fn number(&mut self, name: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(name);
        if let Some(number) = self.find(hash, name) {
            return number;
        }
        let number = u32::try_from(self.ends.len()).expect("fewer than 2^32 names fit into memory");
        self.text.extend_from_slice(name);
        self.ends.push(self.text.len());
        let Self { text, ends, numbers, hasher } = self;
        numbers.insert_unique(hash, number, |number| hasher.hash_one(slice(text, ends, *number)));
        number
    }

    /// The number of a name that is known.
    pub(super) fn get(&self, name: &[u8]) -> Option<u32> {
        self.find(self.hasher.hash_one(name), name)
    }

    pub(super) fn name(&self, number: u32) -> &[u8] {
        slice(&self.text, &self.ends, number)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn find(&self, hash: u64, name: &[u8]) -> Option<u32> {
        self.numbers.find(hash, |number| self.name(*number) == name).copied()
    }
}

fn slice<'a>(text: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &text[start..ends[number]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_number() {
        let mut names = Names::default();
        let texts: Vec<String> = (0..1000).map(|n| format!("name {}", n % 500)).collect();
        let numbers: Vec<u32> = texts.iter().map(|text| names.number(text.as_bytes())).collect();
        assert_eq!(names.len(), 500);
        assert_eq!(numbers[..500], numbers[500..]);
        for (text, number) in texts.iter().zip(numbers) {
            assert_eq!((names.name(number), names.get(text.as_bytes())), (text.as_bytes(), Some(number)));
        }
        assert_eq!((names.get(b""), names.number(b""), names.name(500)), (None, 500, &b""[..]));
    }
}
