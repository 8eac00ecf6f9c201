// The chart alone: KUBEBUILDER_ASSETS=DIR npx vitest run --config test/chart/vitest.config.ts, where DIR has helm.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/chart/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
