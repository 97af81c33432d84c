//! Finding the program of a job, and saying why it could not be started.
//!
//! The system answers ENOENT alike for a missing program, a missing directory and a missing interpreter; users deserve
//! to know which.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::{sys, text};

/// Where programs are looked for by a job without PATH; what `getconf PATH` prints.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The absolute path of a program: a bare name is looked up in `search` (a PATH value), one with a `/` starts at `cwd`,
/// and so do relative entries of `search`. The error is a text for the user.
pub(crate) fn find_program(program: &OsStr, cwd: &Path, search: Option<&OsStr>) -> Result<PathBuf, String> {
    let search = search.unwrap_or(OsStr::new(DEFAULT_PATH));
    if program.as_bytes().contains(&b'/') {
        // Without the `.` of `./program`, which only lengthens messages.
        return Ok(cwd.join(program).components().collect());
    }
    let mut unusable = None;
    for folder in std::env::split_paths(search) {
        let candidate = cwd.join(folder).join(program);
        match fs::metadata(&candidate) {
            Ok(found) if found.is_file() && sys::is_executable(&candidate) => return Ok(candidate),
            Ok(found) if found.is_file() => unusable = unusable.or(Some(candidate)),
            _ => {}
        }
    }
    // A missing directory of the job is the better explanation, where relative entries of PATH start at it.
    if let Some(problem) = directory_problem(cwd) {
        return Err(problem);
    }
    Err(unusable.map_or_else(
        || {
            format!(
                "no program `{}` is on the job's PATH; install it, or write its path",
                text::escape(program.as_bytes())
            )
        },
        |path| not_executable(&path),
    ))
}

/// What made `posix_spawn` answer with `error`; `strings` are the arguments and the environment.
pub(crate) fn explain(error: &io::Error, program: &Path, cwd: &Path, strings: [&[CString]; 3]) -> String {
    if let Some(problem) = directory_problem(cwd) {
        return problem;
    }
    let shown = text::path(program);
    match (error.raw_os_error(), fs::metadata(program)) {
        (Some(libc::E2BIG), _) => too_big(strings),
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => format!("there is no program at `{shown}`"),
        (_, Err(error)) => format!("the program `{shown}` cannot be reached: {}", text::io_error(&error)),
        (_, Ok(found)) if found.is_dir() => format!("`{shown}` is a directory, not a program"),
        (_, Ok(_)) if !sys::is_executable(program) => not_executable(program),
        (Some(libc::ENOEXEC), _) => format!(
            "`{shown}` is neither a binary nor a script with a `#!` line; procman runs nothing through a shell, so its \
             first line must name the interpreter"
        ),
        (Some(libc::ETXTBSY), _) => format!(
            "`{shown}`, or its interpreter, is open for writing and stayed so; start it when whoever writes it is done"
        ),
        (Some(libc::ENOENT), _) => missing_interpreter(program),
        _ => format!("`{shown}` cannot be started: {}", text::io_error(error)),
    }
}

fn directory_problem(cwd: &Path) -> Option<String> {
    let shown = text::path(cwd);
    match fs::metadata(cwd) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(format!("the job's directory `{shown}` is not a directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Some(format!("the job's directory `{shown}` does not exist"))
        }
        Err(error) => Some(format!("the job's directory `{shown}` cannot be entered: {}", text::io_error(&error))),
    }
}

fn not_executable(program: &Path) -> String {
    format!("`{}` is not executable; `chmod +x` makes it so", text::path(program))
}

fn missing_interpreter(program: &Path) -> String {
    let shown = text::path(program);
    match shebang(program) {
        Ok(Some(interpreter)) => {
            let note = if interpreter.as_bytes().ends_with(b"\r") {
                "; its first line ends in a carriage return, as files from Windows do"
            } else {
                ""
            };
            format!(
                "`{shown}` asks for the interpreter `{}`, which does not exist{note}",
                text::escape(interpreter.as_bytes())
            )
        }
        _ => format!("the dynamic loader that `{shown}` asks for does not exist"),
    }
}

/// What a script's first line asks for, up to the first blank.
fn shebang(program: &Path) -> io::Result<Option<OsString>> {
    let mut line = Vec::new();
    BufReader::new(File::open(program)?.take(4096)).read_until(b'\n', &mut line)?;
    let Some(rest) = line.strip_prefix(b"#!") else { return Ok(None) };
    let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
    let word = rest.split(|byte| b" \t".contains(byte)).find(|word| !word.is_empty());
    Ok(word.map(|word| OsString::from_vec(word.to_vec())))
}

fn too_big(strings: [&[CString]; 3]) -> String {
    /// Linux: `MAX_ARG_STRLEN`, 32 pages, the NUL at its end included.
    const LONGEST: usize = 131_072;
    let sizes = || strings.into_iter().flatten().map(|string| string.count_bytes() + 1);
    let longest = sizes().max().unwrap_or(0);
    if cfg!(target_os = "linux") && longest > LONGEST {
        return format!(
            "one of its arguments or variables takes {longest} bytes; the system takes {LONGEST} in one; put it into a \
             file"
        );
    }
    // The pointers to them count too.
    let size: usize = sizes().map(|size| size + size_of::<*const u8>()).sum();
    format!(
        "its arguments and environment take {size} bytes; the system takes {}, a quarter of the stack limit \
         (`ulimit -s`)",
        sys::argument_space()
    )
}
