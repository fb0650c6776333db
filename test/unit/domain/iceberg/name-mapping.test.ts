import { describe, expect, it } from 'vitest';
import {
  type NameMapping,
  type Names,
  nameMapping,
  outsideOf,
  spellingsOf,
} from '../../../../lambdas/domain/iceberg/name-mapping.ts';
import { NO_SCHEMAS, type Schemas, STEP, withColumns } from '../../../../lambdas/domain/iceberg/schema.ts';

const history = (...states: Readonly<Record<string, string>>[]): Schemas =>
  states.reduce<Schemas>(
    (schemas, state) =>
      withColumns(
        schemas,
        Object.entries(state).map(([name, type]) => ({ name, type })),
      ),
    NO_SCHEMAS,
  );
const NAMES: Names = { spellings: new Map(), outside: new Set(), hidden: new Set() };
const mapped = (schemas: Schemas, names: Partial<Names> = {}) => nameMapping(schemas, { ...NAMES, ...names });
/** Names with dots → id. */
const ids = (mapping: readonly NameMapping[], before = ''): Readonly<Record<string, number | undefined>> =>
  Object.fromEntries(
    mapping.flatMap((each) => [
      ...each.names.map((name) => [`${before}${name}`, each['field-id']] as const),
      ...Object.entries(ids(each.fields ?? [], `${before}${each.names[0] ?? ''}.`)),
    ]),
  );

describe('the mapping of names', () => {
  const S = 'struct<a:int,l:array<string>>';

  it('reaches nested fields, spellings of the files, and columns that left', () => {
    const spellings = new Map([
      ['s', ['S']],
      [`s${STEP}a`, ['A']],
    ]);
    const mapping = mapped(history({ gone: 'int', s: S }, { s: S }), { spellings });
    expect(mapping).toMatchObject([
      { names: ['s', 'S'], fields: [{ names: ['a', 'A'] }, { names: ['l'], fields: [{ names: ['element'] }] }] },
      { names: ['gone'] },
    ]);
    expect(spellingsOf(mapping)).toEqual(spellings);
  });

  it('keeps nested fields that left, and of one whose type changed the id that it has now', () => {
    const before = ids(mapped(history({ s: 'struct<a:int,b:int>' })));
    expect(ids(mapped(history({ s: 'struct<a:int,b:int>' }, { s: 'struct<a:int>' })))).toEqual(before);
    const changed = ids(mapped(history({ s: 'struct<a:int,b:int>' }, { s: 'struct<a:string>' })));
    expect(changed).toEqual({ ...before, 's.a': 4 });
  });

  it('names what files hold besides, by ids that no column has, and what is nested below', () => {
    const outside = new Set(['X', `X${STEP}y`, `s${STEP}z`, 'W', 'v']);
    const mapping = mapped(history({ v: 'int', s: S }), { outside });
    const { v, s, X, ...more } = ids(mapping);
    expect([v, s]).toEqual([1, 2]);
    const found = [X, more['X.y'], more['s.z'], more['W']];
    expect(Math.min(...found.map(Number))).toBeGreaterThanOrEqual(1_000_000_000);
    expect(new Set(found).size).toBe(4);
    // The next one says the same of them: no snapshot is made for it.
    const again = { outside: new Set(outsideOf(mapping)), spellings: spellingsOf(mapping) };
    expect(mapped(history({ v: 'int', s: S }), again)).toEqual(mapping);
  });

  it('finds a column that comes later by the spelling of a file that had it before', () => {
    const first = mapped(history({ v: 'int' }), { outside: new Set(['Note', 'V']) });
    const names = { outside: new Set(outsideOf(first)), spellings: spellingsOf(first) };
    const then = ids(mapped(history({ v: 'int' }, { v: 'int', note: 'string' }), names));
    expect(then).toMatchObject({ note: 2, Note: 2, v: 1 });
    // Another column but for case is none of it; some engines would take the one for the other.
    expect(then['V']).toBeUndefined();
  });

  it('leaves out what is not looked for in files, whatever files hold', () => {
    const names = { hidden: new Set(['dt']), outside: new Set(['dt']) };
    expect(ids(mapped(history({ v: 'int', dt: 'string' }), names))).toEqual({ v: 1, dt: 1_000_000_000 });
    expect(ids(mapped(history({ v: 'int', dt: 'string' }), { hidden: new Set(['dt']) }))).toEqual({ v: 1 });
  });

  it('names no more than a query may have to read', () => {
    const outside = new Set(Array.from({ length: 2000 }, (_, i) => `x${String(i)}`));
    expect(mapped(history({ v: 'int' }), { outside }).length).toBeLessThan(1000);
  });
});
