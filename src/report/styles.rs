//! Colors.

use owo_colors::Style;

use crate::event::JobStatus;

/// How each kind of text looks; plain unless made otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Styles {
    pub(crate) good: Style,
    pub(crate) bad: Style,
    pub(crate) warning: Style,
    pub(crate) quiet: Style,
    pub(crate) name: Style,
    /// For what runs beside each other.
    slots: [Style; 5],
}

impl Styles {
    pub(crate) fn colored() -> Self {
        Self {
            good: Style::new().green().bold(),
            bad: Style::new().red().bold(),
            warning: Style::new().yellow().bold(),
            quiet: Style::new().dimmed(),
            name: Style::new().bold(),
            slots: [
                Style::new().cyan(),
                Style::new().green(),
                Style::new().yellow(),
                Style::new().magenta(),
                Style::new().blue(),
            ],
        }
    }

    /// The style of what runs in this place under the limit.
    pub(crate) fn of_slot(&self, slot: u32) -> Style {
        self.slots[slot as usize % self.slots.len()]
    }

    pub(crate) fn of(&self, status: &JobStatus) -> Style {
        self.of_word(status.word())
    }

    /// The style of one of [`JobStatus::WORDS`].
    pub(crate) fn of_word(&self, word: &str) -> Style {
        match word {
            "ok" | "up-to-date" => self.good,
            "failed" | "timed-out" | "spawn-error" => self.bad,
            "skipped" | "waiting" | "not-started" => self.quiet,
            _ => self.warning,
        }
    }
}
