//! `cvmd init`: the workspace of `rules/`, with a configuration that reaches nobody.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};

use super::exit::{Exit, Failure};
use super::output::Output;

const EXAMPLES: &str = "\
Examples:
  cvmd init shop && cd shop && cvmd check";

/// Begin a new workspace
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where; made if it does not exist. No file that is there is touched
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// A file of the workspace: its path and its text.
type Template = (&'static str, &'static str);

macro_rules! rules {
    ($($path:literal)*) => { &[$((concat!("rules/", $path), include_str!(concat!("../../rules/", $path)))),*] };
}

/// The rules that a marketer copies.
pub(super) const RULES: &[Template] = rules! {
    "birthday.rules"
    "care.rules"
    "cart.rules"
    "declining.rules"
    "digest.rules"
    "messages/come_back.html"
    "messages/good_to_see_you.html"
    "messages/happy_birthday.html"
    "messages/layouts/default.es.html"
    "messages/layouts/default.es.txt"
    "messages/layouts/default.html"
    "messages/layouts/default.txt"
    "messages/offer.html"
    "messages/thank_you.html"
    "messages/this_week.html"
    "messages/we_noticed.html"
    "messages/worn_out.html"
    "messages/your_basket.es.md"
    "messages/your_basket.md"
    "messages/your_new_plan.html"
    "replenish.rules"
    "returning.rules"
    "second_order.rules"
    "shop.rules"
    "upgrade.rules"
    "vip.rules"
    "welcome.rules"
    "winback.rules"
};

const OTHERS: [Template; 2] =
    [("cvmd.toml", include_str!("init/cvmd.toml")), (".gitignore", include_str!("init/gitignore"))];

/// The secret that the rules sign with.
const SECRET: &str = "secrets/crm_key";

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    make(folder)?;
    let shown = folder.display();
    output.line(format!("made `{shown}`: cvmd.toml, rules/, and a key for the webhook in {SECRET}"))?;
    output.line("")?;
    output.line("next:")?;
    output.line(format!("  cd {shown}"))?;
    output.line("  cvmd check                          are the rules right?")?;
    output.line("  cvmd import customers FILE          who are your customers?")?;
    output.line("  cvmd evaluate                       who matches?")?;
    output.line(
        "  cvmd run                            mail goes into outbox/ until cvmd.toml names a server",
    )?;
    Ok(Exit::Fine)
}

/// Writes the workspace; all or, where a file is in the way, nothing.
pub(super) fn make(folder: &Path) -> Result<(), Failure> {
    let key = secret()?;
    let files: Vec<(&str, &str, u32)> = RULES
        .iter()
        .chain(&OTHERS)
        .map(|&(path, text)| (path, text, 0o644))
        .chain([(SECRET, key.as_str(), 0o600)])
        .collect();
    if let Some((path, ..)) = files.iter().find(|(path, ..)| folder.join(path).symlink_metadata().is_ok()) {
        let shown = folder.join(path);
        return Err(Failure::trouble(format!(
            "`{}` is there already: nothing was written; name a new folder",
            shown.display()
        )));
    }
    files.iter().try_for_each(|(path, text, mode)| write(&folder.join(path), text, *mode))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let refuse = |error: std::io::Error| {
        let what = if error.kind() == ErrorKind::PermissionDenied {
            "may not be written by this user".into()
        } else {
            error.to_string()
        };
        Failure::trouble(format!("`{}`: {what}", path.display()))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(refuse)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(refuse)
}

/// A key of 24 random bytes, as the Standard Webhooks specification writes it.
fn secret() -> Result<String, Failure> {
    let mut key = [0; 24];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| Failure::trouble("the system gives no random numbers for the webhook's key"))?;
    Ok(format!("whsec_{}\n", STANDARD.encode(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn the_workspace_is_the_folder_rules() {
        let found =
            crate::reload::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))).unwrap().files;
        let mut names: Vec<String> = found.keys().map(|path| format!("rules/{path}")).collect();
        names.retain(|name| !name.ends_with("README.md"));
        let ours: Vec<&str> = RULES.iter().map(|(path, _)| *path).collect();
        assert_eq!(ours, names, "a file of `rules/` is missing in `RULES`, or the order differs");
    }

    #[test]
    fn a_new_workspace_has_a_configuration_without_a_problem_and_is_not_made_twice() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("shop");
        make(&folder).unwrap();
        let config = Config::load(&folder.join("cvmd.toml"), &Environment::default()).unwrap();
        assert!(config.warnings.is_empty());
        assert!(config.secrets.read("crm_key").unwrap().expose().starts_with("whsec_"));
        fs::remove_file(folder.join("cvmd.toml")).unwrap();
        assert!(make(&folder).is_err());
        assert!(!folder.join("cvmd.toml").exists(), "nothing was written");
    }
}
