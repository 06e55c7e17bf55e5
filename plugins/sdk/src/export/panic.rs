//! Panics of the author's code: their text goes to the host, not to stderr.
//!
//! Each library has a panic hook of its own (a cdylib has its own standard
//! library). The one set here keeps message and place for the callback's catch,
//! which passes them to the host. A behavior has no threads of its own; if it starts
//! one nevertheless, only that thread's `join` reports a panic.

use std::any::Any;
use std::cell::RefCell;
use std::mem;
use std::sync::Once;

thread_local! {
    /// The message of the last panic on this thread, until it is taken.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sets the library's hook, once. Only called from a loaded plugin: under the
/// test kit, panics print as in any test.
pub(super) fn forward() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let message = words(info.payload());
            let said = match info.location() {
                Some(at) => format!("{message} ({}:{})", at.file(), at.line()),
                None => message.to_owned(),
            };
            SAID.with_borrow_mut(|last| *last = Some(said));
        }));
    });
}

/// The message of a caught panic. The payload is forgotten: dropping it runs the
/// author's code, which may panic again.
pub(super) fn text(payload: Box<dyn Any + Send>) -> String {
    let said = SAID.with_borrow_mut(Option::take);
    let text = said.unwrap_or_else(|| words(&*payload).to_owned());
    mem::forget(payload);
    text
}

fn words(payload: &dyn Any) -> &str {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without words",
    }
}
