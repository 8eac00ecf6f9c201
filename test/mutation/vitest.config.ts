// How the tests run against a mutant: nothing is cached in what all copies share, and a history that
// broke a law is not shrunk, for it is enough that it did.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  cacheDir: '.vite',
  test: {
    include: [
      'test/{unit,property}/**/*.test.ts',
      'test/scenes/{allowed,held,large,lost,neighbours,proof,restored}.test.ts',
      'test/scenes/{undo,upgrade,verify,witness}.test.ts',
    ],
    setupFiles: ['test/support/seed.ts', 'test/support/validated.ts', 'test/mutation/first.ts'],
    testTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    maxWorkers: 1,
    cache: false,
  },
})
