//! Showing one log while it grows, every byte once and in order.
//!
//! Nothing of it is kept: the log itself holds what is still to be shown, so a line that is not yet whole takes no
//! memory, however long it gets.

use std::io;

use memchr::{memchr, memrchr};

use super::logs::Logs;
use super::pen::Pen;
use crate::report::Display;

/// How far a log has been shown.
#[derive(Debug)]
pub(super) struct Follow {
    log: String,
    /// So many of its bytes have been shown.
    shown: u64,
    /// From there to here it has no line's end.
    searched: u64,
    pen: Pen,
}

/// What a look at a log has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum News {
    None,
    /// Something was shown.
    Some,
    /// Something was shown, and there may be more.
    More,
}

/// What logs are read with and shown on.
pub(super) struct Tools<'a> {
    pub(super) logs: &'a mut dyn Logs,
    /// As much as is read at once.
    pub(super) buffer: &'a mut [u8],
    pub(super) display: &'a mut Display,
}

impl Follow {
    pub(super) fn new(log: String, pen: Pen) -> Self {
        Self { log, shown: 0, searched: 0, pen }
    }

    /// Whether there is something to show that has not been.
    pub(super) fn has_news(&self, tools: &mut Tools<'_>) -> io::Result<bool> {
        Ok(tools.logs.size(&self.log)? > self.shown)
    }

    pub(super) fn has_shown_anything(&self) -> bool {
        self.shown > 0
    }

    /// Shows what is new, a buffer's length of it at most.
    pub(super) fn bytes(&mut self, tools: &mut Tools<'_>) -> io::Result<News> {
        if !self.has_news(tools)? {
            return Ok(News::None);
        }
        let read = tools.logs.read(&self.log, self.shown, tools.buffer)?;
        self.show(read, tools);
        Ok(if read == tools.buffer.len() { News::More } else { News::Some })
    }

    /// The same of whole lines alone. One that is longer than the buffer is shown whole all the same.
    pub(super) fn lines(&mut self, tools: &mut Tools<'_>) -> io::Result<News> {
        let size = tools.logs.size(&self.log)?;
        if size <= self.searched {
            return Ok(News::None);
        }
        let read = tools.logs.read(&self.log, self.shown, tools.buffer)?;
        let is_full = read == tools.buffer.len();
        match memrchr(b'\n', &tools.buffer[..read]) {
            Some(at) => {
                self.searched = self.shown + read as u64;
                self.show(at + 1, tools);
                Ok(if is_full { News::More } else { News::Some })
            }
            None if is_full => self.long_line(size, tools),
            None => {
                self.searched = self.shown + read as u64;
                Ok(News::None)
            }
        }
    }

    /// Shows all that there is now, and ends the line: the job that writes it has ended.
    pub(super) fn rest(&mut self, tools: &mut Tools<'_>) -> io::Result<()> {
        let size = tools.logs.size(&self.log)?;
        let read = self.show_up_to(size, tools);
        self.pen.finish(tools.display);
        read
    }

    fn long_line(&mut self, size: u64, tools: &mut Tools<'_>) -> io::Result<News> {
        self.searched = self.searched.max(self.shown + tools.buffer.len() as u64);
        while self.searched < size {
            let read = tools.logs.read(&self.log, self.searched, tools.buffer)?;
            if let Some(at) = memchr(b'\n', &tools.buffer[..read]) {
                let end = self.searched + at as u64 + 1;
                self.searched = end;
                self.show_up_to(end, tools)?;
                return Ok(News::More);
            }
            if read == 0 {
                break;
            }
            self.searched += read as u64;
        }
        Ok(News::None)
    }

    fn show_up_to(&mut self, end: u64, tools: &mut Tools<'_>) -> io::Result<()> {
        while self.shown < end && tools.display.takes_output() {
            let read = tools.logs.read(&self.log, self.shown, tools.buffer)?;
            if read == 0 {
                break;
            }
            let wanted = usize::try_from(end - self.shown).unwrap_or(usize::MAX);
            self.show(read.min(wanted), tools);
        }
        Ok(())
    }

    fn show(&mut self, length: usize, tools: &mut Tools<'_>) {
        self.pen.show(&tools.buffer[..length], tools.display);
        self.shown += length as u64;
    }
}
