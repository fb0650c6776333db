import { describe, expect, test } from 'vitest';
import { sparkScenes } from '../../../local/demo/spark/scenes.ts';

const SPARK = { bin: '/venv/bin', jars: ['/jars/hadoop-aws.jar'] };
const WITH_JAR = { ...SPARK, lakefsJar: '/jars/hadoop-lakefs-assembly.jar' };

const told = (spark: typeof SPARK, lakefs: string) => {
  const { scenes, skipped } = sparkScenes(spark, lakefs);
  return { names: scenes.map(({ name }) => name).join('; '), skipped };
};

describe('the demo on Spark', () => {
  test('plays what needs no gateway on the emulator, and says what it skips', () => {
    const { names, skipped } = told(SPARK, 'emulator');
    expect(names).toBe('The baseline: Spark to plain S3; A job without Spark branches, writes and commits');
    expect(skipped).toEqual([
      expect.stringContaining('the emulator has no S3 gateway'),
      expect.stringContaining('HADOOP_LAKEFS_JAR'),
    ]);
  });

  test('plays the gateway on a real server', () => {
    const { names, skipped } = told(SPARK, 'binary');
    expect(names).toContain('the S3 gateway');
    expect(names).toContain('dies between two partitions');
    expect(names).not.toContain('lakefs://');
    expect(skipped).toEqual([expect.stringContaining('HADOOP_LAKEFS_JAR')]);
  });

  test('plays lakefs:// besides where the jar is there', () => {
    const { names, skipped } = told(WITH_JAR, 'endpoint');
    expect(names).toContain('the S3 gateway');
    expect(names).toContain('lakefs:// with signed addresses');
    expect(skipped).toEqual([]);
  });
});
