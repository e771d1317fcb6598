//! The files of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;

/// Folders that hold nothing of ours.
const SKIPPED_FOLDERS: [&str; 5] = [".git", ".venv", "__pycache__", "paybridge-data", "target"];

/// Every file of the repository, by its path from the root.
pub struct Tree {
    files: BTreeMap<String, String>,
    /// Pictures and the like, which only links are compared with.
    not_text: BTreeSet<String>,
}

impl Tree {
    /// Reads the repository. Of files that are no text only the path is kept.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let (mut files, mut not_text) = (BTreeMap::new(), BTreeSet::new());
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let path = root.join(&folder);
            let entries =
                path.read_dir().with_context(|| format!("cannot list {}", path.display()))?;
            for entry in entries {
                let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let from_root =
                    if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if entry.path().is_dir() {
                    if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                        folders.push(from_root);
                    }
                    continue;
                }
                let bytes = std::fs::read(entry.path())
                    .with_context(|| format!("cannot read {}", entry.path().display()))?;
                match String::from_utf8(bytes) {
                    Ok(text) => {
                        files.insert(from_root, text);
                    }
                    Err(_) => {
                        not_text.insert(from_root);
                    }
                }
            }
        }
        Ok(Self { files, not_text })
    }

    /// A tree that is only there for a test.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self { files: files.collect(), not_text: BTreeSet::new() }
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Path and text of the files whose path ends so.
    pub fn with_ending(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether there is a file of that path, or a folder with files in it.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.contains_key(path)
            || self.not_text.contains(path)
            || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// The names of the folders in `crates`.
    pub fn crates(&self) -> BTreeSet<&str> {
        self.paths()
            .filter_map(|path| path.strip_prefix("crates/")?.split_once('/'))
            .map(|(name, _)| name)
            .collect()
    }
}
