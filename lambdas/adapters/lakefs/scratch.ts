/** Repositories that drills make, and the only deletion of a repository that there is. */
import { drillOfName, isScratchOf } from '../../domain/drill.ts';
import { BranchlineError } from '../../domain/errors.ts';
import type { ScratchRepositories } from '../../drill-ports.ts';
import { Calls, type LakefsOptions } from './calls.ts';
import { errorOf } from './failures.ts';
import { pages } from './pages.ts';
import { toRepository } from './shapes.ts';

const repeatable = (what: string) => ({ what, repeatable: true });

export const createScratchRepositories = (options: LakefsOptions): ScratchRepositories => {
  const calls = new Calls(options);
  const fail = (what: string, refusal: { status: number; message: string }): BranchlineError =>
    errorOf({ kind: 'answer', ...refusal }, what, options.endpoint);
  return {
    async *list() {
      const all = pages(
        (after, amount) =>
          calls.must(repeatable('repositories of drills'), (api, signal) =>
            api.GET('/repositories', {
              params: { query: { prefix: 'drill-', amount, ...(after === undefined ? {} : { after }) } },
              signal,
            }),
          ),
        toRepository,
      );
      for await (const repository of all) if (drillOfName(repository.name) !== undefined) yield repository;
    },

    async remove(drill, name) {
      const what = `deletion of scratch repository ${name}`;
      const params = { path: { repository: name } };
      const found = await calls.ask(repeatable(what), (api, signal) =>
        api.GET('/repositories/{repository}', { params, signal }),
      );
      if (!found.ok) {
        if (found.refusal.status === 404) return 'absent';
        throw fail(what, found.refusal);
      }
      const repository = toRepository(found.data);
      if (!isScratchOf(drill, repository)) {
        const seen = `repository "${repository.name}" lies at ${repository.storageNamespace}`;
        throw new BranchlineError('BL8804', `${seen}, drill ${drill.id} at ${drill.storageNamespace}`);
      }
      const result = await calls.ask(repeatable(what), (api, signal) =>
        api.DELETE('/repositories/{repository}', { params, signal }),
      );
      if (result.ok) return 'removed';
      if (result.refusal.status === 404) return 'absent';
      throw fail(what, result.refusal);
    },
  };
};
