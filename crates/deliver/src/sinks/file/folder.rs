//! The folder: files that are there wholly or not at all, readable by their owner only.
//!
//! A file is written under a temporary name, flushed, and renamed; then its name is flushed.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt as _;

/// Where the files of a destination are.
pub(super) struct Folder<'a> {
    path: &'a Path,
}

impl<'a> Folder<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path }
    }

    /// Makes the folder when it is not there. What it stands in must be: a disk that is not mounted is not filled up beside.
    pub(super) async fn ensure(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        builder.mode(0o700);
        match builder.create(self.path).await {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) if fs::metadata(self.path).await?.is_dir() => Ok(()),
            Ok(()) | Err(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Writes a file that gets this name when it is placed.
    pub(super) async fn stage(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.temporary(name);
        // Only a crash leaves one; it may be of any length and belong to anybody.
        remove(&temporary).await?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&temporary).await?;
        let done = async {
            file.write_all(bytes).await?;
            file.sync_all().await
        };
        let done = done.await;
        if done.is_err() {
            // The first error is the one to report; what cannot be removed now is swept later.
            let _ = fs::remove_file(&temporary).await;
        }
        done
    }

    /// Gives a staged file its name.
    async fn place(&self, name: &str) -> io::Result<()> {
        fs::rename(self.temporary(name), self.path.join(name)).await?;
        self.flush().await
    }

    /// Gives a file its name if it was staged and has none yet. Whoever reads the folder may have taken it away since.
    pub(super) async fn publish(&self, name: &str) -> io::Result<()> {
        if fs::try_exists(self.temporary(name)).await? { self.place(name).await } else { Ok(()) }
    }

    /// Writes a file of this name, in place of any other.
    pub(super) async fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.stage(name, bytes).await?;
        self.place(name).await
    }

    /// The bytes of a file, when it is there.
    pub(super) async fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path.join(name)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn has(&self, name: &str) -> io::Result<bool> {
        fs::try_exists(self.path.join(name)).await
    }

    pub(super) async fn remove(&self, name: &str) -> io::Result<()> {
        remove(&self.path.join(name)).await
    }

    /// Removes staged files whose names begin so.
    pub(super) async fn sweep(&self, start: &str) -> io::Result<()> {
        let mut entries = fs::read_dir(self.path).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let staged = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".tmp"));
            if staged.is_some_and(|name| name.starts_with(start)) {
                remove(&entry.path()).await?;
            }
        }
        Ok(())
    }

    fn temporary(&self, name: &str) -> PathBuf {
        self.path.join(format!(".{name}.tmp"))
    }

    /// Makes names durable.
    async fn flush(&self) -> io::Result<()> {
        fs::File::open(self.path).await?.sync_all().await
    }
}

async fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
