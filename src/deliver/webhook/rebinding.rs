//! A name that answers with a public address when it is checked and with a private one when it is
//! connected to: 127.0.0.2 plays the public internet, 127.0.0.1 what stands behind the firewall.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::address::{Lookup, Only};
use super::caller::{Call, Caller, Options};
use crate::deliver::Outcome;
use crate::model::Instant;

const PUBLIC: [u8; 4] = [127, 0, 0, 2];
const PRIVATE: [u8; 4] = [127, 0, 0, 1];

/// A name server of an attacker: each question gets the next answer.
struct Turning(Mutex<VecDeque<Vec<[u8; 4]>>>);

impl Lookup for Turning {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        assert_eq!(name, "rebind.example");
        let answer = self.0.lock().unwrap().pop_front().expect("nobody asks twice about one call");
        Ok(answer.into_iter().map(|ip| SocketAddr::from((ip, 0))).collect())
    }
}

/// A receiver at an address; how often it was called.
async fn receiver(ip: [u8; 4], port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(SocketAddr::from((ip, port))).await.unwrap();
    let (port, calls) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n").await;
        }
    });
    (port, calls)
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_connected_to() {
    let (port, public) = receiver(PUBLIC, 0).await;
    let (_, private) = receiver(PRIVATE, port).await;
    let answers = [
        vec![PUBLIC],
        // Between two calls it turns.
        vec![PRIVATE],
        // Some of each: the private one is passed over, wherever it stands.
        vec![PRIVATE, PUBLIC],
        vec![PUBLIC, PRIVATE],
        vec![PRIVATE, PRIVATE],
    ];
    let lookup = Arc::new(Turning(Mutex::new(answers.into())));
    let allowed = |ip: IpAddr| ip == IpAddr::from(PUBLIC);
    let caller = Caller::with(&Options::default(), Only { lookup: Arc::clone(&lookup), allowed }).unwrap();
    let call = Call {
        id: "d1-1-3".into(),
        url: format!("http://rebind.example:{port}/"),
        body: "{}".into(),
        secrets: vec![],
        headers: vec![],
        answer_within: None,
    };
    for arrives in [true, false, true, true, false] {
        let before = public.load(Ordering::Relaxed);
        match caller.send(&call, Instant(0)).await {
            Outcome::Sent { .. } => assert!(arrives),
            Outcome::Retry { reason, .. } => {
                assert!(!arrives && reason.contains("allow_private = true"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(public.load(Ordering::Relaxed), before + usize::from(arrives));
    }
    assert_eq!(private.load(Ordering::Relaxed), 0, "nothing ever arrives behind the firewall");
    assert_eq!(lookup.0.lock().unwrap().len(), 0, "and each call asked once");
}
