import fc from 'fast-check';

/**
 * Property tests draw the same examples in every run, so that a red run is red again. To look further:
 * ORCH_PROPERTY_SEED=random ORCH_PROPERTY_RUNS=5000 npm test -- test/unit
 */
const { ORCH_PROPERTY_SEED: seed = '1', ORCH_PROPERTY_RUNS: runs } = process.env;
fc.configureGlobal({
  ...(seed === 'random' ? {} : { seed: Number(seed) }),
  ...(runs === undefined ? {} : { numRuns: Number(runs) }),
});
