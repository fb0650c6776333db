/** Rotation as a person asks for it: all steps in one go, or only a look. */
import { randomUUID } from 'node:crypto';
import { isTaken, type Rotation } from '../domain/rotation.ts';
import { formatRunKey } from '../domain/run.ts';
import type { RotateCredentialsRequest } from '../payloads.ts';
import type { RotationPorts } from '../rotation-ports.ts';
import { ROTATION_STEP, rotateCredentials } from './rotate-credentials.ts';
import { noteTrial } from './rotation-lock.ts';

export interface RotationAnswer {
  readonly outcome: 'status' | 'would-rotate' | 'rotated';
  /** Absent before the first rotation. */
  readonly rotation?: Rotation;
  /** Runs whose jobs hold the pair that would go; at most a hundred. */
  readonly openRuns: readonly string[];
  /** What stands in the way; empty where nothing does. */
  readonly obstacles: readonly string[];
}

const MANY = 100;

export const rotationCommand = async (
  ports: RotationPorts,
  request: RotateCredentialsRequest,
): Promise<RotationAnswer> => {
  const rotation = await ports.rotations.get();
  const openRuns = (await Array.fromAsync(ports.ledger.listRuns({ states: ['OPEN'], limit: MANY }))).map(formatRunKey);
  const found = { ...(rotation === undefined ? {} : { rotation }), openRuns };
  if (request.action === 'status') return { outcome: 'status', ...found, obstacles: [] };
  const evenWhileRunsAreOpen = request.evenWhileRunsAreOpen === true;
  if (request.dryRun === true) {
    const obstacles = await obstaclesTo(ports, rotation, evenWhileRunsAreOpen ? 0 : openRuns.length);
    await noteTrial(ports, { by: request.by ?? 'a person', obstacles });
    return { outcome: 'would-rotate', ...found, obstacles };
  }
  // One that stopped on its way is gone on with, under its own token.
  const isLeft = rotation?.current !== undefined && !isTaken(rotation, '', ports.clock.now());
  const token = (isLeft ? rotation.current?.token : undefined) ?? randomUUID();
  const by = request.by ?? 'a person';
  for (const step of ROTATION_STEP) await rotateCredentials(ports, { step, token, by, evenWhileRunsAreOpen });
  const after = await ports.rotations.get();
  return { outcome: 'rotated', ...(after === undefined ? {} : { rotation: after }), openRuns, obstacles: [] };
};

const obstaclesTo = async (
  ports: RotationPorts,
  rotation: Rotation | undefined,
  openRuns: number,
): Promise<readonly string[]> => {
  const obstacles: string[] = [];
  const model = await ports.users.accessControl();
  if (model !== 'none') obstacles.push(`BL8301: the server has access control of its own (${model})`);
  const pair = await ports.secret.pairOf(await ports.secret.currentVersion());
  if (pair === undefined || (await ports.users.userOf(pair)) === undefined) {
    obstacles.push('BL3002: the server refuses the key pair that the secret holds');
  }
  if (openRuns > 0) obstacles.push(`BL8302: ${String(openRuns)} runs are open`);
  if (isTaken(rotation, '', ports.clock.now())) obstacles.push('BL8305: another rotation is under way');
  return obstacles;
};
