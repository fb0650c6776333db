/** A configuration that is right, to be spoilt one place at a time. */
import { parseConfig } from '../../../lib/config/load.ts';
import type { Config } from '../../../lib/config/schema.ts';

/** Seven lines: what a test appends begins at line 8. */
export const HEAD = `lakefs:
  endpoint: https://lakefs.example.com
  secretArn: arn:aws:secretsmanager:eu-west-1:111122223333:secret:lakefs-AbCdEf
repositories:
  lake:
    storageNamespace: s3://bucket/lake
    targets: [main, staging]
`;

export const parse = (text: string): Config => parseConfig(text, 'branchline.yaml');

/** What a person reads, without the title of the error. */
export const faultsOf = (text: string): string[] => {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replace(/^BL1002 invalid configuration: /, '').split('\n');
  }
  return [];
};

/** A configuration of many pipelines, each with two jobs and a table of its own. */
export const manyPipelines = (count: number): string => {
  const each = (line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join('');
  return `${HEAD}    tables:
${each((i) => `      t${String(i)}: { path: tables/t${String(i)}/, partitionColumns: [day] }\n`)}pipelines:
${each((i) => `  p${String(i)}: { jobs: ["team-${String(i)}-load-*", "team-${String(i)}-clean"], repository: lake }\n`)}`;
};
