// The chart and the image: KUBEBUILDER_ASSETS=DIR npx vitest run --config test/chart/vitest.config.ts, where DIR has helm.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{chart,image}/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    // Copying an image takes long on a disk that others use.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
