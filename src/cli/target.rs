//! The trees and files that a command about rules is about.

use std::path::{Path, PathBuf};

use crate::cli::common::Common;
use crate::cli::exit::Failure;
use crate::config::{Config, Environment};

/// A tree, or files of one.
pub(super) struct Target {
    /// Its root.
    pub(super) root: PathBuf,
    /// Only what concerns these files of it is shown; all where empty.
    pub(super) only: Vec<String>,
    /// The configuration that runs this tree: its store knows names.
    pub(super) config: Option<Config>,
}

impl Target {
    fn folder(root: PathBuf) -> Self {
        Self { root, only: Vec::new(), config: None }
    }

    fn of(config: Config) -> Self {
        Self { root: config.rules.clone(), only: Vec::new(), config: Some(config) }
    }

    /// Whether it shows what concerns a file, named within the tree.
    pub(super) fn shows(&self, path: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == path)
    }
}

/// What the paths stand for.
pub(super) fn targets(paths: &[PathBuf], common: &Common) -> Result<Vec<Target>, Failure> {
    if paths.is_empty() {
        return Ok(vec![configured(common)?]);
    }
    let mut targets: Vec<Target> = Vec::new();
    for path in paths {
        let found = if path.is_dir() {
            folder(path, common)?
        } else if path.is_file() {
            file(path, common)
        } else {
            let shown = path.display();
            let what = if path.exists() { "is neither a folder nor a file" } else { "does not exist" };
            return Err(Failure::trouble(format!(
                "`{shown}` {what}: write a folder of rules, or a file in it"
            )));
        };
        // Several files of one tree are one check.
        match targets.iter_mut().find(|target| target.root == found.root && !target.only.is_empty()) {
            Some(target) if !found.only.is_empty() => target.only.extend(found.only),
            Some(_) | None => targets.push(found),
        }
    }
    Ok(targets)
}

/// The rules of the configuration; the folder of `--rules` alone belongs to no store.
fn configured(common: &Common) -> Result<Target, Failure> {
    match common.configuration() {
        Ok(config) if common.rules.is_some() && common.config.is_none() => Ok(Target::folder(config.rules)),
        Ok(config) => Ok(Target::of(config)),
        // Nobody asked for a configuration: a folder of rules is a workspace on its own.
        Err(_) if common.config.is_none() && !Path::new("cvmd.toml").exists() => {
            Ok(Target::folder(PathBuf::from(".")))
        }
        Err(failure) => Err(failure),
    }
}

/// A folder of rules: itself, or what the `cvmd.toml` in it names.
fn folder(folder: &Path, common: &Common) -> Result<Target, Failure> {
    let file = folder.join("cvmd.toml");
    if file.is_file() {
        let config = Config::load(&file, &Environment::of_process());
        return config.map(Target::of).map_err(|error| Failure::trouble(error.to_string()));
    }
    let same = |target: &Target| real(&target.root).is_some_and(|root| real(folder) == Some(root));
    let config = configured(common).ok().filter(same).and_then(|target| target.config);
    Ok(Target { root: folder.to_owned(), only: Vec::new(), config })
}

/// The tree that a file belongs to and its path there: the configured rules, or its own folder.
fn file(path: &Path, common: &Common) -> Target {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    if let Ok(target) = configured(common)
        && let (Some(file), Some(root)) = (real(path), real(&target.root))
        && let Ok(inside) = file.strip_prefix(root)
    {
        return Target { only: vec![text(inside)], ..target };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Target { only: vec![name], ..Target::folder(folder.unwrap_or(Path::new(".")).to_owned()) }
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// A file of a tree as the user would name it.
pub(super) fn named(root: &Path, path: &str) -> String {
    // A root that is a single file is its own folder's only file.
    if root == Path::new(".") { path.to_owned() } else { root.join(path).to_string_lossy().into_owned() }
}
