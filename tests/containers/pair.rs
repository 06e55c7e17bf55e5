//! A plain pair over TCP, to compare the runner with: `pair server` sends back what it is
//! sent; `pair client HOST:PORT COUNT SIZE..` prints the median round trip of each size [ns].

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words[..] {
        [role] if role == "server" => serve(),
        [role, address, count, sizes @ ..] if role == "client" => {
            let count = count.parse().expect("COUNT is a number");
            let size = |text: &String| text.parse().expect("SIZE is a number");
            ask(
                address,
                count,
                &sizes.iter().map(size).collect::<Vec<usize>>(),
            )
        }
        _ => panic!("expected `server`, or `client HOST:PORT COUNT SIZE..`"),
    }
}

/// Each message: its length as u64, then its bytes.
fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:7000")?;
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let mut message = Vec::new();
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        message.resize(8 + u64::from_be_bytes(head) as usize, 0);
        message[..8].copy_from_slice(&head);
        stream.read_exact(&mut message[8..])?;
        stream.write_all(&message)?;
    }
}

fn ask(address: &str, count: usize, sizes: &[usize]) -> std::io::Result<()> {
    // The server's container may have just begun.
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => std::thread::yield_now(),
        }
    };
    stream.set_nodelay(true)?;
    let mut messages = Vec::new();
    for size in sizes {
        let mut message = (*size as u64).to_be_bytes().to_vec();
        message.resize(8 + size, b'x');
        messages.push(message);
    }
    let mut times = vec![Vec::with_capacity(count); sizes.len()];
    let mut reply = Vec::new();
    // The sizes take turns, as those of an `echo.client` do: what one leaves in caches and
    // buffers costs the next. A round trip begins with the reply before, as there, where it
    // begins with the step that handles that reply: so both verify it within that time.
    let mut start = Instant::now();
    for _ in 0..count {
        for (message, times) in messages.iter().zip(&mut times) {
            stream.write_all(message)?;
            reply.resize(message.len(), 0);
            stream.read_exact(&mut reply)?;
            let end = Instant::now();
            times.push((end - start).as_nanos());
            start = end;
            assert_eq!(*message, reply);
        }
    }
    for (size, times) in sizes.iter().zip(&mut times) {
        times.sort_unstable();
        println!("{size} {}", times[times.len() / 2]);
    }
    Ok(())
}
