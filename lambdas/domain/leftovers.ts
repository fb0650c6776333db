/**
 * What lies on a run branch and is part of nobody's table: claim objects, and the working folders of writers that died.
 *
 * Twin of `glue/branchline/leftovers.py`, which keeps it out of checkpoints: `test/fixtures/leftovers.json` holds both to one rule.
 */
import { CLAIM_PREFIX } from '../contract.ts';

/** @returns the prefix that all of it lies below, up to and with its `/`; `undefined` for what belongs to the run. */
export const leftoverOf = (path: string): string | undefined =>
  path.startsWith(CLAIM_PREFIX) ? CLAIM_PREFIX : /^(?:.*?\/)?(?:_temporary|\.spark-staging-[^/]+)\//s.exec(path)?.[0];
