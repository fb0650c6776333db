import { type ErrorEntry, entry } from './entry.ts';

/** BL88xx: drills of rollback and restore. */
export const DRILL_ERRORS = {
  BL8801: entry(
    'drill found what is not as it was',
    'platform',
    false,
    6,
    'The way back that was tried cannot be relied on: see docs/runbook/drills.md before the day it is needed.',
  ),
  BL8802: entry(
    'drill gave way',
    'nobody: retried',
    true,
    5,
    'Somebody rolls back, restores or rotates just now. The schedule tries again; by hand: when that has ended.',
  ),
  BL8803: entry(
    'nowhere to drill',
    'operator',
    false,
    3,
    'Name a place of its own in `drills.storageNamespace`, or a repository of the configuration.',
  ),
  BL8804: entry(
    'not a repository of this drill',
    'platform',
    false,
    5,
    'A repository has the name of a drill and lies elsewhere, so it was left alone. Look at it, and delete it in lakeFS if it is nobody’s.',
  ),
  BL8805: entry(
    'drill did not end',
    'platform',
    true,
    1,
    'Its function died or its time was up; what it had made is removed. Run it again; see docs/runbook/drills.md.',
  ),
} as const satisfies Record<string, ErrorEntry>;
