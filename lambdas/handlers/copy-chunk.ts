/** copy-chunk: one chunk of an export that many workers copy. The state machine of exports invokes it, nobody else. */
import * as z from 'zod/mini';
import { copyPlanned } from '../usecases/copy-chunk.ts';
import { type ChunkPorts, chunkPortsOfContainer } from './chunk-wiring.ts';
import { deadline } from './deadline.ts';
import { onRequest } from './middleware.ts';

/** Copies that are under way may take so long; none is begun with less time left. */
const LAST_COPY_MS = 200_000;

const text = z.string().check(z.minLength(1));
const request = z.strictObject({ export: text, run: text, key: text });

export const createHandler = (
  useCase: typeof copyPlanned = copyPlanned,
  ports: () => ChunkPorts = chunkPortsOfContainer,
) => onRequest(request, (order) => useCase(ports(), { ...order, until: deadline() - LAST_COPY_MS }));

export const handler = createHandler();
