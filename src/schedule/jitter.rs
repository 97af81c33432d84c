//! The random part of a delay. It hangs on nothing but the run's seed, the job's name and the attempt, so that the same
//! seed gives the same delays, in whatever order the jobs come to them and on whatever machine.

/// At least 0 and less than 1.
pub(super) fn random(seed: u64, job: &str, attempt: u32) -> f64 {
    let bits = mix(mix(seed ^ hash(job)).wrapping_add(u64::from(attempt)));
    #[expect(clippy::cast_precision_loss, reason = "the 53 bits that are left are what an `f64` holds")]
    let fraction = (bits >> 11) as f64 / (1u64 << 53) as f64;
    fraction
}

/// FNV-1a: simple, and the same for ever, which the standard library's hashes need not be.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The last step of `SplitMix64`: every bit that goes in changes half of those that come out.
fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let shown = |seed, job, attempt| format!("{:.6}", random(seed, job, attempt));
        assert_eq!(shown(0, "", 0), "0.132727");
        assert_eq!(shown(1, "test", 2), "0.316717");
        assert_eq!(shown(1, "test", 3), "0.408670");
        assert_eq!(shown(1, "tests", 2), "0.472034");
        assert_eq!(shown(2, "test", 2), "0.397756");
    }

    #[test]
    fn the_numbers_are_spread_evenly() {
        let mut tenths = [0; 10];
        for n in 0..10_000u32 {
            let number = random(7, &format!("job{}", n / 4), n % 4);
            assert!((0.0..1.0).contains(&number));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
            let tenth = (number * 10.0) as usize;
            tenths[tenth] += 1;
        }
        assert!(tenths.iter().all(|count| (900..1_100).contains(count)), "{tenths:?}");
    }
}
