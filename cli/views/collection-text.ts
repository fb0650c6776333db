/** Garbage collections, as a person reads them. */
import type { Collection, CollectionRecord } from '../../lambdas/domain/collection.ts';
import type { CollectionPlan } from '../../lambdas/usecases/collection-plan.ts';
import { bytes, counted, iso } from '../text.ts';

const size = ({ marked }: Collection): string =>
  marked === undefined ? '' : `, ${counted(marked.objects, 'object')} of ${bytes(marked.bytes)}`;

/** One line, and below it what somebody should know. */
export const collectionText = (repository: string, collection: Collection): string => {
  const { id, state, requestedBy, requestedAt, waits, approved, readBack, cause, marked } = collection;
  const lines = [`${repository} ${id} ${state}${size(collection)}, asked for by ${requestedBy} ${iso(requestedAt)}`];
  if (approved !== undefined) lines.push(`  approved by ${approved.by} ${iso(approved.at)}`);
  if (cause !== undefined) lines.push(`  ${cause.code} ${cause.message}`);
  if (waits !== undefined) {
    lines.push(`  waits since ${iso(waits.since)} for:`);
    lines.push(...waits.for.map(({ message }) => `    ${message}`));
  }
  if (state === 'MARKED' && marked?.oldest !== undefined && marked.newest !== undefined) {
    lines.push(`  written from ${iso(marked.oldest)} to ${iso(marked.newest)}; nothing that is shown is among them`);
    lines.push(...marked.examples.slice(0, 5).map((address) => `    ${address}`));
  }
  if (readBack !== undefined) {
    const { refs, objects, missing, left } = readBack;
    lines.push(`  read back ${counted(refs, 'ref')}, ${counted(objects, 'object')}: ${String(missing)} missing`);
    if (left > 0) lines.push(`  ${counted(left, 'object')} that should have gone are still there`);
    for (const { where, path } of missing > 0 ? readBack.sightings : []) lines.push(`    ${where} shows ${path}`);
  }
  return lines.join('\n');
};

/** What was collected before stands in one line each. */
export const recordText = ({ repository, current, past }: CollectionRecord): string =>
  [...(current === undefined ? [] : [current]), ...past].map((each) => collectionText(repository, each)).join('\n');

export const planText = (plan: CollectionPlan): string => {
  const { repository, rules, blockers, staleBranches, tagsWithoutKeeper, record } = plan;
  const { defaultRetentionDays, branches } = rules.wanted;
  const others = Object.entries(branches).map(([name, days]) => `, ${name} ${String(days)} days`);
  return [
    `${repository}: objects stay ${String(defaultRetentionDays)} days${others.join('')}`,
    ...(rules.hasDrifted ? ['  lakeFS has other rules: deploy again'] : []),
    ...(blockers.length === 0 ? ['  nothing is in the way'] : blockers.map(({ message }) => `  waits: ${message}`)),
    ...(tagsWithoutKeeper === 0
      ? []
      : [`  ${counted(tagsWithoutKeeper, 'tag')} without a branch that keeps its objects`]),
    ...staleBranches.map(
      ({ branch, headAt, objects, bytes: held, isAtLeast }) =>
        `  stale: ${branch} since ${iso(headAt)} holds back ${isAtLeast ? 'at least ' : ''}${counted(objects, 'object')} of ${bytes(held)}`,
    ),
    ...(record?.current === undefined ? [] : [`  ${collectionText(repository, record.current)}`]),
  ].join('\n');
};
