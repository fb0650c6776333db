/** What people do to the lake in the stories of collections and of erasures alike, and what its refs show then. */
import type { CollectionWorld } from '../fakes/collections.ts';

export type LakeStep =
  | { readonly does: 'change'; readonly path: number; readonly content: number }
  | { readonly does: 'remove'; readonly path: number }
  /** A branch or a tag on an earlier commit. */
  | { readonly does: 'revive' | 'tag'; readonly which: number; readonly back: number };

type Lake = Pick<CollectionWorld, 'lakefs' | 'collections' | 'change'>;

/** The same content for the same number: lakeFS takes two uploads of it for one object. */
export const bytes = (serial: number): Uint8Array => new TextEncoder().encode(`content ${String(serial)}`);

const isSweeping = ({ collections }: Pick<Lake, 'collections'>): boolean =>
  collections.entries.get('lake')?.current?.state === 'SWEEPING';

/** @param paths of which a step names one by its number. */
export const changeLake = async (world: Lake, paths: readonly string[], each: LakeStep): Promise<void> => {
  const { lakefs } = world;
  switch (each.does) {
    case 'change':
    case 'remove':
      await world.change({ [paths[each.path] ?? '']: each.does === 'change' ? bytes(each.content) : null });
      // Protected: nothing can be staged there, the same content once more neither.
      await lakefs.resetStaged('lake', 'main');
      return;
    case 'revive':
    case 'tag': {
      // While a sweep stands rollbacks wait, and people are told to.
      if (isSweeping(world)) return;
      const log = lakefs.firstParentLog('lake', 'main');
      const commit = log[Math.min(each.back, log.length - 1)]?.id ?? '';
      const name = `${each.does}-${String(each.which)}`;
      await (each.does === 'revive'
        ? lakefs.createBranch('lake', name, commit)
        : lakefs.createTag('lake', name, commit));
    }
  }
};

/** Everything that any ref shows just now: by address who shows it. */
export const shownBy = async ({ lakefs }: Pick<Lake, 'lakefs'>): Promise<Map<string, string>> => {
  const found = new Map<string, string>();
  const refs = [...lakefs.branchNames('lake'), ...(lakefs.repositories.get('lake')?.tags.keys() ?? [])];
  for (const ref of refs)
    for await (const { path, physicalAddress } of lakefs.listObjects('lake', ref, {}))
      found.set(physicalAddress, `${ref} shows ${path}`);
  return found;
};
