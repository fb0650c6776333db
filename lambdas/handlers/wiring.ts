/** Builds what the use cases need, once per container. The only place that knows both sides. */
import { GlueClient } from '@aws-sdk/client-glue';
import { SQSClient } from '@aws-sdk/client-sqs';
import { ONCE, PATIENT } from '../adapters/aws-clients.ts';
import { systemClock } from '../adapters/clock.ts';
import { readEnv } from '../adapters/env.ts';
import { createGauges } from '../adapters/gauges.ts';
import { createGlue } from '../adapters/glue.ts';
import { createLakefs } from '../adapters/lakefs/client.ts';
import { createServerProbe } from '../adapters/lakefs/server-probe.ts';
import { createLedger } from '../adapters/ledger/ledger.ts';
import { createPromotions } from '../adapters/promotions.ts';
import { DEFAULT_PREFIX, ENV } from '../contract.ts';
import type { Ports, Promotions } from '../ports.ts';
import { lakefsOptionsOfContainer, lakePortsOfContainer, ledgerOfContainer } from './lake-wiring.ts';

/** Only some functions wake promotions; the others have neither the queue's URL nor the right to send. */
const promotionsOfContainer = (): Promotions => {
  let promotions: Promotions | undefined;
  return {
    async wake(run) {
      promotions ??= createPromotions({
        client: new SQSClient(PATIENT),
        queueUrl: readEnv(process.env, ['promotionQueueUrl']).promotionQueueUrl,
      });
      await promotions.wake(run);
    },
  };
};

const build = (): Ports => {
  const lake = lakePortsOfContainer();
  const lakefs = lakefsOptionsOfContainer();
  return {
    ...lake,
    lakefs: createLakefs(lakefs),
    ledger: createLedger(ledgerOfContainer()),
    glue: createGlue({ client: new GlueClient(PATIENT), startClient: new GlueClient(ONCE) }),
    promotions: promotionsOfContainer(),
    gauges: createGauges({
      client: new SQSClient({ ...PATIENT, useQueueUrlAsEndpoint: false }),
      prefix: process.env[ENV.prefix] ?? DEFAULT_PREFIX,
      lakefsEndpoint: lakefs.endpoint,
      clock: systemClock,
    }),
    server: createServerProbe(lakefs),
  };
};

let ports: Ports | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const portsOfContainer = (): Ports => {
  ports ??= build();
  return ports;
};
