// Other people's Exchange clients on the embedded Exchange (npm run test:clients).
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/clients/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts', 'test/support/validated.ts'],
    // Each is a client's process beside the server's; the first run downloads the clients, too.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
