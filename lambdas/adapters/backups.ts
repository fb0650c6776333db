/** Backups in S3: as manifests are kept, each with a digest that S3 checks, which a bucket with object lock asks for. */

import type { Backups } from '../snapshot-ports.ts';
import { createManifests, type ManifestOptions } from './manifests.ts';

export const createBackups = (options: Omit<ManifestOptions, 'hasChecksum'>): Backups =>
  createManifests({ ...options, hasChecksum: true });
