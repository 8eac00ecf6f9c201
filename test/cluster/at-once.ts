// Does something for each of many, so many at once.

const MOST = 10

/** What came of each, in their order; at most ten are under way at any time. */
export async function all<In, Out>(
  each: readonly In[],
  act: (one: In, index: number) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = []
  const queue = each.entries()
  const lane = async () => {
    for (const [i, one] of queue) results[i] = await act(one, i)
  }
  await Promise.all(Array.from({ length: MOST }, lane))
  return results
}
