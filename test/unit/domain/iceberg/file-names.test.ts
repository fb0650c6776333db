import type { SchemaElement } from 'hyparquet';
import { expect, it } from 'vitest';
import { fieldsIn, spellingsIn } from '../../../../lambdas/domain/iceberg/file-names.ts';
import { STEP } from '../../../../lambdas/domain/iceberg/schema.ts';
import { schemaTree } from '../../../../lambdas/domain/parquet/schema-tree.ts';

const group = (name: string, children: number, more: Partial<SchemaElement> = {}): SchemaElement => ({
  ...{ name, num_children: children, repetition_type: 'OPTIONAL', ...more },
});
const leaf = (name: string): SchemaElement => ({ name, type: 'INT32', repetition_type: 'OPTIONAL' });
const repeated = { repetition_type: 'REPEATED' } as const;

/** Path with dots → name. */
const spelled = (...schema: readonly SchemaElement[]): Readonly<Record<string, string>> => {
  const tree = schemaTree([...schema]);
  if (typeof tree === 'string') throw new Error(tree);
  return Object.fromEntries([...spellingsIn(fieldsIn(tree))].map(([path, name]) => [path.replaceAll(STEP, '.'), name]));
};

it.each<[string, readonly SchemaElement[], Readonly<Record<string, string>>]>([
  ['columns', [group('root', 2), leaf('Id'), leaf('v')], { id: 'Id' }],
  ['structs', [group('root', 1), group('S', 1), leaf('A')], { s: 'S', 's.a': 'A' }],
  [
    'lists of three levels, whatever their groups are called',
    [
      ...[group('root', 1), group('L', 1, { converted_type: 'LIST' }), group('Bag', 1, repeated)],
      ...[group('Item', 1), leaf('A')],
    ],
    { l: 'L', 'l.element.a': 'A' },
  ],
  [
    'lists of two levels',
    [group('root', 1), group('l', 1, { converted_type: 'LIST' }), group('array', 1, repeated), leaf('A')],
    { 'l.element.a': 'A' },
  ],
  ['what is repeated without a list', [group('root', 1), group('r', 1, repeated), leaf('A')], { 'r.element.a': 'A' }],
  [
    'maps',
    [
      ...[group('root', 1), group('m', 1, { converted_type: 'MAP' }), group('Key_Value', 2, repeated), leaf('Key')],
      ...[group('Value', 1), leaf('A')],
    ],
    { 'm.value.a': 'A' },
  ],
])('the names of %s are known as the file has them', (_, schema, names) => expect(spelled(...schema)).toEqual(names));
