/**
 * Which manifests may be removed. Pure.
 *
 *     refresh 1   PUT m, Glue names m
 *     refresh 2   PUT n, Glue names n in its place: whoever began to read before reads m on
 *     look A      nobody names m: it is noted, with the time
 *     look B      a day later, still nobody does, and m was not written since A: removed
 *
 * Whoever names a manifest writes it first, so that one which was named again between the two looks is younger than the first.
 */
import type { EpochMs } from '../run.ts';

/** Manifests of a table that nobody named then. */
export interface Unnamed {
  readonly since: EpochMs;
  readonly digests: readonly string[];
}

/** Longer than any query reads: Athena ends them after 30 minutes by default, and on request later. Source: Athena quotas. */
export const MANIFEST_GRACE_MS = 24 * 3_600_000;
/** The storage's clock is not ours. */
const CLOCK_SLACK_MS = 300_000;

export const isLookDue = (noted: Pick<Unnamed, 'since'> | undefined, now: EpochMs): boolean =>
  noted === undefined || now - noted.since >= MANIFEST_GRACE_MS;

/**
 * @param there manifests that lie in storage, each with the time when it was written last.
 * @param named those that Glue names now.
 */
export const removable = (
  noted: Unnamed | undefined,
  there: ReadonlyMap<string, EpochMs>,
  named: ReadonlySet<string>,
  now: EpochMs,
): readonly string[] => {
  if (noted === undefined || now - noted.since < MANIFEST_GRACE_MS) return [];
  return noted.digests.filter((digest) => {
    const writtenAt = there.get(digest);
    return writtenAt !== undefined && writtenAt < noted.since - CLOCK_SLACK_MS && !named.has(digest);
  });
};

export const unnamedOf = (there: Iterable<string>, named: ReadonlySet<string>): readonly string[] =>
  [...there].filter((digest) => !named.has(digest));
