/** What rolling back needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createCollections } from '../adapters/ledger/collections.ts';
import { createRequests } from '../adapters/ledger/requests.ts';
import { createRestores } from '../adapters/ledger/restores.ts';
import { createRollbacks } from '../adapters/ledger/rollbacks.ts';
import { createRotations } from '../adapters/ledger/rotations.ts';
import { pause } from '../adapters/pause.ts';
import { sweepStands } from '../domain/collection.ts';
import type { RollbackPorts, Rollbacks } from '../rollback-ports.ts';
import type { InspectPorts } from '../usecases/inspect.ts';
import { refreshesOfPublisher } from './bus-wiring.ts';
import { publicationsOfContainer } from './catalog-wiring.ts';
import { ledgerOfContainer } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

let rollbacks: Rollbacks | undefined;

const rollbacksOfContainer = (): Rollbacks => {
  rollbacks ??= createRollbacks(ledgerOfContainer());
  return rollbacks;
};

export const inspectPortsOfContainer = (): InspectPorts => ({
  ...portsOfContainer(),
  rollbacks: rollbacksOfContainer(),
  restores: createRestores(ledgerOfContainer()),
  requests: createRequests(ledgerOfContainer()),
  rotations: createRotations(ledgerOfContainer()),
});

/** @throws BL1002 where the environment lacks something, on the first call. */
export const rollbackPortsOfContainer = (): RollbackPorts => ({
  ...portsOfContainer(),
  rollbacks: rollbacksOfContainer(),
  publications: publicationsOfContainer(),
  refreshes: refreshesOfPublisher(),
  sweeps: {
    stands: async (repository) => sweepStands(await createCollections(ledgerOfContainer()).get(repository)),
  },
  pause,
});
