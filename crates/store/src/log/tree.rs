//! The tree: hashes of RFC 6962, a growing edge of it, and tiles of 256 hashes.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 hash of a leaf or a node.
pub type Hash = [u8; 32];

/// Hashes in a full tile: a tile is eight levels of the tree high.
pub const TILE_WIDTH: usize = 256;
const TILE_HEIGHT: u32 = 8;

/// A tile: some level's hashes, at most [`TILE_WIDTH`] of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Its level, counted in tiles: 0 holds leaves, 1 the roots of full tiles of level 0.
    pub level: u8,
    /// Its place in the level, from 0.
    pub index: u64,
    /// Its hashes.
    pub hashes: Vec<Hash>,
}

/// The hash of a leaf with this data.
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(data);
    taken(context.finish().as_ref())
}

/// The hash of a node above these two.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut data = [1; 65];
    data[1..33].copy_from_slice(left);
    data[33..].copy_from_slice(right);
    taken(digest(&SHA256, &data).as_ref())
}

fn taken(digest: &[u8]) -> Hash {
    let mut hash = [0; 32];
    // SHA-256 gives 32 bytes.
    hash.copy_from_slice(digest);
    hash
}

/// The root over hashes whose count is a power of two.
pub fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => taken(digest(&SHA256, b"").as_ref()),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&perfect_root(left), &perfect_root(right))
        }
    }
}

/// Hashes from bytes; `None` if their number is not that of whole hashes.
pub fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (whole, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| whole.to_vec())
}

/// The growing edge of a tree: what is needed to add leaves, tell the root and cut tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the largest perfect trees, left to right: one for each bit of `size`.
    edge: Vec<Hash>,
    /// By level, the hashes of its tile that is not full yet.
    open: Vec<Vec<Hash>>,
}

impl Frontier {
    /// The edge of a tree of `size` leaves whose tiles that are not full hold these hashes, by level.
    /// `None` if their numbers do not make up the size.
    pub fn of_open_tiles(size: u64, open: Vec<Vec<Hash>>) -> Option<Self> {
        let mut expected = size;
        for hashes in &open {
            if hashes.len() as u64 != expected % TILE_WIDTH as u64 {
                return None;
            }
            expected >>= TILE_HEIGHT;
        }
        let mut edge = Vec::new();
        for hashes in open.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (perfect, after) = rest.split_at(1 << rest.len().ilog2());
                edge.push(perfect_root(perfect));
                rest = after;
            }
        }
        (expected == 0).then_some(Self { size, edge, open })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let mut trees = self.edge.iter().rev();
        let smallest = trees.next().copied();
        smallest.map_or_else(
            || perfect_root(&[]),
            |root| trees.fold(root, |right, left| node_hash(left, &right)),
        )
    }

    /// Adds a leaf. Tiles that it fills are added to `full`.
    pub fn append(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        let mut hash = leaf;
        let mut height = 0;
        self.place(0, hash, full);
        let mut trees = self.size;
        while trees & 1 == 1 {
            let Some(left) = self.edge.pop() else { break };
            hash = node_hash(&left, &hash);
            height += 1;
            trees >>= 1;
            if height % TILE_HEIGHT == 0 {
                self.place(height / TILE_HEIGHT, hash, full);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    fn place(&mut self, level: u32, hash: Hash, full: &mut Vec<Tile>) {
        let at = level as usize;
        if self.open.len() <= at {
            self.open.resize_with(at + 1, Vec::new);
        }
        self.open[at].push(hash);
        if self.open[at].len() == TILE_WIDTH {
            full.push(Tile {
                // A tree of 2^64 leaves has levels 0 to 8.
                level: u8::try_from(level).unwrap_or(u8::MAX),
                index: self.size >> (TILE_HEIGHT * (level + 1)),
                hashes: std::mem::take(&mut self.open[at]),
            });
        }
    }

    /// The tiles that are not full: what an export adds to the full ones.
    pub fn open_tiles(&self) -> impl Iterator<Item = Tile> {
        let tiles = (0u8..).zip(&self.open);
        tiles
            .filter(|(_, hashes)| !hashes.is_empty())
            .map(|(level, hashes)| Tile {
                level,
                index: self.size >> (TILE_HEIGHT * (u32::from(level) + 1)),
                hashes: hashes.clone(),
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition in RFC 6962, 2.1, word for word.
    fn defined_root(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => taken(digest(&SHA256, b"").as_ref()),
            1 => leaves[0],
            n => {
                let k = n.next_power_of_two() / 2;
                node_hash(&defined_root(&leaves[..k]), &defined_root(&leaves[k..]))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn hexadecimal(hash: Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Leaves and roots of the tests of Certificate Transparency's own implementation.
    #[test]
    fn small_trees_have_the_roots_of_certificate_transparency() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::default();
        assert_eq!(hexadecimal(frontier.root()), roots[0]);
        for (leaf, root) in leaves.iter().zip(&roots[1..]) {
            frontier.append(leaf_hash(leaf), &mut Vec::new());
            assert_eq!(hexadecimal(frontier.root()), *root);
        }
    }

    #[test]
    fn tiles_hold_every_level_and_the_open_ones_rebuild_the_edge() {
        let leaves = leaves(256 * 256 + 256 * 3 + 5);
        let (mut frontier, mut full) = (Frontier::default(), Vec::new());
        for leaf in &leaves {
            frontier.append(*leaf, &mut full);
        }
        for tile in full.iter().filter(|tile| tile.level == 0) {
            let at = usize::try_from(tile.index).unwrap() * TILE_WIDTH;
            assert_eq!(tile.hashes, leaves[at..at + TILE_WIDTH]);
        }
        let count = |level| full.iter().filter(|tile| tile.level == level).count();
        assert_eq!([count(0), count(1), count(2)], [259, 1, 0]);
        let upper = full.iter().find(|tile| tile.level == 1).unwrap();
        assert_eq!(upper.hashes[7], defined_root(&leaves[7 * 256..8 * 256]));
        let open: Vec<_> = frontier.open_tiles().collect();
        let places: Vec<_> = open
            .iter()
            .map(|tile| (tile.level, tile.index, tile.hashes.len()))
            .collect();
        assert_eq!(places, [(0, 259, 5), (1, 1, 3), (2, 0, 1)]);
        let hashes = open.into_iter().map(|tile| tile.hashes).collect();
        let rebuilt = Frontier::of_open_tiles(leaves.len() as u64, hashes).unwrap();
        assert_eq!(rebuilt, frontier);
        assert_eq!(frontier.root(), defined_root(&leaves));
    }

    #[test]
    fn wrong_numbers_of_hashes_rebuild_nothing() {
        let hashes = |count: usize| vec![[0; 32]; count];
        for (size, open) in [
            (1, vec![]),
            (1, vec![hashes(2)]),
            (257, vec![hashes(1)]),
            (256, vec![hashes(1), hashes(1)]),
            (0, vec![hashes(1)]),
        ] {
            assert_eq!(Frontier::of_open_tiles(size, open), None, "{size}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_edge_agrees_with_the_definition(count in 0usize..1500, more in 0usize..300) {
            let leaves = leaves(count + more);
            let mut frontier = Frontier::default();
            for leaf in &leaves[..count] {
                frontier.append(*leaf, &mut Vec::new());
            }
            prop_assert_eq!(frontier.root(), defined_root(&leaves[..count]));
            // Rebuilt from tiles, it goes on as if it had never been away.
            let open = frontier.open.clone();
            let mut rebuilt = Frontier::of_open_tiles(count as u64, open).unwrap();
            let (mut full, mut expected) = (Vec::new(), Vec::new());
            for leaf in &leaves[count..] {
                frontier.append(*leaf, &mut expected);
                rebuilt.append(*leaf, &mut full);
            }
            prop_assert_eq!(full, expected);
            prop_assert_eq!(rebuilt.root(), defined_root(&leaves));
        }
    }
}
