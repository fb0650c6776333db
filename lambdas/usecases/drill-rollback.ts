/** A rollback, rehearsed by the use case that makes the real ones: back to a tag, and forward again to what was there before. */
import type { DrillPorts } from '../drill-ports.ts';
import { differencesOf, fillScratch, GOOD_TAG, listingOf } from './drill-history.ts';
import type { DrillFindings, DrillWork } from './drill-work.ts';
import { rollBack } from './rollback.ts';
import { scratchPorts } from './scratch-ledger.ts';

const TARGET = 'main';

export const drillRollback = async (ports: DrillPorts, work: DrillWork): Promise<DrillFindings> => {
  const { id, requestedBy, storageNamespace } = work.drill;
  const { lakefs } = ports;
  await work.step('a scratch repository with a history');
  await fillScratch(ports, work.drill);
  const wanted = await listingOf(lakefs, id, GOOD_TAG);
  const before = await listingOf(lakefs, id, TARGET);
  const headBefore = (await lakefs.getBranch(id, TARGET))?.commitId;

  await work.step('a rollback of the protected target');
  const inside = scratchPorts(ports, { name: id, storageNamespace });
  const back = async (to: string): Promise<string | undefined> => {
    const asked = { action: 'roll-back' as const, repository: id, target: TARGET, to, requestedBy, reason: 'a drill' };
    const answer = await rollBack(inside, asked, work.until);
    return answer.outcome === 'rolled-back' ? answer.rollback.safetyTag : undefined;
  };
  const begun = ports.clock.now();
  const safetyTag = await back(GOOD_TAG);
  const seconds = (ports.clock.now() - begun) / 1000;

  await work.step('every object compared');
  const after = await listingOf(lakefs, id, TARGET);
  const differences = differencesOf('after the rollback', wanted, after);
  if (safetyTag === undefined) differences.unshift('the rollback did not end');
  const log = await Array.fromAsync(lakefs.log(id, TARGET, {}));
  if (!log.some((commit) => commit.id === headBefore)) differences.push('what was there before is not in the history');

  if (safetyTag !== undefined) {
    await work.step('forward again');
    if ((await back(safetyTag)) === undefined) differences.push('the way forward did not end');
    differences.push(...differencesOf('forward again', before, await listingOf(lakefs, id, TARGET)));
  }
  return { seconds, differences, compared: { refs: 1, objects: wanted.size + before.size } };
};
