//! Files that a person names: read, or said to be no such file with what was probably meant.

use std::io;
use std::path::{Path, PathBuf};

use crate::language::suggest;

use super::exit::Error;

/// The most names of a folder that are listed.
const LISTED_MAX: usize = 10;

/// The bytes of a file of messages.
pub fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let shown = file.display();
    if file.is_dir() {
        let mut names = names(file);
        names.truncate(LISTED_MAX);
        let inside =
            if names.is_empty() { "and an empty one".to_owned() } else { format!("with {}", names.join(", ")) };
        return Err(Error::Usage(format!("failed to read {shown}: it is a folder, {inside}; name a file of messages")));
    }
    match std::fs::read(file) {
        Ok(bytes) if bytes.trim_ascii().is_empty() => {
            Err(Error::Failed(format!("failed to find an alert in {shown}: the file is empty")))
        }
        Ok(bytes) => Ok(bytes),
        Err(error) => {
            let hint = match meant(file).filter(|_| error.kind() == io::ErrorKind::NotFound) {
                Some(meant) => format!("did you mean `{}`?", meant.display()),
                None => "look at the path".to_owned(),
            };
            Err(Error::Failed(format!("failed to read {shown}: {error}; {hint}")))
        }
    }
}

/// The path that was probably meant by one that is not there.
pub fn meant(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let name = path.file_name()?.to_str()?;
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = names(here);
    suggest(name, names.iter().map(String::as_str)).map(|meant| folder.join(meant))
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
