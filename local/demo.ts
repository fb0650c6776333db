/**
 * `npm run demo`: the whole main job on the local environment, every step verified by asking lakeFS and the ledger.
 * `-- --json` moves the story to standard error and ends with one line of JSON. Exit 0 only if all was verified.
 */
import { parseArgs } from 'node:util';
import { badEvents } from './demo/bad-events.ts';
import { badLoad } from './demo/bad-load.ts';
import { failingRun } from './demo/failing-run.ts';
import { freshRerun } from './demo/fresh-rerun.ts';
import { createJobs } from './demo/jobs.ts';
import { onePartition } from './demo/one-partition.ts';
import { plainCopy } from './demo/plain-copy.ts';
import { sparkScenes } from './demo/spark/scenes.ts';
import { type Scene, type SceneRecord, type SceneRun, Stage } from './demo/stage.ts';
import { succeedingRun } from './demo/succeeding-run.ts';
import { type Timeline, timelineOn } from './demo/timeline.ts';
import { twoTables } from './demo/two-tables.ts';
import { type Environment, startEnvironment } from './environment.ts';
import { Harness } from './harness.ts';
import { lakefsOf } from './lakefs-client.ts';
import { progressOn } from './progress.ts';
import { ensureSpark } from './spark.ts';

const SCENES: readonly Scene[] = [
  ...[succeedingRun, failingRun, freshRerun, twoTables, onePartition, badEvents, badLoad],
  plainCopy,
];
const USAGE = `Usage: npm run demo [-- --json] [-- --spark]

Deploys Branchline into a local AWS, runs Glue jobs on it, and verifies what becomes of them.
  --json   the story goes to standard error; the last line of standard output is one JSON object
  --spark  the example jobs on real Spark instead: needs Java 17, Maven and 700 MB once, and a real lakeFS for all of it;
           lakefs:// where HADOOP_LAKEFS_JAR names lakeFS's jar
  --help   this text
lakeFS: LAKEFS_ENDPOINT (with LAKEFS_ACCESS_KEY_ID, LAKEFS_SECRET_ACCESS_KEY), else LAKEFS_BIN or \`lakefs\` on the PATH,
else Docker, else the built-in emulator.
`;

const seconds = (since: number): number => Math.round((Date.now() - since) / 100) / 10;

const play = async (
  environment: Environment,
  timeline: Timeline,
  scenes: readonly Scene[],
): Promise<readonly SceneRecord[]> => {
  const harness = new Harness(environment.state, lakefsOf(environment.state));
  const records: SceneRecord[] = [];
  const runs = new Map<string, SceneRun>();
  try {
    await createJobs(harness);
    for (const [index, scene] of scenes.entries()) {
      timeline.scene(index + 1, scene.name, scene.about);
      const began = Date.now();
      const stage = new Stage(harness, timeline, runs);
      let failure: string | undefined;
      await scene.play(stage).catch((error: Error) => {
        failure = error.message;
      });
      records.push({
        scene: scene.name,
        ok: failure === undefined,
        seconds: seconds(began),
        checks: stage.checks,
        runs: [...stage.runs.values()],
        ...(failure !== undefined && { failure }),
      });
      for (const [id, run] of stage.runs) runs.set(id, run);
      // Later scenes build on this one.
      if (failure !== undefined) {
        timeline.end(`Not as it should be: ${failure}`, false);
        break;
      }
    }
  } finally {
    harness.close();
  }
  return records;
};

const main = async (json: boolean, withSpark: boolean): Promise<number> => {
  const began = Date.now();
  const timeline = timelineOn(json ? process.stderr : process.stdout);
  let environment: Environment | undefined;
  let interrupted = false;
  const interrupt = (): void => {
    // A second Ctrl-C ends at once; what was started ends by itself then (guard.ts).
    if (interrupted) process.exit(130);
    interrupted = true;
    process.stderr.write('\nending what was started …\n');
    void (environment?.stop() ?? Promise.resolve()).then(() => process.exit(130));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const progress = progressOn(process.stderr);
    const spark = withSpark ? await ensureSpark(progress) : undefined;
    environment = await startEnvironment({
      label: 'demo',
      progress,
      onError: (error) => process.stderr.write(`relay: ${error.message}\n`),
    });
    const { state } = environment;
    const chosen = spark === undefined ? { scenes: SCENES, skipped: [] } : sparkScenes(spark, state.lakefs.kind);
    timeline.title('Branchline: every Glue run on its own lakeFS branch', [
      `${state.lakefs.description} · local AWS at ${state.aws.endpoint} · stack ${state.stack.name}, deployed by cdk`,
      ...chosen.skipped.map((line) => `skipped: ${line}`),
    ]);
    const records = await play(environment, timeline, chosen.scenes);
    const ok = records.length === chosen.scenes.length && records.every((record) => record.ok);
    const verified = records.flatMap((record) => record.checks).filter((check) => check.ok).length;
    if (ok) timeline.end(`All ${String(verified)} checks hold; ${String(seconds(began))} s.`, true);
    else timeline.end(`Logs: ${state.logs}`, false);
    if (json) {
      const { kind, version } = state.lakefs;
      process.stdout.write(
        `${JSON.stringify({ ok, seconds: seconds(began), lakefs: { kind, version }, verified, scenes: records, ...(withSpark && { skipped: chosen.skipped }) })}\n`,
      );
    }
    return ok ? 0 : 1;
  } finally {
    await environment?.stop();
  }
};

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, spark: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  process.stdout.write(USAGE);
} else {
  process.exitCode = await main(values.json ?? false, values.spark ?? false).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    return 1;
  });
}
