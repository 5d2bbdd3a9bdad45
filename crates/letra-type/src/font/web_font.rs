//! Compressed web fonts (W3C, WOFF File Format 1.0 and 2.0).

#[cfg(feature = "woff2")]
mod claims;

/// The font in a web font's bytes; `None` if they are no web font.
///
/// What the file claims is held to what it has, and to 64 MiB, before anything is unpacked.
#[cfg(feature = "woff2")]
pub(crate) fn unpack(bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let (checked, unpack): (_, fn(&[u8]) -> _) = match bytes.get(..4)? {
        b"wOF2" => (claims::check_woff2(bytes), wuff::decompress_woff2),
        b"wOFF" => (claims::check_woff1(bytes), wuff::decompress_woff1),
        _ => return None,
    };
    let unpacked = checked.and_then(|()| {
        unpack(bytes).map_err(|_| "its compressed tables are damaged or cut short".into())
    });
    Some(unpacked)
}

/// Recognises a web font, which this build does not read; `None` if the bytes are no web font.
#[cfg(not(feature = "woff2"))]
pub(crate) fn unpack(bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    matches!(bytes.get(..4)?, b"wOF2" | b"wOFF").then(|| {
        Err("it is a compressed web font, which needs a build with the feature woff2".into())
    })
}
