//! Files mapped into memory: the one place where memory is not what Rust made it.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A file in the cache folder, mapped whole.
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file.
    #[expect(unsafe_code, reason = "a file of the cache never changes once it has its name: it is replaced or removed, never written to")]
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: see above; whoever writes into the data folder by hand can make a reader fail, as with any file of it.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
