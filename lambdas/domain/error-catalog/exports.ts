import { type ErrorEntry, entry } from './entry.ts';

/** BL9xxx: consumers outside lakeFS. */
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
} as const satisfies Record<string, ErrorEntry>;
