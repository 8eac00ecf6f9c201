import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These run with the cluster's: Helm is built with it, and an image is a quarter of a gigabyte to copy.
    exclude: [...configDefaults.exclude, 'test/{chart,image}/**'],
    setupFiles: ['test/support/seed.ts'],
    // Who waits for a process leaves a core to others.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
