//! The admin listener and its client, with a daemon that only remembers what it was asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cvmd::clock::SystemClock;
use cvmd::config::{Address, Secret};
use cvmd::serve::{
    CHUNK_BYTES, Control, Import, ImportFile, ImportKind, Imported, Listener, Progress, Queued, RefusalKind,
    Reply, Request, Response, Spool, connect,
};

#[derive(Default)]
struct Memory {
    asked: Mutex<Vec<Request>>,
    read: Mutex<Vec<Vec<u8>>>,
}

impl Control for Memory {
    fn call(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(request.clone());
            match request {
                Request::Import(import) => {
                    for file in &import.files {
                        self.read.lock().unwrap().push(fs::read(&file.path).unwrap());
                    }
                    if let Some(rejects) = import.rejects {
                        fs::write(rejects, "file,line,code,reason,raw\n").unwrap();
                    }
                    Response::Imported(Imported { files: Vec::new(), rejected: 0 })
                }
                Request::Reload {} => panic!("a bug"),
                Request::Progress {} => Response::Progress(Progress { done: 1, total: 2 }),
                _ => Response::Done { message: "done".into() },
            }
        })
    }
}

struct Daemon {
    dir: tempfile::TempDir,
    address: Address,
    memory: Arc<Memory>,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn daemon(token: Option<&Secret>) -> Daemon {
    let dir = tempfile::tempdir().unwrap();
    let wanted = match token {
        Some(_) => Address::Tcp("127.0.0.1:0".parse().unwrap()),
        None => Address::Unix(dir.path().join("cvmd.sock")),
    };
    let listener = Listener::bind(&wanted, token).await.unwrap();
    let address = listener.tcp_address().map_or(wanted, Address::Tcp);
    let spool = Spool::open(dir.path(), SystemClock::shared()).unwrap();
    let memory = Arc::new(Memory::default());
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let control = Arc::clone(&memory);
    let task = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        listener.serve(control, spool, "{}".into(), stopped).await;
    });
    Daemon { dir, address, memory, stop, task }
}

fn done() -> Response {
    Response::Done { message: "done".into() }
}

fn pause() -> Request {
    Request::Pause { scope: "rule winback".into(), queued: Queued::Drop }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent_and_the_socket_ends_with_the_daemon() {
    let daemon = daemon(None).await;
    let socket = daemon.dir.path().join("cvmd.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let remote = connect(&daemon.address, None).await.unwrap().expect("a daemon");
    assert_eq!(remote.call(pause()).await, done());
    assert_eq!(*daemon.memory.asked.lock().unwrap(), [pause()]);
    drop(remote);
    daemon.stop.send(()).unwrap();
    daemon.task.await.unwrap();
    assert!(!socket.exists());
    assert!(connect(&daemon.address, None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_bug_in_one_request_leaves_the_others_alone() {
    let daemon = daemon(None).await;
    let remote = connect(&daemon.address, None).await.unwrap().unwrap();
    let Response::Refused(refusal) = remote.call(Request::Reload {}).await else { panic!("not refused") };
    assert_eq!((refusal.kind, refusal.message.contains("see its log")), (RefusalKind::Failed, true));
    assert_eq!(remote.call(pause()).await, done());
}

#[tokio::test]
async fn an_import_hands_over_bytes_and_fetches_rejects() {
    let daemon = daemon(None).await;
    let remote = connect(&daemon.address, None).await.unwrap().unwrap();
    let here = tempfile::tempdir().unwrap();
    let big: Vec<u8> = (0..CHUNK_BYTES * 2 + 5).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let contents = [big, b"id,email\n".to_vec(), Vec::new()];
    let file = |(number, contents): (usize, &Vec<u8>)| {
        let path = here.path().join(format!("{number}.csv"));
        fs::write(&path, contents).unwrap();
        ImportFile { kind: ImportKind::Orders, name: format!("{number}.csv"), path }
    };
    let files = contents.iter().enumerate().map(file).collect();
    let rejects = here.path().join("rejects.csv");
    let import = Import { files, map: Vec::new(), event: None, total: None, rejects: Some(rejects.clone()) };
    let response = remote.call(Request::Import(import)).await;
    assert_eq!(response, Response::Imported(Imported { files: Vec::new(), rejected: 0 }));
    assert_eq!(*daemon.memory.read.lock().unwrap(), contents);
    assert_eq!(fs::read_to_string(rejects).unwrap(), "file,line,code,reason,raw\n");
    assert_eq!(fs::read_dir(daemon.dir.path().join("spool")).unwrap().count(), 0, "nothing stays behind");
    let progress = remote.call(Request::Progress {}).await;
    assert_eq!(progress, Response::Progress(Progress { done: 1, total: 2 }));
}

#[tokio::test]
async fn a_client_cannot_make_the_daemon_open_a_path() {
    let daemon = daemon(None).await;
    let Address::Unix(socket) = &daemon.address else { unreachable!() };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().unix_socket(socket.clone()).build().unwrap();
    let ask = async |body: String| {
        let response = client.post("http://cvmd/control/v1").body(body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let file = ImportFile { kind: ImportKind::Orders, name: "x".into(), path: PathBuf::from("/etc/passwd") };
    let import = Import { files: vec![file], map: Vec::new(), event: None, total: None, rejects: None };
    let (_, text) = ask(serde_json::to_string(&Request::Import(import)).unwrap()).await;
    assert!(text.contains("was not handed over"), "{text}");
    assert!(daemon.memory.asked.lock().unwrap().is_empty());
    let (status, text) = ask(r#"{"request":"dance"}"#.into()).await;
    assert!(status == 400 && text.contains("does not know this request"), "{status} {text}");
    let (status, _) = ask("x".repeat(2 * 1024 * 1024)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn tcp_asks_for_the_token() {
    let token = Secret::new("s3cret");
    let daemon = daemon(Some(&token)).await;
    let remote = connect(&daemon.address, Some(token)).await.unwrap().unwrap();
    assert_eq!(remote.call(pause()).await, done());
    for wrong in [None, Some(Secret::new("s3cret2")), Some(Secret::new(""))] {
        let remote = connect(&daemon.address, wrong).await.unwrap().unwrap();
        let Response::Refused(refusal) = remote.call(pause()).await else { panic!("let in") };
        assert!(refusal.message.contains("401") && !refusal.message.contains("s3cret"), "{refusal:?}");
    }
    assert_eq!(daemon.memory.asked.lock().unwrap().len(), 1);
    let address = Address::Tcp("127.0.0.1:0".parse().unwrap());
    assert!(Listener::bind(&address, None).await.unwrap_err().to_string().contains("needs a token"));
}

#[tokio::test]
async fn a_socket_is_taken_over_only_from_the_dead() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run/cvmd.sock");
    let address = Address::Unix(path.clone());
    let bind = async |path: &Path| Listener::bind(&Address::Unix(path.into()), None).await;
    let first = Listener::bind(&address, None).await.unwrap();
    let error = bind(&path).await.unwrap_err();
    assert!(error.to_string().contains("another daemon answers"), "{error}");
    drop(first);
    // A killed daemon leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(bind(&path).await.unwrap());
    fs::write(&path, "not a socket").unwrap();
    let error = bind(&path).await.unwrap_err();
    assert!(error.to_string().contains("is no socket"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "not a socket");
    let error = bind(&dir.path().join("x".repeat(100))).await.unwrap_err();
    assert!(error.to_string().contains("bytes long"), "{error}");
}
