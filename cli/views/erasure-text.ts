/** Erasures, as a person reads them. */
import type { ErasurePlan, ErasureStep, Held, Holder, StorageFacts } from '../../lambdas/domain/erasure.ts';
import type { Erasure } from '../../lambdas/domain/erasure-record.ts';
import { bytes, counted, iso, plain } from '../text.ts';

const KIND: Readonly<Record<Holder['kind'], string>> = {
  target: 'target',
  branch: 'branch',
  run: 'branch',
  staged: 'staged on',
  tag: 'tag',
  'tag-keeper': 'branch',
  snapshot: 'snapshot',
  table: 'table',
  iceberg: 'earlier snapshots of',
  preview: 'preview',
};

const STEP: Readonly<Record<ErasureStep, string>> = {
  promote: 'a run of its own takes them out and is promoted',
  merge: 'a branch takes them out and is merged',
  wait: 'waits until they are committed or discarded',
  expire: 'the kept branch goes before its time',
  'remove-tag': 'the tag is removed, with --remove-tags alone',
  follow: 'goes with its tag',
  prune: 'is pruned, with its tag, branch and backup',
  refuse: 'held: nothing can be erased before it is released',
  refresh: 'follows the target',
  drop: 'is dropped',
};

const stepText = ({ holder, does }: Held): string =>
  holder.kind === 'run' && does === 'wait' ? `waits until run ${holder.run} has ended` : STEP[does];

const heldText = (held: Held): string =>
  `  ${KIND[held.holder.kind]} ${plain(held.holder.name)}: ${counted(held.objects, 'object')}; ${stepText(held)}`;

const versionsText = ({ bucket, versioning, earlierVersionsDays, replicatesTo }: StorageFacts): string[] => {
  const until =
    earlierVersionsDays === undefined
      ? 'no lifecycle rule removes them'
      : `its lifecycle removes them after ${counted(earlierVersionsDays, 'day')}`;
  const kept = versioning === 'off' ? 'keeps no earlier versions' : `keeps earlier versions (${versioning}): ${until}`;
  return [
    `  bucket ${bucket} ${kept}`,
    ...replicatesTo.map((copy) => `  it is copied to bucket ${copy}: what is there has to be deleted there`),
  ];
};

export const planText = (plan: ErasurePlan): string => {
  const { repository, objects, bytes: size, unseen, alike, outside, held, exports, backups, storage, retention } = plan;
  return [
    `${repository}: ${counted(objects, 'object')} of ${bytes(size)}`,
    ...plan.examples.map(({ address, paths }) => `    ${paths.map(plain).join(', ') || 'no path'}  ${address}`),
    ...(unseen === 0 ? [] : [`  ${counted(unseen, 'address', 'addresses')} that no ref shows`]),
    ...(alike.objects === 0
      ? []
      : [
          `  ${counted(alike.objects, 'other object')} with the same content, not selected: ${alike.examples.map(plain).join(', ')}`,
        ]),
    ...outside.map((address) => `  outside the storage namespace, lakeFS never deletes it: ${address}`),
    ...(held.length === 0 ? ['  no ref, table or preview shows any of them'] : held.map(heldText)),
    ...exports.map(
      ({ name, destination, files }) =>
        `  export ${name}: ${counted(files, 'copy', 'copies')} at ${destination}; removed there`,
    ),
    ...backups.map((uri) => `  backup ${uri}: names of refs, no rows`),
    ...versionsText(storage),
    `  garbage collection keeps what is removed now for ${counted(retention.days, 'day')}: until ${iso(retention.until)}`,
    ...plan.refusals.map(({ code, message }) => `  refused: ${code} ${message}`),
  ].join('\n');
};

/** One line, and below it what somebody should know. */
export const erasureText = (erasure: Erasure): string => {
  const { repository, id, state, objects, requestedBy, requestedAt, reason, retainedUntil, proof, report } = erasure;
  const { waits, cause, collection } = erasure;
  return [
    `${repository} ${id} ${state}, ${counted(objects.count, 'object')} of ${bytes(objects.bytes)}`,
    `  asked for by ${plain(requestedBy)} ${iso(requestedAt)}: ${plain(reason)}`,
    ...(cause === undefined ? [] : [`  ${cause.code} ${plain(cause.message)}`]),
    ...(state === 'RETAINING' && retainedUntil !== undefined
      ? [`  garbage collection keeps the objects until ${iso(retainedUntil)}; then they are collected`]
      : []),
    ...(state === 'COLLECTING' && collection !== undefined ? [`  collection ${collection.id} deletes them`] : []),
    ...(waits === undefined
      ? []
      : [`  waits since ${iso(waits.since)} for:`, ...waits.for.map((reason_) => `    ${plain(reason_)}`)]),
    ...(proof === undefined
      ? []
      : [
          `  S3 ${iso(proof.at)}: ${String(proof.gone)} gone, ${String(proof.left)} left, ${String(proof.versions)} with earlier versions`,
        ]),
    ...(proof?.versionsUntil === undefined ? [] : [`  the bucket removes them by ${iso(proof.versionsUntil)}`]),
    ...(report === undefined ? [] : [`  report ${report.uri}`]),
  ].join('\n');
};
