//! Memory that begins with a cache line.

use std::ops::{Deref, DerefMut};

/// Values in a cache line of 64 bytes, which is also the widest vector.
pub const LINE: usize = 16;

/// How many of the values lie before the first that begins a cache line. Where none can be told,
/// as when code is interpreted, it is fewer than a line all the same.
pub(crate) fn before_line(values: &[f32]) -> usize {
    let before = values.as_ptr().align_offset(LINE * size_of::<f32>());
    before.min(LINE - 1)
}

/// A list of numbers, the first of which begins a cache line: a vector that straddles two lines
/// takes two accesses instead of one.
#[derive(Default)]
pub struct Buffer {
    /// The numbers, and room to begin where a line does.
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(formatter)
    }
}

impl Buffer {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        let values = match length {
            0 => Vec::new(),
            _ => vec![0.0; length + LINE - 1],
        };
        Buffer {
            start: before_line(&values).min(values.len() - length),
            values,
            length,
        }
    }

    /// Makes it as long as asked; what it holds is arbitrary then.
    #[inline]
    pub fn resize(&mut self, length: usize) {
        if self.values.len() >= self.start + length {
            self.length = length;
        } else {
            *self = Buffer::zeros(length);
        }
    }
}

impl From<Vec<f32>> for Buffer {
    fn from(mut values: Vec<f32>) -> Self {
        let length = values.len();
        values.reserve_exact(LINE - 1);
        let start = before_line(&values);
        values.resize(length + start, 0.0);
        values.copy_within(..length, start);
        Buffer {
            values,
            start,
            length,
        }
    }
}

impl From<&[f32]> for Buffer {
    fn from(values: &[f32]) -> Self {
        let mut buffer = Buffer::zeros(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Buffer::from(&**self)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.length]
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_begins_a_cache_line_and_keeps_what_it_is_given() {
        for length in [0, 1, 15, 16, 17, 5000] {
            let values: Vec<f32> = (0..length).map(|value| value as f32).collect();
            let mut buffer = Buffer::from(&values[..]).clone();
            assert_eq!(&*buffer, values);
            let taken = Buffer::from(values);
            assert!(taken == buffer);
            assert!(length == 0 || (taken.as_ptr() as usize).is_multiple_of(64));
            assert!(length == 0 || (buffer.as_ptr() as usize).is_multiple_of(64));
            buffer.resize(length / 2);
            assert_eq!(buffer.len(), length / 2);
            buffer.resize(2 * length);
            assert_eq!(buffer.len(), 2 * length);
            assert!(length == 0 || (buffer.as_ptr() as usize).is_multiple_of(64));
        }
    }
}
