// Setup of every test file: whatever passes an embedded Exchange must be valid by Microsoft's schemas.
import { afterAll, expect } from 'vitest'
import { invalid, validated } from './validation.ts'

validated()

afterAll(() => {
  expect(invalid()).toEqual([])
})
