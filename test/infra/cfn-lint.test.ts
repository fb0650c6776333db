/**
 * cfn-lint as a judge of all templates (PyPI: `pip install cfn-lint`; the environment variable CFN_LINT names it). No error, and
 * no warning but those that are listed here with a reason.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { SERVER_VARIANT_NAMES, serverTemplatesOf } from './server-template.ts';
import { templateOf, VARIANT_NAMES } from './template.ts';

/** Asked for by name alone: it takes minutes. */
const CFN_LINT = process.env['CFN_LINT'];

interface Allowed {
  readonly rule: string;
  readonly message: RegExp;
  readonly reason: string;
}

const ALLOWED: readonly Allowed[] = [
  {
    rule: 'W3005',
    message: /already enforced by a/,
    reason: 'The CDK adds the dependency of a resource on the policies of its role, which brings the role along.',
  },
  {
    rule: 'W3010',
    message: /^Avoid hardcoding availability zones 'eu-west-1[ab]'/,
    reason: 'Zones of existing subnets, which a Glue connection wants to be told beside the subnet.',
  },
  {
    rule: 'W3691',
    message: /^Engine version '17' for engine 'postgres'/,
    reason: 'The major version alone: RDS takes its present default of it. A fixed minor version is withdrawn one day.',
  },
];

const finding = z.object({
  Filename: z.string(),
  Level: z.string(),
  Message: z.string(),
  Rule: z.object({ Id: z.string() }),
});
type Finding = z.infer<typeof finding>;

/** cfn-lint ends with another code than 0 where it finds something. */
const lint = (files: readonly string[]): Promise<Finding[]> =>
  new Promise((resolve, reject) => {
    execFile(CFN_LINT ?? '', ['--format', 'json', ...files], { maxBuffer: 2 ** 28 }, (error, stdout) => {
      if (stdout.trim() === '') error === null ? resolve([]) : reject(error);
      else resolve(z.array(finding).parse(JSON.parse(stdout)));
    });
  });

describe.runIf(CFN_LINT !== undefined)('cfn-lint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-lint-'));
  let findings: Finding[] = [];
  const files: string[] = [];

  beforeAll(async () => {
    const put = (name: string, template: unknown): void => {
      const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.json`);
      writeFileSync(file, JSON.stringify(template));
      files.push(file);
    };
    for (const variant of VARIANT_NAMES) put(`control plane ${variant}`, templateOf(variant));
    for (const variant of SERVER_VARIANT_NAMES) put(`server ${variant}`, serverTemplatesOf(variant).server);
    put('control plane beside a server', serverTemplatesOf('plain').controlPlane);
    findings = await lint(files);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('no error, and no warning but those that are listed with a reason', () => {
    expect(files.length).toBeGreaterThan(20);
    const unexpected = findings.filter(
      ({ Rule, Message }) => !ALLOWED.some(({ rule, message }) => rule === Rule.Id && message.test(Message)),
    );
    expect(unexpected.map(({ Filename, Rule, Message }) => `${Filename}: ${Rule.Id} ${Message}`)).toEqual([]);
  });

  test('every warning that is listed is still found: else take it off the list', () => {
    const found = new Set(findings.map(({ Rule }) => Rule.Id));
    expect(ALLOWED.map(({ rule }) => rule).filter((rule) => !found.has(rule))).toEqual([]);
  });

  test('it judges: a template that is wrong is an error', async () => {
    const wrong = join(folder, 'wrong.json');
    writeFileSync(
      wrong,
      JSON.stringify({ Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { Name: 1 } } } }),
    );
    expect((await lint([wrong])).map(({ Level }) => Level)).toContain('Error');
  });
});
