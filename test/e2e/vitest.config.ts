// What starts the real program or ends it at every request in turn, and the laws over whole histories (npm run test:slow).
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'test/e2e/**/*.test.ts',
      'test/simulation/sweep.test.ts',
      'test/property/{laws,foretold}.test.ts',
    ],
    setupFiles: ['test/support/seed.ts'],
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
