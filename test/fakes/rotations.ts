/** The ledger's entry of the rotation in memory. */
import type { Rotation } from '../../lambdas/domain/rotation.ts';
import type { Rotations } from '../../lambdas/rotation-ports.ts';

export class FakeRotations implements Rotations {
  stored: Rotation | undefined;
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: Rotation | undefined; after: Rotation }[] = [];

  async get(): Promise<Rotation | undefined> {
    return structuredClone(this.stored);
  }
  async put(next: Rotation): Promise<{ outcome: 'written' } | { outcome: 'stale'; rotation: Rotation | undefined }> {
    if ((this.stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', rotation: this.stored };
    this.stream.push(structuredClone({ before: this.stored, after: next }));
    this.stored = structuredClone(next);
    return { outcome: 'written' };
  }
}
