// What needs a real API server, Helm, or an image of a quarter of a gigabyte (npm run test:cluster).
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/{cluster,chart,image}/**/*.test.ts'],
    globalSetup: ['test/cluster/setup.ts'],
    setupFiles: ['test/support/seed.ts', 'test/support/validated.ts'],
    // Each is several processes that stand for machines, and some are about who is in time.
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
