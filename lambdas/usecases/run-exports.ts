/** What becomes of a wake-up: a run of one export, or a wake-up for each export that follows the target that moved. */
import type { ExportPorts } from '../export-ports.ts';
import { type ExportOrder, type RunExportAnswer, runExport } from './run-export.ts';

/** The version of its entry makes the wake-up distinct from every other: the next invocation goes on. */
export const goOnLater = async (
  { exportQueue }: Pick<ExportPorts, 'exportQueue'>,
  name: string,
  { outcome, record }: RunExportAnswer,
): Promise<void> => {
  if (outcome === 'unfinished') await exportQueue.wake(name, `v${String(record?.version ?? 0)}`);
};

export const runExportOnWakeUp = async (ports: ExportPorts, order: ExportOrder): Promise<RunExportAnswer> => {
  const done = await runExport(ports, order);
  await goOnLater(ports, order.name, done);
  return done;
};

/** @param again makes a repeat distinct within the deduplication window. @returns whom it woke. */
export const wakeExportsOf = async (
  ports: Pick<ExportPorts, 'config' | 'exportQueue'>,
  moved: { readonly repository: string; readonly target: string },
  again: string,
): Promise<readonly string[]> => {
  const { exports = [] } = await ports.config.load();
  const following = exports.filter(
    ({ repository, target, trigger }) =>
      repository === moved.repository && target === moved.target && trigger === 'promotion',
  );
  for (const { name } of following) await ports.exportQueue.wake(name, again);
  return following.map(({ name }) => name);
};
