//! Finds the files of a folder: all regular files to its bottom, in the order of their paths.
//!
//! Never fails for something inside the folder: what cannot be entered or is no file is listed as skipped. Symbolic
//! links inside are not followed, so the walk cannot loop and no file is found twice.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// A file to count.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TextFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its size at the time of the walk, in bytes; decides the order of dispatch only.
    pub(super) size: u64,
}

/// Something that is not counted, and why.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Skipped {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Why it is not counted.
    pub(super) reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped {}: {}", self.path.display(), self.reason)
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The regular files, by path.
    pub(super) files: Vec<TextFile>,
    /// What is neither file nor folder, and folders that cannot be read, by path.
    pub(super) skipped: Vec<Skipped>,
    /// How many symbolic links were left alone.
    pub(super) links: usize,
}

/// Walks the folder `root`; `root` itself may be a symbolic link.
///
/// # Errors
/// If `root` is missing, is no folder, cannot be read, or holds no file at all.
pub(super) fn walk(root: &Path) -> Result<Folder, Failure> {
    let name = root.display();
    let refuse = |fault: String| Failure::Input(format!("{fault}; give a folder with text files"));
    let metadata = fs::metadata(root)
        .map_err(|error| refuse(format!("cannot read the folder {name}: {error}")))?;
    if !metadata.is_dir() {
        return Err(refuse(format!("{name} is no folder")));
    }
    let entries = fs::read_dir(root)
        .map_err(|error| refuse(format!("cannot read the folder {name}: {error}")))?;

    let mut folder = Folder::default();
    let mut deeper = folder.take_in(root, entries);
    while let Some(path) = deeper.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => deeper.extend(folder.take_in(&path, entries)),
            Err(error) => folder.skip(path, error.to_string()),
        }
    }
    folder.files.sort_by(|a, b| a.path.cmp(&b.path));
    folder.skipped.sort();
    if folder.files.is_empty() && folder.skipped.is_empty() {
        return Err(refuse(format!("{name} holds no files")));
    }
    Ok(folder)
}

impl Folder {
    /// Takes in the entries of the folder `parent`; gives the folders among them.
    fn take_in(&mut self, parent: &Path, entries: fs::ReadDir) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for entry in entries {
            let (path, kind, size) = match entry.and_then(|entry| look_at(&entry)) {
                Ok(found) => found,
                Err(error) => {
                    self.skip(
                        parent.to_owned(),
                        format!("an entry of it cannot be read: {error}"),
                    );
                    continue;
                }
            };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                self.files.push(TextFile { path, size });
            } else if kind.is_symlink() {
                self.links += 1;
            } else {
                // Opening a named pipe would wait for a writer without end.
                self.skip(path, "no regular file".to_owned());
            }
        }
        folders
    }

    fn skip(&mut self, path: PathBuf, reason: String) {
        self.skipped.push(Skipped { path, reason });
    }
}

fn look_at(entry: &fs::DirEntry) -> io::Result<(PathBuf, fs::FileType, u64)> {
    // A file that is gone again will be named when it cannot be opened.
    let size = entry.metadata().map_or(0, |metadata| metadata.len());
    Ok((entry.path(), entry.file_type()?, size))
}

/// The items of `files`, largest first and equal ones in the order of their paths: what runs last is short.
pub(super) fn dispatch_order(files: &[TextFile]) -> Vec<usize> {
    let mut items: Vec<usize> = (0..files.len()).collect();
    items.sort_by_key(|&item| std::cmp::Reverse(files[item].size));
    items
}

#[cfg(test)]
mod tests;
