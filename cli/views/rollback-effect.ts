/** What a rollback would change, for a person. */
import type { RollbackEffect, TableEffect } from '../../lambdas/usecases/rollback-effect.ts';
import type { Context } from '../context.ts';
import { counted, plain, shortId } from '../text.ts';

const SHOWN = 20;

const tell = (context: Context, title: string, list: readonly string[]): void => {
  if (list.length === 0) return;
  context.say(title);
  for (const each of list.slice(0, SHOWN)) context.say(`  ${each === '' ? '/' : plain(each)}`);
  if (list.length > SHOWN) context.say(`  … and ${String(list.length - SHOWN)} more: --json tells all`);
};

const lineOf = ({ table, partitions, added, changed, removed }: TableEffect): string =>
  `${table === undefined ? 'outside every table' : `table ${table}`}: ${counted(partitions, 'partition')}, files +${String(added)} ~${String(changed)} -${String(removed)}`;

export const tellEffect = (context: Context, effect: RollbackEffect): void => {
  const { plan, head } = effect;
  const what = plan.kind === 'run' ? `Without run ${plan.run}` : `From ${shortId(head)} to ${shortId(plan.to)}`;
  context.say(`${what}: ${counted(effect.fileCount, 'file')}${plan.kind === 'run' ? '' : partOf(plan.prefixes)}`);
  for (const table of effect.tables) context.say(`  ${lineOf(table)}`);
  tell(context, `Partitions (${String(effect.partitions.length)}):`, effect.partitions);
  tell(context, 'Files:', effect.files);
  tell(context, `Runs undone (${String(effect.undone.length)}):`, effect.undone);
  tell(context, `Runs that come back (${String(effect.restored.length)}):`, effect.restored);
  tell(context, 'Runs that lose a part of what they changed:', effect.touched);
  tell(context, 'Runs that began from what is undone; they will be conflicted, and run again by policy:', effect.based);
  tell(context, 'Partitions that changed since the run; they go back as a whole:', effect.overlap ?? []);
  if (effect.rewinds > 0) context.say(`${counted(effect.rewinds, 'job bookmark')} put back, or a window to run again`);
};

const partOf = (prefixes: readonly string[] | undefined): string =>
  prefixes === undefined ? '' : ` below ${prefixes.map(plain).join(', ')}`;
