//! What is written, what is refused, and what is left as it was.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use letra_files::{Draft, Lock, MadeFolders, Problem, check, remedy, write_whole};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn problem(error: &Error) -> Option<&Problem> {
    error.get_ref()?.downcast_ref()
}

/// Checks that a file is refused before and at writing, for a reason of letra's own.
#[track_caller]
fn refused(path: &Path, wanted: &Problem) {
    for result in [check(path, 0), write_whole(path, b"new")] {
        let error = result.unwrap_err();
        assert_eq!(problem(&error), Some(wanted), "{error}");
    }
}

#[test]
fn a_file_is_made_and_replaced() {
    let home = home();
    let path = home.path().join("model.letra");
    for contents in [b"first".as_slice(), b"second", b""] {
        check(&path, 1000).unwrap();
        write_whole(&path, contents).unwrap();
        assert_eq!(fs::read(&path).unwrap(), contents);
        assert_eq!(names(home.path()), ["model.letra"]);
    }
}

#[test]
fn a_check_changes_nothing() {
    let home = home();
    let path = home.path().join("model.letra");
    check(&path, 100_000).unwrap();
    assert!(names(home.path()).is_empty());
    fs::write(&path, "old").unwrap();
    check(&path, 100_000).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(home.path()), ["model.letra"]);
}

#[test]
fn a_draft_that_is_dropped_leaves_nothing() {
    let home = home();
    let path = home.path().join("model.letra");
    fs::write(&path, "old").unwrap();
    drop(Draft::new(&path, b"new").unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(home.path()), ["model.letra"]);
}

#[test]
fn several_files_appear_together() {
    let home = home();
    let paths: Vec<PathBuf> = (0..3).map(|n| home.path().join(n.to_string())).collect();
    let drafts: Vec<Draft> = paths
        .iter()
        .map(|path| Draft::new(path, b"new").unwrap())
        .collect();
    assert!(paths.iter().all(|path| !path.exists()));
    Draft::finish_all(drafts).unwrap();
    assert_eq!(names(home.path()), ["0", "1", "2"]);
}

#[test]
fn folders_are_refused() {
    let home = home();
    let missing = home.path().join("missing").join("model.letra");
    refused(&missing, &Problem::NoFolder(home.path().join("missing")));
    assert_eq!(check(&missing, 0).unwrap_err().kind(), ErrorKind::NotFound);
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for path in [
        folder.clone(),
        folder.join(""),
        folder.join(".."),
        home.path().join("new").join(""),
    ] {
        refused(&path, &Problem::NotAFile("folder"));
    }
    fs::write(home.path().join("file"), "").unwrap();
    assert!(check(&home.path().join("file").join("model.letra"), 0).is_err());
    assert_eq!(names(home.path()), ["file", "folder"]);
    assert!(names(&folder).is_empty());
}

#[test]
fn errors_say_what_to_do() {
    let home = home();
    let error = check(&home.path().join("missing").join("file"), 0).unwrap_err();
    assert_eq!(remedy(&error), Some("make the folder"));
    assert_eq!(remedy(&ErrorKind::StorageFull.into()), Some("make room"));
    assert_eq!(remedy(&check(home.path(), 0).unwrap_err()), None);
}

#[test]
fn folders_that_were_made_go_if_they_are_empty() {
    let home = home();
    let deep = home.path().join("a").join("b").join("c");
    drop(MadeFolders::make(&deep).unwrap());
    assert!(names(home.path()).is_empty());
    let made = MadeFolders::make(&deep).unwrap();
    fs::write(home.path().join("a").join("file"), "").unwrap();
    drop(made);
    assert_eq!(names(&home.path().join("a")), ["file"]);
    MadeFolders::make(&deep).unwrap().keep();
    assert!(deep.is_dir());
    drop(MadeFolders::make(&deep).unwrap());
    assert!(deep.is_dir(), "it was there before");
}

#[test]
fn a_lock_keeps_others_out_and_says_who_holds_it() {
    let home = home();
    let path = home.path().join("model.letra");
    let lock = Lock::of_file(&path, "letra learn").unwrap();
    let error = Lock::of_file(&path, "letra enroll").unwrap_err();
    let said = error.to_string();
    let process = format!("process {}, for", std::process::id());
    assert!(
        said.contains("`letra learn` is writing it") && said.contains(&process),
        "{said}"
    );
    assert_eq!(remedy(&error), Some("wait until that is done"));
    assert_eq!(error.kind(), ErrorKind::ResourceBusy);
    // Another file is not concerned.
    drop(Lock::of_file(&home.path().join("other.letra"), "letra learn").unwrap());
    drop(lock);
    assert!(names(home.path()).is_empty());
    drop(Lock::of_file(&path, "letra enroll").unwrap());
    assert!(names(home.path()).is_empty());
}

#[test]
fn what_a_lock_file_says_never_reaches_a_terminal_raw() {
    let home = home();
    let path = home.path().join("model.letra");
    let held = home.path().join(".model.letra.letra-lock");
    for text in ["\u{1b}[2Jletra\n1\nhost\n1\n", "letra learn\n", "", "\u{0}"] {
        fs::write(&held, text).unwrap();
        let holder = fs::File::open(&held).unwrap();
        holder.lock().unwrap();
        let said = Lock::of_file(&path, "letra learn").unwrap_err().to_string();
        assert_eq!(said, "another process is writing it");
    }
}

#[test]
fn a_lock_is_waited_for_as_long_as_one_is_patient() {
    let home = home();
    let path = home.path().join("model.letra");
    let mut lock = Some(Lock::of_file(&path, "letra enroll").unwrap());
    let mut asked = 0;
    let second = Lock::wait_for_file(&path, "letra enroll", |_| {
        asked += 1;
        if asked == 3 {
            lock = None;
        }
        true
    });
    drop(second.unwrap());
    assert_eq!(asked, 3);
}

/// Threads that raise a number in a file: without a lock they would overwrite each other.
#[test]
fn one_holds_a_lock_at_a_time() {
    const THREADS: usize = 8;
    const TIMES: usize = 25;
    let home = home();
    let path = home.path().join("number");
    write_whole(&path, b"0").unwrap();
    let raise = || {
        for _ in 0..TIMES {
            let lock = Lock::wait_for_file(&path, "a thread", |_| true).unwrap();
            let number: usize = fs::read_to_string(&path).unwrap().parse().unwrap();
            write_whole(&path, (number + 1).to_string().as_bytes()).unwrap();
            drop(lock);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(raise);
        }
    });
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        (THREADS * TIMES).to_string()
    );
    assert_eq!(names(home.path()), ["number"]);
}

#[test]
fn what_stands_in_a_locks_place_is_left_alone() {
    let home = home();
    fs::create_dir(home.path().join(".model.letra.letra-lock")).unwrap();
    assert!(Lock::of_file(&home.path().join("model.letra"), "letra learn").is_err());
}

#[test]
fn long_names_can_be_written_and_locked() {
    let home = home();
    let path = home.path().join("é".repeat(127));
    let lock = Lock::of_file(&path, "letra learn").unwrap();
    write_whole(&path, b"new").unwrap();
    drop(lock);
    assert_eq!(names(home.path()).len(), 1);
}

#[test]
fn files_of_others_that_look_alike_stay() {
    let home = home();
    let others = [".letra-1.tmp", ".letra-notes.tmp", ".tmpabcdef", "a.tmp"];
    for other in others {
        fs::write(home.path().join(other), "years of work").unwrap();
    }
    fs::create_dir(home.path().join(".letra-1-abcdefgh.tmp")).unwrap();
    write_whole(&home.path().join("model.letra"), b"new").unwrap();
    assert_eq!(names(home.path()).len(), others.len() + 2);
}

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{
        FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink,
    };
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn links_are_followed() {
        let home = home();
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("models")).unwrap();
        fs::write(path("models/model.letra"), "old").unwrap();
        symlink("models/model.letra", path("link")).unwrap();
        symlink("link", path("link to a link")).unwrap();
        symlink("models/new.letra", path("dangling")).unwrap();
        for (link, file) in [
            ("link", "models/model.letra"),
            ("link to a link", "models/model.letra"),
            ("dangling", "models/new.letra"),
        ] {
            check(&path(link), 10).unwrap();
            write_whole(&path(link), link.as_bytes()).unwrap();
            assert!(path(link).is_symlink());
            assert!(!path(file).is_symlink());
            assert_eq!(fs::read(path(file)).unwrap(), link.as_bytes());
        }
        symlink("nowhere/model.letra", path("lost")).unwrap();
        refused(&path("lost"), &Problem::NoFolder(path("nowhere")));
        symlink("circle", path("circle")).unwrap();
        assert!(check(&path("circle"), 0).is_err());
        // A file has one lock, by whichever name it goes.
        let lock = Lock::of_file(&path("link"), "letra learn").unwrap();
        assert!(Lock::of_file(&path("models/model.letra"), "letra learn").is_err());
        drop(lock);
        assert_eq!(names(&path("models")), ["model.letra", "new.letra"]);
    }

    #[test]
    fn mode_and_owner_are_kept() {
        let home = home();
        let path = home.path().join("model.letra");
        fs::write(&path, "old").unwrap();
        for wanted in [0o600, 0o640, 0o664, 0o777] {
            fs::set_permissions(&path, Permissions::from_mode(wanted)).unwrap();
            write_whole(&path, b"new").unwrap();
            assert_eq!(mode(&path), wanted);
        }
        // Only root may give files away.
        if chown(&path, Some(12_345), Some(54_321)).is_ok() {
            write_whole(&path, b"newer").unwrap();
            let file = fs::metadata(&path).unwrap();
            assert_eq!((file.uid(), file.gid()), (12_345, 54_321));
            assert_eq!(mode(&path), 0o777);
        }
    }

    #[test]
    fn a_new_file_has_the_mode_of_any_new_file() {
        let home = home();
        let (ours, any) = (home.path().join("ours"), home.path().join("any"));
        write_whole(&ours, b"new").unwrap();
        fs::write(&any, "new").unwrap();
        assert_eq!(mode(&ours), mode(&any));
    }

    #[test]
    fn what_is_read_only_is_refused() {
        let home = home();
        let path = home.path().join("model.letra");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        refused(&path, &Problem::ReadOnly);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(mode(&path), 0o444);
        assert_eq!(names(home.path()), ["model.letra"]);
    }

    #[test]
    fn what_is_not_a_file_is_refused() {
        let home = home();
        let path = |name: &str| home.path().join(name);
        let pipe = Command::new("mkfifo").arg(path("pipe")).status();
        if pipe.is_ok_and(|status| status.success()) {
            refused(&path("pipe"), &Problem::NotAFile("pipe"));
            symlink("pipe", path("link")).unwrap();
            refused(&path("link"), &Problem::NotAFile("pipe"));
            assert!(fs::metadata(path("pipe")).unwrap().file_type().is_fifo());
        }
        let _socket = UnixListener::bind(path("socket")).unwrap();
        refused(&path("socket"), &Problem::NotAFile("socket"));
        let device = Path::new("/dev/null");
        refused(device, &Problem::NotAFile("device"));
        symlink(device, path("null")).unwrap();
        refused(&path("null"), &Problem::NotAFile("device"));
        assert!(fs::metadata(device).unwrap().file_type().is_char_device());
    }

    /// Standard output that goes to a file is a file; but not one to be replaced.
    #[cfg(target_os = "linux")]
    #[test]
    fn streams_of_a_process_are_refused() {
        use std::os::fd::AsRawFd as _;
        let home = home();
        let file = fs::File::create(home.path().join("output")).unwrap();
        for folder in ["/dev/fd", "/proc/self/fd"] {
            let stream = format!("{folder}/{}", file.as_raw_fd());
            refused(Path::new(&stream), &Problem::NotAFile("stream"));
        }
    }

    #[test]
    fn a_link_in_a_locks_place_is_not_followed() {
        let home = home();
        let path = |name: &str| home.path().join(name);
        fs::write(path("thesis.tex"), "years of work").unwrap();
        symlink("thesis.tex", path(".model.letra.letra-lock")).unwrap();
        assert!(Lock::of_file(&path("model.letra"), "letra learn").is_err());
        assert_eq!(fs::read(path("thesis.tex")).unwrap(), b"years of work");
    }
}
