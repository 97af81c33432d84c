//! What the system allows a process.

/// How many bytes a new process can be given as arguments and environment, pointers to them included.
pub(crate) fn argument_space() -> u64 {
    #[cfg(target_os = "linux")]
    {
        /// What every process is given, and what none is given more of: the kernel's `ARG_MAX` and three quarters of
        /// `_STK_LIM`.
        const BOUNDS: [u64; 2] = [128 * 1024, 6 * 1024 * 1024];
        let mut stack = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the call fills in the struct it is given, which outlives it.
        unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut stack) };
        (stack.rlim_cur / 4).clamp(BOUNDS[0], BOUNDS[1])
    }
    #[cfg(not(target_os = "linux"))]
    {
        // SAFETY: `sysconf` takes a number and reads nothing else.
        let size = unsafe { libc::sysconf(libc::_SC_ARG_MAX) };
        // POSIX promises this much where the system does not say.
        u64::try_from(size).unwrap_or(4096)
    }
}
