/** The section `drills` of `branchline.yaml`: whether and where the ways back are rehearsed. */
import * as z from 'zod';

export const drillSchema = z
  .strictObject({
    every: z
      .string()
      .regex(/^(never|0*[1-9]\d{0,3}d)$/, 'a number of days such as 7d, or never')
      .default('never')
      .describe('How often a rollback and a restore are rehearsed; `never`: only when somebody asks.'),
    storageNamespace: z
      .string()
      .regex(/^s3:\/\/[^/\s]+\/\S*[^/\s]$/, 's3://bucket/path, no / at the end')
      .optional()
      .describe(
        'Below it the scratch repositories of drills lie for as long as one takes. By default `branchline-drills` beside the storage namespace of each repository.',
      ),
  })
  .prefault({})
  .describe('Drills of rollback and restore on scratch repositories.');
