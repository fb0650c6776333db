import { type ErrorEntry, entry } from './entry.ts';

/** BL9xxx: consumers outside lakeFS; BL811x, BL832x: exports that many workers copy. */
export const EXPORT_ERRORS = {
  BL9001: entry(
    'unknown export',
    'operator',
    false,
    3,
    'List the exports with `branchline exports list`, or add it to branchline.yaml and deploy.',
  ),
  BL9002: entry(
    'destination is not empty',
    'operator',
    false,
    5,
    'Give the export another destination; or run it once with `--adopt`: with `delete: true` what is not in the lake is removed there.',
  ),
  BL9003: entry(
    'objects could not be copied',
    'platform',
    true,
    1,
    'Look at the objects that the message names: garbage collection may have taken them, or the function lacks a right. Then run the export again: it goes on where it stopped.',
  ),
  BL9004: entry(
    'export is not whole',
    'operator',
    false,
    5,
    'Somebody removed a part of the manifest: run the export with `--compare`, which brings the destination to the commit from what lies there.',
  ),
  BL8110: entry(
    'chunks could not be copied',
    'platform',
    true,
    1,
    'Look at the objects that the message names and at the execution in Step Functions, or the job run in Glue. The export begins another one for what is left by itself; `branchline exports run` does it at once.',
  ),
  BL8111: entry(
    'chunk goes on',
    'nobody: retried',
    true,
    1,
    'Nothing: the next try of the state machine copies what is left of the chunk.',
  ),
  BL8320: entry(
    'Spark job of an export is not there',
    'operator',
    false,
    4,
    'Somebody removed the Glue job that the message names: deploy again. Or choose another `scale.engine` for the export.',
  ),
} as const satisfies Record<string, ErrorEntry>;
