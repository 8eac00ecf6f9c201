// Before all cluster tests: the programs they run, in one folder that KUBEBUILDER_ASSETS names.
import { assets } from './tools.ts'

/** Obtains the programs; what is missing is built. */
export default function setup(): void {
  process.env.KUBEBUILDER_ASSETS = assets()
}
