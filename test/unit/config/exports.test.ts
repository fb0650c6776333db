/** What a large export is copied by: keys that belong together, their bounds, and what functions read. */
import { describe, expect, test } from 'vitest';
import { parseConfig as parseCompiled } from '../../../lambdas/adapters/config.ts';
import { pipelineOf } from '../../../lambdas/domain/pipelines.ts';
import { compileConfig } from '../../../lib/config/compile.ts';
import { faultsOf, HEAD, parse } from './sample.ts';

const withScale = (scale: string): string =>
  `${HEAD}exports:\n  whole: { repository: lake, destination: "s3://out/lake", scale: ${scale} }\n`;
const AT = 'branchline.yaml:9:';

describe('scale', () => {
  test.each<[string, string, readonly string[]]>([
    ['nothing of Spark', '{ engine: map }', []],
    ['Spark as it is by default', '{ engine: spark }', []],
    ['a larger one', '{ engine: spark, spark: { workers: 299, workerType: G.8X, timeout: 168h } }', []],
    ['both, the larger by Spark', '{ engine: auto, spark: { aboveObjects: 20001 } }', []],
    [
      'a job for an engine that has none',
      '{ engine: lambda, spark: { workers: 5 } }',
      ['exports.whole.scale.spark: found with engine "lambda", which has no Spark job; allowed: with spark or auto'],
    ],
    [
      'a job for the engine of the default',
      '{ spark: { workers: 5 } }',
      ['exports.whole.scale.spark: found with engine "map", which has no Spark job; allowed: with spark or auto'],
    ],
    [
      'nothing left for the map',
      '{ engine: auto, spark: { aboveObjects: 20000 } }',
      ['exports.whole.scale.spark.aboveObjects: found 20000; allowed: more than `aboveObjects`, 20000'],
    ],
  ])('%s', (_, scale, expected) => {
    const found = faultsOf(withScale(scale)).map((fault) => fault.replace(/^branchline\.yaml:9:\d+ /, ''));
    expect(found).toEqual(expected);
  });

  test.each(['{ workers: 1 }', '{ workers: 300 }', '{ workerType: X }', '{ timeout: 169h }', '{ timeout: 0h }'])(
    'out of bounds: %s',
    (spark) => {
      const [fault = ''] = faultsOf(withScale(`{ engine: spark, spark: ${spark} }`));
      expect(fault).toContain(AT);
      expect(fault).toContain('exports.whole.scale.spark.');
    },
  );

  test('is what functions read', () => {
    const auto = compileConfig(parse(withScale('{ engine: auto }')));
    expect(auto.exports?.[0]?.scale).toMatchObject({ engine: 'auto', sparkAboveObjects: 5_000_000 });
    const spark = compileConfig(parse(withScale('{ engine: spark }')));
    expect(spark.exports?.[0]?.scale).not.toHaveProperty('sparkAboveObjects');
    for (const config of [auto, spark]) expect(parseCompiled(JSON.stringify(config), 's3://b/c.json')).toEqual(config);
  });
});

describe('jobs of Branchline’s own', () => {
  const text = `${withScale('{ engine: spark }')}pipelines: { all: { jobs: ["*"], repository: lake } }
garbageCollection: { clientJar: "s3://jars/client.jar" }
`;
  const config = compileConfig(parse(text));

  test.each(['branchline-export-whole', 'branchline-garbage-mark', 'branchline-garbage-sweep'])(
    '%s is in no pipeline, however wide its patterns',
    (job) => {
      expect(pipelineOf(config, job)).toBeUndefined();
    },
  );

  test('take no other job out of it', () => {
    expect(pipelineOf(config, 'branchline-export-other')?.name).toBe('all');
    expect(compileConfig(parse(HEAD))).not.toHaveProperty('ownJobs');
  });
});
