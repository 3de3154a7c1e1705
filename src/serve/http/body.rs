//! The body of a post: within limits of size, time and memory, plain or gzip.

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fault::Fault;

/// Bytes of a body at most, as it is sent and as it is when it is unpacked.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// For a whole body.
const BODY_TIME_OUT: Duration = Duration::from_mins(1);
/// Bodies in memory at once, in units of [`UNIT`].
const BUDGET: usize = 256 * 1024;
/// What memory is counted in.
const UNIT: usize = 1024;
/// What is read of a body that is not taken, and thrown away, so that its sender reads the answer.
const LINGER_BYTES: usize = 256 * 1024 * 1024;
/// For how long.
const LINGER: Duration = Duration::from_secs(15);

/// The memory that all bodies share.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET)))
    }
}

impl Budget {
    /// Room for so many bytes, given back when it is dropped.
    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Fault> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(units).map_err(|_| Fault::busy())
    }
}

/// A body in memory.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    pub(super) room: OwnedSemaphorePermit,
}

/// Reads a body to its end, and unpacks it.
pub(super) async fn read(request: Request, budget: &Budget) -> Result<Whole, Fault> {
    let packed = is_packed(request.headers());
    let length = declared(request.headers());
    // Who asks first is answered before the body; who does not may not look up before it is sent.
    let waits = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let plain = length.unwrap_or(MAX_BODY_BYTES);
    let begun = match packed {
        Err(fault) => Err(fault),
        Ok(_) if plain > MAX_BODY_BYTES => Err(too_large()),
        Ok(packed) => {
            let room = budget.take(if packed { plain + MAX_BODY_BYTES } else { plain });
            room.map(|room| (packed, room))
        }
    };
    let (packed, room) = match begun {
        Ok(begun) => begun,
        Err(fault) => {
            if !waits {
                linger(&mut body).await;
            }
            return Err(fault);
        }
    };
    let gathered = tokio::time::timeout(BODY_TIME_OUT, gather(&mut body, plain)).await;
    let bytes = match gathered.map_err(|_| Fault::too_slow())? {
        Ok(bytes) => bytes,
        Err(Stop::TooLarge) => {
            linger(&mut body).await;
            return Err(too_large());
        }
        Err(Stop::Broken) => return Err(Fault::bad("bad_body", "the body broke off before its end")),
    };
    if !packed {
        return Ok(Whole { bytes, room });
    }
    let unpacked = tokio::task::spawn_blocking(move || unpack(&bytes)).await;
    let bytes = unpacked.map_err(|_| Fault::failed("the body could not be unpacked"))??;
    Ok(Whole { bytes, room })
}

fn too_large() -> Fault {
    Fault::too_large(format!("the body is longer than {MAX_BODY_BYTES} bytes: send it in parts"))
}

/// Whether the body is packed with gzip.
fn is_packed(headers: &HeaderMap) -> Result<bool, Fault> {
    let mut packed = false;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        match value.to_str().map(|value| value.trim().to_ascii_lowercase()).as_deref() {
            Ok("" | "identity") => {}
            Ok("gzip" | "x-gzip") if !packed => packed = true,
            Ok(_) | Err(_) => return Err(Fault::unknown_encoding()),
        }
    }
    Ok(packed)
}

/// The length that the headers say.
fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Why a body was not read to its end.
enum Stop {
    TooLarge,
    Broken,
}

async fn gather(body: &mut Body, capacity: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::with_capacity(capacity.min(64 * UNIT));
    while let Some(data) = next(body).await {
        let data = data.map_err(|_| Stop::Broken)?;
        if bytes.len() + data.len() > MAX_BODY_BYTES {
            return Err(Stop::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The next bytes of a body.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        match frame {
            Ok(frame) => {
                // What is no data is a trailer, and says nothing here.
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

/// Reads a body whose content says nothing, and keeps nothing: whether it came to an end within so many bytes.
/// A longer one is read on for a while, so that its sender reads the answer.
pub(super) async fn skip(body: &mut Body, most: usize) -> bool {
    let mut length = 0;
    while let Some(data) = next(body).await {
        let Ok(data) = data else { return false };
        length += data.len();
        if length > most {
            linger(body).await;
            return false;
        }
    }
    true
}

/// Reads on for a while and keeps nothing.
async fn linger(body: &mut Body) {
    let mut left = LINGER_BYTES;
    let reading = async {
        while let Some(Ok(data)) = next(body).await {
            left = left.saturating_sub(data.len());
            if left == 0 {
                return;
            }
        }
    };
    // However it ends, the answer is the same.
    let _ = tokio::time::timeout(LINGER, reading).await;
}

/// Unpacks gzip; a small body may be a very large one.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut limited = MultiGzDecoder::new(packed).take(MAX_BODY_BYTES as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(|_| Fault::bad("bad_gzip", "the body is not whole gzip"))?;
    if bytes.len() > MAX_BODY_BYTES { Err(too_large()) } else { Ok(bytes) }
}
