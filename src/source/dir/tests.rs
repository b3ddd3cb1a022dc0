use super::*;
use crate::source::Skipped;
use std::ffi::OsStr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("trailtrim-dir-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(fs::canonicalize(path).unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "tests make their own files")]
    fn file(&self, name: impl AsRef<OsStr>, content: &str) -> PathBuf {
        let path = self.0.join(name.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Names below the folder, problems as `name: message`, and what was skipped.
    fn list(&self, paths: &[PathBuf]) -> (Vec<String>, Vec<String>, Skipped) {
        let listing = DirSource::new(paths.iter().cloned()).list();
        let root = format!("{}/", self.0.display());
        let short = |name: &str| name.replace(&root, "");
        let names = listing.objects.iter().map(|object| short(&object.name)).collect();
        let problems =
            listing.problems.iter().map(|problem| short(&format!("{}: {}", problem.file, problem.message)));
        (names, problems.collect(), listing.skipped)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(source: &DirSource, object: &LogObject) -> String {
    let mut bytes = b"old".to_vec();
    source.read(object, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_folder_is_walked_and_foreign_names_are_left_out() {
    let folder = Folder::new();
    let tree = "AWSLogs/111122223333";
    let events = format!(
        "{tree}/CloudTrail/eu-west-1/2024/05/01/111122223333_CloudTrail_eu-west-1_20240501T0005Z_x.json.gz"
    );
    let digest = format!(
        "{tree}/CloudTrail-Digest/eu-west-1/2024/05/01/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240501T000500Z.json.gz"
    );
    let insight = format!("{tree}/CloudTrail-Insight/eu-west-1/2024/05/01/x.json.gz");
    for name in [
        &*events,
        &digest,
        &insight,
        "flat.jsonl",
        "UPPER.JSON",
        "README.md",
        "a.tar.gz",
        ".hidden.json",
        "LICENSE",
    ] {
        folder.file(name, "{}");
    }
    let (names, problems, skipped) = folder.list(std::slice::from_ref(&folder.0));
    assert_eq!(names, [&*events, "UPPER.JSON", "flat.jsonl"]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(skipped, Skipped { digests: 1, insights: 1, others: 4 });
    // A file that the user names is taken whatever its name.
    let (names, _, skipped) = folder.list(&[folder.0.join("README.md"), folder.0.join(&digest)]);
    assert_eq!((names, skipped), (vec![digest, "README.md".to_owned()], Skipped::default()));
}

#[test]
fn one_file_counts_once() {
    let folder = Folder::new();
    let file = folder.file("logs/a.json", "A");
    folder.file("logs/b.json", "B");
    let logs = folder.0.join("logs");
    let (names, ..) = folder.list(&[logs.clone(), file.clone(), logs.join("../logs"), logs.join("./a.json")]);
    assert_eq!(names.len(), 2, "{names:?}");
    let source = DirSource::new([logs, file]);
    let listing = source.list();
    assert_eq!(listing.objects.iter().map(|object| object.named).collect::<Vec<_>>(), [true, false]);
    assert_eq!(text(&source, &listing.objects[1]), "B");
    assert_eq!(listing.objects[0].size, 1);
}

#[test]
fn empty_missing_and_standard_input() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("none")).unwrap();
    folder.file("notes/a.txt", "");
    folder.file("good/a.json", "");
    let paths = ["none", "notes", "good", "gone"].map(|name| folder.0.join(name));
    let (names, problems, _) = folder.list(&[paths.as_slice(), &["-".into()]].concat());
    assert_eq!(names, ["-", "good/a.json"]);
    let expect = [
        "gone: entity not found",
        "none: the folder is empty",
        "notes: no log file in the folder; 1 other files",
    ];
    assert_eq!(problems, expect);
}

#[cfg(unix)]
#[test]
fn links_end_and_odd_names_open() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    folder.file("logs/a.json", "A");
    folder.file(OsStr::from_bytes(b"logs/caf\xe9.json"), "B");
    symlink(&folder.0, folder.0.join("logs/up")).unwrap();
    symlink("a.json", folder.0.join("logs/copy.json")).unwrap();
    symlink("nowhere", folder.0.join("logs/broken.json")).unwrap();
    symlink("loop.json", folder.0.join("logs/loop.json")).unwrap();
    let source = DirSource::new([folder.0.clone()]);
    let listing = source.list();
    let texts: Vec<_> = listing.objects.iter().map(|object| text(&source, object)).collect();
    assert_eq!(texts, ["A", "B"]);
    assert!(listing.objects[1].name.ends_with("caf\u{fffd}.json"));
    assert_eq!(listing.problems.len(), 2, "{:?}", listing.problems);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_does_not_stop_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.file("closed/a.json", "A");
    let file = folder.file("open/b.json", "B");
    let closed = folder.0.join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        println!("skipped: this user (root?) may read everything");
        return;
    }
    let source = DirSource::new([folder.0.clone()]);
    let (names, problems, _) = folder.list(std::slice::from_ref(&folder.0));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(
        (names, problems),
        (vec!["open/b.json".to_owned()], vec!["closed: permission denied".to_owned()])
    );
    let error = source.read(&source.list().objects[1], &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "permission denied");
}
