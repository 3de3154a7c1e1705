//! Connections: how many, how slow, and how they end.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::patient::Patient;
use crate::clock::Clock;
use crate::model;

/// Connections at once; who comes beyond is told to come again.
const MAX_CONNECTIONS: usize = 1_024;
/// For the headers of a request; an idle connection is closed after as long.
const HEADER_TIME_OUT: Duration = Duration::from_secs(30);
/// Headers of a request at most, in bytes.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// For answers under way when the daemon ends.
const STOP_TIME_OUT: Duration = Duration::from_secs(10);
/// After an error of the system, such as no more files: trying again at once would fail again.
const REST: model::Duration = model::Duration(500);

/// What is said where there are too many connections.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n\
                    content-type: application/json\r\ncontent-length: 66\r\n\r\n\
                    {\"code\":\"full\",\"message\":\"too many connections: come again later\"}";

/// Accepts connections until `stop` is ready.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let (router, clock, stopped) = (router.clone(), Arc::clone(&clock), stopped.clone());
                    connections.spawn(async move {
                        answer(stream, router, clock, stopped).await;
                        drop(place);
                    });
                }
                Err(_) => turn_away(&stream),
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(error = error.to_string(), "the public listener cannot accept connections");
                clock.sleep(REST).await;
            }
        }
    }
    drop(listener);
    // Nobody is left to hear it where there is no connection.
    let _ = stopping.send(true);
    let ends = async { while connections.join_next().await.is_some() {} };
    // Those that did not end are cut off with the set.
    let _ = tokio::time::timeout(STOP_TIME_OUT, ends).await;
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    router: Router,
    clock: Arc<dyn Clock>,
    mut stopped: watch::Receiver<bool>,
) {
    // An answer is small and one write: nothing gains by waiting.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_OUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(Patient::new(stream, clock)), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // How a connection breaks off is the client's affair. The one thing that is ever sent is the end.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Says that there are too many, as far as that goes without waiting.
fn turn_away(stream: &TcpStream) {
    let _ = stream.try_write(FULL.as_bytes());
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_said_to_those_turned_away_is_whole() {
        let (head, body) = super::FULL.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).unwrap();
    }
}
