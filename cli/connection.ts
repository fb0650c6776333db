/** The one way from the command line to a deployment: invoking its functions, by the standard AWS environment. */
import type { InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { FUNCTION, type FunctionName, functionName } from '../lambdas/contract.ts';
import { asAwsFailure, isThrottling } from './aws-failures.ts';
import { functionFailure } from './failure.ts';

export interface Place {
  readonly prefix: string;
  /** Where they differ from the AWS environment. */
  readonly region?: string;
  readonly profile?: string;
}

export interface Identity {
  readonly account: string;
  readonly arn: string;
  readonly region: string;
}

export interface Connection {
  /** @throws Failure */
  invoke(name: FunctionName, payload: unknown): Promise<unknown>;
  /** Whether the function is there and may be invoked, without running it. @throws Failure */
  tryInvoke(name: FunctionName): Promise<void>;
  /** Whose credentials are used. @throws Failure */
  identity(): Promise<Identity>;
  /** How far AWS's clock is ahead of ours, in milliseconds; undefined before the first answer. */
  skewMs(): number | undefined;
  close(): void;
}

export type Connect = (place: Place) => Connection;

/**
 * Longer than the function itself may take. One that was asked for a change is never asked again by itself: it may be at
 * work although the answer was lost.
 */
const PATIENCE: Readonly<Partial<Record<FunctionName, { readonly timeoutMs: number; readonly mayRepeat: boolean }>>> = {
  [FUNCTION.inspect]: { timeoutMs: 70_000, mayRepeat: true },
  [FUNCTION.startRun]: { timeoutMs: 70_000, mayRepeat: false },
  [FUNCTION.snapshot]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.resolveRun]: { timeoutMs: 910_000, mayRepeat: false },
  // Asking twice for a refresh or a repair has it made once or twice, and comes to the same.
  [FUNCTION.catalog]: { timeoutMs: 910_000, mayRepeat: true },
  [FUNCTION.restore]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.rotateCredentials]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.rollback]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.drill]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.collectGarbage]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.erase]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.export]: { timeoutMs: 910_000, mayRepeat: false },
  [FUNCTION.replication]: { timeoutMs: 910_000, mayRepeat: false },
};
const USUAL = { timeoutMs: 70_000, mayRepeat: false };

const THROTTLED_TRIES = 5;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A throttled call did nothing, so that any may be repeated. */
const unlessThrottled = async <T>(call: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isThrottling(error) || tries === THROTTLED_TRIES) throw error;
      await pause(Math.random() * 250 * 2 ** tries);
    }
  }
};

interface Dated {
  readonly headers: Readonly<Record<string, string>>;
}
const isDated = (value: unknown): value is Dated => typeof value === 'object' && value !== null && 'headers' in value;

const answerOf = (deployed: string, output: InvokeCommandOutput): unknown => {
  const text = Buffer.from(output.Payload ?? new Uint8Array()).toString('utf8');
  if (output.FunctionError === undefined) return text === '' ? undefined : JSON.parse(text);
  let error: { errorType?: unknown; errorMessage?: unknown } = {};
  try {
    error = JSON.parse(text) as typeof error;
  } catch {
    // A function that was killed leaves no JSON.
  }
  throw functionFailure(deployed, String(error.errorType ?? output.FunctionError), String(error.errorMessage ?? text));
};

export const connect: Connect = ({ prefix, region, profile }) => {
  const settings = { ...(region === undefined ? {} : { region }), ...(profile === undefined ? {} : { profile }) };
  const clients = new Map<FunctionName, Promise<LambdaClient>>();
  let skew: number | undefined;

  /** Imported when it is needed: `--help` and completion answer at once. */
  const clientFor = (name: FunctionName): Promise<LambdaClient> => {
    const known = clients.get(name);
    if (known !== undefined) return known;
    const { timeoutMs, mayRepeat } = PATIENCE[name] ?? USUAL;
    const made = import('@aws-sdk/client-lambda').then((sdk) => {
      const client = new sdk.LambdaClient({
        ...settings,
        maxAttempts: mayRepeat ? 4 : 1,
        requestHandler: { connectionTimeout: 5_000, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
      });
      client.middlewareStack.add(
        (next) => async (args) => {
          const result = await next(args);
          const date = isDated(result.response) ? result.response.headers['date'] : undefined;
          // The header drops the fraction of its second: half a second is the best guess at it.
          if (date !== undefined) skew = Date.parse(date) + 500 - Date.now();
          return result;
        },
        { step: 'deserialize', name: 'branchlineNotesDate', priority: 'low' },
      );
      return client;
    });
    clients.set(name, made);
    return made;
  };

  const regionOf = async (): Promise<string> => (await clientFor(FUNCTION.inspect)).config.region();

  const send = async (name: FunctionName, payload: unknown, isTrial: boolean): Promise<InvokeCommandOutput> => {
    const deployed = functionName(prefix, name);
    try {
      const client = await clientFor(name);
      const { InvokeCommand } = await import('@aws-sdk/client-lambda');
      const command = new InvokeCommand({
        FunctionName: deployed,
        ...(isTrial ? { InvocationType: 'DryRun' } : { Payload: Buffer.from(JSON.stringify(payload)) }),
      });
      return await unlessThrottled(() => client.send(command));
    } catch (error) {
      throw asAwsFailure(error, { deployed, prefix, region: await regionOf().catch(() => undefined) });
    }
  };

  return {
    invoke: async (name, payload) => answerOf(functionName(prefix, name), await send(name, payload, false)),
    tryInvoke: async (name) => {
      await send(name, undefined, true);
    },
    identity: async () => {
      try {
        const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
        const client = new STSClient(settings);
        const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}));
        client.destroy();
        return { account: Account ?? '', arn: Arn ?? '', region: await regionOf() };
      } catch (error) {
        throw asAwsFailure(error, { prefix, region: await regionOf().catch(() => undefined) });
      }
    },
    skewMs: () => skew,
    close: () => {
      for (const client of clients.values()) void client.then((each) => each.destroy());
    },
  };
};
