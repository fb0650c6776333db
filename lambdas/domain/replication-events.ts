/** Which domain events a change of the entry about a second region stands for. Pure. */
import { DOMAIN_EVENT, SCHEMA_VERSION } from '../contract.ts';
import type { DomainEvent } from './domain-events.ts';
import type { ReplicationRecord } from './replication.ts';

export const replicationEventsOf = (before: ReplicationRecord | undefined, after: ReplicationRecord): DomainEvent[] => {
  const { repository, region, version: ledgerVersion, updatedAt: at } = after;
  const common = { schemaVersion: SCHEMA_VERSION, repository, region };
  const arrived = Object.entries(after.targets).flatMap(([target, { replicated, lagCommits, lagSeconds }]) =>
    replicated === undefined || replicated.commit === before?.targets[target]?.replicated?.commit
      ? []
      : [
          {
            type: DOMAIN_EVENT.commitReplicated,
            at,
            detail: {
              ...{ ...common, target, commit: replicated.commit, objects: replicated.objects },
              ...{ lagCommits, lagSeconds, ledgerVersion },
            },
          },
        ],
  );
  const { restorable } = after;
  if (restorable === undefined || restorable.snapshot === before?.restorable?.snapshot) return arrived;
  const { snapshot, takenAt, commits } = restorable;
  const detail = { ...common, snapshot, takenAt, commits, ledgerVersion };
  return [...arrived, { type: DOMAIN_EVENT.snapshotReplicated, at, detail }];
};
