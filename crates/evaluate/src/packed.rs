//! Bits: one for each profile of a block, packed and put together to bitmaps.

use lake::BLOCK_PROFILES;
use roaring::RoaringBitmap;

/// 64 bytes of 0 or 1 as 64 bits, the first one lowest.
pub(crate) fn pack(holds: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (number, eight) in holds.as_chunks::<8>().0.iter().enumerate() {
        // Moves the lowest bit of each byte to the highest byte, side by side.
        let byte = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= byte << (8 * number);
    }
    word
}

/// Packs any number of bytes of 0 or 1 to the bits of one block.
pub(crate) fn pack_block(holds: &[u8]) -> Vec<u64> {
    let mut words = vec![0_u64; BLOCK_PROFILES / 64];
    let (whole, rest) = holds.as_chunks::<64>();
    for (word, holds) in words.iter_mut().zip(whole) {
        *word = pack(holds);
    }
    if !rest.is_empty() {
        let mut last = [0_u8; 64];
        last[..rest.len()].copy_from_slice(rest);
        words[whole.len()] = pack(&last);
    }
    words
}

/// The bits of all blocks, from the first on, as a bitmap of the profiles below a number.
pub(crate) fn bitmap<'w>(blocks: impl Iterator<Item = &'w [u64]>, profiles: usize) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::new();
    let mut bytes = Vec::with_capacity(BLOCK_PROFILES / 8);
    for (number, words) in blocks.enumerate() {
        bytes.clear();
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        let first = number * BLOCK_PROFILES;
        bitmap |= RoaringBitmap::from_lsb0_bytes(u32::try_from(first).expect("profile numbers are 32 bits"), &bytes);
    }
    if let Ok(end) = u32::try_from(profiles) {
        bitmap.remove_range(end..);
    }
    bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_its_place() {
        for place in 0..64 {
            let mut holds = [0; 64];
            holds[place] = 1;
            assert_eq!(pack(&holds), 1 << place);
        }
        assert_eq!(pack(&[1; 64]), u64::MAX);
    }

    #[test]
    fn blocks_follow_each_other() {
        let (one, other) = (pack_block(&[1, 0, 1]), pack_block(&[1; 70]));
        let bitmap = bitmap([one.as_slice(), other.as_slice()].into_iter(), BLOCK_PROFILES + 66);
        let expected: Vec<u32> = [0, 2].into_iter().chain(65_536..65_602).collect();
        assert_eq!(bitmap.iter().collect::<Vec<_>>(), expected);
    }
}
