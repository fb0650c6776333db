/** What each principal of a template may do: `action on resource`, one line per pair. */
import * as z from 'zod';
import { asList, asText, ofType, type Resource, type Template } from './template.ts';

const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string(), z.array(z.string())]),
  Resource: z.unknown(),
  Condition: z.unknown().optional(),
});
const document = z.object({ Statement: z.array(statement) });
const policy = z.looseObject({ PolicyDocument: document, Roles: z.array(z.unknown()).default([]) });

export interface Grant {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

const grantsIn = (role: string, content: unknown): Grant[] =>
  document
    .parse(content)
    .Statement.filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, Resource: resources }) =>
      asList(Action).flatMap((action) =>
        asList(resources).map((each) => ({ role, action: String(action), resource: asText(each) })),
      ),
    );

/** Of all roles and managed policies; an inline policy of another shape fails the parse. */
export const grantsOf = (template: Template): Grant[] => [
  ...ofType(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) => {
    const { Roles, PolicyDocument } = policy.parse(Properties);
    return Roles.flatMap((role) => grantsIn(asText(role), PolicyDocument));
  }),
  ...ofType(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) =>
    asList(Properties['Policies']).flatMap((inline) =>
      grantsIn(id, z.object({ PolicyDocument: z.unknown() }).parse(inline).PolicyDocument),
    ),
  ),
  ...ofType(template, 'AWS::IAM::ManagedPolicy').flatMap(([id, { Properties }]) =>
    grantsIn(id, policy.parse(Properties).PolicyDocument),
  ),
];

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const fits = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  ).test(text);

/**
 * Whether statements that deny match a request, its conditions left aside; what denies wins over whatever allows.
 * Source: IAM user guide, "Policy evaluation logic" and "Policy elements: Resource".
 */
export const isDenied = (statements: readonly Statement[], action: string, resource: string): boolean =>
  statements.some(
    ({ Effect, Action, Resource: resources }) =>
      Effect === 'Deny' &&
      asList(Action).some((each) => fits(String(each), action)) &&
      asList(resources).some((each) => fits(asText(each), resource)),
  );

/** Statements of a managed policy, found by a part of its logical id. */
export const statementsOf = (template: Template, id: string): readonly Statement[] =>
  ofType(template, 'AWS::IAM::ManagedPolicy')
    .filter(([name]) => name.includes(id))
    .flatMap(([, { Properties }]) => policy.parse(Properties).PolicyDocument.Statement);

const named = z.looseObject({ FunctionName: z.string().optional(), Role: z.unknown() });

/** The functions of a template with their roles; the CDK's own has no name and is told by its role. */
export const functionsOf = (template: Template): { name: string; role: string; resource: Resource }[] =>
  ofType(template, 'AWS::Lambda::Function').map(([, resource]) => {
    const { FunctionName, Role } = named.parse(resource.Properties);
    return { name: FunctionName ?? 'provider framework', role: asText(Role), resource };
  });
