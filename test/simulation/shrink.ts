import type { SimulationResult } from './run-simulation.js';
import type { Scenario } from './scenario.js';

const maxRuns = 200;

/** The scenario with as few actions as still break the same rule: halves, quarters ... single actions are left out. */
export async function shrink(
  scenario: Scenario,
  run: (scenario: Scenario) => Promise<SimulationResult>,
): Promise<Scenario> {
  const rule = (await run(scenario)).violations[0]?.rule;
  if (rule === undefined) return scenario;
  let smallest = scenario;
  let runs = 0;
  for (let size = Math.ceil(scenario.actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < smallest.actions.length && runs < maxRuns; runs++) {
      const actions = smallest.actions.filter((_action, index) => index < start || index >= start + size);
      const candidate = { ...smallest, actions };
      if ((await run(candidate)).violations[0]?.rule === rule) smallest = candidate;
      else start += size;
    }
  }
  return smallest;
}
