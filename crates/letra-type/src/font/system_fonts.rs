//! Where operating systems keep their fonts.

use std::env::var_os;
use std::path::PathBuf;

/// The folders where this system and its user keep fonts, those that exist.
pub(crate) fn folders() -> Vec<PathBuf> {
    let mut folders = candidates();
    folders.retain(|folder| folder.is_dir());
    folders
}

fn home() -> Option<PathBuf> {
    var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
}

/// XDG Base Directory Specification 0.8, and the older folder in the user's home.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn candidates() -> Vec<PathBuf> {
    let list = |name: &str, usual: &str| {
        let value = var_os(name).filter(|value| !value.is_empty());
        std::env::split_paths(&value.unwrap_or_else(|| usual.into())).collect::<Vec<_>>()
    };
    let own = var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(home()?.join(".local/share")));
    let shared = list("XDG_DATA_DIRS", "/usr/local/share:/usr/share");
    own.into_iter()
        .chain(shared)
        .map(|folder| folder.join("fonts"))
        .chain(home().map(|home| home.join(".fonts")))
        .collect()
}

#[cfg(target_os = "macos")]
fn candidates() -> Vec<PathBuf> {
    ["/System/Library/Fonts", "/Library/Fonts"]
        .map(PathBuf::from)
        .into_iter()
        .chain(home().map(|home| home.join("Library/Fonts")))
        .collect()
}

#[cfg(target_os = "windows")]
fn candidates() -> Vec<PathBuf> {
    let of_user = var_os("LOCALAPPDATA")
        .map(|folder| PathBuf::from(folder).join("Microsoft\\Windows\\Fonts"));
    var_os("WINDIR")
        .map(|folder| PathBuf::from(folder).join("Fonts"))
        .into_iter()
        .chain(of_user)
        .collect()
}
