/** The section `snapshots` of `branchline.yaml`: how often, of what, and how long they are kept. */
import * as z from 'zod';

const DURATION = /^0*[1-9]\d{0,5}(h|d)$/;
const count = (byDefault: number, description: string) =>
  z.int().min(0).max(1000).default(byDefault).describe(description);

export const snapshotSchema = z
  .strictObject({
    every: z
      .union([z.string().regex(DURATION, 'a whole number from 1 and h or d, such as 6h, or never'), z.literal('never')])
      .default('1d')
      .describe('How often a snapshot of every target is made.'),
    targets: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]*\/\w[-\w]*$/, 'REPOSITORY/TARGET'))
      .refine((names) => new Set(names).size === names.length, 'every target once')
      .default([])
      .describe('Targets, as REPOSITORY/TARGET; all of all repositories where none is given.'),
    keep: z
      .strictObject({
        last: count(3, 'The newest so many are kept.'),
        hourly: count(0, 'The newest of each of so many hours.'),
        daily: count(7, 'The newest of each of so many days.'),
        weekly: count(5, 'The newest of each of so many weeks; they begin on Monday.'),
        monthly: count(12, 'The newest of each of so many months.'),
        yearly: count(0, 'The newest of each of so many years.'),
      })
      .prefault({})
      .describe('Which snapshots of a target are kept: those that any rule keeps, those on hold, and the newest.'),
    database: z.boolean().default(true).describe('Back up the metadata store with them, where the server is ours.'),
    objectLockDays: z
      .int()
      .min(1)
      .max(3650)
      .optional()
      .describe('Nobody can delete a file of a backup for so many days. Cannot be taken back.'),
  })
  .prefault({})
  .describe('Snapshots of targets, and their backups.');

export const HOURS = { h: 3600, d: 86_400 } as const;

/** Seconds; 0 for never. */
export const everySeconds = (every: string): number => {
  const [, number, unit] = /^(\d+)(h|d)$/.exec(every) ?? [];
  return number === undefined ? 0 : Number(number) * HOURS[unit as keyof typeof HOURS];
};
