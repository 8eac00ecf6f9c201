#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=8 --max-old-space-size=768
// The process of exsync: its inputs, and the place of its compiled code. The flags above keep V8 from growing to a gigabyte
// before it collects: measured, a third of the memory for a tenth more CPU. In a container the heap follows its limit.
import './needs.mjs'
import { randomUUID } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessEdges } from './cli/runtime.ts'
import { heapFlags } from './heap.ts'

const clock: ProcessEdges['clock'] = {
  now: () => Date.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
}

function processEdges(graceMs: number): ProcessEdges {
  return { clock, chance: Math.random, instance: randomUUID(), ...signals(graceMs) }
}

// The first signal lets passes finish their batch. A second one, or the grace period, aborts them.
function signals(graceMs: number): Pick<ProcessEdges, 'stop' | 'hard'> {
  const [stop, hard] = [new AbortController(), new AbortController()]
  const asked = () => {
    if (stop.signal.aborted) hard.abort()
    stop.abort()
    setTimeout(() => hard.abort(), graceMs).unref()
  }
  process.on('SIGTERM', asked)
  process.on('SIGINT', asked)
  // Only Windows has it: Ctrl-Break, and the end of some services.
  process.on('SIGBREAK', asked)
  return { stop: stop.signal, hard }
}

// With compiled code the program starts in half the time. The code is kept in a directory that only we may write, because
// it is executed; without such a directory the program starts as usual. NODE_COMPILE_CACHE names another one.
function keepCompiled({ NODE_COMPILE_CACHE, XDG_CACHE_HOME, HOME }: NodeJS.ProcessEnv): void {
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (NODE_COMPILE_CACHE || !caches) return
  try {
    const folder = join(caches, 'exsync')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    if (uid === process.getuid?.() && (mode & 0o022) === 0) enableCompileCache(folder)
  } catch {
    // The directory may be read-only, as in a container with a read-only root.
  }
}

// Only the owner may read what is written: the state, its logs, the status files.
process.umask(0o077)
// Does not return if the container needs another heap limit than the present one.
function followContainer({ execPath, execArgv, argv, env }: NodeJS.Process): void {
  const flags = heapFlags(execArgv, process.constrainedMemory(), totalmem())
  if (flags === undefined) return
  try {
    process.execve?.(execPath, [execPath, ...flags, ...argv.slice(1)], env)
  } catch {
    // Not every system supports it; the limit then stays as it is.
  }
}

followContainer(process)
keepCompiled(process.env)
const { program } = await import('./cli/program.ts')
const args = process.argv.slice(2)
const terminal = process.stdout.isTTY === true
// A terminal without a size has 0.
const [rows, columns] = [process.stdout.rows || undefined, process.stdout.columns || undefined]
const edges = { args, environment: process.env, clock, processEdges, terminal, rows, columns }
const code = await program(edges)
// A watcher or a keep-alive connection must not delay the end.
process.exit(code)
