//! Latent semantic analysis of the cases: words that keep the same company lie near each other, so that a question
//! finds a case that says the same in other words. Learned from the cases alone.
//!
//! Deerwester et al., Indexing by Latent Semantic Analysis, 1990; the decomposition is the randomized one of Halko,
//! Martinsson and Tropp, Finding Structure with Randomness, 2011, algorithm 4.4, with a fixed seed.

use std::io;
use std::path::Path;

use super::associations::Associations;
use super::card::{Card, SECTIONS};

/// Name of the file of term vectors.
pub const LATENT: &str = "latent.dat";
/// Name of the file of case vectors, [`DIMENSIONS`] bytes a row.
pub const VECTORS: &str = "vectors.dat";
/// Dimensions of a vector. Measured: 128 did not rank better than 64.
pub const DIMENSIONS: usize = 64;

/// Extra dimensions while decomposing, cut off afterwards.
const OVERSAMPLING: usize = 8;
const WIDTH: usize = DIMENSIONS + OVERSAMPLING;
/// Cases that the decomposition looks at; evenly spread over all of them.
const SAMPLE: usize = 48_000;
/// Fewer cases than this teach nothing about words.
const LEAST_CASES: usize = 60;
/// A term in fewer cases than this gets no vector; in a small collection, in fewer than two.
const LEAST_FREQUENCY: u32 = 5;
const SMALL: usize = 5_000;
/// How often a term counts in each section.
const SECTION_WEIGHTS: [f32; SECTIONS] = [3.0, 3.0, 2.0, 1.0, 1.0];
/// Rounds of power iteration.
const ROUNDS: usize = 2;

/// A unit vector, each number times 127.
pub type Vector = [i8; DIMENSIONS];

/// The vectors of terms.
#[derive(Default)]
pub struct Latent {
    slots: Vec<u32>,
    vectors: Vec<i8>,
    scales: Vec<f32>,
}

/// A sparse row: `(slot of the term, weight)`.
type SparseRow = Vec<(u32, f32)>;

impl Latent {
    /// Learns from the cards that begin at `offsets`; empty where there are too few.
    pub fn learn(cards: &[u8], offsets: &[u64], associations: &Associations, terms: u32) -> Self {
        if offsets.len() < LEAST_CASES {
            return Self::default();
        }
        let most = offsets.len() as u32 / 10 * 3;
        let least = if offsets.len() < SMALL { 2 } else { LEAST_FREQUENCY };
        let mut slots = vec![0u32; terms as usize + 1];
        let mut kept = 0;
        for (term, slot) in (0u32..).zip(slots.iter_mut()).skip(1) {
            if (least..most).contains(&associations.frequency(term)) {
                kept += 1;
                *slot = kept;
            }
        }
        let step = offsets.len().div_ceil(SAMPLE);
        let rows: Vec<SparseRow> = offsets
            .iter()
            .step_by(step)
            .map(|&offset| sparse_row(Card::at(cards, offset), &slots, associations))
            .collect();
        if (kept as usize) < WIDTH * 4 {
            return Self::default();
        }
        let vectors = decompose(&rows, kept as usize);
        Self::quantized(slots, &vectors)
    }

    fn quantized(slots: Vec<u32>, vectors: &[[f32; DIMENSIONS]]) -> Self {
        let mut latent =
            Self { slots, vectors: Vec::with_capacity(vectors.len() * DIMENSIONS), scales: Vec::new() };
        for vector in vectors {
            let largest = vector.iter().fold(1e-9f32, |m, v| m.max(v.abs()));
            latent.scales.push(largest / 127.0);
            latent.vectors.extend(vector.iter().map(|v| (v / largest * 127.0).round() as i8));
        }
        latent
    }

    /// Adds `weight` times the vector of a term to a sum.
    #[inline]
    pub fn add(&self, sum: &mut [f32; DIMENSIONS], term: u32, weight: f32) {
        let Some(slot) = self.slots.get(term as usize).filter(|slot| **slot > 0) else { return };
        let slot = *slot as usize - 1;
        let weight = weight * self.scales[slot];
        for (sum, &value) in sum.iter_mut().zip(&self.vectors[slot * DIMENSIONS..][..DIMENSIONS]) {
            *sum += weight * f32::from(value);
        }
    }

    /// The vector of a card: the sum of its terms' vectors, at unit length.
    pub fn of_card(&self, card: Card<'_>, associations: &Associations) -> Vector {
        let mut sum = [0.0; DIMENSIONS];
        if self.scales.is_empty() {
            return [0; DIMENSIONS];
        }
        for (term, count) in weighted_counts(card) {
            self.add(&mut sum, term, count.ln_1p() * associations.rarity(term));
        }
        quantize(&sum)
    }

    /// Writes the file of term vectors.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut out =
            Vec::with_capacity(self.slots.len() * 4 + self.vectors.len() + self.scales.len() * 4 + 8);
        out.extend_from_slice(&(self.slots.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.scales.len() as u32).to_le_bytes());
        self.slots.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        self.scales.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        out.extend(self.vectors.iter().map(|v| v.cast_unsigned()));
        std::fs::write(path, out)?;
        std::fs::File::open(path)?.sync_all()
    }

    /// Reads the file of term vectors.
    ///
    /// # Errors
    /// It cannot be read, or ends early.
    pub fn load(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        Self::decode(&bytes)
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "term vectors are cut short"))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (slots, rest) = bytes.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let (slots, count) = (u32::from_le_bytes(*slots) as usize, u32::from_le_bytes(*count) as usize);
        let (slot_bytes, rest) = rest.split_at_checked(slots * 4)?;
        let (scale_bytes, rest) = rest.split_at_checked(count * 4)?;
        let vectors = rest.get(..count * DIMENSIONS)?;
        let slots: Vec<u32> = slot_bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
        slots.iter().all(|&slot| slot as usize <= count).then(|| Self {
            slots,
            scales: scale_bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            vectors: vectors.iter().map(|v| v.cast_signed()).collect(),
        })
    }
}

/// A sum of vectors at unit length; all zeros stay zeros.
pub fn quantize(sum: &[f32; DIMENSIONS]) -> Vector {
    let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-9);
    sum.map(|v| (v / length * 127.0).round() as i8)
}

/// Cosine of a sum of vectors at unit length and a stored vector, -1 to 1.
#[inline]
pub fn cosine(unit: &[f32; DIMENSIONS], stored: &[i8]) -> f32 {
    unit.iter().zip(stored).map(|(a, &b)| a * f32::from(b)).sum::<f32>() / 127.0
}

fn weighted_counts(card: Card<'_>) -> Vec<(u32, f32)> {
    let mut terms: Vec<(u32, f32)> = Vec::with_capacity(256);
    for (section, weight) in card.sections().iter().zip(SECTION_WEIGHTS) {
        terms.extend(section.filter(|&(term, _)| term > 0).map(|(term, _)| (term, weight)));
    }
    terms.sort_unstable_by_key(|&(term, _)| term);
    terms.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            first.1 += later.1;
        }
        same
    });
    terms
}

fn sparse_row(card: Card<'_>, slots: &[u32], associations: &Associations) -> SparseRow {
    let mut row: SparseRow = weighted_counts(card)
        .into_iter()
        .filter_map(|(term, count)| {
            let slot = slots.get(term as usize).copied().filter(|&slot| slot > 0)?;
            Some((slot - 1, count.ln_1p() * associations.rarity(term)))
        })
        .collect();
    let length = row.iter().map(|(_, w)| w * w).sum::<f32>().sqrt().max(1e-9);
    row.iter_mut().for_each(|(_, w)| *w /= length);
    row
}

/// A tall matrix: rows of [`WIDTH`] numbers.
type Tall = Vec<[f32; WIDTH]>;

/// The right singular vectors of the matrix of rows: one vector for each term.
fn decompose(rows: &[SparseRow], terms: usize) -> Vec<[f32; DIMENSIONS]> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut by_term: Tall = (0..terms).map(|_| std::array::from_fn(|_| random.gaussian())).collect();
    for _ in 0..ROUNDS {
        let by_case = times(rows, &by_term);
        by_term = transposed_times(rows, &by_case, terms);
        orthonormalize(&mut by_term);
    }
    // Rotate the found subspace to the singular directions: eigenvectors of (A Z)ᵀ (A Z).
    let by_case = times(rows, &by_term);
    let rotation = eigenvectors(gram(&by_case));
    by_term
        .iter()
        .map(|row| std::array::from_fn(|k| row.iter().zip(&rotation[k]).map(|(a, b)| a * b).sum()))
        .collect()
}

fn times(rows: &[SparseRow], tall: &Tall) -> Tall {
    let half = rows.len().div_ceil(2).max(1);
    let part = |rows: &[SparseRow]| -> Tall {
        rows.iter()
            .map(|row| {
                let mut sum = [0.0; WIDTH];
                for &(slot, weight) in row {
                    sum.iter_mut().zip(&tall[slot as usize]).for_each(|(s, v)| *s += weight * v);
                }
                sum
            })
            .collect()
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = rows.chunks(half).map(|rows| scope.spawn(move || part(rows))).collect();
        parts.into_iter().flat_map(|p| p.join().unwrap_or_default()).collect()
    })
}

fn transposed_times(rows: &[SparseRow], tall: &Tall, terms: usize) -> Tall {
    let mut out: Tall = vec![[0.0; WIDTH]; terms];
    for (row, values) in rows.iter().zip(tall) {
        for &(slot, weight) in row {
            out[slot as usize].iter_mut().zip(values).for_each(|(s, v)| *s += weight * v);
        }
    }
    out
}

/// Columns made orthonormal by way of the Gram matrix's Cholesky factor, twice for accuracy.
fn orthonormalize(tall: &mut Tall) {
    for _ in 0..2 {
        let factor = cholesky(gram(tall));
        for row in tall.iter_mut() {
            for k in 0..WIDTH {
                let known: f64 = (0..k).map(|j| factor[k][j] * f64::from(row[j])).sum();
                row[k] = ((f64::from(row[k]) - known) / factor[k][k]) as f32;
            }
        }
    }
}

type Square = Vec<[f64; WIDTH]>;

fn gram(tall: &Tall) -> Square {
    let mut out = vec![[0.0f64; WIDTH]; WIDTH];
    for block in tall.chunks(256) {
        let mut part = [[0.0f32; WIDTH]; WIDTH];
        for row in block {
            for (i, &a) in row.iter().enumerate() {
                part[i].iter_mut().zip(row).for_each(|(s, v)| *s += a * v);
            }
        }
        for (out, part) in out.iter_mut().zip(&part) {
            out.iter_mut().zip(part).for_each(|(s, v)| *s += f64::from(*v));
        }
    }
    out
}

/// The lower triangular factor of a symmetric matrix; a little is added to the diagonal so that it exists.
fn cholesky(mut matrix: Square) -> Square {
    let trace: f64 = (0..WIDTH).map(|i| matrix[i][i]).sum();
    let least = (trace / WIDTH as f64 * 1e-10).max(1e-30);
    for i in 0..WIDTH {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let value = matrix[i][j] - known;
            matrix[i][j] = if i == j { value.max(least).sqrt() } else { value / matrix[j][j] };
        }
    }
    matrix
}

/// Eigenvectors of a symmetric matrix, largest eigenvalue first, one a row: cyclic Jacobi (Golub and Van Loan, 8.5).
fn eigenvectors(mut matrix: Square) -> Vec<[f32; WIDTH]> {
    let mut vectors: Square =
        (0..WIDTH).map(|i| std::array::from_fn(|j| f64::from(u8::from(i == j)))).collect();
    for _ in 0..30 {
        for p in 0..WIDTH {
            for q in p + 1..WIDTH {
                rotate(&mut matrix, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..WIDTH).collect();
    order.sort_by(|&a, &b| matrix[b][b].total_cmp(&matrix[a][a]));
    order.into_iter().map(|k| vectors[k].map(|v| v as f32)).collect()
}

fn rotate(matrix: &mut Square, vectors: &mut Square, p: usize, q: usize) {
    if matrix[p][q].abs() < 1e-14 {
        return;
    }
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in matrix.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    for rows in [matrix, vectors] {
        let (first, second) = (rows[p], rows[q]);
        rows[p] = std::array::from_fn(|k| c * first[k] - s * second[k]);
        rows[q] = std::array::from_fn(|k| s * first[k] + c * second[k]);
    }
}

/// xorshift64*, and from it the sum of twelve uniform numbers, which is near enough to a gaussian for a random start.
struct Random(u64);

impl Random {
    fn gaussian(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }

    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decomposition_finds_the_directions_of_a_known_matrix() {
        // Two blocks of 200 terms that never stand together, each row with 20 terms of one block.
        let mut random = Random(7);
        let mut term = |block: u32| block * 200 + (random.uniform() * 199.9) as u32;
        let rows: Vec<SparseRow> = (0..2000).map(|i| (0..20).map(|_| (term(i % 2), 0.2)).collect()).collect();
        let vectors = decompose(&rows, 400);
        let cosine = |a: usize, b: usize| {
            let dot = |x: usize, y: usize| {
                vectors[x].iter().take(2).zip(&vectors[y]).map(|(p, q)| p * q).sum::<f32>()
            };
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        assert!(cosine(0, 1) > 0.99, "{}", cosine(0, 1));
        assert!(cosine(201, 399) > 0.99, "{}", cosine(201, 399));
        assert!(cosine(0, 399).abs() < 0.05, "{}", cosine(0, 399));
    }
}
