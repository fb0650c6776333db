/**
 * Whoever has the chunks of a large export copied: the state machine, or the Spark job of the export. Both are begun by a name that the
 * ledger has before; a job run of Spark works only while its order lies at the destination, whatever Glue says of it.
 */
import type { ExportConfig } from '../contract.ts';
import { type ExportRun, mapFolder, sparkOrderKey, sparkStopKey, todoFolder } from '../domain/export.ts';
import type { ExecutionRef, ExportPorts, MapOrder, MapState } from '../export-ports.ts';
import { placeOfExport } from './export-copy.ts';

export type Execution = NonNullable<ExportRun['execution']>;
type Choice = Pick<Execution, 'engine'>;
const REASON = 'the export was configured anew';
type EnginePorts = Pick<ExportPorts, 'destination' | 'exportMaps' | 'exportJobs'>;

/** What the next execution of this run is to be. */
export const engineFor = ({ scale }: ExportConfig, { copied }: Pick<ExportRun, 'copied'>): Choice =>
  scale?.engine === 'spark' || (scale?.engine === 'auto' && copied >= (scale.sparkAboveObjects ?? 0))
    ? { engine: 'spark' }
    : {};

/** Whether it can still be asked: state machine and jobs go with the configuration that wanted them. */
export const isThere = ({ scale }: ExportConfig, { engine }: Choice): boolean =>
  scale?.engine === 'auto' || scale?.engine === (engine ?? 'map');

const refOf = ({ name }: ExportConfig, execution: Execution): ExecutionRef => ({ export: name, name: execution.name });

const mapOrder = ({ name, bucket, prefix, scale }: ExportConfig, { id }: ExportRun): MapOrder => ({
  ...{ export: name, run: id, bucket, todo: `${prefix}${todoFolder(id)}` },
  results: `${prefix}${mapFolder(id)}`.replace(/\/$/, ''),
  ...{ concurrency: scale?.concurrency ?? 1, toleratedFailurePercent: scale?.toleratedFailurePercent ?? 0 },
});

const orderKey = ({ prefix }: ExportConfig, { id }: ExportRun, { name }: Execution): string =>
  `${prefix}${sparkOrderKey(id, name)}`;
const stopKey = ({ prefix }: ExportConfig, { id }: ExportRun, { name }: Execution): string =>
  `${prefix}${sparkStopKey(id, name)}`;

export const startExecution = async (
  { exportMaps, exportJobs, destination }: EnginePorts,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
): Promise<'started' | 'taken'> => {
  const ref = refOf(config, execution);
  if (execution.engine !== 'spark') return exportMaps.start(ref, mapOrder(config, run));
  const { name, bucket, prefix, scale, kmsKeyArn, storageClass } = config;
  const key = orderKey(config, run, execution);
  const toleratedFailurePercent = scale?.toleratedFailurePercent ?? 0;
  const order = { export: name, run: run.id, prefix, toleratedFailurePercent, kmsKeyArn, storageClass };
  await destination.put(placeOfExport(config), key, JSON.stringify(order));
  return exportJobs.start(ref, { uri: `s3://${bucket}/${key}` });
};

export const lookAtExecution = (
  { exportMaps, exportJobs }: EnginePorts,
  config: ExportConfig,
  execution: Execution,
): Promise<MapState | undefined> =>
  (execution.engine === 'spark' ? exportJobs : exportMaps).look(refOf(config, execution));

/** From here on it begins no further chunk, and soon writes nothing any more. Of a state machine that is its end alone. */
export const withdrawOrder = async (
  { destination }: EnginePorts,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
): Promise<void> => {
  if (execution.engine !== 'spark') return;
  const keys = [orderKey(config, run, execution), stopKey(config, run, execution)];
  await destination.remove(placeOfExport(config), keys);
};

/** Where it may not be there to be asked: what can be done without its answer. */
export const giveUpExecution = async (
  ports: EnginePorts,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
): Promise<void> => {
  if (execution.engine === 'spark') await withdrawOrder(ports, config, run, execution);
  else await ports.exportMaps.stop(refOf(config, execution), REASON);
};

export const stopExecution = async (
  ports: EnginePorts,
  config: ExportConfig,
  run: ExportRun,
  execution: Execution,
): Promise<void> => {
  await withdrawOrder(ports, config, run, execution);
  const engine = execution.engine === 'spark' ? ports.exportJobs : ports.exportMaps;
  await engine.stop(refOf(config, execution), REASON);
};
