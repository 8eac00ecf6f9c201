// The heap's limit follows the container's. V8 takes it at its start only, so a process that was started with another one
// begins again in its own place: the same process, with other flags.

/** The flag of the first line of main.ts and of the Dockerfile: right for a container of 1 GiB, and where there is none. */
const usual = '--max-old-space-size=768'

/** The part of the container's memory that the heap may take; the rest is for buffers, the state and the program itself. */
const share = 0.75

/**
 * Node's flags as they should be, in a container of so many bytes, on a machine of so many; undefined where they are right:
 * nothing bounds the memory, or somebody chose another limit.
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
