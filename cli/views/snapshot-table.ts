/** Snapshots as a table. */
import type { ListedSnapshot } from '../../lambdas/usecases/snapshot.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { gist, shortId } from '../text.ts';

const stateOf = ({ snapshot }: ListedSnapshot): string =>
  snapshot.verified?.outcome === 'damaged' ? 'DAMAGED' : snapshot.state;

const whyOf = ({ snapshot, keptBy }: ListedSnapshot): string => {
  const { hold, lastHold, verified } = snapshot;
  if (verified?.outcome === 'damaged') return gist(verified.missing.join('; '));
  if (hold !== undefined) return `held by ${hold.by}: ${gist(hold.reason)}`;
  if (keptBy === undefined) return '';
  const released = lastHold === undefined ? '' : `; ${lastHold.releasedBy} took the hold of ${lastHold.by} off`;
  return `${keptBy.length === 0 ? 'goes at the next pruning' : keptBy.join(', ')}${released}`;
};

export const snapshotTable = (terminal: Terminal, snapshots: readonly ListedSnapshot[]): string =>
  table(
    [
      { title: 'SNAPSHOT', value: ({ snapshot }) => `${snapshot.repository}/${snapshot.id}` },
      { title: 'STATE', value: stateOf },
      { title: 'KIND', value: ({ snapshot }) => snapshot.kind, spare: 3 },
      { title: 'COMMIT', value: ({ snapshot }) => shortId(snapshot.commit), spare: 2 },
      { title: 'OBJECTS', value: ({ snapshot }) => String(snapshot.content?.objects ?? ''), spare: 1 },
      { title: 'KEPT BY', value: whyOf, least: 20, spare: 4 },
    ],
    snapshots,
    terminal.columns,
    (text) => terminal.styleOut('dim', text),
  );
