/** What has arrived in a second region, as a person reads it. */
import {
  NEVER_SECONDS,
  type ReplicationRecord,
  type SincePoint,
  type TargetReplication,
} from '../../lambdas/domain/replication.ts';
import type { VerifiedTarget } from '../../lambdas/usecases/replication.ts';
import { counted, iso, plain, shortId } from '../text.ts';

const ago = (seconds: number): string => {
  if (seconds >= NEVER_SECONDS) return 'never';
  if (seconds < 120) return `${String(seconds)} s`;
  return seconds < 7200 ? `${String(Math.round(seconds / 60))} min` : `${String(Math.round(seconds / 3600))} h`;
};

const behind = ({ head, replicated, lagCommits, lagSeconds }: TargetReplication): string => {
  if (head === undefined) return 'is not there';
  if (replicated === undefined) return 'nothing has arrived yet';
  if (lagCommits === 0) return `all has arrived, at ${shortId(replicated.commit)}`;
  const count = lagCommits === undefined ? 'many commits' : counted(lagCommits, 'commit');
  return `${shortId(replicated.commit)} has arrived; ${count} and ${ago(lagSeconds)} behind`;
};

const waitingFor = ({ candidate }: TargetReplication): string[] => {
  if (candidate === undefined) return [];
  const { commit, objects, isAtEnd, missing, outside } = candidate;
  const looked = `${counted(objects, 'object')} looked at${isAtEnd ? '' : ' so far'}`;
  return [
    `    ${shortId(commit)}: ${looked}, ${String(missing.length)} not there${isAtEnd ? '' : ', at least'}`,
    ...(outside > 0 ? [`    ${counted(outside, 'object')} outside the storage namespace`] : []),
    ...missing.slice(0, 5).map(({ address }) => `      ${address}`),
  ];
};

/** What a snapshot lacks of each target. */
export const sinceLines = (since: Readonly<Record<string, SincePoint>>): string[] =>
  Object.entries(since).map(([name, { commits, more = false, runs }]) => {
    if (commits === 0) return `${name}: nothing came after it`;
    const count = `${more ? 'more than ' : ''}${counted(commits, 'commit')}`;
    const named = runs.slice(0, 20).map(plain).join(', ');
    return `${name}: ${count} since${runs.length === 0 ? '' : `; runs ${named}${runs.length > 20 ? ', …' : ''}`}`;
  });

export const replicationText = (record: ReplicationRecord): string => {
  const { repository, region, updatedAt, targets, metadata, point, restorable } = record;
  const files = metadata.walk?.missing ?? [];
  return [
    `${repository} in ${region}, looked at ${iso(updatedAt)}`,
    ...Object.entries(targets).flatMap(([name, target]) => [`  ${name}: ${behind(target)}`, ...waitingFor(target)]),
    ...(files.length === 0 ? [] : [`  lakeFS's own files: ${String(files.length)} not there, at least`]),
    ...(restorable === undefined
      ? ['  no snapshot could be restored there']
      : [
          `  could be restored there: ${restorable.snapshot}, of ${iso(restorable.takenAt)}`,
          ...sinceLines(restorable.since ?? {}).map((line) => `    ${line}`),
        ]),
    ...(point === undefined
      ? []
      : [`    on its way: ${point.snapshot}`, ...point.missing.map((each) => `      ${each}`)]),
  ].join('\n');
};

export const verifiedText = ({
  repository,
  target,
  commit,
  objects,
  missing,
  outside,
  outcome,
}: VerifiedTarget): string =>
  [
    outcome === 'nothing'
      ? `${repository}/${target}: nothing has arrived yet`
      : `${repository}/${target} at ${shortId(commit ?? '')}: ${counted(objects, 'object')}, ${outcome}`,
    ...(outside > 0 ? [`  ${counted(outside, 'object')} outside the storage namespace`] : []),
    ...missing.map(({ address }) => `  ${address}`),
  ].join('\n');
