//! When the rule files changed, and what they say now. Whether they are right is `check`'s to say,
//! and swapping them in is the daemon's.

mod commit;
mod git;
mod kernel;
mod load;
mod settle;
mod watch;

pub use commit::UNKNOWN_COMMIT;
pub use load::{
    EXTENSIONS, LoadError, Loaded, MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_TREE_BYTES, Tree, load,
};
pub use settle::{Settled, load_settled};
pub use watch::{POLL, Watch};
