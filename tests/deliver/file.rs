use cvmd::deliver::Outcome;
use cvmd::deliver::file::Folder;

use super::samples::email;

#[test]
fn a_repeat_leaves_the_same_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mails = Folder::open(&folder.path().join("a/b")).unwrap();
    let built = email(3).build().unwrap();
    let first = mails.send(&built);
    assert_eq!(first, Outcome::Sent { reply: "written to d1-1-3-0.eml".into() });
    let bytes = std::fs::read(mails.file_of(&built)).unwrap();
    assert_eq!(mails.send(&built), first);
    assert_eq!(std::fs::read(mails.file_of(&built)).unwrap(), bytes);
    assert_eq!(bytes, built.bytes);
    let names: Vec<_> = std::fs::read_dir(folder.path().join("a/b")).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_costs_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail");
    let mails = Folder::open(&path).unwrap();
    std::fs::remove_dir(&path).unwrap();
    let outcome = mails.send(&email(3).build().unwrap());
    assert!(matches!(&outcome, Outcome::Unreachable { reason } if reason.contains("mail")), "{outcome:?}");
    std::fs::write(&path, "in the way").unwrap();
    assert!(Folder::open(&path).unwrap_err().contains("mail"));
}
