/** The schema of a footer as a tree: Parquet writes it as a list, each group followed by its children. Pure. */
import type { SchemaElement } from 'hyparquet';

export interface SchemaNode {
  readonly element: SchemaElement;
  readonly children: readonly SchemaNode[];
}

/** Deeper ones are none that a query could name, and would be a way to exhaust us. */
const MAX_DEPTH = 64;

/** @returns the root, or what is wrong with the list. */
export const schemaTree = (elements: readonly SchemaElement[]): SchemaNode | string => {
  let at = 0;
  const take = (depth: number): SchemaNode | string => {
    const element = elements[at];
    if (element === undefined) return 'the schema ends before its last group does';
    if (depth > MAX_DEPTH) return `the schema is nested more than ${String(MAX_DEPTH)} levels deep`;
    at += 1;
    const children: SchemaNode[] = [];
    for (let child = 0; child < (element.num_children ?? 0); child += 1) {
      const node = take(depth + 1);
      if (typeof node === 'string') return node;
      children.push(node);
    }
    return { element, children };
  };
  const root = take(0);
  return typeof root === 'string' || at === elements.length ? root : 'the schema goes on behind its root';
};
