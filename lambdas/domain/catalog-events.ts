/** What a person has to hear of tables that a repository describes itself. Pure, of the two images, so that none can be lost. */
import { DOMAIN_EVENT, SCHEMA_VERSION } from '../contract.ts';
import type { Publication } from './catalog/publication.ts';
import type { DomainEvent } from './domain-events.ts';

const fieldsOf = ({ repository, branch: target, version: ledgerVersion }: Publication) => ({
  ...{ schemaVersion: SCHEMA_VERSION, repository, target, ledgerVersion },
});

/** One for each file of `_lakefs_tables/` that cannot be taken at its word, until it says something else. */
const refusedEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] =>
  Object.entries(after.described?.refused ?? {}).flatMap(([file, { code, message, since, table }]) =>
    before?.described?.refused?.[file]?.message === message
      ? []
      : [
          {
            type: DOMAIN_EVENT.descriptionRefused,
            at: since,
            detail: {
              ...fieldsOf(after),
              ...{ commit: after.described?.commit, file, table, cause: { code, message } },
            },
          },
        ],
  );

/** One for each table that nobody asks for any more. */
const leftEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] =>
  Object.entries(after.tables).flatMap(([table, { left, commit, shownAs }]) =>
    left === undefined || before?.tables[table]?.left !== undefined
      ? []
      : [{ type: DOMAIN_EVENT.tableLeft, at: left.since, detail: { ...fieldsOf(after), table, shownAs, commit } }],
  );

export const catalogEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] => [
  ...refusedEventsOf(before, after),
  ...leftEventsOf(before, after),
];
