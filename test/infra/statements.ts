/** What each principal of a template may do: `action on resource`, one line per pair. */
import * as z from 'zod';
import { asList, asText, ofType, type Resource, type Template } from './template.ts';

const statement = z.object({
  Effect: z.literal('Allow'),
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
    .Statement.flatMap(({ Action, Resource: resources }) =>
      asList(Action).flatMap((action) =>
        asList(resources).map((each) => ({ role, action: String(action), resource: asText(each) })),
      ),
    );

/** Of all roles and managed policies; a statement that denies or an inline policy of another shape fails the parse. */
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

const named = z.looseObject({ FunctionName: z.string().optional(), Role: z.unknown() });

/** The functions of a template with their roles; the CDK's own has no name and is told by its role. */
export const functionsOf = (template: Template): { name: string; role: string; resource: Resource }[] =>
  ofType(template, 'AWS::Lambda::Function').map(([, resource]) => {
    const { FunctionName, Role } = named.parse(resource.Properties);
    return { name: FunctionName ?? 'provider framework', role: asText(Role), resource };
  });
