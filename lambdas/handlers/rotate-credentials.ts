/**
 * rotate-credentials: the four steps of a rotation by Secrets Manager, or a person's request (`rotateCredentialsRequest` in
 * payloads.ts).
 */
import { rotateCredentialsRequest, rotationStepRequest } from '../payloads.ts';
import type { RotationPorts } from '../rotation-ports.ts';
import { rotateCredentials } from '../usecases/rotate-credentials.ts';
import { type RotationAnswer, rotationCommand } from '../usecases/rotation-command.ts';
import { lambda, parseRequest } from './middleware.ts';
import { rotationPortsOfContainer } from './rotation-wiring.ts';

const isStep = (event: unknown): boolean => typeof event === 'object' && event !== null && 'Step' in event;

export const createHandler = (
  useCase: typeof rotateCredentials = rotateCredentials,
  command: typeof rotationCommand = rotationCommand,
  ports: () => RotationPorts = rotationPortsOfContainer,
) =>
  lambda(async (event: unknown): Promise<RotationAnswer | undefined> => {
    if (!isStep(event)) {
      const request = parseRequest(rotateCredentialsRequest, event);
      return command(ports(), request);
    }
    const { Step: step, ClientRequestToken: token } = parseRequest(rotationStepRequest, event);
    await useCase(ports(), { step, token, by: 'secrets-manager' });
    return undefined;
  });

export const handler = createHandler();
