//! What there is to do, and how it is written.

use std::path::PathBuf;

use crate::signal;

/// One action, as it is written on the command line. SIGNALS are names with commas between them, such as `INT,TERM`, or
/// `ALL`; actions in braces are performed by a child, which ends after them.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// `ready FILE`: writes its process id into the file, which is there as a whole or not at all.
    Ready(PathBuf),
    /// `until FILE`: waits until the file is there.
    Until(PathBuf),
    /// `wait`: waits for ever, which ends when the folder it is in has been removed, as a test's is.
    Wait,
    /// `orphan`: waits until its parent has ended.
    Orphan,
    /// `hold FILE`: takes a lock on the file that lasts while this process or any descendant of it lives, whatever they
    /// do to their sessions, output and environment.
    Hold(PathBuf),

    /// `note FILE SIGNALS`: from now on each of these signals adds its name to the file, and does nothing else.
    Note(PathBuf, Vec<i32>),
    /// `ignore SIGNALS`
    Ignore(Vec<i32>),
    /// `block SIGNALS`
    Block(Vec<i32>),
    /// `report FILE`: writes which signals are blocked and ignored, and which descriptors are open.
    Report(PathBuf),

    /// `background { ACTIONS }`: in a child, of the same process group, with the same output.
    Background(Vec<Action>),
    /// `daemon { ACTIONS }`: in a grandchild whose parent has ended, in a session of its own, without output.
    Daemon(Vec<Action>),
    /// `session`: leads a session of its own from now on.
    Session,
    /// `silent`: writes to nowhere from now on.
    Silent,
    /// `forget ACTIONS`: performs the rest in an environment without any variable, as a program newly started.
    Forget(Vec<String>),
    /// `headless ACTIONS`: its main thread ends, and another performs the rest.
    Headless(Vec<Action>),
    /// `refork COUNT`: goes on as its own child, in a new session, so many times over.
    Refork(u32),
    /// `user ID`: becomes this user and nobody else, which only root can.
    User(u32),

    /// `spam COUNT`: writes so many bytes, in lines.
    Spam(usize),
    /// `stop`: stops itself by SIGSTOP.
    Stop,
    /// `exit CODE`
    Exit(i32),
    /// `die SIGNAL`: ends by the signal.
    Die(i32),
    /// `exec PROGRAM ARGUMENTS`: becomes that program.
    Exec(Vec<String>),

    /// `take-terminal`: leads a session of its own, whose terminal is what stdin is.
    TakeTerminal,
    /// `shell FILE PROGRAM ARGUMENTS`: runs the program as a shell with job control does; see `shell`.
    Shell(PathBuf, Vec<String>),
    /// `read-terminal FILE`: reads a line of `/dev/tty` and writes into the file what came of it.
    ReadTerminal(PathBuf),
    /// `set-terminal FILE`: turns the echo of `/dev/tty` off and writes into the file what came of it.
    SetTerminal(PathBuf),
    /// `grab-terminal FILE`: takes the foreground of `/dev/tty` and writes into the file what came of it.
    GrabTerminal(PathBuf),
}

/// Reads all of `words`; the error is a text.
pub(crate) fn parse(words: &[String]) -> Result<Vec<Action>, String> {
    let mut words = Words(words);
    let mut actions = Vec::new();
    while let Some((name, rest)) = words.0.split_first() {
        words.0 = rest;
        actions.push(action(name, &mut words).map_err(|problem| format!("{name}: {problem}"))?);
    }
    Ok(actions)
}

fn action(name: &str, words: &mut Words<'_>) -> Result<Action, String> {
    Ok(match name {
        "ready" => Action::Ready(words.path()?),
        "until" => Action::Until(words.path()?),
        "wait" => Action::Wait,
        "orphan" => Action::Orphan,
        "hold" => Action::Hold(words.path()?),
        "note" => Action::Note(words.path()?, words.signals()?),
        "ignore" => Action::Ignore(words.signals()?),
        "block" => Action::Block(words.signals()?),
        "report" => Action::Report(words.path()?),
        "background" => Action::Background(parse(words.braced()?)?),
        "daemon" => Action::Daemon(parse(words.braced()?)?),
        "session" => Action::Session,
        "silent" => Action::Silent,
        "forget" => Action::Forget(words.rest()),
        "headless" => Action::Headless(parse(&words.rest())?),
        "refork" => Action::Refork(words.number()?),
        "user" => Action::User(words.number()?),
        "spam" => Action::Spam(words.number()?),
        "stop" => Action::Stop,
        "exit" => Action::Exit(words.number()?),
        "die" => Action::Die(signal::number(words.next()?)?),
        "exec" => Action::Exec(words.rest()),
        "take-terminal" => Action::TakeTerminal,
        "shell" => Action::Shell(words.path()?, words.rest()),
        "read-terminal" => Action::ReadTerminal(words.path()?),
        "set-terminal" => Action::SetTerminal(words.path()?),
        "grab-terminal" => Action::GrabTerminal(words.path()?),
        _ => return Err("there is no such action".to_owned()),
    })
}

/// The words that nobody has read yet.
struct Words<'w>(&'w [String]);

impl<'w> Words<'w> {
    fn next(&mut self) -> Result<&'w str, String> {
        let (first, rest) = self.0.split_first().ok_or("a word is missing")?;
        self.0 = rest;
        Ok(first)
    }

    fn path(&mut self) -> Result<PathBuf, String> {
        self.next().map(PathBuf::from)
    }

    fn number<N: std::str::FromStr>(&mut self) -> Result<N, String> {
        let word = self.next()?;
        word.parse().map_err(|_| format!("`{word}` is no such number"))
    }

    fn signals(&mut self) -> Result<Vec<i32>, String> {
        signal::numbers(self.next()?)
    }

    /// What stands between `{` and the `}` that belongs to it.
    fn braced(&mut self) -> Result<&'w [String], String> {
        if self.next()? != "{" {
            return Err("`{` is missing".to_owned());
        }
        let inside = self.0;
        let mut depth = 1;
        while depth > 0 {
            depth = match self.next()? {
                "{" => depth + 1,
                "}" => depth - 1,
                _ => depth,
            };
        }
        Ok(&inside[..inside.len() - self.0.len() - 1])
    }

    fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0).to_vec()
    }
}
