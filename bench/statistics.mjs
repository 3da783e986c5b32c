// Medians of interleaved runs, so that a noisy minute falls on all cases alike.

export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The least number that is not exceeded by this share of them.
export function percentile(numbers, share) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

// Runs every case once, then every case again, and gives the median of each figure of each case. The ratio of a
// case is the median of its ratios to the first case of the same round.
export async function interleaved(cases, runs) {
  const names = Object.keys(cases);
  const rounds = [];
  for (let run = 0; run < runs; run += 1) {
    const round = {};
    for (const name of names) round[name] = await cases[name](run);
    rounds.push(round);
  }
  const figures = {};
  for (const name of names) {
    figures[name] = {};
    for (const figure of Object.keys(rounds[0][name])) {
      figures[name][figure] = median(rounds.map((round) => round[name][figure]));
    }
    figures[name].ratio = median(rounds.map((round) => round[name].rate / round[names[0]].rate));
  }
  return figures;
}
