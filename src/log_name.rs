//! The names of log files. Whoever writes logs and whoever looks for them computes the same name from the same record.

use std::collections::HashSet;
use std::fmt::Write as _;

/// A file name leaves room within the 255 bytes of most file systems for the attempt, the stream and the extension.
const LONGEST_STEM: usize = 200;

/// Which of a job's streams a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogStream {
    Merged,
    Stdout,
    Stderr,
}

impl LogStream {
    /// Those of a job whose streams are merged or split.
    pub(crate) fn of(split: bool) -> &'static [Self] {
        if split { &[Self::Stdout, Self::Stderr] } else { &[Self::Merged] }
    }

    /// What it holds of a job.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Merged => "output",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// `fmt.log`; `fmt~2.log` for the second attempt; `fmt~out.log` and `fmt~2~err.log` for streams apart.
pub(crate) fn file_name(stem: &str, attempt: u32, stream: LogStream) -> String {
    let attempt = if attempt == 1 { String::new() } else { format!("~{attempt}") };
    let stream = match stream {
        LogStream::Merged => "",
        LogStream::Stdout => "~out",
        LogStream::Stderr => "~err",
    };
    format!("{stem}{attempt}{stream}.log")
}

/// Gives each job of a run the beginning of its logs' names.
#[derive(Debug, Default)]
pub(crate) struct Stems {
    /// What is given out, in lower case: on some file systems that is all that counts.
    taken: HashSet<String>,
}

impl Stems {
    /// The job's name, percent-encoded; cut and with a hash in its place where that is too long, and with a hash where
    /// another job's differs only in case.
    pub(crate) fn assign(&mut self, job: &str) -> String {
        let mut stem = encode(job);
        if stem.len() > LONGEST_STEM {
            stem = with_hash(&stem, job);
        }
        if !self.taken.insert(stem.to_ascii_lowercase()) {
            stem = with_hash(&stem, job);
            self.taken.insert(stem.to_ascii_lowercase());
        }
        stem
    }
}

fn with_hash(stem: &str, job: &str) -> String {
    // `~` and 17 more characters; everything is ASCII, so any cut is between characters.
    let kept = stem.len().min(LONGEST_STEM - 18);
    format!("{}~h{:016x}", &stem[..kept], fnv1a(job.as_bytes()))
}

fn encode(name: &str) -> String {
    let mut stem = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        // A name never begins with a dot, so that no log is hidden or is `..`.
        let plain = byte.is_ascii_alphanumeric() || b"_-+=,@:[]".contains(&byte) || (byte == b'.' && at > 0);
        if plain {
            stem.push(char::from(byte));
        } else {
            _ = write!(stem, "%{byte:02X}");
        }
    }
    stem
}

/// The 64-bit FNV-1a hash (<http://www.isthe.com/chongo/tech/comp/fnv/>), chosen because it never changes.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_file_names() {
        let mut stems = Stems::default();
        assert_eq!(stems.assign("fmt"), "fmt");
        assert_eq!(stems.assign("test[py=3.12,db=pg]"), "test[py=3.12,db=pg]");
        assert_eq!(stems.assign("../a b~2%"), "%2E.%2Fa%20b%7E2%25");
        assert_eq!(stems.assign("é"), "%C3%A9");
        assert_eq!(stems.assign("FMT"), "FMT~hf3218a199ce98258");
    }

    #[test]
    fn attempts_and_streams_have_files_of_their_own() {
        assert_eq!(file_name("fmt", 1, LogStream::Merged), "fmt.log");
        assert_eq!(file_name("fmt", 2, LogStream::Merged), "fmt~2.log");
        assert_eq!(file_name("fmt", 1, LogStream::Stdout), "fmt~out.log");
        assert_eq!(file_name("fmt", 2, LogStream::Stderr), "fmt~2~err.log");
    }

    proptest! {
        #[test]
        fn file_names_are_short_plain_and_distinct(names in prop::collection::hash_set("\\PC{1,300}", 1..20)) {
            let mut stems = Stems::default();
            let mut seen = HashSet::new();
            for name in &names {
                let file = file_name(&stems.assign(name), u32::MAX, LogStream::Stdout);
                prop_assert!(file.len() <= 255 && !file.starts_with('.') && !file.contains('/'), "{}", file);
                prop_assert!(seen.insert(file.to_ascii_lowercase()), "{}", file);
            }
        }
    }
}
