//! Compressed web fonts (W3C, WOFF File Format 1.0 and 2.0).

/// The most bytes a web font may grow to: 64 MiB.
#[cfg(feature = "woff2")]
const MOST_BYTES: u32 = 64 << 20;

/// The font in a web font's bytes; `None` if they are no web font.
#[cfg(feature = "woff2")]
pub(crate) fn unpack(bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let unpack = match bytes.get(..4)? {
        b"wOF2" => wuff::decompress_woff2,
        b"wOFF" => wuff::decompress_woff1,
        _ => return None,
    };
    // Both headers say at byte 16 how large the font will be.
    let size = bytes.get(16..20).and_then(|size| size.try_into().ok());
    match size.map(u32::from_be_bytes) {
        None => return Some(Err("it is cut short".into())),
        Some(size) if size > MOST_BYTES => {
            return Some(Err(format!(
                "it grows to {size} bytes, more than {MOST_BYTES}"
            )));
        }
        Some(_) => {}
    }
    Some(unpack(bytes).map_err(|_| "its compressed tables are damaged or cut short".into()))
}

/// Recognises a web font, which this build does not read; `None` if the bytes are no web font.
#[cfg(not(feature = "woff2"))]
pub(crate) fn unpack(bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    matches!(bytes.get(..4)?, b"wOF2" | b"wOFF").then(|| {
        Err("it is a compressed web font, which needs a build with the feature woff2".into())
    })
}
