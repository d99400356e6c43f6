//! A file that is there whole or not at all, and that only the daemon may read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes the bytes to `name` in the folder, by way of `temporary`. Returns the path. The error says what to do.
pub fn keep(folder: &Path, temporary: &str, name: &str, bytes: &[u8]) -> Result<String, String> {
    let fault = |error: std::io::Error| {
        format!(
            "the evidence could not be written to {}: {error}; make the folder and let the daemon write",
            folder.display()
        )
    };
    let (part, path) = (folder.join(temporary), folder.join(name));
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fault(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)?;
    fs::rename(&part, &path).map_err(fault)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)?;
    Ok(path.display().to_string())
}
