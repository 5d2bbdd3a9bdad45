//! Tells which typeface a picture of text is set in, and carries the networks that learn it.
