// Loaded into a process before its program (`--import`): at its end it writes what the process has used to
// the file that EXSYNC_BENCH_USAGE names.
import { readFileSync, writeFileSync } from 'node:fs'

/** What a process has used. */
export type Usage = Readonly<{ cpuMs: number; rssMaxMb: number }>

/** The most memory that this process ever had. */
export function rssMaxMb(): number {
  try {
    // Not maxRSS of getrusage: on Linux that starts from what the parent had when it forked.
    const [, kb = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return Number(kb) / 1024
  } catch {
    return process.resourceUsage().maxRSS / 1024
  }
}

process.once('exit', () => {
  const { EXSYNC_BENCH_USAGE: file } = process.env
  if (file === undefined) return
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  const usage: Usage = { cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMaxMb: rssMaxMb() }
  writeFileSync(file, JSON.stringify(usage))
})
