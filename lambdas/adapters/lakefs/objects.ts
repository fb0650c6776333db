/** The part of the port that is about objects. */
import type { BranchlineError } from '../../domain/errors.ts';
import type { Lakefs } from '../../ports.ts';
import type { Calls, Refusal } from './calls.ts';
import { PAGE_SIZE, pages } from './pages.ts';
import { toObjectStats } from './shapes.ts';

type ObjectCalls = Pick<
  Lakefs,
  'listObjects' | 'getObject' | 'getObjectRange' | 'putObject' | 'deleteObjects' | 'copyObject'
>;

const repeatable = (what: string) => ({ what, repeatable: true });

export const lakefsObjects = (
  calls: Calls,
  fail: (what: string, refusal: Refusal) => BranchlineError,
): ObjectCalls => ({
  listObjects: (repository, ref, { prefix, delimiter, after: start }) =>
    pages(
      (after, amount) =>
        calls.must(repeatable(`listing of ${ref}`), (api, signal) => {
          const from = after ?? start;
          return api.GET('/repositories/{repository}/refs/{ref}/objects/ls', {
            params: {
              path: { repository, ref },
              query: {
                amount,
                ...(prefix === undefined ? {} : { prefix }),
                ...(delimiter === undefined ? {} : { delimiter }),
                ...(from === undefined ? {} : { after: from }),
              },
            },
            signal,
          });
        }),
      toObjectStats,
    ),

  async getObject(repository, ref, path) {
    const what = `object ${path} at ${ref}`;
    const result = await calls.ask({ ...repeatable(what), mayBeEmpty: true }, (api, signal) =>
      api.GET('/repositories/{repository}/refs/{ref}/objects', {
        params: { path: { repository, ref }, query: { path } },
        parseAs: 'arrayBuffer',
        signal,
      }),
    );
    if (result.ok) return new Uint8Array(result.data);
    const error = fail(what, result.refusal);
    if (error.code === 'BL3004') return undefined;
    throw error;
  },

  async getObjectRange(repository, ref, path, { from, to }) {
    const what = `bytes ${String(from)} to ${String(to)} of ${path} at ${ref}`;
    const result = await calls.ask(repeatable(what), (api, signal) =>
      api.GET('/repositories/{repository}/refs/{ref}/objects', {
        params: {
          path: { repository, ref },
          query: { path },
          header: { Range: `bytes=${String(from)}-${String(to - 1)}` },
        },
        parseAs: 'arrayBuffer',
        signal,
      }),
    );
    if (result.ok) {
      const bytes = new Uint8Array(result.data);
      if (bytes.length === to - from) return bytes;
      // Something in between that knows no ranges gives all of it.
      if (bytes.length >= to) return bytes.subarray(from, to);
      throw fail(what, { status: 200, message: `${String(bytes.length)} bytes` });
    }
    const error = fail(what, result.refusal);
    if (error.code === 'BL3004') return undefined;
    throw error;
  },

  async putObject(repository, branch, path, content, options = {}) {
    const what = `upload of ${path} to ${branch}`;
    // After a lost answer a repeated conditional upload would meet itself.
    const result = await calls.ask({ what, repeatable: options.ifAbsent !== true }, (api, signal) =>
      api.POST('/repositories/{repository}/branches/{branch}/objects', {
        params: {
          path: { repository, branch },
          query: { path },
          ...(options.ifAbsent === true ? { header: { 'If-None-Match': '*' } } : {}),
        },
        headers: { 'Content-Type': 'application/octet-stream' },
        body: '',
        bodySerializer: () => content,
        signal,
      }),
    );
    if (result.ok) return 'written';
    if (result.refusal.status === 412) return 'exists';
    throw fail(what, result.refusal);
  },

  async deleteObjects(repository, branch, paths) {
    for (let from = 0; from < paths.length; from += PAGE_SIZE) {
      const what = `deletion of objects from ${branch}`;
      const { errors } = await calls.must(repeatable(what), (api, signal) =>
        api.POST('/repositories/{repository}/branches/{branch}/objects/delete', {
          params: { path: { repository, branch } },
          body: { paths: paths.slice(from, from + PAGE_SIZE) },
          signal,
        }),
      );
      // Partial failures come with status 200; what is gone already is what was wanted.
      const failed = (errors ?? []).find(({ status_code }) => status_code !== 404);
      if (failed !== undefined) {
        throw fail(`${what} (${failed.path ?? ''})`, { status: failed.status_code, message: failed.message });
      }
    }
  },

  async copyObject(repository, branch, path, source) {
    await calls.must(repeatable(`copy of ${source.path} to ${branch}`), (api, signal) =>
      api.POST('/repositories/{repository}/branches/{branch}/objects/copy', {
        params: { path: { repository, branch }, query: { dest_path: path } },
        body: { src_path: source.path, src_ref: source.ref },
        signal,
      }),
    );
  },
});
