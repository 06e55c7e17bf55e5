//! The light: shows the colour that it receives.

use crate::Colour;
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, NoConfig, Node, Peer, Result};

/// The colour of the light.
pub const COLOUR: Column<str> = Column::new(0, "colour", "what the light shows: R, G or Y");

/// A message that is no colour.
pub const IGNORED: Event = Event::new(0, "ignored", "a message that is not exactly R, G or Y");

/// `traffic.light`.
pub struct Light {
    shows: Colour,
}

impl Behavior for Light {
    type Config = NoConfig;
    const NAME: &'static str = "light";
    const DOCS: &'static str = "Shows the colour that it is told by a message of exactly R, G or \
        Y, and ignores all else; red at first. It prints its colour at the start and whenever it \
        changes.";
    const COLUMNS: &'static [ColumnInfo] = &[COLOUR.info()];
    const EVENTS: &'static [Event] = &[IGNORED];

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Light {
            shows: Colour::default(),
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.show(node);
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, _: Peer, bytes: &[u8]) -> Result {
        match Colour::from_message(bytes) {
            Some(colour) if colour == self.shows => {}
            Some(colour) => {
                self.shows = colour;
                self.show(node);
            }
            None => node.record(IGNORED),
        }
        Ok(())
    }
}

impl Light {
    fn show(&self, node: &mut Context<Self>) {
        node.set_text(COLOUR, self.shows.letter());
        node.print(self.shows.painted());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, node};

    fn shown(colour: Colour) -> Effect {
        Effect::printed(colour.painted())
    }

    #[test]
    fn a_light_starts_red_and_shows_the_colour_that_it_receives() {
        let mut light = node::<Light>().peers(["controller"]).create();
        assert_eq!(light.start(), [shown(Colour::Red)]);
        assert_eq!(light.text(COLOUR), Some("R"));
        for colour in [Colour::Green, Colour::Yellow, Colour::Red] {
            assert_eq!(light.message(0, colour.letter()), [shown(colour)]);
            assert_eq!(light.text(COLOUR), Some(colour.letter()));
        }
    }

    #[test]
    fn the_same_colour_again_changes_nothing() {
        let mut light = node::<Light>().peers(["controller"]).create();
        light.start();
        assert_eq!(light.message(0, "R"), []);
        assert_eq!(light.text(COLOUR), Some("R"));
    }

    #[test]
    fn any_other_message_is_ignored() {
        let mut light = node::<Light>().peers(["controller"]).create();
        light.start();
        light.message(0, "G");
        let others: [&[u8]; 7] = [b"", b"r", b"G\n", b"RG", b"green", b"\0", b"\xff\xfe"];
        for message in others {
            assert_eq!(light.message(0, message), [Effect::recorded(IGNORED)]);
            assert_eq!(light.text(COLOUR), Some("G"));
        }
    }
}
