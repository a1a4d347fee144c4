//! Multinomial logistic regression over sparse features.

/// One observation: features with their values, and the right label.
pub struct Observation<'a> {
    /// Feature numbers and values.
    pub features: &'a [(u32, f32)],
    /// The right label.
    pub label: usize,
    /// How much it counts.
    pub weight: f32,
}

/// Passes over the observations.
const EPOCHS: usize = 40;
/// First step size of AdaGrad.
const RATE: f32 = 0.25;
/// Pull of a weight towards zero, each time its feature is seen.
const DECAY: f32 = 2e-4;

/// Weights, `labels` a feature; the last feature is the bias of every observation. Duchi et al., Adaptive Subgradient
/// Methods, 2011: rare features keep large steps. The same order gives the same weights; it is averaged over the last
/// half of the passes.
pub fn fit(observations: &[Observation<'_>], features: usize, labels: usize, seed: u64) -> Vec<f32> {
    let size = (features + 1) * labels;
    let (mut weights, mut squares) = (vec![0.0f32; size], vec![1e-3f32; size]);
    let mut sum = vec![0.0f32; size];
    let mut order: Vec<usize> = (0..observations.len()).collect();
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut shares = vec![0.0f32; labels];
    let bias = [(features as u32, 1.0f32)];
    for epoch in 0..EPOCHS {
        shuffle(&mut order, &mut random);
        for &i in &order {
            let seen = &observations[i];
            let row = |feature: u32| feature as usize * labels..(feature as usize + 1) * labels;
            shares.fill(0.0);
            for &(feature, value) in seen.features.iter().chain(&bias) {
                shares.iter_mut().zip(&weights[row(feature)]).for_each(|(s, w)| *s += w * value);
            }
            crate::dialogue::understanding::model::softmax(&mut shares);
            shares[seen.label] -= 1.0;
            for &(feature, value) in seen.features.iter().chain(&bias) {
                let (weights, squares) = (&mut weights[row(feature)], &mut squares[row(feature)]);
                for ((w, q), error) in weights.iter_mut().zip(squares).zip(&shares) {
                    let slope = error * value * seen.weight + DECAY * *w;
                    *q += slope * slope;
                    *w -= RATE * slope / q.sqrt();
                }
            }
        }
        if epoch >= EPOCHS / 2 {
            sum.iter_mut().zip(&weights).for_each(|(s, w)| *s += w);
        }
    }
    let passes = (EPOCHS - EPOCHS / 2) as f32;
    sum.iter().map(|s| s / passes).collect()
}

/// Fisher–Yates with xorshift64.
pub fn shuffle<T>(items: &mut [T], random: &mut u64) {
    for i in (1..items.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        items.swap(i, (*random % (i as u64 + 1)) as usize);
    }
}
