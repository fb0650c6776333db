/** docs/verified.md: what was seen against a real server. Pure. */

export interface SuiteFindings {
  readonly name: string;
  readonly command: string;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Findings {
  readonly version: string;
  /** How the server was reached: `binary`, `docker` or `endpoint`. */
  readonly kind: string;
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly suites: readonly SuiteFindings[];
  readonly demo: { readonly ok: boolean; readonly scenes: number; readonly checks: number; readonly seconds: number };
}

const REACHED: Readonly<Record<string, string>> = {
  binary: 'a server binary, started for this, objects in the local S3',
  docker: 'the official image, started for this, objects in the local S3',
  endpoint: 'a server that ran already',
};
const verdict = (ok: boolean): string => (ok ? 'passed' : '**failed**');

export const asPage = (findings: Findings): string => `# Verified against a real lakeFS

Written by \`npm run verify:real\`; do not edit by hand.

| | |
| --- | --- |
| lakeFS | ${findings.version}, ${REACHED[findings.kind] ?? findings.kind} |
| Date | ${findings.date} |
| Commit | \`${findings.commit}\` |
| Node | ${findings.node} |

| What | Command | Outcome | Passed | Failed | Skipped |
| --- | --- | --- | ---: | ---: | ---: |
${findings.suites
  .map(
    (suite) =>
      `| ${suite.name} | \`${suite.command}\` | ${verdict(suite.ok)} | ${String(suite.passed)} | ${String(suite.failed)} | ${String(suite.skipped)} |`,
  )
  .join('\n')}
| Demo: ${String(findings.demo.scenes)} scenes, ${String(findings.demo.seconds)} s | \`npm run demo\` | ${verdict(findings.demo.ok)} | ${String(findings.demo.checks)} | ${findings.demo.ok ? '0' : '1'} | 0 |
`;
