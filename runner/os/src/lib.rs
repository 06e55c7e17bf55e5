//! Everything that the runner asks of Linux and that the standard library does
//! not offer. A port to another system is a port of this crate.
//!
//! The interfaces are safe and name nothing of the system: no other crate of the
//! product depends on rustix or reads `/proc`. The crate knows nothing of
//! scenarios, nodes or plugins.
//!
//! - [`poller`]: waits for sockets and deadlines (epoll, ppoll, timer slack);
//! - [`descriptor`]: single descriptors (non-blocking mode, standard input, the
//!   queue of a listening socket);
//! - [`clock`]: the monotonic clock, which all processes share;
//! - [`shared`]: memory that two processes share (memfd, mmap);
//! - [`limits`]: how many descriptors and how much memory this process may use;
//! - [`private_copy`]: a file's bytes as they are now, whatever happens to the file;
//! - [`processor`]: the processors that a thread may use (sched_setaffinity);
//! - [`process`]: signals to programs, and this program once more;
//! - [`keeper`]: a program that ends, with all that it started, when this process does;
//! - [`family`]: a process and all that it has started;
//! - [`load`]: what they do;
//! - [`patience`]: how long a program goes on, by a clock that a busy machine does not move;
//! - [`exit`]: an end of this process that it did not choose;
//! - [`fork_mark`]: whether this process is a copy made by `fork`;
//! - [`signals`]: SIGINT and SIGTERM to this process;
//! - [`random`]: bytes that nobody can guess;
//! - [`libraries`]: the libraries that this process has loaded;
//! - [`lock`]: locks of files (flock);
//! - [`terminal`]: keys from the terminal as they are pressed (termios).

pub mod clock;
pub mod descriptor;
pub mod exit;
pub mod family;
pub mod fork_mark;
pub mod keeper;
pub mod libraries;
pub mod limits;
pub mod load;
pub mod lock;
pub mod patience;
pub mod poller;
pub mod private_copy;
pub mod process;
pub mod processor;
pub mod random;
pub mod shared;
pub mod signals;
pub mod terminal;
