/**
 * The configuration, and the tables that repositories describe themselves, as the ledger knows them since the newest refresh. lakeFS is not
 * asked.
 */
import type { Publications } from '../catalog-ports.ts';
import type { CompiledConfig } from '../contract.ts';
import { arrange, descriptionsOf, withTables } from '../domain/catalog/description.ts';
import type { Wanted } from '../domain/catalog/publication.ts';
import { publishedTables } from '../domain/catalog/table.ts';
import type { ConfigSource } from '../ports.ts';

interface KnownPorts {
  readonly config: ConfigSource;
  readonly publications: Pick<Publications, 'get' | 'getDescriptions'>;
}

/** @param only of this repository. */
export const knownConfig = async (ports: KnownPorts, only?: string): Promise<CompiledConfig> => {
  const config = await ports.config.load();
  let known = config;
  for (const { name, lakefsTables } of config.repositories) {
    if (lakefsTables === undefined || (only ?? name) !== name) continue;
    const { described } = (await ports.publications.get(name, lakefsTables.target)) ?? {};
    if (described === undefined) continue;
    const of = { repository: name, branch: lakefsTables.target };
    const found = (await ports.publications.getDescriptions(of, described.digest)) ?? [];
    // Held against all that is shown, whoever says so: what comes later yields.
    known = withTables(known, name, arrange(known, name, lakefsTables, found).tables);
  }
  return known;
};

export const wantedOf = (config: CompiledConfig, repository: string, target: string): Wanted => ({
  tables: publishedTables(config, repository, target),
  isDescribed: descriptionsOf(config, repository, target) !== undefined,
});
