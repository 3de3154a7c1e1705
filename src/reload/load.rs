//! Reading a whole tree of rule files, the same twice.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::commit;

/// The files that belong to a workspace, by the end of their names.
pub const EXTENSIONS: [&str; 6] = ["rules", "mjml", "html", "htm", "md", "txt"];
/// The most files of a workspace.
pub const MAX_FILES: usize = 10_000;
/// The largest file.
pub const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;
/// All files together.
pub const MAX_TREE_BYTES: u64 = 64 * 1024 * 1024;
/// Folders in folders; a link to a folder above ends here.
pub const MAX_DEPTH: usize = 16;
/// Folders in all: links to folders beside one another multiply.
const MAX_FOLDERS: usize = 10_000;

/// Contents by path relative to the root, with `/`.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// A tree that read the same twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The files.
    pub files: Tree,
    /// The git commit that is checked out, with `-dirty` where the files differ from it;
    /// [`super::UNKNOWN_COMMIT`] without git.
    pub commit: String,
}

/// Why a tree could not be read; says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError(pub String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

/// Reads a tree now, for a command that a person runs. Blocks.
///
/// A file alone is a tree of one. Hidden files and folders (`.git`, an editor's, a `ConfigMap`'s
/// `..data`) are passed over, links are followed.
///
/// # Errors
/// When the root or a file in it cannot be read, or a limit is passed.
pub fn load(root: &Path) -> Result<Loaded, LoadError> {
    let files = read(root)?;
    let commit = commit::of(root, &files);
    Ok(Loaded { files, commit })
}

/// Reads the files of a tree.
pub(super) fn read(root: &Path) -> Result<Tree, LoadError> {
    let mut reader = Reader { tree: Tree::new(), bytes: 0, folders: 0 };
    let found = fs::metadata(root).map_err(|error| refuse(root, &error))?;
    if found.is_dir() {
        reader.folder(root, "", 0)?;
    } else if !found.is_file() {
        // A pipe would be waited for, for ever.
        let shown = root.display();
        return Err(LoadError(format!(
            "`{shown}` is neither a folder nor a file: name the folder of the rules"
        )));
    } else if let Some(name) = root.file_name().and_then(|name| name.to_str()) {
        reader.file(root, name.to_owned())?;
    }
    Ok(reader.tree)
}

/// Whether a file of this name belongs to a workspace.
pub(super) fn belongs(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    !name.starts_with('.') && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

struct Reader {
    tree: Tree,
    bytes: u64,
    folders: usize,
}

impl Reader {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), LoadError> {
        if depth > MAX_DEPTH {
            let shown = folder.display();
            return Err(LoadError(format!(
                "`{shown}` is more than {MAX_DEPTH} folders deep: is there a link to a folder above?"
            )));
        }
        self.folders += 1;
        if self.folders > MAX_FOLDERS {
            let shown = folder.display();
            return Err(LoadError(format!(
                "more than {MAX_FOLDERS} folders up to `{shown}`: do links lead to one another?"
            )));
        }
        for entry in fs::read_dir(folder).map_err(|error| refuse(folder, &error))? {
            let path = entry.map_err(|error| refuse(folder, &error))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                // Without a readable name it can be no rule; nothing refers to it.
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let Ok(found) = fs::metadata(&path) else {
                // A link that leads nowhere, or a file that has just gone.
                continue;
            };
            let relative = format!("{prefix}{name}");
            if found.is_dir() {
                self.folder(&path, &format!("{relative}/"), depth + 1)?;
            } else if found.is_file() && belongs(name) {
                self.file(&path, relative)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, relative: String) -> Result<(), LoadError> {
        let shown = path.display();
        if self.tree.len() >= MAX_FILES {
            return Err(LoadError(format!("more than {MAX_FILES} files: is `{shown}` part of the rules?")));
        }
        let file = fs::File::open(path).map_err(|error| refuse(path, &error))?;
        let mut contents = Vec::new();
        // One byte more than allowed tells a file that is too long, however it grows meanwhile.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut contents).map_err(|error| refuse(path, &error))?;
        let length = contents.len() as u64;
        if length > MAX_FILE_BYTES {
            return Err(LoadError(format!("`{shown}` is longer than {MAX_FILE_BYTES} bytes: split it")));
        }
        self.bytes += length;
        if self.bytes > MAX_TREE_BYTES {
            return Err(LoadError(format!(
                "the files up to `{shown}` are more than {MAX_TREE_BYTES} bytes: are they all rules?"
            )));
        }
        self.tree.insert(relative, contents);
        Ok(())
    }
}

fn refuse(path: &Path, error: &std::io::Error) -> LoadError {
    use std::io::ErrorKind;
    let shown = path.display();
    LoadError(match error.kind() {
        ErrorKind::NotFound => format!("`{shown}` does not exist"),
        ErrorKind::PermissionDenied => {
            format!("`{shown}` may not be read by this user: change its owner or mode")
        }
        _ => format!("`{shown}` cannot be read: {error}"),
    })
}

/// The folder that a change of the root itself is seen in.
pub(super) fn parent(root: &Path) -> PathBuf {
    match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_workspace_are_read_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("rules");
        fs::create_dir_all(root.join("messages/.hidden")).unwrap();
        fs::create_dir_all(root.join("..2026_11_21")).unwrap();
        for name in [
            "a.rules",
            "messages/offer.mjml",
            "messages/.offer.mjml.swp",
            "messages/offer.mjml~",
            "logo.png",
            "messages/.hidden/x.rules",
            "..2026_11_21/b.rules",
            "README",
        ] {
            fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("..2026_11_21", root.join("..data")).unwrap();
        std::os::unix::fs::symlink("..data/b.rules", root.join("b.rules")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("c.rules")).unwrap();
        let tree = read(&root).unwrap();
        let names: Vec<&str> = tree.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.rules", "b.rules", "messages/offer.mjml"]);
        assert_eq!(tree["b.rules"], b"..2026_11_21/b.rules");
        assert_eq!(read(&root.join("a.rules")).unwrap().len(), 1);
    }

    #[test]
    fn links_that_multiply_come_to_an_end() {
        let dir = tempfile::tempdir().unwrap();
        for depth in 0..14 {
            fs::create_dir(dir.path().join(format!("d{depth}"))).unwrap();
            for link in 0..4 {
                let to = dir.path().join(format!("d{}", depth + 1));
                std::os::unix::fs::symlink(to, dir.path().join(format!("d{depth}/l{link}"))).unwrap();
            }
        }
        fs::create_dir(dir.path().join("d14")).unwrap();
        let error = read(dir.path()).unwrap_err();
        assert!(error.0.contains("more than 10000 folders"), "{error}");
    }

    #[test]
    fn limits_end_with_a_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let error = read(&dir.path().join("gone")).unwrap_err();
        assert!(error.0.contains("does not exist"), "{error}");
        std::os::unix::fs::symlink(".", dir.path().join("again")).unwrap();
        let error = read(dir.path()).unwrap_err();
        assert!(error.0.contains("is there a link to a folder above?"), "{error}");
        fs::remove_file(dir.path().join("again")).unwrap();
        let big = fs::File::create(dir.path().join("big.txt")).unwrap();
        big.set_len(MAX_FILE_BYTES + 1).unwrap();
        assert!(read(dir.path()).unwrap_err().0.contains("split it"));
        big.set_len(MAX_FILE_BYTES).unwrap();
        assert!(read(dir.path()).is_ok());
    }
}
