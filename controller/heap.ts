// Adapts the heap's limit to the container's. V8 reads the limit only at its start, so a process with another limit starts
// again in its own place: the same process with other flags.

/** The flag in the first line of main.ts and in the Dockerfile: for a container of 1 GiB, or without a limit. */
const usual = '--max-old-space-size=768'

/** The part of the container's memory for the heap; the rest is for buffers, the state and the program itself. */
const share = 0.75

/**
 * Node's flags for a container with this much memory, on a machine with that much, in bytes. Undefined if the present flags
 * are right: the memory is not limited, or the user chose another limit.
 */
export function heapFlags(
  flags: readonly string[],
  containerBytes: number,
  machineBytes: number,
): readonly string[] | undefined {
  if (!flags.includes(usual) || containerBytes <= 0 || containerBytes >= machineBytes)
    return undefined
  const megabytes = Math.max(64, Math.floor((containerBytes * share) / 2 ** 20))
  const wanted = `--max-old-space-size=${megabytes}`
  return wanted === usual ? undefined : flags.map((flag) => (flag === usual ? wanted : flag))
}
