/** The environment of a function, read once, before its first line of work. */
import { ENV } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';

type EnvKey = keyof typeof ENV;

const SHAPE: Partial<Record<EnvKey, { readonly pattern: RegExp; readonly words: string }>> = {
  configUri: { pattern: /^s3:\/\/[^/]+\/.+$/, words: 's3://bucket/key' },
  lakefsEndpoint: {
    pattern: /^https?:\/\/\S+(?<!\/|\/api\/v1)$/,
    words: 'http(s)://host[:port], no / at the end, no /api/v1',
  },
  refreshQueueUrl: { pattern: /^https?:\/\/.+$/, words: 'the URL of the queue' },
  backupRoot: { pattern: /^s3:\/\/[^/]+\/(.+\/)?$/, words: 's3://bucket/prefix/' },
  footerRoot: { pattern: /^s3:\/\/[^/]+\/(.+\/)?$/, words: 's3://bucket/prefix/' },
  icebergRoot: { pattern: /^s3:\/\/[^/]+\/(.+\/)?$/, words: 's3://bucket/prefix/' },
  manifestRoot: { pattern: /^s3:\/\/[^/]+\/(.+\/)?$/, words: 's3://bucket/prefix/' },
  promotionQueueUrl: { pattern: /^https?:\/\/.+$/, words: 'the URL of the queue' },
};

/**
 * @param keys what this function cannot do without.
 * @throws BL1002 naming every variable that is missing or odd, and what is allowed.
 */
export const readEnv = <K extends EnvKey>(
  source: Readonly<Record<string, string | undefined>>,
  keys: readonly K[],
): Readonly<Record<K, string>> => {
  const faults: string[] = [];
  const entries = keys.map((key) => {
    const value = source[ENV[key]] ?? '';
    const shape = SHAPE[key];
    if (value === '') faults.push(`${ENV[key]} is not set`);
    else if (shape !== undefined && !shape.pattern.test(value)) {
      faults.push(`${ENV[key]} is "${value}", expected ${shape.words}`);
    }
    return [key, value] as const;
  });
  if (faults.length > 0) throw new BranchlineError('BL1002', `${faults.join('; ')}; deploy again`);
  return Object.fromEntries(entries) as Record<K, string>;
};
