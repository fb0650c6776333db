/** The keys of `branchline.yaml` as the JSON Schema lists them. */
import * as z from 'zod';
import { jsonSchema } from '../../../lib/config/json-schema.ts';

interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    description: z.string().optional(),
    default: z.unknown().optional(),
    required: z.array(z.string()).optional(),
    properties: z.record(z.string(), node).optional(),
    additionalProperties: z.union([node, z.boolean()]).optional(),
  }),
) as z.ZodType<Node>;

export interface Leaf {
  /** `pipelines.*.jobs`: a star where names are free. */
  readonly path: string;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly hasDefault: boolean;
  readonly default: unknown;
}

const walk = (at: Node, path: string): Leaf[] => [
  ...Object.entries(at.properties ?? {}).flatMap(([key, child]) => {
    const here = path === '' ? key : `${path}.${key}`;
    const leaf: Leaf = {
      path: here,
      description: child.description,
      isRequired: at.required?.includes(key) ?? false,
      hasDefault: 'default' in child,
      default: child.default,
    };
    return [leaf, ...walk(child, here)];
  }),
  ...(typeof at.additionalProperties === 'object' ? walk(at.additionalProperties, `${path}.*`) : []),
];

export const leavesOf = (): Leaf[] => walk(node.parse(JSON.parse(jsonSchema())), '');
