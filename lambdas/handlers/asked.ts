/** A function that is invoked with a request by people: what would change something is written down first, dry runs among it. */
import type * as z from 'zod/mini';
import type { FunctionName } from '../contract.ts';
import { askingOf } from '../domain/request.ts';
import type { RequestPorts } from '../request-ports.ts';
import { asAsked } from '../usecases/as-asked.ts';
import { onRequest } from './middleware.ts';

interface Asked<T> {
  readonly name: FunctionName;
  readonly schema: T;
  readonly requests: () => RequestPorts;
}

export const onAsked = <T extends z.ZodMiniType<object>, Answer>(
  { name, schema, requests }: Asked<T>,
  act: (request: z.infer<T>) => Promise<Answer>,
) =>
  onRequest(schema, async (request) => {
    const asking = askingOf(name, request);
    return asking === undefined ? act(request) : asAsked(requests(), asking, () => act(request));
  });
