//! How much memory there is to be had.

#[cfg(target_os = "linux")]
pub(crate) use linux::available_memory;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::Path;

    /// How many bytes of memory new processes can have without swapping, as far as that can be told: what the system has,
    /// or what is left to the control group of this process and to those around it, if that is less.
    pub(crate) fn available_memory() -> Option<u64> {
        let system = in_meminfo(&fs::read_to_string("/proc/meminfo").ok()?)?;
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let left = in_groups(Path::new("/sys/fs/cgroup"), &groups);
        Some(left.map_or(system, |left| left.min(system)))
    }

    fn in_meminfo(text: &str) -> Option<u64> {
        let kibibytes = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?.trim().strip_suffix("kB")?;
        Some(kibibytes.trim().parse::<u64>().ok()?.saturating_mul(1024))
    }

    /// The least that is left to any of the groups of version 2, whose folders are at `root`; `None` where none is limited.
    fn in_groups(root: &Path, groups: &str) -> Option<u64> {
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let folder = root.join(own);
        folder.ancestors().take_while(|folder| folder.starts_with(root)).filter_map(left_in).min()
    }

    /// What is left to a group. What it holds of files that nobody has used of late makes room when it is needed.
    fn left_in(folder: &Path) -> Option<u64> {
        let number = |file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
        let limit = number("memory.max").into_iter().chain(number("memory.high")).min()?;
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let files = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse::<u64>().ok());
        let used = number("memory.current")?.saturating_sub(files.unwrap_or(0));
        Some(limit.saturating_sub(used))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_available_is_what_the_system_says() {
            let text = "MemTotal:       24689748 kB\nMemFree:         9168968 kB\nMemAvailable:   20391840 kB\n";
            assert_eq!(in_meminfo(text), Some(20_391_840 * 1024));
            assert_eq!(in_meminfo("MemFree: 9168968 kB\n"), None);
            assert!(available_memory().is_some_and(|bytes| bytes > 0));
        }

        #[test]
        fn a_group_and_those_around_it_leave_what_the_least_of_them_leaves() {
            let root = tempfile::tempdir().expect("a folder");
            let group = |path: &str, files: [(&str, &str); 4]| {
                let folder = root.path().join(path);
                fs::create_dir_all(&folder).expect("a folder");
                for (name, text) in files {
                    fs::write(folder.join(name), text).expect("a file");
                }
            };
            let left = |groups: &str| in_groups(root.path(), groups);
            let files = |max, high, current, inactive| {
                [("memory.max", max), ("memory.high", high), ("memory.current", current), ("memory.stat", inactive)]
            };
            group("outer", files("1000\n", "max\n", "700\n", "anon 1\ninactive_file 100\nactive_file 7\n"));
            group("outer/inner", files("max\n", "max\n", "300\n", ""));
            group("outer/inner/own", files("2000\n", "350\n", "200\n", "inactive_file 50\n"));
            assert_eq!(left("0::/outer\n"), Some(400));
            assert_eq!(left("0::/outer/inner\n"), Some(400));
            assert_eq!(left("1:name=systemd:/\n0::/outer/inner/own\n"), Some(200));
            group("outer/inner/full", files("100\n", "max\n", "200\n", ""));
            assert_eq!(left("0::/outer/inner/full\n"), Some(0));
            for unlimited in ["0::/\n", "0::/elsewhere\n", "4:memory:/outer\n", ""] {
                assert_eq!(left(unlimited), None, "{unlimited:?}");
            }
        }
    }
}

/// The memory of the whole machine, in bytes: how much of it is in use cannot be asked for simply.
#[cfg(not(target_os = "linux"))]
pub(crate) fn available_memory() -> Option<u64> {
    // SAFETY: asks for numbers and touches no memory.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    u64::try_from(pages).ok()?.checked_mul(u64::try_from(size).ok()?)
}
