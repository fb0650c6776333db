/**
 * How a Parquet file writes the names of its fields, nested ones included, where Glue has them in lower case. Pure.
 *
 * Paths are those of the table's schema: what stands in a list is below `element`, what stands in a map below `key` and `value`, whatever
 * the groups of the file are called.
 */
import { elementOf, isA } from '../parquet/glue-types.ts';
import type { SchemaNode } from '../parquet/schema-tree.ts';
import { STEP } from './schema.ts';

/** Path in lower case → the last name of it as the file has it, where that differs. */
export const spellingsIn = (root: SchemaNode): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const fields = ({ children }: SchemaNode, before: string): void => {
    for (const child of children) {
      const { name } = child.element;
      const path = `${before}${name.toLowerCase()}`;
      if (name !== name.toLowerCase()) found.set(path, name);
      walk(child, path);
    }
  };
  /** As if it came once: for what is repeated inside a list. */
  const once = (node: SchemaNode, path: string): void => {
    if (node.children.length === 0) return;
    if (isA(node.element, 'LIST')) {
      const element = elementOf(node);
      if (element !== undefined) (element.isRepeated ? once : walk)(element.node, `${path}${STEP}element`);
    } else if (isA(node.element, 'MAP')) {
      for (const [i, each] of (node.children[0]?.children ?? []).entries())
        walk(each, `${path}${STEP}${i === 0 ? 'key' : 'value'}`);
    } else fields(node, `${path}${STEP}`);
  };
  const walk = (node: SchemaNode, path: string): void =>
    node.element.repetition_type === 'REPEATED' ? once(node, `${path}${STEP}element`) : once(node, path);
  fields(root, '');
  return found;
};
