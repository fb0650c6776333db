/** Calls to RDS. The query protocol: a form in, XML out. Source: RDS API reference, version 2014-10-31. */
import { askSigned, type SignedOptions } from './signed-request.ts';

export type RdsOptions = SignedOptions;

/**
 * @returns the answer as XML.
 * @throws BL4001, or BL4002 where RDS says that access is denied; `details.awsError` is the code of RDS.
 */
export const callRds = async (
  action: string,
  parameters: Readonly<Record<string, string>>,
  options: RdsOptions,
): Promise<string> =>
  askSigned(
    'RDS',
    {
      service: 'rds',
      body: new URLSearchParams({ Action: action, Version: '2014-10-31', ...parameters }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      what: `rds:${action} ${parameters['DBSnapshotIdentifier'] ?? ''}`.trimEnd(),
      faultIn: (text) => ({
        code: /<Code>([^<]+)<\/Code>/.exec(text)?.[1],
        words: /<Message>([^<]+)<\/Message>/.exec(text)?.[1],
      }),
    },
    options,
  );
