/** catalog: what readers see of targets, looked at and put right, and at other refs. Payload: `catalogRequest` in payloads.ts. */
import { FUNCTION } from '../contract.ts';
import { type CatalogRequest, catalogRequest } from '../payloads.ts';
import type { RequestPorts } from '../request-ports.ts';
import { type AskPorts, type CatalogAnswer, catalog } from '../usecases/catalog.ts';
import { onAsked } from './asked.ts';
import { previewPortsOfContainer } from './catalog-wiring.ts';
import { deadline } from './deadline.ts';
import { requestPortsOfContainer } from './request-wiring.ts';
import { inspectPortsOfContainer } from './rollback-wiring.ts';

/** A table that is under way may take so long to be given up. */
const LAST_STEP_MS = 30_000;

export const createHandler = (
  useCase: (ports: AskPorts, request: CatalogRequest, until: number) => Promise<CatalogAnswer> = catalog,
  ports: () => AskPorts = () => ({ ...previewPortsOfContainer(), ...inspectPortsOfContainer() }),
  requests: () => RequestPorts = requestPortsOfContainer,
) =>
  onAsked({ name: FUNCTION.catalog, schema: catalogRequest, requests }, (request) =>
    useCase(ports(), request, deadline() - LAST_STEP_MS),
  );

export const handler = createHandler();
