use std::os::unix::fs::symlink;

use super::*;
use crate::exit;
use crate::testing::Scratch;

fn names(root: &Path, files: &[TextFile]) -> Vec<String> {
    files
        .iter()
        .map(|file| file.path.strip_prefix(root).unwrap().display().to_string())
        .collect()
}

#[test]
fn files_are_found_to_the_bottom_in_the_order_of_their_paths() {
    let scratch = Scratch::new("bottom");
    for name in ["b.txt", "a/z/deep.txt", "a.txt", ".hidden/c.txt"] {
        scratch.write(name, b"words");
    }

    let folder = walk(scratch.path()).unwrap();

    assert_eq!(
        names(scratch.path(), &folder.files),
        [".hidden/c.txt", "a/z/deep.txt", "a.txt", "b.txt"]
    );
    assert_eq!(folder.files[0].size, 5);
    assert_eq!((folder.skipped.len(), folder.links), (0, 0));
}

#[test]
fn links_are_left_alone_so_that_a_loop_ends() {
    let scratch = Scratch::new("links");
    scratch.write("a/one.txt", b"one");
    symlink(scratch.path(), scratch.path().join("a/up")).unwrap();
    symlink(
        scratch.path().join("a/one.txt"),
        scratch.path().join("again.txt"),
    )
    .unwrap();
    symlink("nowhere", scratch.path().join("dangling")).unwrap();

    let folder = walk(scratch.path()).unwrap();

    assert_eq!(names(scratch.path(), &folder.files), ["a/one.txt"]);
    assert_eq!(folder.links, 3);
}

#[test]
fn a_folder_behind_a_link_may_be_the_root() {
    let scratch = Scratch::new("root-link");
    scratch.write("real/one.txt", b"one");
    let link = scratch.path().join("link");
    symlink(scratch.path().join("real"), &link).unwrap();

    assert_eq!(names(&link, &walk(&link).unwrap().files), ["one.txt"]);
}

#[test]
fn a_socket_is_skipped_by_name_and_never_opened() {
    let scratch = Scratch::new("socket");
    scratch.write("one.txt", b"one");
    let _listener = std::os::unix::net::UnixListener::bind(scratch.path().join("socket")).unwrap();

    let folder = walk(scratch.path()).unwrap();

    assert_eq!(names(scratch.path(), &folder.files), ["one.txt"]);
    assert_eq!(folder.skipped.len(), 1);
    assert!(
        folder.skipped[0]
            .to_string()
            .ends_with("socket: no regular file"),
        "{}",
        folder.skipped[0]
    );
}

#[test]
fn what_is_no_folder_with_files_is_refused_by_name() {
    let scratch = Scratch::new("refused");
    let file = scratch.write("file.txt", b"words");
    let empty = scratch.path().join("empty");
    fs::create_dir(&empty).unwrap();

    let missing = scratch.path().join("missing");
    for (path, fault) in [
        (&missing, "cannot read"),
        (&file, "is no folder"),
        (&empty, "holds no files"),
    ] {
        let refusal = walk(path).unwrap_err();

        assert_eq!(refusal.code(), exit::USAGE);
        let refusal = refusal.to_string();
        assert!(
            refusal.contains(fault) && refusal.contains(path.to_str().unwrap()),
            "{refusal}"
        );
    }
}

#[test]
fn the_largest_file_is_dispatched_first_and_equal_ones_in_order() {
    let files: Vec<TextFile> = [3, 9, 0, 9]
        .map(|size| TextFile {
            path: PathBuf::new(),
            size,
        })
        .to_vec();

    assert_eq!(dispatch_order(&files), [1, 3, 0, 2]);
}
