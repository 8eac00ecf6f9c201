#!/usr/bin/env -S node --max-semi-space-size=8 --max-old-space-size=768
// The command exsync: main.ts, behind a check that an older Node can read. The flags are those of main.ts, but for the one that
// an older Node does not know: what it silences is silenced here.
import './needs.mjs'

const shown = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') for (const show of shown) show(warning)
})
await import('./main.ts')
