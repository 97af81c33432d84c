//! What the system may have too little of for now. Nobody's fault, and worth another try when something has ended.

use std::io;

use crate::text;

/// What there was too little of, if this error is of that kind. `what` says in a sentence without its end what could not
/// be done.
pub(crate) fn scarce(what: &str, error: &io::Error) -> Option<String> {
    let advice = match error.raw_os_error()? {
        libc::EAGAIN => {
            "`ulimit -u`, or the control group, allows no more processes and threads; raise it, or end some"
        }
        libc::EMFILE => "`ulimit -n` allows no more open files; raise it",
        libc::ENFILE => "the whole system can have no more open files; close some",
        libc::ENOMEM => "there is no memory left; free some, or lower the limit with `-j`",
        _ => return None,
    };
    Some(format!("{what}: {}; {advice}", text::io_error(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_scarce() {
        let reason = |code| scarce("no process can be started", &io::Error::from_raw_os_error(code));
        for code in [libc::EAGAIN, libc::EMFILE, libc::ENFILE, libc::ENOMEM] {
            assert!(reason(code).is_some(), "{code}");
        }
        for code in [libc::ENOENT, libc::EACCES, libc::E2BIG, libc::ETXTBSY, libc::ENOSPC] {
            assert_eq!(reason(code), None);
        }
        assert_eq!(scarce("", &io::Error::other("made up")), None);
    }
}
