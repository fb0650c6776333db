/** The containers of a synthesized task definition, with what CloudFormation, ECS and Secrets Manager would put in. */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { asText, ofType, REGION, type Template } from '../../infra/template.ts';

const container = z.looseObject({
  Name: z.string(),
  Command: z.array(z.string()),
  EntryPoint: z.array(z.string()).optional(),
  Environment: z.array(z.object({ Name: z.string(), Value: z.unknown() })).default([]),
  Secrets: z.array(z.object({ Name: z.string(), ValueFrom: z.unknown() })).default([]),
});

const generated = z.object({
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
  PasswordLength: z.number().default(32),
});

export interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** As Secrets Manager generates: letters and digits, alone or as one value of the JSON of the template. */
export const generateSecrets = (template: Template): Map<string, string> =>
  new Map(
    ofType(template, 'AWS::SecretsManager::Secret').map(([id, { Properties }]) => {
      const { SecretStringTemplate, GenerateStringKey, PasswordLength } = generated.parse(
        Properties['GenerateSecretString'],
      );
      const value = randomBytes(PasswordLength).toString('hex').slice(0, PasswordLength);
      const made =
        SecretStringTemplate === undefined || GenerateStringKey === undefined
          ? value
          : JSON.stringify({ ...(JSON.parse(SecretStringTemplate) as object), [GenerateStringKey]: value });
      return [id.slice(0, -8), made];
    }),
  );

/** `<SecretsCredentials>:access_key_id::` → the value under that key. */
const secretValue = (reference: string, secrets: ReadonlyMap<string, string>): string => {
  const [, id = '', field] = /^<(\w+?)(?:Attachment)?>(?::(\w+)::)?$/.exec(reference) ?? [];
  // RDS gives its secret an id with more digests, and refers to it by an attachment.
  const value = secrets.get(id) ?? [...secrets].find(([made]) => made.includes(id))?.[1];
  if (value === undefined) throw new Error(`the template makes no secret for ${reference}`);
  if (field === undefined) return value;
  return z.record(z.string(), z.string()).parse(JSON.parse(value))[field] ?? '';
};

export const containersOf = (template: Template, secrets: ReadonlyMap<string, string>): Container[] =>
  ofType(template, 'AWS::ECS::TaskDefinition')
    .flatMap(([, { Properties }]) => z.array(container).parse(Properties['ContainerDefinitions']))
    .map(({ Name, Command, EntryPoint = ['lakefs'], Environment, Secrets }) => ({
      name: Name,
      command: [...EntryPoint, ...Command],
      environment: {
        ...Object.fromEntries(Environment.map((each) => [each.Name, asText(each.Value)])),
        ...Object.fromEntries(Secrets.map((each) => [each.Name, secretValue(asText(each.ValueFrom), secrets)])),
        // ECS tells it to every container.
        AWS_REGION: REGION,
      },
    }));
