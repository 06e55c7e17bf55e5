//! The colours of the screen; without colours, the same by bold, dim and reversed.

use ratatui::style::{Color, Modifier, Style as Look};

/// How things look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colours.
    pub color: bool,
}

impl Style {
    fn with(self, color: Color, otherwise: Modifier) -> Look {
        match self.color {
            true => Look::new().fg(color),
            false => Look::new().add_modifier(otherwise),
        }
    }

    /// The first line.
    pub fn title(self) -> Look {
        Look::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// The selected line.
    pub fn selected(self) -> Look {
        Look::new().add_modifier(Modifier::REVERSED)
    }

    /// Less important.
    pub fn dim(self) -> Look {
        self.with(Color::DarkGray, Modifier::DIM)
    }

    /// More important.
    pub fn strong(self) -> Look {
        Look::new().add_modifier(Modifier::BOLD)
    }

    /// The title of the pane that the arrow keys act on.
    pub fn focus(self) -> Look {
        self.with(Color::Cyan, Modifier::UNDERLINED)
            .add_modifier(Modifier::BOLD)
    }

    /// A failure, a node that is down.
    pub fn bad(self) -> Look {
        self.with(Color::Red, Modifier::BOLD)
    }

    /// A fault that holds.
    pub fn fault(self) -> Look {
        self.with(Color::Yellow, Modifier::BOLD)
    }

    /// What changed in the last event.
    pub fn fresh(self) -> Look {
        self.with(Color::Green, Modifier::BOLD)
    }
}
