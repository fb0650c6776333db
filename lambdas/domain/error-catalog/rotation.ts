import { type ErrorEntry, entry } from './entry.ts';

/** BL83xx: rotation of lakeFS's key pair. */
export const ROTATION_ERRORS = {
  BL8301: entry(
    'this lakeFS is not rotated like that',
    'platform',
    false,
    1,
    'Make a second key pair by its own means, write it into the secret, then remove the first.',
  ),
  BL8302: entry(
    'runs are open',
    'nobody: retried',
    true,
    5,
    'Nothing to do if it passes. Otherwise rotate in a quiet hour, or with `branchline credentials rotate --even-while-runs-are-open`: open Spark jobs then fail and start again.',
  ),
  BL8303: entry(
    'rotation did not get through',
    'platform',
    true,
    1,
    'Rotate again: it goes on from where it stopped. See docs/runbook/credential-rotation.md.',
  ),
  BL8304: entry(
    'lakeFS is left without its user',
    'platform',
    true,
    1,
    'At once: rotate again, do not stop or deploy the server. See docs/runbook/credential-rotation.md.',
  ),
  BL8305: entry(
    'another rotation is under way',
    'nobody: retried',
    true,
    5,
    'Wait for it: look with `branchline credentials status`.',
  ),
  BL8306: entry(
    'snapshot before the rotation is not complete',
    'nobody: retried',
    true,
    7,
    'Nothing was changed. Rotate again: it goes on with the snapshot. If it never ends, look at `branchline snapshots list`.',
  ),
} as const satisfies Record<string, ErrorEntry>;
