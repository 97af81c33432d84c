//! Sleeps, says how long it did, and fails now and then: something to run when the running is what matters.
//!
//! `sleeper SECONDS [FAIL-RATE SEED]` sleeps so many seconds, or a random time within a range such as `0.5..2`, prints
//! `time slept: N`, and exits with 1 at the given rate, 0.0 to 1.0. The same seed gives the same time and the same end.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program that prints")]

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(sleeper) = Sleeper::parse(&arguments) else {
        eprintln!("usage: sleeper SECONDS|MIN..MAX [FAIL-RATE SEED]");
        return ExitCode::from(2);
    };
    sleeper.run()
}

struct Sleeper {
    /// The shortest and the longest time, in seconds.
    range: (f64, f64),
    fail_rate: f64,
    random: Random,
}

impl Sleeper {
    fn parse(arguments: &[String]) -> Option<Self> {
        let (time, fail_rate, seed) = match arguments {
            [time] => (time, 0.0, u64::from(std::process::id())),
            [time, rate, seed] => (time, rate.parse().ok()?, seed.parse().ok()?),
            _ => return None,
        };
        let range = match time.split_once("..") {
            Some((shortest, longest)) => (shortest.parse().ok()?, longest.parse().ok()?),
            None => (time.parse().ok()?, time.parse().ok()?),
        };
        let valid = (0.0..=1.0).contains(&fail_rate) && 0.0 <= range.0 && range.0 <= range.1 && range.1 < 1e6;
        valid.then_some(Self { range, fail_rate, random: Random(seed) })
    }

    fn run(mut self) -> ExitCode {
        let (shortest, longest) = self.range;
        let seconds = shortest + (longest - shortest) * self.random.next();
        thread::sleep(Duration::from_secs_f64(seconds));
        println!("time slept: {seconds:.2}");
        if self.random.next() < self.fail_rate {
            eprintln!("failing, as asked to at a rate of {}", self.fail_rate);
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}

/// The `SplitMix64` generator (Steele, Lea and Flood, 2014): small, and the same everywhere.
struct Random(u64);

impl Random {
    /// The next number, at least 0 and below 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float between 0 and 1 has")]
        let unit = (z >> 11) as f64 / (1u64 << 53) as f64;
        unit
    }
}
