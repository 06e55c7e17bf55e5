//! Serves the chat service over gRPC.

use anyhow::{Context, Result};
use clap::Parser;
use std::io::Write;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Serve the chat service of chat.proto over gRPC, until stopped by Ctrl-C.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address to listen on. With port 0, a free port is used and printed.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:15150")]
    address: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { address } = Arguments::parse();
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    println!("listens on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let end = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    chat_grpc::serve(listener, end).await?;
    Ok(())
}
