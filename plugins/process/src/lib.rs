//! Nodes that are programs, in any language.
//!
//! A plugin is a dynamic library in a compiled language. Many people want to write a node
//! in Python or JavaScript, and still have what a plugin has: virtual time, the same bytes
//! for the same seed, crashes, lossy links, checks. [`Process`] stands for such a program.
//! It starts it once per node and run, and asks it over its standard input: one line of
//! JSON for each callback (a message, a timer, a tick), with the node's local time. The
//! program answers with one line of effects (send, set a timer, set a column). While the
//! program computes, nothing else happens in the run. So the speed of the program changes
//! no result, and a program that draws from the node's random numbers and reads no clock
//! gives the same run each time.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | the config: the program, its columns and words |
//! | [`node`] | the behavior |
//! | [`child`] | a program's process: one line in, one line out, a limit, its last words |
//! | [`wait`] | a limit that a busy machine does not shorten |
//! | [`near`] | whether a program runs on the processor of the thread that asks it |
//! | [`request`] | the lines to the program |
//! | [`effects`] | the lines from the program |
//! | [`idle`] | programs that wait for the next run |
//!
//! `PROTOCOL.md` describes the lines for people who write programs.

pub mod child;
pub mod config;
pub mod effects;
pub mod idle;
pub mod near;
pub mod node;
pub mod request;
pub mod wait;

pub use config::Config;
pub use node::Process;

runner_sdk::plugin! {
    name: "process",
    docs: "Nodes that are programs in any language: asked over their standard input, one line \
        of JSON for each callback.",
    behaviors: [Process],
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_has_the_current_config() {
        runner_sdk::testkit::check_readme(
            env!("CARGO_MANIFEST_DIR"),
            "process",
            &[("node", runner_sdk::reference::<super::Process>())],
        );
    }
}
