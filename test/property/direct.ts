/** The rows of a commit read directly, by a rule of its own: what a person would count by hand. */
import type { CatalogWorld } from '../fakes/catalog.ts';

const DIRECT = {
  sales: /^sales\/dt=([^/]+)\/(?:[^_.][^/]*\/)*[^_.][^/]*$/,
  deep: /^deep\/dt=([^/]+)\/hh=([^/]+)\/(?:[^_.][^/]*\/)*[^_.][^/]*$/,
  stock: /^stock\/(?:[^_.][^/]*\/)*[^_.][^/]*$/,
} as const;
export type Shown = keyof typeof DIRECT;
export const SHOWN = Object.keys(DIRECT) as Shown[];

/** By partition values as JSON: addresses of the files, sorted. */
export const readDirectly = (world: CatalogWorld, table: Shown, commit: string): Readonly<Record<string, string>> => {
  const files = new Map<string, string[]>();
  for (const [path, { content, address }] of world.lakefs.tree('lake', commit)) {
    const found = DIRECT[table].exec(path);
    if (found === null || content.length === 0) continue;
    const key = JSON.stringify(found.slice(1).map((value) => value.replaceAll('%20', ' ')));
    files.set(key, [...(files.get(key) ?? []), address.replace('mem://', 's3://lake/data/')]);
  }
  return Object.fromEntries([...files].map(([key, found]) => [key, found.sort().join('\n')] as const).sort());
};
