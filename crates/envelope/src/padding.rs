//! Padding, so that an envelope's length tells a value's length only in steps.

use zeroize::Zeroizing;

/// The padded length is a multiple of this many bytes.
const STEP_BYTES: usize = 64;
/// Bytes of the length that is written before the value.
const LENGTH_BYTES: usize = 4;

/// The length of a value of `plaintext_bytes` once padded.
pub(crate) const fn padded_bytes(plaintext_bytes: usize) -> usize {
    (LENGTH_BYTES + plaintext_bytes).next_multiple_of(STEP_BYTES)
}

/// Appends the value, its length as a big-endian `u32` before it and zeros after it.
///
/// The buffer needs the capacity already: growing it would leave a copy of the value behind.
pub(crate) fn write_padded(buffer: &mut Vec<u8>, length: u32, plaintext: &[u8]) {
    let end = buffer.len() + padded_bytes(plaintext.len());
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(plaintext);
    buffer.resize(end, 0);
}

/// Takes the padding off; `None` unless it is exactly what [`write_padded`] writes.
pub(crate) fn remove_padding(mut padded: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let (length, rest) = padded.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let zeros = rest.get(length..)?;
    if padded_bytes(length) != padded.len() || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    padded.copy_within(LENGTH_BYTES..LENGTH_BYTES + length, 0);
    padded.truncate(length);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(padded: &[u8]) -> Option<Vec<u8>> {
        remove_padding(Zeroizing::new(padded.to_vec())).map(|value| value.to_vec())
    }

    #[test]
    fn lengths_grow_in_steps() {
        assert_eq!(padded_bytes(0), 64);
        assert_eq!(padded_bytes(60), 64);
        assert_eq!(padded_bytes(61), 128);
        assert_eq!(padded_bytes(124), 128);
        assert_eq!(padded_bytes(125), 192);
    }

    #[test]
    fn only_the_exact_padding_is_removed() {
        let mut padded = Vec::new();
        write_padded(&mut padded, 3, b"abc");
        assert_eq!(removed(&padded), Some(b"abc".to_vec()));

        for (index, value) in [(0, 1), (3, 61), (3, 255), (3, 2), (7, 1), (63, 1)] {
            let mut bad = padded.clone();
            bad[index] = value;
            assert_eq!(removed(&bad), None, "byte {index} = {value}");
        }
        // A whole step too many, one byte too few, and too short for a length.
        assert_eq!(removed(&[padded.clone(), vec![0; 64]].concat()), None);
        assert_eq!(removed(&padded[..63]), None);
        assert_eq!(removed(&[0; 3]), None);
        assert_eq!(removed(&[]), None);
    }
}
