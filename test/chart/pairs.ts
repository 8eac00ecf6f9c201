// Combinations of switches: each value alone, and each pair of values of two switches together at least once.

/** A switch: its name, and what it can be; the first is the default. */
export type Factor<Setting> = Readonly<{ name: string; settings: readonly Setting[] }>

/** For each factor the index of its setting. */
export type Row = readonly number[]

/** Rows in which every pair of settings of two factors occurs; each row is as full of new pairs as a greedy choice makes it. */
export function pairRows(factors: readonly Factor<unknown>[]): readonly Row[] {
  const open = new Set<string>()
  const pair = (i: number, a: number, j: number, b: number) =>
    i < j ? `${i}.${a} ${j}.${b}` : `${j}.${b} ${i}.${a}`
  const counts = factors.map(({ settings }) => settings.length)
  counts.forEach((count, i) => {
    for (let j = i + 1; j < counts.length; j++)
      for (let a = 0; a < count; a++)
        for (let b = 0; b < (counts[j] ?? 0); b++) open.add(pair(i, a, j, b))
  })
  const rows: Row[] = []
  while (open.size > 0) {
    const row: (number | undefined)[] = counts.map(() => undefined)
    // It starts with a pair that is missing, so that every row is of use.
    const [first = ''] = open
    for (const each of first.split(' ')) {
      const [i = 0, a = 0] = each.split('.').map(Number)
      row[i] = a
    }
    counts.forEach((count, i) => {
      row[i] ??= best(count, (a) =>
        row.reduce<number>(
          (sum, b, j) => sum + (b !== undefined && j !== i && open.has(pair(i, a, j, b)) ? 1 : 0),
          0,
        ),
      )
    })
    const full = row.map((each) => each ?? 0)
    full.forEach((a, i) => {
      for (let j = i + 1; j < full.length; j++) open.delete(pair(i, a, j, full[j] ?? 0))
    })
    rows.push(full)
  }
  return rows
}

/** Rows in which one factor is not at its default, and all others are. */
export function singleRows(factors: readonly Factor<unknown>[]): readonly Row[] {
  return factors.flatMap(({ settings }, i) =>
    settings.slice(1).map((_, index) => factors.map((_, j) => (j === i ? index + 1 : 0))),
  )
}

function best(count: number, gain: (index: number) => number): number {
  let [index, most] = [0, -1]
  for (let each = 0; each < count; each++) {
    const gained = gain(each)
    if (gained > most) [index, most] = [each, gained]
  }
  return index
}
