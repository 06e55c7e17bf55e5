//! The sockets of a run, each under a token that is never given twice.

use std::collections::BTreeMap;

use os::poller::Token;

/// A table from tokens to sockets. A late event of a socket that has been
/// closed finds nothing, and not another socket in its place.
#[derive(Debug)]
pub struct Sockets<T> {
    next: Token,
    open: BTreeMap<Token, T>,
}

impl<T> Default for Sockets<T> {
    fn default() -> Self {
        Sockets {
            next: 0,
            open: BTreeMap::new(),
        }
    }
}

impl<T> Sockets<T> {
    /// The token that [`Sockets::add`] will give next.
    pub fn next_token(&self) -> Token {
        self.next
    }

    /// Takes a socket in.
    pub fn add(&mut self, socket: T) -> Token {
        let token = self.next;
        self.next += 1;
        self.open.insert(token, socket);
        token
    }

    /// A socket, if it is still there.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        self.open.get_mut(&token)
    }

    /// Takes a socket out.
    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.open.remove(&token)
    }

    /// Every socket, oldest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Token, &mut T)> {
        self.open.iter_mut().map(|(token, socket)| (*token, socket))
    }

    /// Number of sockets.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
