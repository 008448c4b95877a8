//! A load generator: so many connections post batches, as fast as they are answered or at a given rate, and what they saw
//! is printed as one line of JSON.
//!
//! It is its own process, so its work is no part of the collector's; bodies are built once and only ids in them change.
#![expect(clippy::print_stdout, reason = "its whole point")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug, Clone, Parser)]
struct Options {
    /// Where the collector listens.
    address: SocketAddr,
    /// A write key.
    key: String,
    /// Events in a batch.
    #[arg(long, default_value_t = 100)]
    events: u32,
    #[arg(long, default_value_t = 16)]
    connections: u32,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Events a second, all connections together. Default: as many as are answered.
    #[arg(long)]
    rate: Option<f64>,
}

#[derive(Default)]
struct Seen {
    latencies: Vec<Duration>,
    others: u64,
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(options))
}

async fn run(options: Options) -> std::io::Result<()> {
    let start = Instant::now();
    let connections: Vec<_> = (0..options.connections).map(|number| tokio::spawn(connection(options.clone(), number, start))).collect();
    let (mut latencies, mut others) = (Vec::new(), 0);
    for connection in connections {
        let seen = connection.await.expect("no panic")?;
        latencies.extend(seen.latencies);
        others += seen.others;
    }
    let seconds = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get((latencies.len() * percent / 100).min(latencies.len().saturating_sub(1)));
    let ms = |percent| at(percent).map(|latency| latency.as_secs_f64() * 1_000.0);
    let events = latencies.len() as u64 * u64::from(options.events);
    println!(
        "{}",
        json!({
            "events_per_second": (events as f64 / seconds).round(), "batches": latencies.len(), "not_200": others,
            "p50_ms": ms(50), "p99_ms": ms(99), "max_ms": ms(100),
        })
    );
    Ok(())
}

async fn connection(options: Options, number: u32, start: Instant) -> std::io::Result<Seen> {
    let mut stream = TcpStream::connect(options.address).await?;
    stream.set_nodelay(true)?;
    let mut seen = Seen::default();
    let mut answer = vec![0; 16 << 10];
    let every = options.rate.map(|rate| Duration::from_secs_f64(f64::from(options.events * options.connections) / rate));
    let mut due = start + every.unwrap_or_default().mul_f64(f64::from(number) / f64::from(options.connections));
    for batch in 0_u64.. {
        if start.elapsed().as_secs() >= options.seconds {
            break;
        }
        let request = request(&options, number, batch);
        // At a rate, from when it was due, so that waiting in line counts too.
        let begun = match every {
            Some(every) => {
                tokio::time::sleep_until(due.into()).await;
                let begun = due;
                due += every;
                begun
            }
            None => Instant::now(),
        };
        stream.write_all(&request).await?;
        let count = stream.read(&mut answer).await?;
        if answer[..count].starts_with(b"HTTP/1.1 200") {
            seen.latencies.push(begun.elapsed());
        } else {
            seen.others += 1;
        }
        if count == 0 {
            break;
        }
    }
    Ok(seen)
}

fn request(options: &Options, connection: u32, batch: u64) -> Vec<u8> {
    let mut body = format!(r#"{{"writeKey":"{}","sentAt":"2025-03-08T12:00:00.123Z","batch":["#, options.key).into_bytes();
    for event in 0..options.events {
        let separator = if event == 0 { "" } else { "," };
        let user = (batch * 7919 + u64::from(event) * 104_729) % 100_000;
        body.extend_from_slice(
            format!(
                r#"{separator}{{"type":"track","event":"Order Completed","userId":"u-{user}","messageId":"{connection}-{batch}-{event}","timestamp":"2025-03-08T12:00:00.000Z","properties":{{"revenue":59.9,"category":"coffee","coupon":null,"quantity":2}},"context":{{"library":{{"name":"load","version":"1.0.0"}}}},"integrations":{{}}}}"#
            )
            .as_bytes(),
        );
    }
    body.extend_from_slice(b"]}");
    let mut request = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        options.address,
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    request
}
