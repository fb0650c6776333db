/** Real Spark for the local environment: `.local/venv-spark` and `.local/spark-jars`, by `glue/spark-setup.sh`. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOCAL, PROJECT } from './paths.ts';
import type { Progress } from './progress.ts';

const run = promisify(execFile);

export interface Spark {
  /** `bin` of the venv. */
  readonly bin: string;
  readonly jars: readonly string[];
  /** lakeFS's own jar, where somebody has it: the registries that everybody reaches may not. */
  readonly lakefsJar?: string;
}

/** @throws with what the set-up said. */
export const ensureSpark = async (progress: Progress): Promise<Spark> => {
  progress.step('looking for Spark (700 MB, installed once)');
  await run('sh', [join(PROJECT, 'glue', 'spark-setup.sh')], { maxBuffer: 16 * 1024 * 1024 }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(`Spark could not be installed: ${error.stderr?.trim() || error.message}`);
    },
  );
  progress.done('Spark is there');
  const folder = join(LOCAL, 'spark-jars');
  const jars = (await readdir(folder)).filter((name) => name.endsWith('.jar')).map((name) => join(folder, name));
  const lakefsJar = process.env['HADOOP_LAKEFS_JAR'];
  return {
    bin: join(LOCAL, 'venv-spark', 'bin'),
    jars,
    ...(lakefsJar !== undefined && lakefsJar !== '' && { lakefsJar }),
  };
};
