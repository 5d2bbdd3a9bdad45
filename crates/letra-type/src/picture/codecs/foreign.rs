//! Files that are known but not read.

/// What a file is, if it begins like one of the formats that people have pictures in.
pub(super) fn format(bytes: &[u8]) -> Option<&'static str> {
    let begins = |with: &[u8]| bytes.starts_with(with);
    let brand = match bytes.get(4..8) {
        Some(b"ftyp") => bytes.get(8..12),
        _ => None,
    };
    Some(match brand {
        Some(b"avif" | b"avis") => "an AVIF picture",
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1") => {
            "a HEIC picture"
        }
        Some(_) => "a film",
        None if begins(b"%PDF") => "a PDF document",
        None if begins(b"8BPS") => "a Photoshop document",
        None if begins(b"\0\0\0\x0cjP  ") || begins(b"\xff\x4f\xff\x51") => "a JPEG 2000 picture",
        None if begins(b"\0\0\0\x0cJXL ") || begins(b"\xff\x0a") => "a JPEG XL picture",
        None if begins(b"\0\0\x01\0") => "an icon",
        None if begins(b"AT&TFORM") => "a DjVu document",
        None if is_svg(bytes) => "an SVG drawing",
        None => return None,
    })
}

/// Whether a text's first element, after what may stand before it, is `svg`.
fn is_svg(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(1024)];
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let start = start.trim_ascii_start();
    start.starts_with(b"<") && start.windows(4).any(|name| name == b"<svg")
}
