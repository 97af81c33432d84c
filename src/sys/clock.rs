//! What clocks on the wall show.

use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

/// Year, month, day, hour, minute and second of a time in the time zone of the user; `None` for times before 1970 and
/// those beyond what the system can count.
pub(crate) fn local_time(time: SystemTime) -> Option<[i32; 6]> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let seconds = libc::time_t::try_from(seconds).ok()?;
    let mut found = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid, and `found` is read only when the call has filled it.
    let found = unsafe {
        if libc::localtime_r(&raw const seconds, found.as_mut_ptr()).is_null() {
            return None;
        }
        found.assume_init()
    };
    let (year, month) = (found.tm_year.checked_add(1900)?, found.tm_mon + 1);
    Some([year, month, found.tm_mday, found.tm_hour, found.tm_min, found.tm_sec])
}
