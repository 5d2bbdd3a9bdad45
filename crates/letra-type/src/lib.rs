//! Type as data: fonts in, labelled pictures of glyphs out.
