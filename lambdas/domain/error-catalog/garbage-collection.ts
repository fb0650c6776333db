import { type ErrorEntry, entry } from './entry.ts';

/** BL85xx: lakeFS's garbage collection. */
export const GARBAGE_COLLECTION_ERRORS = {
  BL8501: entry(
    'garbage collection is not set up',
    'platform',
    false,
    2,
    'Name the jar of lakeFS’s Spark client as `garbageCollection.clientJar`, and the repository among those that are collected; then deploy.',
  ),
  BL8502: entry(
    'no such collection',
    'operator',
    false,
    3,
    'Look with `branchline gc status`: only the collection under way can be approved or discarded.',
  ),
  BL8504: entry(
    'nothing was marked',
    'platform',
    true,
    1,
    'Look at the log of the Glue job run that the message names. Nothing was deleted. Then `branchline gc run` again.',
  ),
  BL8505: entry(
    'sweep did not end',
    'platform',
    true,
    1,
    'Some of what was marked may be deleted, nothing else. All refs were read back. Look at the log of the Glue job run, then `branchline gc run` again.',
  ),
  BL8506: entry(
    'live objects are marked',
    'platform',
    false,
    6,
    'Nothing was deleted. The message names refs that still show what was marked: see docs/runbook/garbage-collection.md.',
  ),
  BL8507: entry(
    'objects are missing',
    'platform',
    false,
    6,
    'Refs show objects that are not in S3 any more: bring back their earlier versions. See docs/runbook/garbage-collection.md.',
  ),
  BL8508: entry(
    'collection cannot be swept',
    'operator',
    false,
    5,
    'Only what is marked, not too long ago, can be approved. Begin another with `branchline gc run`.',
  ),
} as const satisfies Record<string, ErrorEntry>;
