// npm run test:slow
import { defineConfig } from 'vitest/config'
import { slow } from '../support/slow.ts'

export default defineConfig({
  test: {
    include: slow,
    setupFiles: ['test/support/seed.ts', 'test/support/validated.ts'],
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
