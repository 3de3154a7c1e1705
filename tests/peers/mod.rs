//! Against programs of others: `DuckDB` as a second opinion on who matches, aiosmtpd and Postfix as mail servers,
//! the public `standardwebhooks` libraries of Python and JavaScript as receivers, schemathesis as an
//! integrator.
//!
//! They run where `CVMD_PEERS=1`; `.ci/run` installs them and says by `CVMD_PYTHON` which Python has
//! them. There, what is absent fails the test; elsewhere it says that it was skipped.

mod duckdb;
mod end_to_end;
mod mail;
mod postfix;
mod proxied;
mod schemathesis;
mod webhooks;

use std::path::PathBuf;

/// The Python that has the peers; none where nobody asks for them.
fn python() -> Option<PathBuf> {
    if std::env::var("CVMD_PEERS").is_ok_and(|value| value == "1") {
        let python = std::env::var_os("CVMD_PYTHON").map(PathBuf::from);
        return Some(
            python.expect("CVMD_PEERS=1 needs CVMD_PYTHON, a Python with tests/peers/requirements.txt"),
        );
    }
    eprintln!("SKIPPED: this test needs CVMD_PEERS=1 and CVMD_PYTHON, see .ci/run");
    None
}

/// A file of this folder.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}
