// Every property test lives the same histories on every machine, unless SEED says otherwise: a red build
// is then somebody's change, not chance. `SEED=$RANDOM RUNS=20000` looks for new ones.
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) })
