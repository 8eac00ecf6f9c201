#!/usr/bin/env -S node --max-semi-space-size=8 --max-old-space-size=768
// The plugin `kubectl exsync`: the command exsync, about the cluster of the kubeconfig unless its line names a directory.
if (process.argv[2] !== 'kubectl') process.argv.splice(2, 0, 'kubectl')
await import('./exsync.mjs')
